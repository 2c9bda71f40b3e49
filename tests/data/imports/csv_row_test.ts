import fc from "fast-check";
import { readHeader } from "../../../data/imports/csv_header.ts";
import { createRowReader } from "../../../data/imports/csv_row.ts";
import { createDialect, type DialectOptions } from "../../../data/imports/dialect_options.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import { createReadingRow } from "../../../data/imports/reading_row.ts";
import type { RowProblem } from "../../../data/text/upload_reader.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import type { Row } from "../../support/pages.ts";
import { takenRows } from "./upload.ts";
import { amount } from "../../support/thorough.ts";

const NEW_YEAR_MS = 1_704_067_200_000;

/** The two ways to read one record. */
interface Ways {
  /** From bytes: the reading, or null if the record must be read field by field. */
  fast(record: string): Row | null;
  /** Field by field: the reading, or what is wrong. */
  slow(record: string): Row | RowProblem;
}

function waysOf(header: string, options: DialectOptions = {}, id = "m1"): Ways {
  const result = createDialect(PROFILES.meter, options);
  if ("problems" in result) throw new Error(JSON.stringify(result.problems));
  const { dialect } = result;
  const row = createReadingRow(PROFILES.meter, {
    ...dialect,
    oldestMs: 0,
    timeRules: () => dialect.rules,
  });
  const reader = createRowReader({
    profile: PROFILES.meter,
    id,
    dialect,
    oldestMs: 0,
    header: readHeader(header, PROFILES.meter, dialect),
    row,
  });
  return {
    fast(record) {
      const bytes = new TextEncoder().encode(`${record}\n`);
      const end = reader.readPlain(bytes, 0, bytes.length - 1, 2);
      if (end >= 0) assertEquals(end, bytes.length - 1, "it ends at its LF");
      return takenRows(row)[0] ?? null;
    },
    slow: (record) => reader.readFields(record, 2) ?? takenRows(row)[0],
  };
}

/** Fails if a record read from its bytes differs from the same record read field by field. */
function assertAgree({ fast, slow }: Ways, record: string): void {
  const plain = fast(record);
  const fields = slow(record.replace(/\r$/, ""));
  if (plain !== null) assertEquals(fields, plain, JSON.stringify(record));
}

Deno.test("a plain record is read from its bytes in any dialect", () => {
  const iso = "2024-01-01T00:00:00Z";
  const cases: [header: string, options: DialectOptions, record: string][] = [
    ["timestamp,power_kw", {}, `${iso},1.5`],
    ["timestamp,power_kw", {}, `${iso},1.5\r`],
    ["power_kw,note,timestamp", {}, `1.5,anything at all,${iso}`],
    ["timestamp,smart_meter_id,power_kw", {}, `${iso},m1,1.5`],
    ["timestamp;power_kw", { delimiter: ";", decimal: "," }, `${iso};1,5`],
    ["timestamp\tpower_kw", { delimiter: "tab" }, `${iso}\t1.5`],
    ["timestamp power_kw", { delimiter: " " }, `${iso} 1.5`],
    ["timestamp|W", { delimiter: "|", map: ["W:power_kw:W"] }, `${iso}|1500`],
    ["timestamp,power_kw,voltage_v", { missing: ["?", "-999"] }, `${iso},1.5,-999`],
    ["t,power_kw,d", { timestamp: ["d", "t"] }, "00:00:00,1.5,2024-01-01"],
    ["timestamp,power_kw", { timestampFormat: "unix" }, "1704067200,1.5"],
    ["timestamp,power_kw", { timestampFormat: "unix" }, "+1704067200,+1.5"],
    ["timestamp;power_kw", { delimiter: ";", decimal: "," }, `${iso};+1,5`],
    ["timestamp,power_kw", { timestampFormat: "d.M.yyyy" }, "1.1.2024,1.5"],
    ["timestamp,power_kw", { timezone: "Asia/Tokyo" }, "2024-01-01 09:00,1.5"],
  ];
  for (const [header, options, record] of cases) {
    const ways = waysOf(header, options);
    assertEquals(ways.fast(record), [NEW_YEAR_MS, "", "1.5", "", ""], record);
    assertAgree(ways, record);
  }
});

Deno.test("a delimiter inside a time, a text for a missing value or the id ends the field there", () => {
  const cases: [header: string, options: DialectOptions, record: string, id?: string][] = [
    ["timestamp power_kw", { delimiter: " " }, "2024-01-01 00:00:00 1"],
    ["timestamp:power_kw", { delimiter: ":" }, "2024-01-01T00:00:1"],
    [
      "timestamp,power_kw",
      { timestampFormat: "MM/dd/yyyy, HH:mm" },
      "01/01/2024, 00:00,1",
    ],
    [
      "timestamp;power_kw;voltage_v",
      { delimiter: ";", missing: ["n;a"] },
      "2024-01-01T00:00:00Z;n;a;230",
    ],
    [
      'timestamp_"smart_meter_id"_"power_kw"',
      { delimiter: "_" },
      "2024-01-01T00:00:00Z_a_b_1",
      "a_b",
    ],
  ];
  for (const [header, options, record, id] of cases) {
    const ways = waysOf(header, options, id);
    const problem = ways.slow(record);
    assert("rule" in problem && problem.rule.includes("fields, found"), record);
    assertEquals(ways.fast(record), null, record);
  }
});

Deno.test("a line end in a pattern or in a text for a missing value does not join two lines", () => {
  const timestampFormat = "yyyy-MM-dd\nHH:mm";
  assertEquals(waysOf("timestamp,power_kw", { timestampFormat }).fast("2024-01-01\n00:00,1"), null);
  const { fast } = waysOf("timestamp,power_kw,voltage_v", { missing: ["n\na"] });
  assertEquals(fast("2024-01-01T00:00Z,n\na,230"), null);
});

/** Times of each form, right ones first, as two halves and as a whole. */
const TIMES: Readonly<Record<string, readonly string[]>> = {
  iso: ["2024-01-01 00:00", "2024-01-01 00:00:00Z", "2024-03-31 02:30", "1969-12-31 23:00Z"],
  unix: ["1704067200", "1704067200.25", "-1", "17 04"],
  "d/M/yyyy, H:mm": ["1/1/2024, 0:00", "01/01/2024, 00:00", "31/3/2024, 2:30", "1/13/2024, 0:00"],
  "dd.MM.yyyy HH": ["01.01.2024 00", "31.03.2024 02", "1.1.2024 00"],
};
const GOOD_VALUES = ["1", "-0", "1.50", "1,50", "5.", "-999", "0", ""];
const ODD_VALUES = [
  ".5",
  "1e3",
  "0000000000000000001.5",
  "123456789012345.6",
  "1e400",
  "NaN",
  "?",
  "1 000",
  " 7 ",
  "n;a",
  "-",
  "1\0",
  "\ufeff1",
  "1\r",
  "\u00a01",
];
const ODD_TEXTS = ["m 1", '"', '"x"', "1:2", "\ufffd", "é", "\r", "?", " "];

interface Page {
  readonly options: DialectOptions & { delimiter: string; timestampFormat: string };
  readonly names: readonly string[];
  readonly records: readonly (readonly string[])[];
}

function pages(): fc.Arbitrary<Page> {
  const options = fc.record({
    delimiter: fc.constantFrom(",", ";", "\t", "|", " ", ":", "_", "/", "?"),
    decimal: fc.constantFrom(".", ","),
    timestamp: fc.constantFrom(["t"], ["t", "u"]),
    timestampFormat: fc.constantFrom(...Object.keys(TIMES)),
    timezone: fc.constantFrom("UTC", "Europe/Paris"),
    // Both ways read each record on its own.
    ambiguous: fc.constantFrom("first", "second"),
    map: fc.constantFrom(["p:power_kw"], ["p:power_kw:W"], ["p:power_kw:MW", "v:voltage_v"]),
    missing: fc.constantFrom([], ["?"], ["0", "-999", "1"], ["n;a"], ["-", "1,50"], [""]),
  }).filter(({ delimiter, decimal }) => delimiter !== decimal);
  const names = fc.shuffledSubarray(["t", "u", "p", "v", '"smart_meter_id"', "note"], {
    minLength: 6,
  });
  return fc.tuple(options, names).chain(([options, names]) =>
    fc.record({
      options: fc.constant(options),
      names: fc.constant(names),
      records: fc.array(records(names, options), { minLength: 1, maxLength: 10 }),
    })
  );
}

/** Records most of whose fields are right. */
function records(
  names: readonly string[],
  { timestamp, timestampFormat }: { timestamp: readonly string[]; timestampFormat: string },
): fc.Arbitrary<string[]> {
  const mostly = (good: readonly string[], odd: readonly string[]) =>
    fc.oneof({ arbitrary: fc.constantFrom(...good), weight: 12 }, fc.constantFrom(...odd));
  const time = mostly(TIMES[timestampFormat], ["", "2024-01-01T00:00:00.5+01:00", '"1"']);
  return fc.tuple(time, mostly(["", "\r"], [" ", ",", '"'])).chain(([time, end]) => {
    const cut = time.indexOf(" ") < 0 ? time.length : time.indexOf(" ");
    const halves = timestamp.length === 1 ? [time, "x"] : [time.slice(0, cut), time.slice(cut + 1)];
    const texts: Record<string, fc.Arbitrary<string>> = {
      t: fc.constant(halves[0]),
      u: fc.constant(halves[1]),
      p: mostly(GOOD_VALUES, ODD_VALUES),
      v: mostly(GOOD_VALUES, ODD_VALUES),
      '"smart_meter_id"': mostly(["m1"], ODD_TEXTS),
      note: mostly(["", "note"], ODD_TEXTS),
    };
    const fields = fc.tuple(...names.map((name) => texts[name]));
    return fields.map((fields) => [...fields.slice(0, -1), fields.at(-1) + end]);
  });
}

Deno.test("any record is the same reading from its bytes and field by field", () => {
  let count = 0, taken = 0;
  fc.assert(
    fc.property(pages(), ({ options, names, records }) => {
      const ways = waysOf(names.join(options.delimiter), options);
      for (const record of records) {
        const text = record.join(options.delimiter);
        assertAgree(ways, text);
        count++;
        if (ways.fast(text) !== null) taken++;
      }
    }),
    { numRuns: amount({ quick: 500, thorough: 4_000 }) },
  );
  assert(taken > count / 10, `${taken} of ${count} records were read from their bytes`);
});
