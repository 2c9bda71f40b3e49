import { createCsvReader } from "../../../data/imports/csv_read.ts";
import type { DialectOptions } from "../../../data/imports/dialect_options.ts";
import { createNdjsonReader } from "../../../data/imports/json_read.ts";
import type { MeterNotes, RegisterBreak } from "../../../data/imports/meter_rows.ts";
import type { ManyMetersReader } from "../../../data/imports/upload_reader.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import { assertEquals } from "../../support/assert.ts";
import { dialectOf, optionProblems, takenRows } from "./upload.ts";

const CASES = new URL("cases/", import.meta.url);
const HOUR_MS = 3_600_000;

/** An upload that was read to its end. */
interface ReadIntervals {
  /** The times and energies. */
  readonly energies: [timeMs: number, energyKwh: string][];
  /** The times and powers. */
  readonly powers: [timeMs: number, powerKw: string][];
  readonly rejects: [place: number, field: string | null, rule: string][];
  readonly notes: MeterNotes;
  readonly breaks: readonly RegisterBreak[];
}

function read(
  text: string,
  dialect: DialectOptions,
  { take = false, isNdjson = false }: { take?: boolean; isNdjson?: boolean } = {},
): ReadIntervals {
  const profile = PROFILES.meter;
  const options = {
    profile,
    id: "m1",
    dialect: dialectOf(profile, dialect),
    dialectOf: () => dialectOf(profile, dialect),
    oldestMs: 0,
  };
  const reader: ManyMetersReader & { breaks?(): readonly RegisterBreak[] } = isNdjson
    ? createNdjsonReader(options)
    : createCsvReader(options);
  const rows = [];
  for (const line of text.split("\n")) {
    reader.push(new TextEncoder().encode(`${line}\n`));
    if (take) rows.push(...takenRows(reader));
  }
  reader.end();
  rows.push(...takenRows(reader));
  return {
    energies: rows.map((row) => [row[0], row[1]]),
    powers: rows.map((row) => [row[0], row[2]]),
    rejects: reader.rejected().first.map((reject) => [
      "line" in reject ? reject.line : reject.index,
      reject.field,
      reject.rule,
    ]),
    notes: reader.meters()[0],
    breaks: reader.breaks?.() ?? [],
  };
}

/** Times and energies that must come of a file: two columns, with a header. */
function expectedRows(name: string): [timeMs: number, energyKwh: number][] {
  const [, ...lines] = Deno.readTextFileSync(new URL(name, CASES)).trim().split("\n");
  return lines.map((line) => [Date.parse(line.split(",")[0]), Number(line.split(",")[1])]);
}

function numbers({ energies }: ReadIntervals): [number, number][] {
  return energies.map(([timeMs, energy]) => [timeMs, Number(energy)]);
}

Deno.test("a register in watt-hours with NaN rows and an exchange gives the energy of two hours", () => {
  const text = Deno.readTextFileSync(new URL("07_cumulative_wh.csv", CASES));
  for (const take of [false, true]) {
    const upload = read(text, {
      delimiter: ";",
      timestamp: ["Date"],
      timestampFormat: "dd.MM.yyyy HH:mm:ss",
      timezone: "Europe/Berlin",
      map: ["Total yield [Wh]:energy_kwh:Wh"],
      values: "cumulative",
    }, { take });
    assertEquals(numbers(upload), expectedRows("07_expected.csv"));
    assertEquals(upload.energies.map(([, energy]) => energy), ["1.251", "1.25"]);
    assertEquals(upload.breaks.map(({ meterId, kind, place }) => [meterId, kind, place]), [
      ["m1", "gap", 3],
      ["m1", "reset", 5],
    ]);
    assertEquals(upload.notes.breaks, { gap: 1, reset: 1, rollover: 0, jump: 0 });
    assertEquals([...upload.notes.leftOut], [["gap", 1], ["missing", 1], ["reset", 1], [
      "last",
      1,
    ]]);
    assertEquals(upload.rejects, []);
  }
});

Deno.test("a day a row with 48 columns gives 96 half hours", () => {
  const text = Deno.readTextFileSync(new URL("09_day_a_row.csv", CASES));
  const upload = read(text, {
    layout: "day-per-row",
    timestamp: ["Date"],
    timestampFormat: "dd/MM/yyyy",
    timezone: "Europe/London",
  });
  assertEquals(numbers(upload), expectedRows("09_expected.csv"));
  assertEquals(upload.rejects, []);
});

Deno.test("rollover= is in the unit of the column, and a rollover gives no energy", () => {
  const text = "timestamp,Wh\n2024-01-01T00:00Z,99999000\n2024-01-01T01:00Z,99999500\n" +
    "2024-01-01T02:00Z,250\n2024-01-01T03:00Z,750\n";
  const dialect = { values: "cumulative", rollover: "100000000", map: ["Wh:energy_kwh:Wh"] };
  const upload = read(text, dialect);
  assertEquals(upload.energies.map(([, energy]) => energy), ["0.5", "0.5"]);
  assertEquals(upload.notes.breaks, { gap: 0, reset: 0, rollover: 1, jump: 0 });
});

Deno.test("a register may be outside the range of its metric; its differences may not", () => {
  const text =
    "timestamp,energy_kwh\n2024-01-01T00:00Z,5000000000\n2024-01-01T01:00Z,7000000000\n" +
    "2024-01-01T02:00Z,7000000001\n";
  const upload = read(text, { values: "cumulative" });
  assertEquals(upload.energies.map(([, energy]) => energy), ["1"]);
  assertEquals(upload.rejects, [[2, "energy_kwh", "-1000000000 to 1000000000 kWh"]]);
});

Deno.test("objects of JSON have registers too", () => {
  const text = [0, 1, 2].map((hour) => (
    JSON.stringify({ timestamp: `2024-01-01T0${hour}:00Z`, energy_kwh: 5 + hour * 0.1 })
  )).join("\n");
  const upload = read(text, { values: "cumulative", derive: "power" }, { isNdjson: true });
  assertEquals(upload.energies.map(([, energy]) => energy), ["0.1", "0.1"]);
  assertEquals(upload.powers.map(([, power]) => power), ["0.1", "0.1"]);
});

Deno.test("a register over the hour that the clock repeats has an hour more", () => {
  const lines = ["01:00,1", "02:00,2", "02:00,3", "03:00,4"].map((line) => `2024-10-27 ${line}`);
  const upload = read(`timestamp,energy_kwh\n${lines.join("\n")}\n`, {
    values: "cumulative",
    timezone: "Europe/Berlin",
    timestampFormat: "yyyy-MM-dd HH:mm",
  }, { take: true });
  const firstMs = Date.UTC(2024, 9, 26, 23);
  assertEquals(numbers(upload), [0, 1, 2].map((hour) => [firstMs + hour * HOUR_MS, 1]));
});

Deno.test("derive=power with interval= divides each energy by the length", () => {
  const text = "timestamp,energy_kwh\n2024-01-01T00:00Z,0.1\n2024-01-01T00:15Z,0.25\n";
  const upload = read(text, { derive: "power", interval: "15m" });
  assertEquals(upload.powers.map(([, power]) => power), ["0.4", "1"]);
});

/** Days of a year with 24 columns by the clock or by number; every hour has the energy 1 to 25. */
function dayFile(
  names: readonly string[],
  date: string,
  values: readonly (number | string)[],
): string {
  return `Date,${names.join(",")}\n${date},${values.join(",")}\n`;
}

const BY_CLOCK = Array.from({ length: 24 }, (_, hour) => `${String(hour).padStart(2, "0")}:00`);
const byNumber = (count: number) => Array.from({ length: count }, (_, at) => `H${at + 1}`);
const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1);
const DAYS = { layout: "day-per-row", timestamp: ["Date"], timezone: "Europe/Berlin" };

/** Hours after midnight of a date in Berlin, and the energies. */
function hours({ energies }: ReadIntervals, midnightMs: number): [hour: number, energy: number][] {
  return energies.map(([timeMs, energy]) => [(timeMs - midnightMs) / HOUR_MS, Number(energy)]);
}

Deno.test("columns with numbers count the hours of a day of 23, 24 or 25 hours", () => {
  const spring = Date.UTC(2024, 2, 30, 23), autumn = Date.UTC(2024, 9, 26, 22);
  const each = (count: number) => upTo(count).map((one) => [one - 1, one]);
  const short = read(dayFile(byNumber(24), "2024-03-31", [...upTo(23), ""]), DAYS);
  assertEquals(hours(short, spring), each(23));
  const long = read(dayFile(byNumber(25), "2024-10-27", upTo(25)), DAYS);
  assertEquals(hours(long, autumn), each(25));
  const usual = read(dayFile(byNumber(25), "2024-10-28", [...upTo(24), ""]), DAYS);
  assertEquals(hours(usual, autumn + 25 * HOUR_MS), each(24));
});

Deno.test("columns with times, and numbers that mean the clock, leave out the hour that is not", () => {
  const spring = Date.UTC(2024, 2, 30, 23);
  const right = [[0, 1], [1, 2], ...upTo(21).map((one) => [one + 1, one + 3])];
  for (const names of [BY_CLOCK, byNumber(24)]) {
    const empty = read(dayFile(names, "2024-03-31", [1, 2, "", ...upTo(24).slice(3)]), DAYS);
    assertEquals([hours(empty, spring), empty.rejects], [right, []]);
    const filled = read(dayFile(names, "2024-03-31", upTo(24)), DAYS);
    assertEquals(hours(filled, spring), right);
    assertEquals(filled.rejects, [
      [2, names[2], "a time that the clocks of Europe/Berlin show; they skip this one"],
    ]);
  }
  // The second pass through the repeated hour has no column.
  const autumn = read(dayFile(BY_CLOCK, "2024-10-27", upTo(24)), DAYS);
  const hoursOf = hours(autumn, Date.UTC(2024, 9, 26, 22)).map(([hour]) => hour);
  assertEquals(hoursOf, [...upTo(24).slice(0, 3).map((one) => one - 1), ...upTo(24).slice(3)]);
});

Deno.test("times that are ends by their names or by stamp=end are the same hours", () => {
  const ends = BY_CLOCK.slice(1);
  const midnightMs = Date.UTC(2024, 0, 14, 23);
  const expected = upTo(24).map((one) => [one - 1, one]);
  for (const last of ["24:00", "00:00"]) {
    for (const stamp of [undefined, "end"]) {
      const upload = read(dayFile([...ends, last], "2024-01-15", upTo(24)), { ...DAYS, stamp });
      assertEquals(hours(upload, midnightMs), expected, `${last} ${stamp}`);
    }
  }
});

Deno.test("a wrong value of a day is rejected by its column, and a wrong date with its record", () => {
  const text = `Date,${BY_CLOCK.join(",")}\nsoon,${upTo(24)}\n2024-01-15,much,,${upTo(22)}\n`;
  const { energies, rejects } = read(text, DAYS);
  assertEquals(energies.length, 22);
  assertEquals(rejects.map(([line, field]) => [line, field]), [[2, "Date"], [3, "00:00"]]);
});

Deno.test("map=* says what the columns of a day mean; derive and registers work on them", () => {
  const text = dayFile(BY_CLOCK, "2024-01-15", upTo(24).map((one) => one * 1000));
  const power = read(text, { ...DAYS, map: ["*:power_kw:W"], derive: "energy" });
  assertEquals(power.powers.map(([, one]) => one), upTo(24).map(String));
  assertEquals(power.energies.map(([, one]) => one), upTo(24).map(String));
  const register = read(text, { ...DAYS, map: ["*:energy_kwh:Wh"], values: "cumulative" });
  assertEquals(register.energies.map(([, one]) => one), Array(23).fill("1"));
});

Deno.test("each wrong option about intervals is a problem that names the rule", () => {
  const table: [options: DialectOptions, problem: string][] = [
    [{ values: "total" }, "values total: values must be interval or cumulative"],
    [{ derive: "voltage" }, "derive voltage: derive must be power or energy"],
    [{ layout: "wide" }, "layout wide: layout must be long or day-per-row"],
    [{ rollover: "100000" }, "rollover 100000: rollover is for values=cumulative"],
    [
      { rollover: "-1", values: "cumulative" },
      "rollover -1: rollover must be a positive number, such as 100000",
    ],
    [
      { values: "cumulative", stamp: "end", interval: "1h" },
      "stamp end: stamp=end is for values=interval; a register is read at its time",
    ],
    [{ map: ["*:energy_kwh"] }, "map *: map=* is for layout=day-per-row"],
  ];
  for (const [options, problem] of table) {
    assertEquals(optionProblems(PROFILES.meter, options), [problem]);
  }
  assertEquals(optionProblems(PROFILES.site, { derive: "power" }), [
    "derive power: derive=power needs a metric in kWh and one in kW",
  ]);
});
