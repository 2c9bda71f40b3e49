import fc from "fast-check";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { createParquetEncoder } from "../../../data/continuous/parquet.ts";
import type { ExportWindow } from "../../../data/continuous/rows.ts";
import { emptyPage, type Page } from "../../../data/readings/page.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import {
  anyWindow,
  type ExpectedRow,
  expectedRows,
  windowOf,
} from "../../support/exported_files.ts";
import { pageOf } from "../../support/pages.ts";

const NOON_MS = Date.parse("2026-02-07T12:00:00Z");

function fileOf(window: ExportWindow): ArrayBuffer {
  const { encode } = createParquetEncoder();
  return encode(window).slice().buffer;
}

function rowsOf(file: ArrayBuffer): Promise<Record<string, unknown>[]> {
  return parquetReadObjects({ file });
}

/** A page of an appliance, with one reading per millisecond. */
function densePage(count: number): Page {
  return {
    timesMs: Float64Array.from({ length: count }, (_, row) => NOON_MS + row),
    columns: [2300, 15, 1725, -5].map((first, column) => ({
      scale: 1,
      values: Float64Array.from({ length: count }, (_, row) => first + (row + column) % 1000),
    })),
  };
}

Deno.test("an encoded window contains its readings, with null for missing values", async () => {
  const page = pageOf([
    [NOON_MS, "230", "1.5", "172.5", "44.99"],
    [NOON_MS + 5_250, "229.98", "", "", "-3"],
  ]);
  const common = { device_id: "D1", device_type: "washer", location: null };
  // 172.5 / (230 × 1.5) = 0.5. 2026-02-07 is a Saturday.
  const clock = { hour: 12, day_of_week: 5, is_weekend: true };
  assertEquals(await rowsOf(fileOf(windowOf(page, { location: null }))), [
    {
      timestamp: new Date(NOON_MS),
      ...common,
      voltage: 230,
      current: 1.5,
      power: 172.5,
      temperature: 44.99,
      ...clock,
      power_factor: 0.5,
    },
    {
      timestamp: new Date(NOON_MS + 5_250),
      ...common,
      voltage: 229.98,
      current: null,
      power: null,
      temperature: -3,
      ...clock,
      power_factor: null,
    },
  ]);
});

Deno.test("columns have the same types whatever their values", () => {
  const expected = [
    "timestamp INT64 REQUIRED TIMESTAMP_MILLIS",
    "device_id BYTE_ARRAY REQUIRED UTF8",
    "device_type BYTE_ARRAY OPTIONAL UTF8",
    "location BYTE_ARRAY OPTIONAL UTF8",
    "soc_percent DOUBLE OPTIONAL ",
    "voltage_v DOUBLE OPTIONAL ",
    "current_a DOUBLE OPTIONAL ",
    "temp_c DOUBLE OPTIONAL ",
    "hour INT32 REQUIRED ",
    "day_of_week INT32 REQUIRED ",
    "is_weekend BOOLEAN REQUIRED ",
  ];
  for (const texts of [["1", "2", "3", "4"], ["", "", "", ""]]) {
    const page = pageOf([[NOON_MS, ...texts]]);
    const file = fileOf({ ...windowOf(page), profile: PROFILES.battery });
    const [root, ...columns] = parquetMetadata(file).schema;
    assertEquals(root.num_children, columns.length);
    assertEquals(
      columns.map(({ name, type, repetition_type, converted_type = "" }) =>
        `${name} ${type} ${repetition_type} ${converted_type}`
      ),
      expected,
    );
    assertEquals(columns[0].logical_type, {
      type: "TIMESTAMP",
      isAdjustedToUTC: true,
      unit: "MILLIS",
    });
  }
});

Deno.test("statistics contain minimum, maximum and null count, and whole ids", () => {
  const deviceId = "a-device-with-a-long-id_".repeat(2);
  const page = pageOf([
    [NOON_MS, "0", "-2", "", "20"],
    [NOON_MS + 3_600_000, "", "7.5", "", "20"],
    [NOON_MS + 7_200_000, "0", "3", "", "-20"],
  ]);
  const { row_groups } = parquetMetadata(fileOf({ ...windowOf(page), deviceId }));
  const found = row_groups[0].columns.map(({ meta_data }) => {
    const { min_value, max_value, null_count } = meta_data?.statistics ?? {};
    return [min_value, max_value, null_count];
  });
  assertEquals(found, [
    [new Date(NOON_MS), new Date(NOON_MS + 7_200_000), 0n],
    [deviceId, deviceId, 0n],
    ["washer", "washer", 0n],
    ["cellar", "cellar", 0n],
    [-0, 0, 1n],
    [-2, 7.5, 0n],
    [undefined, undefined, 3n],
    [-20, 20, 0n],
    [12, 14, 0n],
    [5, 5, 0n],
    [true, true, 0n],
    [undefined, undefined, 3n],
  ]);
});

Deno.test("more readings than fit into a row group are split into several", async () => {
  const page = densePage(250_000);
  const window = windowOf(page);
  const parts = [0, 100_000, 122_880, 122_881].map((start, index, starts) => ({
    ...window.parts[0],
    location: String(index),
    page: {
      timesMs: page.timesMs.subarray(start, starts[index + 1]),
      columns: page.columns.map(({ scale, values }) => ({
        scale,
        values: values.subarray(start, starts[index + 1]),
      })),
    },
  }));
  const file = fileOf({ ...window, parts });
  // 250,000 = 2 × 122,880 + 4,240.
  assertEquals(
    parquetMetadata(file).row_groups.map(({ num_rows }) => num_rows),
    [122_880n, 122_880n, 4_240n],
  );
  const rows = await rowsOf(file);
  assertEquals(rows.length, 250_000);
  const powers = page.columns[2].values;
  assert(rows.every(({ power }, row) => power === powers[row] / 10));
  assert(rows.every(({ timestamp }, row) => Number(timestamp) === NOON_MS + row));
  const locations = [99_999, 100_000, 122_879, 122_880, 122_881].map((row) => rows[row].location);
  assertEquals(locations, ["0", "1", "1", "2", "3"]);
});

Deno.test("a window without readings becomes a file without rows", async () => {
  const file = fileOf(windowOf(emptyPage(4)));
  assertEquals(parquetMetadata(file).num_rows, 0n);
  assertEquals(await rowsOf(file), []);
});

Deno.test("the same readings give the same bytes, and the file does not contain its time of creation", () => {
  const { encode } = createParquetEncoder();
  fc.assert(
    fc.property(anyWindow(50), (window) => {
      assertEquals(encode(structuredClone(window)), encode(window));
    }),
    { numRuns: 30 },
  );
  const { created_by, key_value_metadata } = parquetMetadata(fileOf(windowOf(densePage(3))));
  assertEquals([created_by, key_value_metadata], ["openwatts", [
    { key: "openwatts.profile", value: "appliance" },
    {
      key: "openwatts.units",
      value: '{"voltage":"V","current":"A","power":"W","temperature":"Cel"}',
    },
  ]]);
});

Deno.test("the bytes do not depend on how readings are split into parts", () => {
  const { encode } = createParquetEncoder();
  const page = densePage(1_000);
  const [part] = windowOf(page).parts;
  const cut = (start: number, end: number): Page => ({
    timesMs: page.timesMs.subarray(start, end),
    columns: page.columns.map(({ scale, values }) => ({
      scale,
      values: values.subarray(start, end),
    })),
  });
  const pages = [cut(0, 1), cut(1, 1), cut(1, 700), cut(700, 1_000)];
  const parts = pages.map((page) => ({ ...part, page }));
  assertEquals(encode({ ...windowOf(page), parts }), encode(windowOf(page)));
});

/** A row as the reader returns it. */
function recordOf({ reading, deviceType, location, clock, powerFactor }: ExpectedRow): unknown[] {
  const [timeMs, ...texts] = reading;
  const numbers = texts.map((text) => text === "" ? null : Number(text));
  const factor = Number.isNaN(powerFactor) ? null : powerFactor;
  return [timeMs, "D-1_x", deviceType, location, ...numbers, ...clock, factor];
}

Deno.test("hyparquet reads the rows of any window back from its file", async () => {
  await fc.assert(
    fc.asyncProperty(anyWindow(300), async (window) => {
      const rows = await rowsOf(fileOf(window));
      const read = rows.map((row) => {
        const [time, ...others] = Object.values(row);
        if (window.profile.name !== "appliance") others.push(null);
        return [Number(time), ...others];
      });
      assertEquals(read, expectedRows(window).map(recordOf));
    }),
    { numRuns: 100 },
  );
});
