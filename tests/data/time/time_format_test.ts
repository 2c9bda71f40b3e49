import fc from "fast-check";
import { compileTimeFormat } from "../../../data/time/time_format.ts";
import { parseWallTime } from "../../../data/time/time_text.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { inZone } from "../../routes/time_zone.ts";
import { amount } from "../../support/thorough.ts";

const encoder = new TextEncoder();
const MINUTE_MS = 60_000;
const YEAR_9999_END_MS = 253_402_300_799_999;

/** The wall time of a text as ISO, with its offset in minutes if it has one. */
function read(pattern: string, text: string): string {
  const found = compileTimeFormat(pattern).parse(text);
  if (found === null) return "none";
  const wall = new Date(found.wallMs).toISOString().slice(0, -1);
  const offset = found.offsetMs;
  return offset !== offset ? wall : `${wall} ${offset / MINUTE_MS}`;
}

/** Checks rows of pattern, text and wall time. */
function assertRead(rows: readonly [pattern: string, text: string, expected: string][]): void {
  for (const [pattern, text, expected] of rows) {
    assertEquals(read(pattern, text), expected, `${text} as ${pattern}`);
  }
}

Deno.test("the same evening is read in the forms of many countries and machines", () => {
  const evening = "2024-03-05T19:08:09.000";
  assertRead([
    ["yyyy-MM-dd HH:mm:ss", "2024-03-05 19:08:09", evening],
    ["dd/MM/yyyy HH:mm:ss", "05/03/2024 19:08:09", evening],
    ["MM/dd/yyyy hh:mm:ss a", "03/05/2024 07:08:09 PM", evening],
    ["M/d/yy, h:mm:ss a", "3/5/24, 7:08:09 pm", evening],
    ["d.M.yyyy H:m:s", "5.3.2024 19:8:9", evening],
    ["dd MMM yyyy HH:mm:ss", "05 Mar 2024 19:08:09", evening],
    ["ddMMMyyyy:HH:mm:ss", "05MAR2024:19:08:09", evening],
    ["yyyyMMddHHmmss", "20240305190809", evening],
    ["yyyyMMdd'T'HHmmss", "20240305T190809", evening],
    ["yyyy年MM月dd日 HH時mm分ss秒", "2024年03月05日 19時08分09秒", evening],
    ["HH:mm:ss dd-MM-yyyy", "19:08:09 05-03-2024", evening],
    ["yyyy-MM-dd 'at' HH'h'mm:ss", "2024-03-05 at 19h08:09", evening],
    ["dd/MM/yyyy HH 'o''clock' mm''ss", "05/03/2024 19 o'clock 08'09", evening],
  ]);
});

Deno.test("parts of the clock that the pattern leaves out are 0", () => {
  assertRead([
    ["dd/MM/yyyy", "05/03/2024", "2024-03-05T00:00:00.000"],
    ["dd/MM/yyyy HH", "05/03/2024 19", "2024-03-05T19:00:00.000"],
    ["dd/MM/yyyy HH:mm", "05/03/2024 19:08", "2024-03-05T19:08:00.000"],
  ]);
});

Deno.test("two digits of a year are 1970 to 2069", () => {
  const years = ["70", "99", "00", "24", "69"].map((year) => read("yy-MM-dd", `${year}-01-01`));
  const expected = ["1970", "1999", "2000", "2024", "2069"];
  assertEquals(years, expected.map((year) => `${year}-01-01T00:00:00.000`));
});

Deno.test("hours of 12 begin at 12", () => {
  const hour = (text: string) => read("yyyy-MM-dd h:mma", `2024-01-01 ${text}`).slice(11, 16);
  const texts = ["12:00AM", "12:59am", "1:00AM", "11:59Am", "12:00PM", "1:30pM", "11:59PM"];
  const expected = ["00:00", "00:59", "01:00", "11:59", "12:00", "13:30", "23:59"];
  assertEquals(texts.map(hour), expected);
  const wrong = ["0:00AM", "13:00PM", "1:00", "1:00XM", "1:00A", "1:00AX", "1:00 AM"];
  assertEquals(wrong.map(hour), wrong.map(() => ""));
});

Deno.test("months have short English names, in any case", () => {
  const names = [
    "Jan",
    "FEB",
    "mar",
    "aPr",
    "May",
    "Jun",
    "jul",
    "AUG",
    "Sep",
    "Oct",
    "Nov",
    "dEC",
  ];
  const months = names.map((name) => read("d MMM yyyy", `1 ${name} 2024`).slice(5, 7));
  assertEquals(months, ["01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12"]);
  const wrong = ["Jän", "Mai", "Ja", "January", "01", "J\u0001n", ""];
  assertEquals(wrong.filter((name) => read("d MMM yyyy", `1 ${name} 2024`) !== "none"), []);
});

Deno.test("a fraction has as many digits as letters and is cut off at the millisecond", () => {
  const table: [letters: string, digits: string, milli: string][] = [
    ["S", "9", "900"],
    ["SS", "09", "090"],
    ["SSS", "123", "123"],
    ["SSSS", "1239", "123"],
    ["SSSSSS", "000999", "000"],
    ["SSSSSSSSS", "999999999", "999"],
    ["SSSSSSSSS", "001000000", "001"],
  ];
  for (const [letters, digits, milli] of table) {
    const found = read(`yyyy-MM-dd HH:mm:ss.${letters}`, `2024-01-01 00:00:00.${digits}`);
    assertEquals(found, `2024-01-01T00:00:00.${milli}`, digits);
  }
  const wrong = [".12", ".1234", ".", "", ".12a", ",123"];
  const pattern = "yyyy-MM-dd HH:mm:ss.SSS";
  assertEquals(wrong.filter((end) => read(pattern, `2024-01-01 00:00:00${end}`) !== "none"), []);
});

Deno.test("an offset is read in the form of its letters and kept next to the clock", () => {
  const offsets: Record<string, [text: string, minutes: number | null][]> = {
    X: [["Z", 0], ["+01", 60], ["-08", -480], ["+0530", 330], ["+05:30", null], ["z", null]],
    XX: [["Z", 0], ["+0100", 60], ["-0330", -210], ["+01", null], ["+01:00", null]],
    XXX: [["Z", 0], ["+01:00", 60], ["-03:30", -210], ["-00:00", 0], ["+0100", null]],
  };
  for (const [letters, rows] of Object.entries(offsets)) {
    for (const [text, minutes] of rows) {
      const found = read(`yyyy-MM-dd HH:mm${letters}`, `2024-01-01 12:00${text}`);
      assertEquals(found, minutes === null ? "none" : `2024-01-01T12:00:00.000 ${minutes}`, text);
    }
    for (const text of ["", "+", "+1", "+24:00", "+2400", "+24", "+01:60", "+0160", "01:00"]) {
      assertEquals(read(`yyyy-MM-dd HH:mm${letters}`, `2024-01-01 12:00${text}`), "none", text);
    }
  }
});

Deno.test("times that do not exist are refused", () => {
  const pattern = "dd.MM.yyyy HH:mm:ss";
  const wrong = [
    "31.06.2024 00:00:00",
    "29.02.2023 00:00:00",
    "29.02.1900 00:00:00",
    "00.01.2024 00:00:00",
    "32.01.2024 00:00:00",
    "01.00.2024 00:00:00",
    "01.13.2024 00:00:00",
    "01.01.2024 24:00:01",
    "01.01.2024 24:01:00",
    "01.01.2024 25:00:00",
    "01.01.2024 00:60:00",
    "01.01.2024 23:59:60",
  ];
  assertEquals(wrong.filter((text) => read(pattern, text) !== "none"), []);
  assertEquals(read(pattern, "29.02.2024 23:59:59"), "2024-02-29T23:59:59.000");
});

Deno.test("24:00 is the next midnight", () => {
  assertRead([
    ["yyyy/MM/dd HH:mm", "2024/02/29 24:00", "2024-03-01T00:00:00.000"],
    ["dd.MM.yyyy HH:mm:ss.SS", "31.12.2024 24:00:00.00", "2025-01-01T00:00:00.000"],
    ["dd.MM.yyyy H", "31.12.2024 24", "2025-01-01T00:00:00.000"],
    ["iso", "2024-02-29T24:00", "2024-03-01T00:00:00.000"],
    ["iso", "2024-02-29 24:00:00.0+01:00", "2024-03-01T00:00:00.000 60"],
    ["iso", "20240229T240000Z", "2024-03-01T00:00:00.000 0"],
  ]);
  const wrong = ["T24:01", "T24:00:01", "T24:00:00.5", "T2400000", "T24:000"];
  assertEquals(wrong.filter((clock) => read("iso", `2024-02-29${clock}`) !== "none"), []);
  assertEquals(read("dd.MM.yyyy HH:mm:ss.SS", "31.12.2024 24:00:00.01"), "none");
  assertEquals(read("dd.MM.yyyy hh:mm a", "31.12.2024 24:00 AM"), "none");
});

Deno.test("n is the number of an interval of the day, from 1", () => {
  const parse = (pattern: string, text: string) => compileTimeFormat(pattern).parse(text);
  const midnight = { wallMs: Date.UTC(2024, 9, 27), offsetMs: NaN };
  assertEquals(parse("yyyy-MM-dd n", "2024-10-27 1"), { ...midnight, period: 1 });
  assertEquals(parse("yyyy-MM-dd n", "2024-10-27 100"), { ...midnight, period: 100 });
  assertEquals(parse("yyyyMMdd nn", "20241027 25"), { ...midnight, period: 25 });
  for (const text of ["20241027 0", "20241027 00", "20241027 ", "20241027 1000"]) {
    assertEquals(parse("yyyyMMdd n", text), null, text);
  }
});

Deno.test("doubled letters need two digits, single ones accept one or two", () => {
  const strict = [
    "1/03/2024",
    "01/3/2024",
    "01/03/24",
    "001/03/2024",
    "01/03/02024",
    " 01/03/2024",
  ];
  assertEquals(strict.filter((text) => read("dd/MM/yyyy", text) !== "none"), []);
  for (const text of ["1/3/2024", "01/03/2024", "1/03/2024"]) {
    assertEquals(read("d/M/yyyy", text), "2024-03-01T00:00:00.000");
  }
  const wrong = ["/3/2024", "001/3/2024", "1/3/2024 ", "1/3/2024\n", "1-3-2024", "１/3/2024", ""];
  assertEquals(wrong.filter((text) => read("d/M/yyyy", text) !== "none"), []);
});

Deno.test("Unix times are seconds or milliseconds, before 1970 too, and at UTC", () => {
  // 1,704,067,200 is 2024-01-01.
  assertRead([
    ["unix", "1704067200", "2024-01-01T00:00:00.000 0"],
    ["unix", "1704067200.5", "2024-01-01T00:00:00.500 0"],
    ["unix", "1704067200.0019", "2024-01-01T00:00:00.001 0"],
    ["unix", "0", "1970-01-01T00:00:00.000 0"],
    ["unix", "-0", "1970-01-01T00:00:00.000 0"],
    ["unix", "+1704067200", "2024-01-01T00:00:00.000 0"],
    ["unix", "+1.5", "1970-01-01T00:00:01.500 0"],
    ["unix", "-1.5", "1969-12-31T23:59:58.500 0"],
    ["unix_ms", "1704067200123", "2024-01-01T00:00:00.123 0"],
    ["unix_ms", "1704067200123.999", "2024-01-01T00:00:00.123 0"],
    ["unix_ms", "+1704067200123", "2024-01-01T00:00:00.123 0"],
    ["unix_ms", "-1", "1969-12-31T23:59:59.999 0"],
  ]);
  assertEquals(compileTimeFormat("unix").parse("-0"), { wallMs: 0, offsetMs: 0 });
  for (const name of ["unix", "unix_ms"]) {
    const wrong = [
      "",
      "-",
      "+",
      "+-1",
      "-+1",
      "++1",
      ".5",
      "1.",
      "1e9",
      "1,5",
      "0x1",
      " 1",
      "1 ",
      "1234567890123456",
    ];
    assertEquals(wrong.filter((text) => read(name, text) !== "none"), []);
  }
});

Deno.test("scan() begins at its start and stops at the first byte that is not part of the time", () => {
  const table: [pattern: string, text: string, end: number][] = [
    ["dd/MM/yyyy HH:mm", "05/03/2024 19:08", 16],
    ["d/M/yyyy", "5/3/2024", 8],
    ["yyyy-MM-dd h a", "2024-03-05 7 PM", 15],
    ["iso", "2024-03-05T19:08:09Z", 20],
    ["iso", "2024-03-05 19:08", 16],
    ["iso", "2024-03-05T19:08:09.5", 21],
    ["iso", "2024-03-05T19:08:09.5+01", 24],
    ["unix", "1709665689.25", 13],
    ["unix", "+1709665689", 11],
    ["unix_ms", "1709665689000", 13],
  ];
  for (const [pattern, text, end] of table) {
    const format = compileTimeFormat(pattern);
    const expected = format.parse(text);
    for (const after of ["", ",7", ";", '"', "\n", ",5,6", "."]) {
      const into = { wallMs: NaN, offsetMs: NaN };
      const found = format.scan(encoder.encode(`9,${text}${after}`), 2, into);
      assertEquals([found, into], [end + 2, expected], `${pattern} before ${after}`);
    }
  }
});

Deno.test("scan() reads on after a refused time and over changing days", () => {
  const format = compileTimeFormat("dd/MM/yyyy HH:mmX");
  const into = { wallMs: NaN, offsetMs: NaN };
  const read = (text: string) =>
    format.scan(encoder.encode(text), 0, into) < 0
      ? "none"
      : `${new Date(into.wallMs).toISOString().slice(0, 16)} ${into.offsetMs / MINUTE_MS}`;
  assertEquals(read("05/03/2024 19:08+01"), "2024-03-05T19:08 60");
  assertEquals(read("31/06/2024 19:08+01"), "none");
  assertEquals(read("31/06/2024 19:08+01"), "none");
  assertEquals(read("05/03/2024 19:09-01"), "2024-03-05T19:09 -60");
  assertEquals(read("05/03/2024 19:09+99"), "none");
  assertEquals(read("06/03/2024 00:00Z"), "2024-03-06T00:00 0");
});

Deno.test("scan() for iso accepts what parseWallTime() accepts, except commas", () => {
  const format = compileTimeFormat("iso");
  const clock = fc.constantFrom(
    "00:00",
    "23:59:59",
    "12:30:15.5",
    "24:00",
    "10:60",
    "9:00",
    "10:00:",
  );
  const offset = fc.constantFrom(
    "",
    "Z",
    "z",
    "+01:00",
    "-0330",
    "+14",
    "+24:00",
    "+1",
    "+01:60",
    "-",
  );
  const day = fc.constantFrom("2024-02-29", "2023-02-29", "1969-12-31", "0000-01-01", "2024-1-01");
  const texts = fc.tuple(day, fc.constantFrom("T", "t", " ", "_", ""), clock, offset)
    .map((parts) => parts.join(""));
  const position = fc.nat({ max: 30 });
  const changed = fc.tuple(texts, position, fc.constantFrom("", "0", "9", ":", "-", "x", "é", " "))
    .map(([text, at, part]) => text.slice(0, at) + part + text.slice(at + 1));
  fc.assert(
    fc.property(fc.oneof(texts, changed), (text) => {
      const bytes = encoder.encode(text);
      const into = { wallMs: NaN, offsetMs: NaN };
      const isWhole = format.scan(bytes, 0, into) === bytes.length;
      assertEquals(isWhole ? into : null, parseWallTime(text), text);
    }),
    { numRuns: amount({ quick: 750, thorough: 3_000 }) },
  );
});

Deno.test("any time written in the parts of a pattern reads back", async () => {
  const parts: Record<string, (iso: string) => string> = {
    yyyy: (iso) => iso.slice(0, 4),
    MM: (iso) => iso.slice(5, 7),
    M: (iso) => String(Number(iso.slice(5, 7))),
    dd: (iso) => iso.slice(8, 10),
    d: (iso) => String(Number(iso.slice(8, 10))),
    HH: (iso) => iso.slice(11, 13),
    H: (iso) => String(Number(iso.slice(11, 13))),
    "mm:ss": (iso) => iso.slice(14, 19),
    "m:ss": (iso) => String(Number(iso.slice(14, 16))) + iso.slice(16, 19),
  };
  const picks = fc.tuple(
    fc.constant("yyyy"),
    fc.constantFrom("MM", "M"),
    fc.constantFrom("dd", "d"),
    fc.constantFrom("HH", "H"),
    fc.constantFrom("mm:ss", "m:ss"),
  ).chain((fields) => fc.shuffledSubarray(fields, { minLength: 5 }));
  const times = fc.integer({ min: 0, max: YEAR_9999_END_MS });
  const separators = fc.constantFrom("/", " ", "'T'", ", ", "''");
  for (const zone of ["Australia/Sydney", "America/Chicago"]) {
    await inZone(
      zone,
      () =>
        fc.assert(fc.property(picks, times, separators, (fields, timeMs, separator) => {
          const iso = new Date(timeMs).toISOString();
          const between = separator === "'T'" ? "T" : separator.replace("''", "'");
          const text = fields.map((field) => parts[field](iso)).join(between);
          const found = compileTimeFormat(fields.join(separator)).parse(text);
          assertEquals(found, { wallMs: timeMs - timeMs % 1000, offsetMs: NaN }, text);
        })),
    );
  }
});

Deno.test("a text with one change is read as it is then, or not at all", () => {
  const format = compileTimeFormat("dd/MM/yyyy HH:mm");
  const times = fc.integer({ min: 0, max: YEAR_9999_END_MS });
  fc.assert(
    fc.property(times, fc.nat({ max: 15 }), fc.string({ maxLength: 2 }), (timeMs, at, part) => {
      const right = written(timeMs);
      const text = right.slice(0, at) + part + right.slice(at + 1);
      const found = format.parse(text);
      assert(found === null || written(found.wallMs) === text, text);
      if (text === right) assertEquals(found?.wallMs, timeMs - timeMs % MINUTE_MS);
    }),
    { numRuns: amount({ quick: 500, thorough: 2_000 }) },
  );
});

Deno.test("a form says in words what it accepts", () => {
  const rules = ["iso", "unix", "unix_ms", "dd/MM/yyyy"].map((name) =>
    compileTimeFormat(name).rule
  );
  assertEquals(rules, [
    "a date and time as in ISO 8601",
    "a time in seconds since 1970",
    "a time in milliseconds since 1970",
    "a time as dd/MM/yyyy",
  ]);
});

/** A time as dd/MM/yyyy HH:mm, UTC. */
function written(timeMs: number): string {
  const iso = new Date(timeMs).toISOString();
  return `${iso.slice(8, 10)}/${iso.slice(5, 7)}/${iso.slice(0, 4)} ${iso.slice(11, 16)}`;
}
