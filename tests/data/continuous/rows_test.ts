import {
  exportColumns,
  exportPage,
  rowCount,
  valueColumns,
} from "../../../data/continuous/rows.ts";
import { FLOAT } from "../../../data/readings/decimal.ts";
import { emptyPage, type Page } from "../../../data/readings/page.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { pageOf } from "../../support/pages.ts";

const { appliance, battery } = PROFILES;
const SATURDAY_MS = Date.parse("2026-02-07T12:00:00Z");

function namesOf(columns: readonly { name: string; kind: string }[]): string {
  return columns.map(({ name, kind }) => `${name} ${kind}`).join(", ");
}

/** The values of a column of the exported page, by name. */
function valuesOf(page: Page, name: string): number[] {
  const index = valueColumns(appliance).findIndex((column) => column.name === name);
  return [...exportPage(appliance, page).columns[index].values];
}

/** The power factors of rows of voltage, current and power. */
function factorsOf(...rows: [string, string, string][]): number[] {
  return valuesOf(
    pageOf(rows.map((texts, row) => [SATURDAY_MS + row, ...texts, "20"])),
    "power_factor",
  );
}

Deno.test("exportColumns() of an appliance has its metrics, the common columns and power_factor, in order", () => {
  assertEquals(
    namesOf(exportColumns(appliance)),
    "timestamp timestamp, device_id id, device_type text, location text, voltage double, " +
      "current double, power double, temperature double, hour integer, day_of_week integer, " +
      "is_weekend boolean, power_factor double",
  );
});

Deno.test("exportColumns() of a battery has its metrics and the common columns, in order", () => {
  assertEquals(
    namesOf(exportColumns(battery)),
    "timestamp timestamp, device_id id, device_type text, location text, soc_percent double, " +
      "voltage_v double, current_a double, temp_c double, hour integer, day_of_week integer, " +
      "is_weekend boolean",
  );
});

Deno.test("exportPage() has the columns of valueColumns(), and the metrics unchanged", () => {
  for (const profile of [appliance, battery]) {
    const page = pageOf([[SATURDAY_MS, "230.1", "0.85", "", "44.99"]]);
    const wide = exportPage(profile, page);
    assertEquals(wide.columns.length, valueColumns(profile).length);
    for (const index of [0, 1, 2, 3]) assert(wide.columns[index] === page.columns[index]);
    assertEquals(exportPage(profile, emptyPage(4)).columns.length, wide.columns.length);
  }
});

Deno.test("hour, day_of_week and is_weekend are in UTC, with Monday as 0", () => {
  // 2026-02-07 is a Saturday; 2024-02-29 a Thursday; 1970-01-01 a Thursday.
  const texts = [
    "1970-01-01T00:00:00Z",
    "1970-01-04T23:59:59.999Z",
    "1970-01-05T00:00:00Z",
    "2024-02-29T09:30:00Z",
    "2026-02-06T23:59:59.999Z",
    "2026-02-07T00:00:00Z",
    "2026-02-08T22:59:59.999Z",
    "2026-02-08T23:00:00Z",
    "2026-02-09T00:00:00Z",
    "9999-12-31T23:59:59Z",
  ];
  const page = pageOf(texts.map((text) => [Date.parse(text), "1", "1", "1", "1"]));
  assertEquals(valuesOf(page, "hour"), [0, 23, 0, 9, 23, 0, 22, 23, 0, 23]);
  // 9999-12-31 is a Friday.
  assertEquals(valuesOf(page, "day_of_week"), [3, 6, 0, 3, 4, 5, 6, 6, 0, 4]);
  assertEquals(valuesOf(page, "is_weekend"), [0, 1, 0, 0, 0, 1, 1, 1, 0, 0]);
});

Deno.test("hours and days over three years match the calendar of the engine", () => {
  const firstMs = Date.parse("2023-12-30T00:30:00Z");
  const timesMs = Float64Array.from({ length: 26_304 }, (_, hour) => firstMs + hour * 3_600_000);
  const page = { ...emptyPage(4), timesMs };
  const expected = Array.from(timesMs, (timeMs) => new Date(timeMs));
  assertEquals(valuesOf(page, "hour"), expected.map((date) => date.getUTCHours()));
  assertEquals(valuesOf(page, "day_of_week"), expected.map((date) => (date.getUTCDay() + 6) % 7));
});

Deno.test("power_factor is power / (voltage × current)", () => {
  // 115 / (230 × 1) = 0.5; 195.63 / (229.98 × 0.851) = 195.63 / 195.71298.
  const [half, real] = factorsOf(["230", "1", "115"], ["229.98", "0.851", "195.63"]);
  assertEquals(half, 0.5);
  assert(Math.abs(real - 0.999576) < 1e-6, String(real));
});

Deno.test("power_factor is clipped to 0 and 1", () => {
  const factors = factorsOf(["230", "1", "240"], ["230", "1", "-5"], ["230", "-1", "0"]);
  assertEquals(factors.map((factor) => Object.is(factor, -0) ? "-0" : factor), [1, 0, 0]);
  assertEquals(factorsOf(["230", "-1", "-115"]), [0.5]);
});

Deno.test("power_factor is missing if a factor is missing or the product is 0", () => {
  const rows: [string, string, string][] = [["", "1", "1"], ["230", "", "1"], ["230", "1", ""]];
  rows.push(["0", "1", "1"], ["230", "0", "0"], ["230", "0", "5"], ["", "", ""]);
  assertEquals(factorsOf(...rows), rows.map(() => NaN));
});

Deno.test("power_factor is computed from doubles if values are not short decimals", () => {
  const page = {
    timesMs: Float64Array.of(SATURDAY_MS),
    columns: [230, 0.1 + 0.2, 34.5, 20].map((value) => ({
      scale: FLOAT,
      values: Float64Array.of(value),
    })),
  };
  // 34.5 / (230 × 0.3) = 0.5, except for the last bits of 0.1 + 0.2.
  assert(Math.abs(valuesOf(page, "power_factor")[0] - 0.5) < 1e-15);
});

Deno.test("rowCount() counts the readings of all parts", () => {
  const page = pageOf([[0, "1"], [1, "1"]]);
  const parts = [page, emptyPage(1), page].map((page) => ({
    page,
    deviceType: null,
    location: null,
  }));
  assertEquals(rowCount({ parts }), 4);
});

Deno.test("a profile with a power factor of its own has no computed one", () => {
  const metrics = [
    ...PROFILES.appliance.metrics,
    { name: "Power_Factor", unit: "1", min: 0, max: 1, aggregate: "mean" } as const,
  ];
  const names = exportColumns({ ...PROFILES.appliance, metrics }).map(({ name }) => name);
  assertEquals(names.filter((name) => name.toLowerCase() === "power_factor"), ["Power_Factor"]);
});
