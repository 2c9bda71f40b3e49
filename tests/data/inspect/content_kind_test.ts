import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { inspectFile } from "../../../data/inspect/inspect_file.ts";
import { found, foundIn } from "./found.ts";

const bytesOf = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

// The first bytes are those that the formats' own documents give.
const FOREIGN: readonly (readonly [name: string, format: string, start: string])[] = [
  ["an old Excel workbook", "xls", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00\x00"],
  ["a PDF", "pdf", "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"],
  ["Parquet", "parquet", "PAR1\x15\x04\x15"],
  ["SQLite", "sqlite", "SQLite format 3\0\x10\0"],
  ["7z", "7z", "7z\xbc\xaf\x27\x1c\0\x04"],
  ["RAR", "rar", "Rar!\x1a\x07\x01\0"],
  ["bzip2", "bzip2", "BZh91AY&SY"],
  ["xz", "xz", "\xfd7zXZ\0\0\x04"],
  ["Zstandard", "zstd", "\x28\xb5\x2f\xfd\x04\x00"],
  ["PNG", "image", "\x89PNG\r\n\x1a\n"],
  ["JPEG", "image", "\xff\xd8\xff\xe0\0\x10JFIF"],
];

for (const [name, format, start] of FOREIGN) {
  Deno.test(`${name} is named, with what to do instead of importing it`, () => {
    const { kind, isImportable, parameters } = found(bytesOf(start));
    assertEquals([kind.format, isImportable, parameters], [format, false, {}]);
    assertMatch(kind.advice ?? "", /\w+ \w+/);
  });
}

Deno.test("an Excel workbook is told from other archives by the parts in it", () => {
  const bytes = bytesOf("PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0[Content_Types].xml\0xl/workbook.xml");
  const { kind } = inspectFile({ bytes, isWhole: true, compression: "zip" });
  assertEquals(kind.format, "xlsx");
  assertMatch(kind.advice ?? "", /save it as CSV in UTF-8/);
});

Deno.test("an empty file and one of blanks have nothing to import", () => {
  for (const text of ["", "\n\n \t\r\n"]) assertEquals(found(text).kind.format, "empty");
});

Deno.test("a web page is often that of a login, and the advice says so", () => {
  const { kind } = found("\n<!DOCTYPE html><html><head><title>Sign in</title></head></html>");
  assertEquals([kind.format, kind.title], ["html", "a web page (HTML)"]);
  assertMatch(kind.advice ?? "", /login page/);
});

Deno.test("Green Button is known by its namespace; other XML is not imported", () => {
  const espi = '<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom">' +
    '<entry><content><UsagePoint xmlns="http://naesb.org/espi"/></content></entry></feed>';
  assertEquals(found(espi).parameters, { format: ["espi"] });
  assertEquals(found("<?xml version='1.0'?><rsm:ValidatedMeteredData/>").kind.format, "xml");
});

Deno.test("NEM12 is known by its first record, with record 100 or without it", () => {
  const records = "200,VABD000163,E1,E1,E1,N1,METSER123,KWH,30,\n300,20240101,0.1,0.2,A,,,,\n";
  for (const text of [`100,NEM12,202401031004,MDP1,RETAILR\n${records}900\n`, records]) {
    const { kind, parameters, hasManyMeters } = found(text);
    assertEquals([kind.format, parameters, hasManyMeters], ["nem12", { format: ["nem12"] }, true]);
  }
});

Deno.test("JSON with an object around its list is read; without a list, the advice says so", () => {
  const inspected = found(
    '{\n "count": 1, "tags": [1],\n "results": [{"consumption": 0.1, "interval_start": ' +
      '"2024-05-01T00:00:00Z", "interval_end": "2024-05-01T00:30:00Z"}]\n}',
  );
  assertEquals([inspected.kind.format, inspected.isImportable], ["json", true]);
  assertEquals(inspected.parameters.timestamp, ["interval_start"]);
  const { kind, isImportable } = found('{\n "count": 1,\n "results": {"a": 1}\n}');
  assertEquals([kind.format, isImportable], ["json_object", false]);
  assertMatch(kind.advice ?? "", /list of readings alone/);
});

Deno.test("a text without a table is no table, however long its only line is", () => {
  assertEquals(found("hello\nworld\n").kind.format, "text");
  const { kind, isImportable } = found("x".repeat(1_048_576));
  assertEquals([kind.format, isImportable], ["text", false]);
  assertEquals(found(`${"1,".repeat(524_288)}`).isImportable, false);
});

Deno.test("bytes of any kind are answered, and random ones are never importable", () => {
  let seed = 1;
  for (let round = 0; round < 50; round++) {
    const bytes = Uint8Array.from({ length: 4_000 }, () => {
      // Park and Miller 1988.
      seed = seed * 48_271 % 2_147_483_647;
      return seed & 255;
    });
    const { isImportable, kind } = found(bytes);
    assertEquals(isImportable, false, kind.format);
  }
});

Deno.test("a file that is cut off anywhere is answered", () => {
  const lines = foundText();
  for (let length = 0; length < lines.length; length += 7) {
    const bytes = new TextEncoder().encode(lines.slice(0, length));
    assert(inspectFile({ bytes, isWhole: false, compression: null }).kind.title !== "");
  }
});

function foundText(): string {
  return 'Name,"A ""B"", C"\n\nTime,Usage (kWh)\n2024-01-01 00:00,"1,5"\n2024-01-01 01:00,0.25\n';
}

Deno.test("JSON and NDJSON: properties, times, metrics and meters", () => {
  const objects = [0, 1, 2].map((hour) => ({
    when: `2024-05-01T0${hour}:00:00Z`,
    usage_wh: 100 + hour,
    meter_id: `m${hour % 2}`,
  }));
  const parameters = {
    timestamp: ["when"],
    map: ["usage_wh:energy_kwh:Wh"],
    meter: ["meter_id"],
  };
  const array = found(JSON.stringify(objects));
  assertEquals([array.kind.format, array.parameters], ["json", parameters]);
  const lines = foundIn(...objects.map((object) => JSON.stringify(object)));
  assertEquals([lines.kind.format, lines.parameters], ["ndjson", parameters]);
  assertEquals(lines.columns.map(({ role, samples }) => [role, samples[0]]), [
    ["time", "2024-05-01T00:00:00Z"],
    ["metric", "100"],
    ["meter", "m0"],
  ]);
});

Deno.test("JSON that this service exports needs no parameters", () => {
  const text = '[{"timestamp":"2024-05-01T12:00:00Z","energy_kwh":0.0167,"power_kw":1.002},' +
    '{"timestamp":"2024-05-01T12:01:00Z","energy_kwh":null,"power_kw":1.1}]';
  assertEquals(found(text).parameters, {});
});
