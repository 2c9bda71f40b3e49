import { inlineDeflater } from "../../../data/encoders/deflate.ts";
import type { EntryPart, FileEnd, FileHead, SourcePage } from "../../../data/encoders/encoder.ts";
import { fileBytes } from "../../../data/encoders/file_bytes.ts";
import { formatNamed } from "../../../data/encoders/formats.ts";
import { createXlsxEncoder } from "../../../data/encoders/xlsx.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { encodedParts, fileHead, joined, metricColumns } from "../../support/encoded.ts";
import { pageOf, type Row } from "../../support/pages.ts";
import { unzip } from "../../support/unzip.ts";

const [ENERGY, POWER] = metricColumns(PROFILES.meter);
const HOUR_MS = 3_600_000;

async function workbook(
  parts: Partial<FileHead>,
  pages: readonly SourcePage[],
  end: FileEnd = { gaps: null },
): Promise<Record<string, string>> {
  async function* all(): AsyncGenerator<SourcePage> {
    yield* pages;
    await Promise.resolve();
  }
  const head = fileHead({ columns: [ENERGY, POWER], ...parts });
  const input = { head, pages: all(), end: () => end, deflater: inlineDeflater };
  const files = unzip(await joined(fileBytes(formatNamed("xlsx"), input)));
  return Object.fromEntries(
    Object.entries(files).map(([name, bytes]) => [name, new TextDecoder().decode(bytes)]),
  );
}

function rowsIn(sheet: string): string[] {
  return [...sheet.matchAll(/<row>(.*?)<\/row>/g)].map(([, cells]) => cells);
}

Deno.test("dates are what the clock shows, numbers are exact, and missing values are empty cells", async () => {
  const files = await workbook({ zone: "Europe/Berlin", hasUtc: true }, [
    {
      source: 0,
      page: pageOf([
        [Date.UTC(2024, 0, 1), "0.250", "-1.5"],
        [Date.UTC(2024, 0, 1, 11), "", "1234567.25"],
        [Date.UTC(2024, 6, 1, 22, 30, 0, 500), "3", ""],
      ]),
    },
  ]);
  // 2024-01-01 is day 45292 of Excel, 2024-07-02 is 182 + 1 days later. 1 h is 0.041666…, 12 h 0.5.
  // 00:30:00.5 is 1800.5 / 86400 = 0.02083912037… and 22:30:00.5 is 81000.5 / 86400 = 0.93750578703…
  assertEquals(rowsIn(files["xl/worksheets/sheet1.xml"]).slice(1), [
    '<c s="1"><v>45292.04166666667</v></c><c s="1"><v>45292.00000000000</v></c>' +
    '<c t="s"><v>0</v></c><c s="3"><v>0.25</v></c><c s="4"><v>-1.5</v></c>',
    '<c s="1"><v>45292.50000000000</v></c><c s="1"><v>45292.45833333333</v></c>' +
    '<c t="s"><v>0</v></c><c/><c s="4"><v>1234567.25</v></c>',
    '<c s="1"><v>45475.02083912037</v></c><c s="1"><v>45474.93750578704</v></c>' +
    '<c t="s"><v>0</v></c><c s="3"><v>3</v></c><c/>',
  ]);
  assert(files["xl/worksheets/sheet1.xml"].includes('<pane ySplit="1" topLeftCell="A2"'));
  assert(files["xl/sharedStrings.xml"].includes('<t xml:space="preserve">123</t>'));
  // Two decimals at most, and milliseconds, as one time has some.
  const formats = [...files["xl/styles.xml"].matchAll(/formatCode="(.*?)"/g)].map(([, code]) =>
    code
  );
  assertEquals(formats, ["yyyy\\-mm\\-dd\\ hh:mm:ss.000", "0.00"]);
});

Deno.test("the second sheet names zone, units, sources and gaps", async () => {
  const files = await workbook(
    { zone: "Europe/Berlin", sources: ["a<b"], interval: "15m", columns: [ENERGY] },
    [{ source: 0, page: pageOf([[0, "1"]]) }],
    { gaps: [{ source: "a<b", fromMs: 0, toMs: HOUR_MS, missing: 4 }] },
  );
  const texts = rowsIn(files["xl/worksheets/info.xml"]).map((row) =>
    [...row.matchAll(/<t [^>]*>(.*?)<\/t>|<v>(.*?)<\/v>/g)].map(([, text, value]) => text ?? value)
      .join(" | ")
  );
  assertEquals(texts, [
    "property | value",
    "profile | meter",
    "time zone | Europe/Berlin",
    "interval | 15m",
    "from | 45292.04166666667",
    "to (excluded) | 45293.04166666667",
    "rows | 1",
    "source | a&lt;b",
    "",
    "column | unit | aggregate | source",
    "energy_kwh | kWh",
    "",
    "gap of | from | to (excluded) | missing",
    "a&lt;b | 25569.04166666667 | 25569.08333333333 | 4",
  ]);
  const names = [...files["xl/workbook.xml"].matchAll(/sheet name="(.*?)"/g)].map(([, name]) =>
    name
  );
  assertEquals(names, ["Readings", "Info"]);
});

Deno.test("rows that do not fit into a sheet continue in another, under the same header", () => {
  const page = pageOf(Array.from({ length: 7 }, (_, row): Row => [row * 1000, String(row)]));
  const encoder = createXlsxEncoder(fileHead({ columns: [ENERGY] }), 4);
  const sheets = new Map<string, string>();
  const parts = encodedParts<readonly EntryPart[]>(encoder, [{ source: 0, page }]).flat();
  for (const { entry, bytes } of parts) {
    sheets.set(entry, (sheets.get(entry) ?? "") + new TextDecoder().decode(bytes));
  }
  const values = [1, 2, 3].map((number) =>
    rowsIn(sheets.get(`xl/worksheets/sheet${number}.xml`) ?? "").map((row) =>
      /<c s="3"><v>(.*?)<\/v><\/c>$/.exec(row)?.[1] ?? "header"
    )
  );
  assertEquals(values, [["header", "0", "1", "2"], ["header", "3", "4", "5"], ["header", "6"]]);
  const workbook = sheets.get("xl/workbook.xml") ?? "";
  const names = [...workbook.matchAll(/sheet name="(.*?)"/g)].map(([, name]) => name);
  assertEquals(names, ["Readings", "Info", "Readings 2", "Readings 3"]);
});

Deno.test("texts with characters that XML cannot have, and truths, are cells of their own kind", async () => {
  const columns = [{ ...ENERGY, name: "on\u0001", kind: "boolean" as const }];
  const files = await workbook({ columns, idColumn: null, labels: ["place"] }, [
    { source: 0, page: pageOf([[0, "1"], [1000, "0"]]), labels: [' "A" & <B>\uFFFF'] },
  ]);
  const text =
    '<c t="inlineStr"><is><t xml:space="preserve"> &quot;A&quot; &amp; &lt;B&gt;\uFFFD</t></is></c>';
  assertEquals(rowsIn(files["xl/worksheets/sheet1.xml"]).slice(1), [
    `<c s="1"><v>25569.00000000000</v></c>${text}<c t="b"><v>1</v></c>`,
    `<c s="1"><v>25569.00001157407</v></c>${text}<c t="b"><v>0</v></c>`,
  ]);
  assert(files["xl/worksheets/sheet1.xml"].includes("on\uFFFD"));
});
