import { AppError } from "../../../data/app_error.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import type { Row } from "../../support/pages.ts";
import { readUpload } from "./csv_upload.ts";
import type { UploadOptions } from "./upload.ts";

const NEW_YEAR_MS = 1_704_067_200_000;
const MINUTE_MS = 60_000;
const AT = "2024-01-01T00:00:00Z";

/** The voltages of an upload with the columns `timestamp` and `voltage_v`, "" if missing. */
function voltagesOf(fields: readonly string[], missing: readonly string[]): string[] {
  const csv = `timestamp,voltage_v\n${fields.map((field) => `${AT},${field}\n`).join("")}`;
  const { rows, rejects } = readUpload(csv, { dialect: { missing } });
  return [...rows.map((row) => row[3]), ...rejects.map(({ rule }) => rule)];
}

/** The message about a header. */
function refusal(csv: string | Uint8Array, options: UploadOptions): string {
  const { code, message } = assertThrows(() => readUpload(csv, options), AppError);
  assertEquals(code, "INVALID_REQUEST");
  return message;
}

Deno.test("a text for a missing value is the whole field as written, even if it is a number", () => {
  const missing = ["0", "-999", "NA"];
  assertEquals(voltagesOf(["0", '"0"', " 0 ", "NA", '" NA"', ""], missing), Array(6).fill(""));
  assertEquals(voltagesOf(["0.0", "00", "-0", "9990"], missing), ["0", "0", "0", "9990"]);
  assertEquals(voltagesOf(["na", "-999.0"], missing), [
    "a decimal number with a point; if this means that there is no value, send missing=na",
    "0 to 1000000 V",
  ]);
});

Deno.test("a text for a missing value may be the beginning of another one, in either order", () => {
  for (const missing of [["N", "NA", "N/A"], ["N/A", "NA", "N"]]) {
    assertEquals(voltagesOf(["N", "NA", "N/A", "1"], missing), ["", "", "", "1"]);
  }
  const rule = "a decimal number with a point; if this means that there is no value, send missing=";
  assertEquals(voltagesOf(["N/", "NAN"], ["N", "NA", "N/A"]), [`${rule}N/`, `${rule}NAN`]);
});

Deno.test("a text for a missing value with a delimiter, a quote or a line end works in quotes", () => {
  const missing = ["n,a", 'n"a', "n\na"];
  assertEquals(voltagesOf(['"n,a"', '"n""a"', '"n\na"'], missing), ["", "", ""]);
  assertEquals(voltagesOf(["n,a"], missing), ["2 fields, found 3"]);
});

Deno.test("a text for a missing value is not a time and not an id", () => {
  const csv = `timestamp,smart_meter_id,power_kw\n?,m1,1\n${AT},?,1\n${AT},m1,?\n`;
  const { rows, rejects } = readUpload(csv, { dialect: { missing: ["?"] } });
  assertEquals(rows, [[NEW_YEAR_MS, "", "", "", ""]]);
  assertEquals(rejects.map(({ field, value }) => [field, value]), [
    ["timestamp", "?"],
    ["smart_meter_id", "?"],
  ]);
});

Deno.test("two columns of times may be in any order and far apart", () => {
  const dialect = { timestamp: ["day", "clock"], timestampFormat: "dd.MM.yyyy HH:mm" };
  const expected: Row[] = [[NEW_YEAR_MS, "", "1", "", ""], [
    NEW_YEAR_MS + MINUTE_MS,
    "",
    "2",
    "",
    "",
  ]];
  const files = [
    "day,clock,power_kw\n01.01.2024,00:00,1\n01.01.2024,00:01,2\n",
    "clock,power_kw,day\n00:00,1,01.01.2024\n00:01,2,01.01.2024\n",
    "CLOCK,a,b,power_kw,c,Day\r\n00:00,,x,1,,01.01.2024\r\n00:01,,,2,,01.01.2024",
    'clock,power_kw,day\n"00:00",1,01.01.2024\n00:01 ,2, 01.01.2024\n',
  ];
  for (const csv of files) assertEquals(readUpload(csv, { dialect }).rows, expected, csv);
});

Deno.test("a wrong half is quoted as the whole time, with both names", () => {
  const dialect = { timestamp: ["day", "clock"], timestampFormat: "dd.MM.yyyy HH:mm" };
  const { rejects } = readUpload("clock,power_kw,day\n24:01,1,01.01.2024\n,1,\n", { dialect });
  const field = "day clock", rule = "a time as dd.MM.yyyy HH:mm";
  const total = "; a record without a time, such as a total, is not a reading";
  assertEquals(rejects, [
    { line: 2, field, value: "01.01.2024 24:01", rule },
    { line: 3, field, value: " ", rule: rule + total },
  ]);
});

Deno.test("every delimiter separates the header and the records, quoted or not", () => {
  for (const delimiter of [";", "\t", "|", " ", ":", "_", "'", "?"]) {
    const names = ["timestamp", '"power_kw"', `"no${delimiter}te"`, '""'].join(delimiter);
    const record = [`"${AT}"`, "1.5", `"x${delimiter}y"`, ""].join(delimiter);
    const upload = readUpload(`${names}\n${record}\n`, { dialect: { delimiter } });
    assertEquals(upload.rows, [[NEW_YEAR_MS, "", "1.5", "", ""]], delimiter);
    assertEquals(upload.ignored, [`no${delimiter}te`, ""]);
  }
});

Deno.test("with a decimal comma, points are refused, and commas do not group thousands", () => {
  const dialect = { delimiter: ";", decimal: "," };
  const csv = `timestamp;power_kw\n${AT};1,5\n${AT};"2,5"\n${AT};1.5\n${AT};1.000,5\n${AT};1,0,5\n`;
  const { rows, rejects } = readUpload(csv, { dialect });
  assertEquals(rows.map((row) => row[2]), ["1.5", "2.5"]);
  const rule = "a decimal number with a comma";
  assertEquals(rejects.map(({ value, rule }) => [value, rule]), [
    ["1.5", `${rule}; if this is a number, send decimal=.`],
    ["1.000,5", `${rule}; if this is a number, send decimal=,&thousands=.`],
    ["1,0,5", rule],
  ]);
});

Deno.test("every missing column is named at once, mapped ones too", () => {
  const dialect = { timestamp: ["Day", "Hour"], map: ["P:power_kw:W", "U:voltage_v"] };
  assertEquals(
    refusal("day,p,energy_kwh\n", { dialect }),
    "The header has no Hour column; The header has no U column",
  );
});

Deno.test("a rejected value is quoted with its own column name, and the rule in the unit of the metric", () => {
  const dialect = { map: ["Leistung:power_kw:W"] };
  const { rejects } = readUpload(`timestamp,Leistung\n${AT},1000000001\n`, { dialect });
  assertEquals(rejects, [
    { line: 2, field: "Leistung", value: "1000000001", rule: "-1000000 to 1000000 kW" },
  ]);
});

Deno.test("bytes that are not UTF-8 and NUL bytes spoil only their own field", () => {
  const encoder = new TextEncoder();
  const parts: (string | number[])[] = [
    "timestamp,power_kw,no",
    [0xe9],
    `te\n${AT},1,`,
    [0xff, 0xc0],
    `\n${AT},2,`,
    [0],
    `\n${AT},3`,
    [0],
    `,\n${AT},`,
    [0xef, 0xbb],
    "4,\n",
  ];
  const csv = Uint8Array.from(
    parts.flatMap((part) => typeof part === "string" ? [...encoder.encode(part)] : part),
  );
  for (const sizes of [[1], [1_000]]) {
    const { rows, rejects, ignored } = readUpload(csv, { sizes });
    assertEquals(rows.map((row) => row[2]), ["1", "2"]);
    assertEquals(rejects.map(({ line, value }) => [line, value]), [[4, "3\0"], [5, "\ufffd4"]]);
    assertEquals(ignored, ["no\ufffdte"]);
  }
});

Deno.test("white space alone is an upload without a header", () => {
  const both = "The header has no timestamp column; name the column of times with timestamp=; " +
    "The header has none of energy_kwh, power_kw, voltage_v, current_a; " +
    "say which column holds which metric with map=, for example map=column:energy_kwh";
  for (const csv of [" ", "\t\n", " \r\n \r\n", "\0", "\r"]) assertEquals(refusal(csv, {}), both);
});

Deno.test("between commas, a decimal comma is read in quotes, and two fields without them", () => {
  const csv = `timestamp,energy_kwh,note\n${AT},"1,381",a\n${AT},1,5,b\n${AT},7,c\n`;
  const { rows, rejects } = readUpload(csv, { dialect: { delimiter: ",", decimal: "," } });
  assertEquals(rows.map(([, energy]) => energy), ["1.381", "7"]);
  assertEquals(rejects.map(({ line, rule }) => `${line}: ${rule}`), ["3: 3 fields, found 4"]);
});
