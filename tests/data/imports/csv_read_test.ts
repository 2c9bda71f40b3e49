import fc from "fast-check";
import { AppError } from "../../../data/app_error.ts";
import { createCsvReader } from "../../../data/imports/csv_read.ts";
import { plainDialect, takenRows } from "./upload.ts";
import { createCsvWriter } from "../../../data/text/csv_write.ts";
import { sortPage } from "../../../data/readings/page_merge.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import {
  decimalTexts,
  pageOf,
  plainRows,
  type Row,
  rowsOf,
  timeLists,
} from "../../support/pages.ts";
import { readUpload } from "./csv_upload.ts";
import { amount } from "../../support/thorough.ts";

const METRICS = ["energy_kwh", "power_kw", "voltage_v", "current_a"];
const HEADER = `timestamp,${METRICS.join(",")}`;
const NEW_YEAR_MS = 1_704_067_200_000;

/** How a file is written: choices that RFC 4180 leaves open, and our own. */
interface Dialect {
  readonly columns: readonly string[];
  readonly lineEnd: string;
  readonly mark: string;
  readonly isQuoted: boolean;
  readonly blankLines: number;
  readonly isLastClosed: boolean;
}

const noteTexts = fc.constantFrom("", "plain", 'a "quoted" word', "a, b", "two\nlines", "é \ufeff");

function chunkSizes(): fc.Arbitrary<readonly number[]> {
  const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 8 });
  return fc.oneof(fc.constant([1]), fc.constant([1_000_000]), sizes);
}

/** Rows of a meter in any order of time, with every value in the range of the profile. */
function meterRows(maxCount: number): fc.Arbitrary<Row[]> {
  const small = (isPositive: boolean) =>
    fc.oneof(
      fc.constant(""),
      decimalTexts({ minScale: 9, isPositive }),
      fc.integer({ min: isPositive ? 0 : -9_999, max: 9_999 }).map((tenths) => `${tenths}e-1`),
    );
  const texts = fc.tuple(small(false), small(false), small(true), small(false));
  return fc.array(texts, { maxLength: maxCount }).chain((rows) =>
    timeLists(rows.length).map((times) => rows.map((row, i): Row => [times[i], ...row]))
  );
}

function dialects(): fc.Arbitrary<Dialect> {
  return fc.record({
    columns: fc.subarray(["smart_meter_id", "note"]).chain((extra) => {
      const names = ["timestamp", ...METRICS, ...extra];
      return fc.shuffledSubarray(names, { minLength: names.length });
    }),
    lineEnd: fc.constantFrom("\n", "\r\n"),
    mark: fc.constantFrom("", "\ufeff"),
    isQuoted: fc.boolean(),
    blankLines: fc.nat(2),
    isLastClosed: fc.boolean(),
  });
}

/** A file with some rows, written in one of these ways. */
function fileOf(rows: readonly Row[], note: string, dialect: Dialect): string {
  const { columns, lineEnd, isQuoted } = dialect;
  const quoted = (text: string) =>
    isQuoted || /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const records = rows.map(([timeMs, ...texts]) => {
    const fields: Record<string, string> = {
      timestamp: new Date(timeMs).toISOString(),
      smart_meter_id: "m1",
      note,
      ...Object.fromEntries(METRICS.map((name, index) => [name, texts[index]])),
    };
    return columns.map((name) => quoted(fields[name])).join(",");
  });
  const text = [columns.map(quoted).join(","), ...records].join(
    lineEnd.repeat(1 + dialect.blankLines),
  );
  return dialect.mark + text + (dialect.isLastClosed ? lineEnd : "");
}

Deno.test("the output of createCsvWriter() reads back as the same readings, in chunks of any size", () => {
  fc.assert(fc.property(meterRows(120), chunkSizes(), (rows, sizes) => {
    const page = sortPage(pageOf(rows, 4));
    const writer = createCsvWriter(PROFILES.meter, "m1");
    const upload = readUpload(writer.header() + writer.lines(page), { sizes });
    assertEquals(upload, { rows: rowsOf(page), rejectedCount: 0, rejects: [], ignored: [] });
  }));
});

Deno.test("a file gives the same readings however it is written, in chunks of any size", () => {
  const rows = meterRows(25);
  fc.assert(
    fc.property(rows, noteTexts, dialects(), chunkSizes(), (rows, note, dialect, sizes) => {
      const upload = readUpload(fileOf(rows, note, dialect), { sizes });
      assertEquals(upload, {
        rows: plainRows(rows),
        rejectedCount: 0,
        rejects: [],
        ignored: dialect.columns.filter((name) => name === "note"),
      });
    }),
    { numRuns: amount({ quick: 100, thorough: 300 }) },
  );
});

Deno.test("the readings keep the order of the upload, repeated times too", () => {
  const upload = readUpload(
    "timestamp,power_kw\n2024-01-01T00:01:00Z,1\n2024-01-01T00:00:00Z,2\n2024-01-01T00:01:00Z,3\n",
  );
  assertEquals(upload.rows, [
    [NEW_YEAR_MS + 60_000, "", "1", "", ""],
    [NEW_YEAR_MS, "", "2", "", ""],
    [NEW_YEAR_MS + 60_000, "", "3", "", ""],
  ]);
});

Deno.test("a reading without any value is a reading", () => {
  assertEquals(readUpload(`${HEADER}\n2024-01-01T00:00:00Z,,,,`).rows, [
    [NEW_YEAR_MS, "", "", "", ""],
  ]);
});

Deno.test("a missing value does not keep the value of the previous line", () => {
  const plain = "2024-01-01T00:00:00Z,1,2,3,4\n2024-01-01T00:01:00Z,,5,,\n";
  const odd = "2024-01-01T00:02:00Z,6,x,8,9\n2024-01-01 00:03:00,,,7,";
  assertEquals(readUpload(`${HEADER}\n${plain}${odd}`).rows, [
    [NEW_YEAR_MS, "1", "2", "3", "4"],
    [NEW_YEAR_MS + 60_000, "", "5", "", ""],
    [NEW_YEAR_MS + 180_000, "", "", "7", ""],
  ]);
});

Deno.test("times are read at any offset and to the millisecond", () => {
  // Each is 2024-01-01T00:00:00Z plus what the comment says.
  const times: [text: string, plusMs: number][] = [
    ["2024-01-01T00:00:00Z", 0],
    ["2024-01-01T00:00:00z", 0],
    ["2024-01-01T02:00:00+02:00", 0],
    ["2023-12-31T18:30:00-0530", 0],
    ["2024-01-01 00:00", 0],
    ["2024-01-01T00:00:00.25Z", 250],
    ["2024-01-01T00:00:00.0019Z", 1],
    ['"2024-01-01T00:00:01,5Z"', 1_500],
    [" 2024-01-01T00:00:00Z ", 0],
  ];
  const { rows } = readUpload(`timestamp,power_kw\n${times.map(([t]) => `${t},1`).join("\n")}`);
  assertEquals(rows.map(([timeMs]) => timeMs - NEW_YEAR_MS), times.map(([, plusMs]) => plusMs));
});

Deno.test("the first and the last possible time are accepted", () => {
  const { rows } = readUpload(
    "timestamp,power_kw\n1970-01-01T00:00:00Z,1\n9999-12-31T23:59:59.999Z,1\n",
  );
  assertEquals(rows.map(([timeMs]) => timeMs), [0, 253_402_300_799_999]);
});

Deno.test("the limits of a metric are in its range", () => {
  const { rows, rejectedCount } = readUpload(
    "timestamp,voltage_v\n2024-01-01T00:00:00Z,0\n2024-01-01T00:00:00Z,1000000.0\n" +
      "2024-01-01T00:00:00Z,-0.0\n2024-01-01T00:00:00Z,1e6\n2024-01-01T00:00:00Z,-.0\n",
  );
  assertEquals(rows.map(([, , , voltage]) => voltage), ["0", "1000000", "0", "1000000", "0"]);
  assertEquals(rejectedCount, 0);
});

Deno.test("unknown columns are listed and ignored, whatever they contain", () => {
  const upload = readUpload(
    "Timestamp,Comment,power_kw,,device_id\n" +
      '2024-01-01T00:00:00Z,NaN,1,x,y\n2024-01-01T00:00:00Z,"1,\n2",2,,"z"\n',
  );
  assertEquals(upload.ignored, ["Comment", "", "device_id"]);
  assertEquals(upload.rows.map(([, , power]) => power), ["1", "2"]);
});

Deno.test("each profile has its own columns", () => {
  const upload = readUpload("site_id,status,timestamp\nroof,1,2024-01-01T00:00:00Z\n", {
    profile: PROFILES.site,
    id: "roof",
  });
  assertEquals(upload.rows, [[NEW_YEAR_MS, "1"]]);
});

Deno.test("a header alone is an upload without readings", () => {
  for (const csv of [HEADER, `${HEADER}\r\n`, `\ufeff${HEADER}\n\n`]) {
    assertEquals(readUpload(csv), { rows: [], rejectedCount: 0, rejects: [], ignored: [] });
  }
});

Deno.test("an upload without a header is refused, however short", () => {
  for (const csv of ["", "\n", "\ufeff", "2024-01-01T00:00:00Z,1\n"]) {
    const { code, errors } = assertThrows(() => readUpload(csv), AppError);
    assertEquals(code, "INVALID_REQUEST");
    assertEquals(errors.map(({ rule }) => rule), [
      "timestamp column",
      "at least one metric column",
    ]);
  }
});

Deno.test("readings can be taken during the upload", () => {
  const reader = createCsvReader({
    profile: PROFILES.site,
    id: "roof",
    dialect: plainDialect(PROFILES.site),
    dialectOf: plainDialect,
    oldestMs: 0,
  });
  const push = (text: string) => reader.push(new TextEncoder().encode(text));
  push("timestamp,status\n2024-01-01T00:00:00Z,1\n2024-01-01T00:01:0");
  assertEquals(reader.waiting(), 1);
  assertEquals(takenRows(reader), [[NEW_YEAR_MS, "1"]]);
  assertEquals(reader.waiting(), 0);
  push("0Z,0");
  reader.end();
  assertEquals(takenRows(reader), [[NEW_YEAR_MS + 60_000, "0"]]);
});

Deno.test("more readings than a reader has room for at first are all read", () => {
  const minutes = Array.from({ length: 40_000 }, (_, minute) => NEW_YEAR_MS + minute * 60_000);
  const lines = minutes.map((timeMs, i) => `${new Date(timeMs).toISOString()},${i % 7}.5\n`);
  const { rows } = readUpload(`timestamp,power_kw\n${lines.join("")}`, { sizes: [65_536] });
  assertEquals(rows, minutes.map((timeMs, i): Row => [timeMs, "", `${i % 7}.5`, "", ""]));
});
