import { encodeWindowCsv } from "../../data/continuous/csv.ts";
import { objectKey } from "../../data/continuous/object_key.ts";
import { createParquetEncoder } from "../../data/continuous/parquet.ts";
import type { ExportWindow } from "../../data/continuous/rows.ts";
import { startPlan } from "../../data/continuous/window.ts";
import { type Metric, PROFILES } from "../../data/readings/profile.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { windowsOfDay } from "../support/export_windows.ts";
import { type AskDuckdb, openDuckdb } from "../support/duckdb.ts";
import { pageOf, type Row } from "../support/pages.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const DAY_MS = Date.parse("2026-02-07T00:00:00Z");
const HOUR_MS = 3_600_000;
/** Readings of a device: one day, 7.2 s apart. */
const READINGS = 12_000, STEP_MS = 7_200;
const KINDS: readonly (string | null)[] = ["washer", null, "", 'a "b", ß 日本🙂'];

/** A reading in hundredths. Every 11th has no current, every 13th no temperature. */
function hundredths(device: number, reading: number): number[] {
  const seed = device * 104_729 + reading;
  return [
    22_000 + seed % 1_999,
    reading % 11 === 0 ? NaN : 1 + seed % 899,
    seed % 150_000 - 500,
    reading % 13 === 0 ? NaN : seed % 9_000 - 1_000,
  ];
}

function windowOf(
  device: number,
  { fromMs, toMs }: { fromMs: number; toMs: number },
): ExportWindow {
  const rows: Row[] = [];
  for (let reading = 0; reading < READINGS; reading++) {
    const timeMs = DAY_MS + reading * STEP_MS;
    if (timeMs < fromMs || timeMs >= toMs) continue;
    const texts = hundredths(device, reading)
      .map((value) => Number.isNaN(value) ? "" : (value / 100).toFixed(2));
    rows.push([timeMs, ...texts]);
  }
  const [deviceType, location] = [KINDS[device], KINDS[KINDS.length - 1 - device]];
  const parts = [{ page: pageOf(rows, 4), deviceType, location }];
  return { deviceId: `D${device}`, profile: PROFILES.appliance, parts };
}

/** Writes the 24 windows of each device in both formats. */
async function writeExportedFiles(folder: string): Promise<void> {
  const { encode: encodeParquet } = createParquetEncoder();
  const windows = windowsOfDay(startPlan(HOUR_MS), DAY_MS);
  for (const device of KINDS.keys()) {
    for (const span of windows) {
      const window = windowOf(device, span);
      for (const format of ["csv", "parquet"] as const) {
        const { deviceId, profile: { name: profile } } = window;
        const name = { deviceId, profile, fromMs: span.fromMs };
        const key = objectKey({ prefix: format, layout: "plain", format }, name);
        const path = `${folder}/${key}`;
        await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
        await Deno.writeFile(
          path,
          format === "csv" ? encodeWindowCsv(window) : encodeParquet(window),
        );
      }
    }
  }
}

/** The expected result of a query over the rows of a device, from arithmetic with integers. */
function sumsOf(device: number) {
  const sums = [0, 0, 0, 0], counts = [0, 0, 0, 0];
  let factors = 0;
  for (let reading = 0; reading < READINGS; reading++) {
    const values = hundredths(device, reading);
    values.forEach((value, metric) => {
      if (Number.isNaN(value)) return;
      sums[metric] += value;
      counts[metric]++;
    });
    const [voltage, current, power] = values;
    if (!Number.isNaN(current)) {
      factors += Math.min(1, Math.max(0, power / 100 / (voltage / 100 * (current / 100))));
    }
  }
  return { sums, counts, factors };
}

const TYPES = "timestamp TIMESTAMP WITH TIME ZONE, device_id VARCHAR, device_type VARCHAR, " +
  "location VARCHAR, voltage DOUBLE, current DOUBLE, power DOUBLE, temperature DOUBLE, " +
  "hour INTEGER, day_of_week INTEGER, is_weekend BOOLEAN, power_factor DOUBLE";

async function assertExportedFiles(ask: AskDuckdb, from: string): Promise<void> {
  const metrics = ["voltage", "current", "power", "temperature"];
  const rows = await ask(
    `SELECT device_id, device_type, location, count(*)::INT AS rows, ` +
      metrics.map((name) =>
        `round(sum(${name}) * 100)::BIGINT::DOUBLE AS sum_${name}, count(${name})::INT AS n_${name}`
      ).join(", ") +
      ", sum(power_factor) AS factors, count(power_factor)::INT AS n_factors, " +
      "epoch_ms(min(timestamp))::DOUBLE AS first, epoch_ms(max(timestamp))::DOUBLE AS last, " +
      "bool_and(is_weekend) AS weekend, min(day_of_week) AS day, " +
      "count(DISTINCT hour)::INT AS hours, " +
      "bool_and(hour = extract('hour' FROM timestamp)) AS clock " +
      `FROM ${from} GROUP BY ALL ORDER BY device_id`,
  );
  assertEquals(rows.length, KINDS.length);
  for (const [device, row] of rows.entries()) {
    const { sums, counts, factors } = sumsOf(device);
    assert(Math.abs(Number(row.factors) - factors) < 1e-6, `${row.factors} and ${factors}`);
    assertEquals({ ...row, factors }, {
      device_id: `D${device}`,
      device_type: KINDS[device],
      location: KINDS[KINDS.length - 1 - device],
      rows: READINGS,
      ...Object.fromEntries(metrics.flatMap((name, metric) => [
        [`sum_${name}`, sums[metric]],
        [`n_${name}`, counts[metric]],
      ])),
      factors,
      n_factors: counts[1],
      first: DAY_MS,
      last: DAY_MS + (READINGS - 1) * STEP_MS,
      weekend: true,
      day: 5,
      hours: 24,
      clock: true,
    });
  }
}

Deno.test({
  name: "DuckDB reads types, rows, sums and missing values of exported windows",
  ignore: !Deno.env.has("REQUIRE_ALL"),
  async fn() {
    await using folder = await makeTempFolder();
    await writeExportedFiles(folder.path);
    const ask = await openDuckdb(folder.path);
    const parquet =
      `read_parquet('${folder.path}/parquet/**/*.parquet', hive_partitioning = false)`;
    const [{ types }] = await ask(
      "SELECT string_agg(column_name || ' ' || column_type, ', ') AS types " +
        `FROM (DESCRIBE SELECT * FROM ${parquet})`,
    );
    assertEquals(types, TYPES);
    await assertExportedFiles(ask, parquet);
    const columns = TYPES.split(", ").map((column) => {
      const space = column.indexOf(" ");
      return `'${column.slice(0, space)}': '${column.slice(space + 1)}'`;
    });
    // For read_csv, an empty field is missing, and a quoted empty field is an empty text.
    const csv = `read_csv('${folder.path}/csv/**/*.csv', columns = {${columns.join(", ")}}, ` +
      "header = true, allow_quoted_nulls = false, hive_partitioning = false)";
    await assertExportedFiles(ask, csv);
  },
});

Deno.test({
  name: "DuckDB finds statistics that let it skip files",
  ignore: !Deno.env.has("REQUIRE_ALL"),
  async fn() {
    await using folder = await makeTempFolder();
    const { encode } = createParquetEncoder();
    const window = windowOf(0, { fromMs: DAY_MS, toMs: DAY_MS + HOUR_MS });
    const path = `${folder.path}/hour.parquet`;
    await Deno.writeFile(path, encode(window));
    const ask = await openDuckdb(folder.path);
    const found = await ask(
      "SELECT path_in_schema AS name, stats_min_value AS least, stats_max_value AS greatest, " +
        `stats_null_count::INT AS missing, compression FROM parquet_metadata('${path}') ` +
        "WHERE path_in_schema IN ('timestamp', 'device_id', 'voltage', 'current')",
    );
    const voltages = Array.from({ length: 500 }, (_, reading) => hundredths(0, reading)[0] / 100);
    const currents = Array.from({ length: 500 }, (_, reading) => hundredths(0, reading)[1] / 100);
    const there = currents.filter((current) => !Number.isNaN(current));
    const bounds = (values: number[]) => [Math.min(...values), Math.max(...values)];
    const numbersOf = (row: Record<string, unknown>) => [Number(row.least), Number(row.greatest)];
    // An hour of readings each 7.2 s: 500, the last at 3,592.8 s.
    const [time, id, voltage, current] = found;
    assertEquals([time.least, time.greatest], [
      "2026-02-07 00:00:00+00",
      "2026-02-07 00:59:52.8+00",
    ]);
    assertEquals([id.least, id.greatest, id.missing], ["D0", "D0", 0]);
    assertEquals(numbersOf(voltage), bounds(voltages));
    assertEquals([numbersOf(current), current.missing], [bounds(there), 500 - there.length]);
    // Regular times and one id are a few bytes.
    const short = Array(2).fill("UNCOMPRESSED"), long = Array(2).fill("SNAPPY");
    assertEquals(found.map(({ compression }) => compression), [...short, ...long]);
  },
});

Deno.test({
  name:
    "DuckDB reads the folder of a profile that grew with union_by_name; older readings lack the newer metric",
  ignore: !Deno.env.has("REQUIRE_ALL"),
  async fn() {
    await using folder = await makeTempFolder();
    const { encode } = createParquetEncoder();
    const [a, b]: Metric[] = ["a", "b"].map((name) => (
      { name, unit: "W", min: 0, max: 9, aggregate: "mean" }
    ));
    const profile = { name: "pump", idColumn: "device_id", metrics: [a] };
    const labels = { deviceType: null, location: null };
    const windows: ExportWindow[] = [
      { deviceId: "p", profile, parts: [{ page: pageOf([[DAY_MS, "1"]]), ...labels }] },
      {
        deviceId: "p",
        profile: { ...profile, metrics: [a, b] },
        parts: [{ page: pageOf([[DAY_MS + HOUR_MS, "2", "3"]]), ...labels }],
      },
    ];
    for (const [index, window] of windows.entries()) {
      await Deno.writeFile(`${folder.path}/${index}.parquet`, encode(window));
    }
    const ask = await openDuckdb(folder.path);
    const files = `read_parquet('${folder.path}/*.parquet', union_by_name = true)`;
    assertEquals(await ask(`SELECT a, b FROM ${files} ORDER BY timestamp`), [
      { a: 1, b: null },
      { a: 2, b: 3 },
    ]);
  },
});
