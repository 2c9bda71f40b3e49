import { assert, assertEquals, assertStringIncludes } from "../../support/assert.ts";
import fc from "fast-check";
import { AppError } from "../../../data/app_error.ts";
import { createNem12Reader } from "../../../data/meter_files/nem12_read.ts";
import { caseFile, expectedRows } from "./case_rows.ts";
import { countingValues, dayRecord, nem12File, seriesRecord } from "./nem12_file.ts";
import { readFile, type ReadFileOptions } from "./read_file.ts";

/** 2024-01-01T00:00 at UTC+10. */
const NEW_YEAR_MS = Date.UTC(2023, 11, 31, 14);
const MINUTE_MS = 60_000;
const DAY = countingValues(48);

function read(body: string | Uint8Array, options?: ReadFileOptions) {
  return readFile(createNem12Reader, body, options);
}

/** The energy of a meter by its time; each row must have energy alone. */
function energies(body: string, id = "VABD000163_E1"): [number, string][] {
  return (read(body).meters[id] ?? []).map(([timeMs, energy, ...others]) => {
    assertEquals(others, ["", "", ""]);
    return [timeMs, energy];
  });
}

Deno.test("a NEM12 file with two registers gives two meters with the values of its intervals", () => {
  const { meters, rejectedCount, notes, error } = read(caseFile("04_nem12.csv"));
  assertEquals(error, null);
  assertEquals(rejectedCount, 0);
  assertEquals(meters, {
    VABD000163_E1: expectedRows("04_expected_E1.csv"),
    VABD000163_B1: expectedRows("04_expected_B1.csv"),
  });
  // 48 + 20 + 48 intervals are A; the 400 record says E for 28.
  assertEquals(notes.quality, { actual: 116, estimated: 28 });
});

Deno.test("intervals of 5, 15 and 30 minutes begin at their start, UTC+10 in winter and summer", () => {
  for (const minutes of [5, 15, 30]) {
    for (
      const [day, startMs] of [["20240101", NEW_YEAR_MS], [
        "20240701",
        Date.UTC(2024, 5, 30, 14),
      ]] as const
    ) {
      const values = countingValues(1_440 / minutes);
      const rows = energies(nem12File(seriesRecord({ minutes }), dayRecord(day, values)));
      assertEquals(rows.length, values.length);
      assertEquals(
        rows.map(([timeMs]) => timeMs),
        values.map((_, i) => startMs + i * minutes * MINUTE_MS),
      );
      assertEquals(rows.map(([, energy]) => Number(energy)), values.map(Number));
    }
  }
});

Deno.test("units are converted exactly, in any case; others are left out with their reason", () => {
  const rowsOf = (uom: string) =>
    read(nem12File(seriesRecord({ uom }), dayRecord("20240101", Array(48).fill("12.345"))));
  // The columns are energy_kwh, power_kw, voltage_v, current_a.
  const table: [uom: string, column: number, value: string][] = [
    ["KWH", 1, "12.345"],
    ["kWh", 1, "12.345"],
    ["WH", 1, "0.012345"],
    ["MWh", 1, "12345"],
    ["KW", 2, "12.345"],
    ["W", 2, "0.012345"],
    ["V", 3, "12.345"],
    ["KV", 3, "12345"],
    ["A", 4, "12.345"],
  ];
  for (const [uom, column, value] of table) {
    const row = rowsOf(uom).meters.VABD000163_E1[0];
    assertEquals(
      row.map((_, index) => row[index]).slice(1),
      [1, 2, 3, 4].map((at) => at === column ? value : ""),
      uom,
    );
  }
  for (const uom of ["KVARH", "kVA", "PF", ""]) {
    const { meters, rejectedCount, notes } = rowsOf(uom);
    assertEquals([meters, rejectedCount, notes.quality], [{}, 0, {}]);
    assertEquals(notes.leftOut.map(({ name, readings }) => [name, readings]), [[
      "VABD000163_E1",
      48,
    ]]);
    assertStringIncludes(notes.leftOut[0].reason, `no metric has the unit ${uom}`);
  }
});

Deno.test("an interval of quality N gives no reading, whatever stands for its value", () => {
  const day = [...DAY];
  day[3] = "";
  const whole = read(nem12File(seriesRecord(), dayRecord("20240101", Array(48).fill("0"), "N")));
  assertEquals([whole.meters, whole.rejectedCount, whole.notes.quality], [{}, 0, { null: 48 }]);
  const mixed = nem12File(
    seriesRecord(),
    dayRecord("20240101", day, "V"),
    "400,1,3,A,,",
    "400,4,4,N,,",
    "400,5,40,S14,32,a reason",
    "400,41,48,F16,,",
  );
  assertEquals(
    energies(mixed).map(([timeMs]) => timeMs),
    DAY.flatMap((_, i) => i === 3 ? [] : [NEW_YEAR_MS + i * 30 * MINUTE_MS]),
  );
  assertEquals(read(mixed).rejectedCount, 0);
  assertEquals(read(mixed).notes.quality, {
    actual: 3,
    substitute: 36,
    final_substitute: 8,
    null: 1,
  });
});

Deno.test("what is wrong in a record is rejected with its line; everything else is read", () => {
  const table: [records: string[], line: number, field: string | null, rule: string][] = [
    [[seriesRecord(), dayRecord("20240101", DAY.slice(1))], 3, null, "48 values of 30 minutes"],
    [[seriesRecord(), dayRecord("20240101", [...DAY, "1"])], 3, null, "48 values of 30 minutes"],
    [[seriesRecord(), dayRecord("20240101", DAY, "X")], 3, null, "a quality of A, E, F, N, S or V"],
    [[seriesRecord(), dayRecord("20230229", DAY)], 3, "IntervalDate", "yyyyMMdd"],
    [[seriesRecord(), dayRecord("2024-1-1", DAY)], 3, "IntervalDate", "yyyyMMdd"],
    [[dayRecord("20240101", DAY)], 2, null, "a 200 record before"],
    [["400,1,48,A,,"], 2, null, "a 300 record before"],
    [[seriesRecord(), "400,1,48,A,,"], 3, null, "a 300 record before"],
    [[seriesRecord({ nmi: "SHORT" })], 2, null, "a NMI of 10"],
    [[seriesRecord({ suffix: "" })], 2, null, "a NMISuffix of two"],
    [[seriesRecord({ minutes: 7 })], 2, null, "an IntervalLength of"],
    [["250,VABD000163,11,1"], 2, null, "a record that begins with 100, 200"],
    [['300,"2024'], 2, null, "quotes closed"],
  ];
  for (const [records, line, field, rule] of table) {
    const good = [seriesRecord({ suffix: "B1" }), dayRecord("20240101", DAY)];
    const { meters, rejects, rejectedCount, error } = read(nem12File(...records, ...good));
    assertEquals(error, null);
    assertEquals([rejectedCount, rejects.length], [1, 1], rule);
    const [reject] = rejects;
    assertEquals(["line" in reject && reject.line, reject.field], [line, field], rule);
    assertStringIncludes(reject.rule, rule);
    assertEquals(meters.VABD000163_B1?.length, 48, rule);
  }
});

Deno.test("a wrong value is rejected alone; the other intervals of its day are read", () => {
  const day = [...DAY];
  [day[1], day[2], day[3]] = ["abc", "", "1e30"];
  const { meters, rejects } = read(nem12File(seriesRecord(), dayRecord("20240101", day)));
  assertEquals(rejects.map(({ field, value }) => [field, value]), [
    ["IntervalValue2", "abc"],
    ["IntervalValue3", ""],
    ["IntervalValue4", "1e+30"],
  ]);
  assertEquals(rejects.map(({ meterId }) => meterId), Array(3).fill("VABD000163_E1"));
  assertEquals(meters.VABD000163_E1.length, 45);
});

Deno.test("a 400 record must lie in its day and have a quality of its own", () => {
  const table = [
    ["400,0,48,A,,", "StartInterval"],
    ["400,2,1,A,,", "EndInterval"],
    ["400,1,49,A,,", "EndInterval"],
    ["400,1,48,V,,", "QualityMethod"],
    ["400,1,48,,,", "QualityMethod"],
  ];
  for (const [record, field] of table) {
    const { meters, rejects, notes } = read(
      nem12File(seriesRecord(), dayRecord("20240101", DAY, "V"), record),
    );
    assertEquals(rejects.map((reject) => reject.field), [field], record);
    assertEquals([meters.VABD000163_E1.length, notes.quality], [48, { variable: 48 }]);
  }
});

Deno.test("NEM13 and files of other kinds are refused before anything is read", () => {
  const table = [
    ["100,NEM13,202401031004,MDP1,RETAILR\n250,VABD000163\n900\n", "NEM13: reads of registers"],
    ["100,OTHER\n900\n", "must say NEM12"],
    ["timestamp,energy_kwh\n2024-01-01T00:00:00Z,1\n", "begins with a 100 record"],
    ["", "begins with a 100 record"],
  ];
  for (const [body, message] of table) {
    const { error, meters } = read(body);
    assert(error instanceof AppError);
    assertEquals([error.code, meters], ["INVALID_REQUEST", {}]);
    assertStringIncludes(error.message, message);
  }
});

Deno.test("a file that a spreadsheet saved reads the same: CRLF, BOM, quotes, empty fields at the end", () => {
  const records = [seriesRecord(), dayRecord("20240101", DAY, "V"), "400,1,48,A,,"];
  const plain = energies(nem12File(...records));
  const saved = nem12File(...records).split("\n").map((line) => line === "" ? "" : `${line},,,`);
  assertEquals(energies(`\ufeff${saved.join("\r\n")}`), plain);
  const quoted = nem12File(...records).replaceAll(/[^,\n]+/g, (field) => `"${field}"`);
  assertEquals(energies(quoted), plain);
  assertEquals(plain.length, 48);
});

Deno.test("a file may have several sections, and 500 records are skipped", () => {
  const one = nem12File(seriesRecord(), dayRecord("20240101", DAY), "500,O,RET001,20240102,10.5");
  const two = nem12File(seriesRecord({ nmi: "1234567890" }), dayRecord("20240101", DAY));
  const { meters, rejectedCount, error } = read(one + two);
  assertEquals([rejectedCount, error], [0, null]);
  assertEquals(Object.keys(meters), ["1234567890_E1", "VABD000163_E1"]);
});

Deno.test("an upload for one meter takes the series with its id, or else the first", () => {
  const body = nem12File(
    seriesRecord(),
    dayRecord("20240101", DAY),
    seriesRecord({ suffix: "B1" }),
    dayRecord("20240101", DAY),
    dayRecord("20240102", DAY),
  );
  const first = read(body, { meterId: "home" });
  assertEquals(Object.entries(first.meters).map(([id, rows]) => [id, rows.length]), [["home", 48]]);
  assertEquals(first.notes.leftOut.map(({ name, readings }) => [name, readings]), [[
    "VABD000163_B1",
    96,
  ]]);
  assertStringIncludes(first.notes.leftOut[0].reason, "POST /api/readings");
  const named = read(body, { meterId: "VABD000163_B1" });
  assertEquals(named.meters.VABD000163_B1.length, 96);
  assertEquals(named.notes.leftOut.map(({ name }) => name), ["VABD000163_E1"]);
});

Deno.test("the readings of a meter that is refused are counted with the reason", () => {
  const body = nem12File(seriesRecord(), dayRecord("20240101", DAY));
  const { meters, notes } = read(body, { profileOf: () => ({ rule: "not today" }) });
  assertEquals(meters, {});
  assertEquals(notes.leftOut, [{ name: "VABD000163_E1", reason: "not today", readings: 48 }]);
});

Deno.test("times before the oldest accepted one are rejected", () => {
  const body = nem12File(seriesRecord(), dayRecord("20240101", DAY));
  const { meters, rejects, rejectedCount } = read(body, {
    oldestMs: NEW_YEAR_MS + 47 * 30 * MINUTE_MS,
  });
  assertEquals([meters.VABD000163_E1.length, rejectedCount], [1, 47]);
  assertEquals(rejects[0].rule, "2024-01-01T13:30:00Z or later");
});

/** Two meters, three kinds of days, a wrong value. */
const MIXED = nem12File(
  seriesRecord({ minutes: 60 }),
  dayRecord("20240101", countingValues(24)),
  dayRecord("20240102", countingValues(24), "V"),
  "400,1,20,A,,",
  "400,21,24,N,,",
  dayRecord("20240103", ["x", ...countingValues(23)]),
  seriesRecord({ minutes: 60, suffix: "B1" }),
  dayRecord("20240101", countingValues(24), "V"),
  "400,1,24,E52,,",
);

Deno.test("a file that is cut anywhere keeps an exact beginning of each meter and says so", () => {
  const { meters } = read(MIXED);
  assertEquals(Object.values(meters).map((rows) => rows.length), [24, 24 + 20 + 23]);
  for (let end = 1; end < MIXED.length - 4; end += 2) {
    const cut = read(MIXED.slice(0, end));
    assert(cut.error instanceof AppError);
    for (const [id, rows] of Object.entries(cut.meters)) {
      assertEquals(rows, meters[id].slice(0, rows.length), `cut at ${end}`);
    }
  }
  const { error } = read(MIXED.slice(0, -4));
  assert(error instanceof AppError);
  assertEquals([error.code, error.message], [
    "MALFORMED_BODY",
    "The file ends without a 900 record: it was cut",
  ]);
});

Deno.test("the boundaries of chunks do not matter", () => {
  const whole = read(MIXED);
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 6 }),
      (sizes) => {
        assertEquals(read(MIXED, { sizes }), whole);
      },
    ),
    { numRuns: 60 },
  );
});
