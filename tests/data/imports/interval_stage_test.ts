import fc from "fast-check";
import { intervalRulesOf, PLAIN_INTERVALS } from "../../../data/imports/interval_rules.ts";
import type { IntervalOptions, IntervalRules } from "../../../data/imports/interval_rules.ts";
import { createIntervalStage } from "../../../data/imports/interval_stage.ts";
import { slicePage } from "../../../data/readings/page.ts";
import { type Profile, PROFILES } from "../../../data/readings/profile.ts";
import { assertEquals } from "../../support/assert.ts";
import { pageOf, type Row, rowsOf } from "../../support/pages.ts";
import { amount } from "../../support/thorough.ts";

const HOUR_MS = 3_600_000;

/** What a stage gives: readings, and what it says besides, each as kind and place. */
interface Result {
  readonly rows: Row[];
  readonly breaks: [kind: string, place: number][];
  readonly leftOut: [kind: string, place: number][];
  readonly outOfRange: [metric: number, place: number][];
}

function rulesOf(
  options: Partial<IntervalOptions>,
  profile: Profile = PROFILES.meter,
): IntervalRules {
  const rules = intervalRulesOf(profile, { ...PLAIN_INTERVALS, ...options });
  if (rules === null || "rule" in rules) throw new Error(JSON.stringify(rules));
  return rules;
}

/** Runs rows through a stage, cut into batches of so many. Places count from 0. */
function run(rows: Row[], options: Partial<IntervalOptions>, size = rows.length): Result {
  const { metrics } = PROFILES.meter;
  const result: Result = { rows: [], breaks: [], leftOut: [], outOfRange: [] };
  const stage = createIntervalStage(metrics, rulesOf(options), {
    exponents: new Int8Array(4),
    events: {
      onBreak: (kind, place) => result.breaks.push([kind, place]),
      onLeftOut: (kind, place) => result.leftOut.push([kind, place]),
      onOutOfRange: (metric, _value, place) => result.outOfRange.push([metric, place]),
    },
  });
  const page = pageOf(rows, 4);
  for (let at = 0; at < rows.length; at += size) {
    const end = Math.min(at + size, rows.length);
    const places = Float64Array.from({ length: end - at }, (_, index) => at + index);
    result.rows.push(...rowsOf(stage.next({ page: slicePage(page, at, end), places }).page));
  }
  result.rows.push(...rowsOf(stage.end().page));
  return result;
}

/** Rows of a register, an hour apart unless they say the hour. */
function registers(...values: (string | [hour: number, value: string])[]): Row[] {
  return values.map((value, at): Row =>
    typeof value === "string"
      ? [at * HOUR_MS, value, "", "", ""]
      : [value[0] * HOUR_MS, value[1], "", "", ""]
  );
}

/** The hours and energies of readings. */
function energies(rows: readonly Row[]): [hour: number, energy: string][] {
  return rows.map(([timeMs, energy]) => [timeMs / HOUR_MS, energy]);
}

const CUMULATIVE = { values: "cumulative" } as const;

Deno.test("a register's energies are exact differences under the start of their intervals", () => {
  const { rows, breaks, leftOut } = run(
    registers("37823.861", "37825.112", "37825.112"),
    CUMULATIVE,
  );
  assertEquals(energies(rows), [[0, "1.251"], [1, "0"]]);
  assertEquals([breaks, leftOut], [[], [["last", 2]]]);
});

Deno.test("a missing value, a fall and a missing row give no energy and are reported", () => {
  // As in 07_cumulative_wh.csv: an hour without a value, then an exchange of the meter.
  const { rows, breaks, leftOut } = run(
    registers("37823.861", "37825.112", "", "37827", "1.2", "2.45"),
    CUMULATIVE,
  );
  assertEquals(energies(rows), [[0, "1.251"], [4, "1.25"]]);
  assertEquals(breaks, [["gap", 1], ["reset", 3]]);
  assertEquals(leftOut, [["gap", 1], ["missing", 2], ["reset", 3], ["last", 5]]);
  const missingRow = run(registers([0, "1"], [1, "2"], [3, "4"], [4, "5"]), CUMULATIVE);
  assertEquals(energies(missingRow.rows), [[0, "1"], [3, "1"]]);
  assertEquals(missingRow.breaks, [["gap", 1]]);
});

Deno.test("a rollover is told from a reset, and neither gives energy", () => {
  const fall = (rollover: number | null, ...values: string[]) =>
    run(registers(...values), { ...CUMULATIVE, rollover });
  assertEquals(fall(100_000, "99998", "99999.5", "1", "2").breaks, [["rollover", 1]]);
  assertEquals(energies(fall(100_000, "99998", "99999.5", "1", "2").rows), [[0, "1.5"], [2, "1"]]);
  assertEquals(fall(null, "99998", "99999.5", "1").breaks, [["reset", 1]]);
  assertEquals(fall(100_000, "50000", "50001", "1").breaks, [["reset", 1]]);
  assertEquals(fall(100_000, "99998", "99999", "50000").breaks, [["reset", 1]]);
  assertEquals(fall(1_000, "99998", "99999", "1").breaks, [["reset", 1]]);
});

Deno.test("a rise that no load makes is a jump; a load that begins is not", () => {
  assertEquals(run(registers("1200", "1200.4", "51000", "51000.5"), CUMULATIVE).breaks, [
    ["jump", 1],
  ]);
  // From 4 W to 11 kW, and from 2 kW to 1.9 MW.
  assertEquals(run(registers("0", "0.004", "11.004"), CUMULATIVE).breaks, []);
  assertEquals(run(registers("0", "2", "1902"), CUMULATIVE).breaks, []);
});

Deno.test("rows with the newest first have the same energies; rows against the order are left out", () => {
  const rows = registers("1", "2", "", "5", "9", "2", "3");
  const [up, down] = [run(rows, CUMULATIVE), run(rows.toReversed(), CUMULATIVE)];
  assertEquals(energies(down.rows).reverse(), energies(up.rows));
  assertEquals(down.breaks.map(([kind]) => kind).reverse(), up.breaks.map(([kind]) => kind));
  const mixed = run(registers([0, "1"], [1, "2"], [0.5, "1.5"], [2, "4"], [2, "5"]), CUMULATIVE);
  assertEquals(energies(mixed.rows), [[0, "1"], [1, "2"]]);
  assertEquals(mixed.leftOut, [["order", 2], ["same time", 3], ["last", 4]]);
});

Deno.test("other metrics stay with their time, also where the register has no energy", () => {
  const rows: Row[] = [[0, "1", "0.5", "230", ""], [HOUR_MS, "3", "0.6", "", ""]];
  assertEquals(run(rows, CUMULATIVE).rows, [
    [0, "2", "0.5", "230", ""],
    [HOUR_MS, "", "0.6", "", ""],
  ]);
});

Deno.test("an energy outside the range of its metric is reported and not kept", () => {
  const { rows, outOfRange } = run(registers("0", "2000000000", "2000000001"), CUMULATIVE);
  assertEquals([energies(rows), outOfRange], [[[1, "1"]], [[0, 0]]]);
});

Deno.test("power and energy are computed from each other and the interval, exactly", () => {
  const quarter = HOUR_MS / 4;
  const energy: Row[] = [[0, "0.1", "", "", ""], [quarter, "0.25", "9", "", ""]];
  assertEquals(run(energy, { derive: "power" }).rows, [
    [0, "0.1", "0.4", "", ""],
    [quarter, "0.25", "9", "", ""],
  ]);
  const power: Row[] = [[0, "", "0.4", "", ""], [quarter, "", "1", "", ""]];
  assertEquals(run(power, { derive: "energy" }).rows.map((row) => row[1]), ["0.1", "0.25"]);
  // The last row has the interval of the others, and so has one before a gap.
  const gap: Row[] = [[0, "1", "", "", ""], [HOUR_MS, "1", "", "", ""], [
    2 * HOUR_MS,
    "1",
    "",
    "",
    "",
  ], [5 * HOUR_MS, "1", "", "", ""]];
  assertEquals(run(gap, { derive: "power" }).rows.map((row) => row[2]), ["1", "1", "1", "1"]);
  const stated = run(energy, { derive: "power", intervalMs: HOUR_MS / 2 });
  assertEquals(stated.rows.map((row) => row[2]), ["0.2", "9"]);
});

Deno.test("rows that only need a power are never left out, in any order", () => {
  const rows: Row[] = [2, 1, 3, 3].map((hour) => [hour * HOUR_MS, String(hour), "", "", ""]);
  const { rows: got } = run(rows, { derive: "power", intervalMs: HOUR_MS });
  assertEquals(got.map(([timeMs, , power]) => [timeMs / HOUR_MS, power]).sort(), [
    [1, "1"],
    [2, "2"],
    [3, "3"],
    [3, "3"],
  ]);
});

Deno.test("of rows with one time, each is kept or left out once, in either order", () => {
  const twice: Row[] = [[2, "3"], [1, "2"], [1, "20"], [0, "1"]].map(([hour, power]): Row => [
    Number(hour) * HOUR_MS,
    "",
    String(power),
    "",
    "",
  ]);
  const powers = (rows: Row[]) => rows.map(([timeMs, , power]) => [timeMs / HOUR_MS, power]);
  const derived = { derive: "energy" } as const;
  // All four are kept: which of one time wins is decided where repeats are counted.
  assertEquals(powers(run(twice, derived).rows), [[2, "3"], [1, "2"], [1, "20"], [0, "1"]]);
  const registered = run(registers([2, "7"], [1, "5"], [1, "6"], [0, "1"]), CUMULATIVE);
  assertEquals(energies(registered.rows), [[1, "2"], [0, "4"]]);
  assertEquals(registered.leftOut, [["last", 0], ["same time", 2]]);
});

Deno.test("a day of the clock with 23 or 25 hours has its own power", () => {
  const hours = [0, 24, 47, 71, 96];
  const rows = hours.map((hour): Row => [hour * HOUR_MS, "46", "", "", ""]);
  const { rows: got } = run(rows, { derive: "power", intervalMs: 24 * HOUR_MS });
  // 46 kWh in 24, 23, 24, 25 and 24 hours: 46/24 = 1.91666…, 46/25 = 1.84.
  assertEquals(got.map((row) => row[2]), ["1.916667", "2", "1.916667", "1.84", "1.916667"]);
});

Deno.test("rows cut into any batches give what they give at once", () => {
  const value = fc.oneof(
    fc.constant(""),
    fc.integer({ min: 0, max: 999_999 }).map((one) => `${one / 1000}`),
  );
  const rows = fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), value), {
    minLength: 1,
    maxLength: 40,
  });
  fc.assert(
    fc.property(
      rows,
      fc.integer({ min: 1, max: 12 }),
      fc.boolean(),
      (steps, size, isCumulative) => {
        let hour = 0;
        const given = steps.map((
          [step, text],
        ): Row => [(hour += step) * HOUR_MS, text, "", "", ""]);
        const options: Partial<IntervalOptions> = isCumulative ? CUMULATIVE : { derive: "power" };
        assertEquals(run(given, options, size), run(given, options));
      },
    ),
    { numRuns: amount({ quick: 125, thorough: 500 }) },
  );
});

Deno.test("a profile's registers are its sums; its powers go with the energies of the same name", () => {
  const metric = (name: string, unit: string, aggregate: "sum" | "mean") => (
    { name, unit, aggregate, min: -1e9, max: 1e9 }
  );
  const profile: Profile = {
    name: "net",
    idColumn: "id",
    metrics: [
      metric("import_kwh", "kWh", "sum"),
      metric("export_energy_wh", "Wh", "sum"),
      metric("export_kw", "kW", "mean"),
      metric("import_power_w", "W", "mean"),
    ],
  };
  assertEquals(rulesOf(CUMULATIVE, profile).registers, [0, 1]);
  assertEquals(rulesOf({ derive: "energy" }, profile).derived, [
    { metric: 0, from: 3, isEnergy: true, exponent: 3 },
    { metric: 1, from: 2, isEnergy: true, exponent: -3 },
  ]);
  assertEquals(intervalRulesOf(PROFILES.site, { ...PLAIN_INTERVALS, derive: "power" }), {
    rule: "derive=power needs a metric in kWh and one in kW",
  });
  assertEquals(intervalRulesOf(PROFILES.site, { ...PLAIN_INTERVALS, values: "cumulative" }), {
    rule: "values=cumulative needs a metric that is summed",
  });
  assertEquals(intervalRulesOf(PROFILES.site, PLAIN_INTERVALS), null);
});
