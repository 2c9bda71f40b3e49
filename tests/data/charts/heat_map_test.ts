import { createHeatMap, slotFor } from "../../../data/charts/heat_map.ts";
import { HOUR_MS, MINUTE_MS } from "../../../data/limits.ts";
import type { Aggregate } from "../../../data/readings/profile.ts";
import { assertEquals } from "../../support/assert.ts";

function map(zone: string, slotMs: number, aggregate: Aggregate = "mean", year = 2024) {
  return createHeatMap({ year, zone, slotMs, metric: 0, aggregate });
}

function page(readings: [time: string, value: number][], scale = 0) {
  return {
    timesMs: Float64Array.from(readings, ([time]) => Date.parse(time)),
    columns: [{ scale, values: Float64Array.from(readings, ([, value]) => value) }],
  };
}

Deno.test("Berlin's 2024 has a day of 23 hours and one of 25", () => {
  // Directive 2000/84/EC: 01:00 UTC on the last Sundays of March and October.
  const { days, slots, firstDate, changes, cells } = map("Europe/Berlin", HOUR_MS);
  assertEquals([days, slots, firstDate], [366, 24, "2024-01-01"]);
  assertEquals(changes, [
    { day: 31 + 29 + 30, lengthMs: 23 * HOUR_MS, slot: 2, slots: 1, againAt: null },
    { day: 300, lengthMs: 25 * HOUR_MS, slot: 2, slots: 1, againAt: 366 * 24 },
  ]);
  assertEquals(cells().values.length, 366 * 24 + 1);
});

Deno.test("both passages of a repeated hour have their own cells", () => {
  const heat = map("Europe/Berlin", HOUR_MS);
  heat.add(page([
    ["2024-10-27T00:00:00Z", 1],
    ["2024-10-27T01:00:00Z", 2],
    ["2024-10-27T02:00:00Z", 3],
  ]));
  const { values } = heat.cells();
  const day = 300 * 24;
  assertEquals([values[day + 1], values[day + 2], values[day + 3]], [NaN, 1, 3]);
  assertEquals(values[366 * 24], 2);
});

Deno.test("the year begins and ends at the local midnights", () => {
  const heat = map("Asia/Kolkata", HOUR_MS);
  heat.add(page([
    ["2023-12-31T18:29:59Z", 9],
    ["2023-12-31T18:30:00Z", 1],
    ["2024-12-31T18:29:59Z", 2],
    ["2024-12-31T18:30:00Z", 9],
  ]));
  const { values } = heat.cells();
  assertEquals([values[0], values[366 * 24 - 1]], [1, 2]);
  assertEquals(values.filter((value) => value === value).length, 2);
});

Deno.test("readings of one slot are summed or averaged as the metric says; scales may differ", () => {
  const add = (aggregate: Aggregate) => {
    const heat = map("UTC", HOUR_MS, aggregate);
    heat.add(page([["2024-01-01T00:00:00Z", 5], ["2024-01-01T00:15:00Z", NaN]]));
    heat.add(page([["2024-01-01T00:30:00Z", 25]], 1));
    const { values, divisor } = heat.cells();
    return values[0] / divisor;
  };
  assertEquals(add("sum"), 7.5);
  assertEquals(add("last"), 2.5);
  assertEquals(add("min"), 2.5);
  assertEquals(add("max"), 5);
  assertEquals(Math.abs(add("mean") - 3.75) < 1e-9, true);
});

Deno.test("values that do not fit two bytes are rounded to steps, and the answer says so", () => {
  const heat = map("UTC", HOUR_MS);
  heat.add(page([["2024-01-01T00:00:00Z", 0], ["2024-01-01T01:00:00Z", 1_000_000]]));
  heat.add(page([["2024-01-01T02:00:00Z", 123_456]]));
  const { values, divisor, isExact } = heat.cells();
  assertEquals(isExact, false);
  const value = values[2] / divisor;
  // A step is 1,000,000 / 65,534.
  assertEquals(Math.abs(value - 123_456) <= 1_000_000 / 65_534 / 2 + 1e-6, true);
});

Deno.test("a slot is as long as the cadence, from a minute to an hour", () => {
  const lengths = [null, 1_000, MINUTE_MS, 2 * MINUTE_MS, 15 * MINUTE_MS, 6 * HOUR_MS].map(slotFor);
  assertEquals(lengths.map((ms) => ms / MINUTE_MS), [1, 1, 1, 5, 15, 60]);
});
