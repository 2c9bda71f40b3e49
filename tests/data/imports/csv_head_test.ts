import { AppError } from "../../../data/app_error.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import type { DialectOptions } from "../../../data/imports/dialect_options.ts";
import { readUpload, readWithNotes } from "./csv_upload.ts";

const HEADER = "timestamp,power_kw\n", ROW = "2024-01-01T00:00:00Z,1\n";

function refusal(csv: string, dialect: DialectOptions = {}): unknown[] {
  const { code, errors } = assertThrows(() => readUpload(csv, { dialect }), AppError);
  assertEquals(code, "INVALID_REQUEST");
  return errors.map(({ pointer, value, detail }) => [pointer, value, detail.split(";")[0]]);
}

Deno.test("the header is the first of the first 60 lines that has the named columns", () => {
  const notes = (count: number) => "Exported by a portal\n".repeat(count);
  const { rows, preamble, rejects } = readWithNotes(`${notes(59)}${HEADER}${ROW}x\n`);
  assertEquals([rows.length, preamble.length], [1, 59]);
  assertEquals(rejects.map(({ line }) => line), [62]);
  assertEquals(refusal(`${notes(60)}${HEADER}${ROW}`)[0], [
    "#line=1",
    "Exported by a portal",
    "The header has no timestamp column",
  ]);
});

Deno.test("a preamble is listed without empty lines, each line cut to 100 characters", () => {
  const csv = `sep=,\n\n  \r\n${"x".repeat(120)}\n"a\nb",c\n${HEADER}${ROW}`;
  const { rows, preamble } = readWithNotes(csv);
  assertEquals(rows.length, 1);
  assertEquals(preamble, ["sep=,", "x".repeat(100), '"a\nb",c']);
  assertEquals(readWithNotes(HEADER + ROW).preamble, []);
});

Deno.test("without a header, the error is about the line that looks most like one", () => {
  const csv = `Account,0000000000\nService,1 MAIN ST\n\nDATE,START TIME,USAGE (kWh)\n1,2,3\n`;
  const dialect = { timestamp: ["DATE"], map: ["USAGE:energy_kwh"] };
  assertEquals(refusal(csv, dialect), [[
    "#line=4",
    "DATE,START TIME,USAGE (kWh)",
    "The header has no USAGE column",
  ]]);
  // Its columns have another delimiter.
  const [[pointer, value, detail]] = [
    refusal("Kunde: 1\nZeit;Leistung;Notiz\n1;2;3\n")[0],
  ] as string[][];
  assertEquals([pointer, value], ["#line=2", "Zeit;Leistung;Notiz"]);
  assertEquals(detail, "The header is a single column");
});

Deno.test("a header that is read in the wrong encoding says so", () => {
  const windows = Uint8Array.from("Zählerstand,x\n", (letter) => letter.charCodeAt(0));
  const message = (csv: Uint8Array, dialect: DialectOptions) =>
    assertThrows(() => readUpload(csv, { dialect }), AppError).errors.at(-1)?.detail;
  assertEquals(
    message(windows, {}),
    "The header is not UTF-8; it looks like windows-1252 or a similar encoding. " +
      "Send encoding=windows-1252",
  );
  assertEquals(
    message(new TextEncoder().encode("Zählerstand,x\n"), { encoding: "windows-1252" }),
    "The header looks like UTF-8 that is read in another encoding. Send encoding=utf-8",
  );
});

Deno.test("records may end with delimiters that the header does not have", () => {
  const csv = `${HEADER}${ROW}2024-01-01T00:01:00Z,2,\n2024-01-01T00:02:00Z,3,,\n`;
  const { rows, rejects } = readUpload(csv);
  assertEquals([rows.map(([, , power]) => power), rejects], [["1", "2", "3"], []]);
});

Deno.test("the rows that show the form of times are read too, in chunks of any size", () => {
  const lines = Array.from({ length: 1_500 }, (_, at) => {
    const time = new Date(Date.UTC(2024, 0, 1) + at * 900_000).toISOString();
    return `${time.slice(8, 10)}/${time.slice(5, 7)}/2024 ${time.slice(11, 16)},${at}\n`;
  });
  const csv = `${HEADER}${lines.slice(0, 10).join("")}bad,1\n${lines.slice(10).join("")}Total,9\n`;
  for (const sizes of [[1_000_000], [777], [7, 1_000]]) {
    const { rows, rejects } = readUpload(csv, { dialect: { timestampFormat: "auto" }, sizes });
    assertEquals(rows.length, 1_500);
    assertEquals(rows.map(([, , power]) => Number(power)), lines.map((_, at) => at));
    assertEquals(rows[1_499][0], Date.UTC(2024, 0, 1) + 1_499 * 900_000);
    assertEquals(rejects.map(({ line }) => line), [12, 1_503]);
  }
});
