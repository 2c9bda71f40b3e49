/**
 * A process of the bench of continuous export. `continuous_child.ts fill FOLDER` creates a month of
 * minutes for ten appliances. `catch-up FOLDER FORMAT` exports it as one file per device and day.
 * `steady FOLDER` exports windows of a minute for a thousand devices, cycle by cycle.
 *
 * @module
 */

import { builtInProfiles } from "../support/profiles.ts";
import { readSettings } from "../../data/settings.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../data/limits.ts";
import type { Page } from "../../data/readings/page.ts";
import { startDuties } from "../../jobs/engine/duty_loop.ts";
import { openThreads } from "../../jobs/threads.ts";
import { openContinuousExport } from "../../jobs/continuous/continuous_export.ts";
import { createDevice } from "../../kv/devices/devices.ts";
import { listExportCheckpoints } from "../../kv/continuous/checkpoints.ts";
import { openKv } from "../../kv/opened_kv.ts";
import { createSeriesStore } from "../../kv/series/store.ts";
import { readPeakMb } from "./peak_memory.ts";

const FROM_MS = Date.UTC(2026, 0, 1);
const DAYS = 30, DEVICES = 10;
const STEADY_DEVICES = 1_000, STEADY_CYCLES = 5, STEADY_STEP_MS = 10_000;
/** What devices sent before the steady state: five minutes, one reading every 10 s. */
const STEADY_BEFORE_MS = 5 * MINUTE_MS;

/** `count` readings of an appliance, `stepMs` apart. */
function pageOf(fromMs: number, stepMs: number, count: number): Page {
  const column = (scale: number, valueOf: (row: number) => number) => ({
    scale,
    values: Float64Array.from({ length: count }, (_, row) => valueOf(row)),
  });
  return {
    timesMs: Float64Array.from({ length: count }, (_, row) => fromMs + row * stepMs),
    columns: [
      column(1, (row) => 2_200 + row * 7 % 200),
      column(3, (row) => row * 31 % 3_000),
      column(1, (row) => row * 131 % 5_000),
      column(1, (row) => 180 + Math.floor(row / 60) % 90),
    ],
  };
}

async function openRig(folder: string, environment: Record<string, string>) {
  const result = readSettings({ CONTINUOUS_EXPORT: "on", ...environment });
  if ("problems" in result) throw new Error(result.problems.join("; "));
  const { continuous, s3 } = result.settings;
  const opened = await openKv(`${folder}/kv.sqlite3`);
  // The clock runs on by itself from the time that the measurement sets.
  let setMs = FROM_MS + DAYS * DAY_MS + HOUR_MS, setAt = performance.now();
  const now = () => setMs + Math.floor(performance.now() - setAt);
  const setClock = (nowMs: number) => [setMs, setAt] = [nowMs, performance.now()];
  const series = createSeriesStore({ kv: opened.kv, now });
  const log = (level: string, event: string, fields?: Record<string, unknown>) => {
    if (level === "error") console.error(event, fields);
  };
  const threads = openThreads({ workerThreads: null, log });
  const parts = await openContinuousExport({
    ...opened,
    ...threads,
    series,
    profiles: builtInProfiles(),
    now,
    log,
    continuous,
    s3,
  });
  return {
    kv: opened.kv,
    series,
    now,
    setClock,
    run: () => startDuties({ ...opened, now, log, owner: "bench" }, parts.duties),
    addDevice: (id: string) =>
      createDevice(opened.kv, id, {
        profile: "appliance",
        nowMs: now(),
        serviceOfflineAfterMs: 600_000,
      }),
    async exportedRows() {
      const found = await listExportCheckpoints(opened.kv, { afterId: "", limit: STEADY_DEVICES });
      return found.reduce((sum, { checkpoint: { totals } }) => sum + totals.rows, 0);
    },
    async [Symbol.asyncDispose]() {
      threads[Symbol.dispose]();
      await opened[Symbol.asyncDispose]();
    },
  };
}

async function until(isSo: () => Promise<boolean>, everyMs: number): Promise<void> {
  while (!await isSo()) await new Promise((resolve) => setTimeout(resolve, everyMs));
}

async function fill(folder: string): Promise<void> {
  await using rig = await openRig(folder, {});
  for (let device = 0; device < DEVICES; device++) {
    const id = `D${device}`;
    await rig.addDevice(id);
    await rig.series.write({ profile: "appliance", id }, pageOf(FROM_MS, MINUTE_MS, DAYS * 1_440));
  }
}

async function catchUp(folder: string, format: string): Promise<void> {
  const target = await Deno.makeTempDir({ dir: folder });
  const environment = {
    EXPORT_FORMAT: format,
    EXPORT_INTERVAL_SECONDS: "86400",
    LAKE_PATH: target,
  };
  await using rig = await openRig(folder, environment);
  const rows = DAYS * 1_440 * DEVICES;
  const startedAt = performance.now();
  const duties = rig.run();
  await until(async () => await rig.exportedRows() === rows, 5);
  const tookMs = performance.now() - startedAt;
  const peakMb = await readPeakMb("self");
  await duties.stop();
  console.log(JSON.stringify({ readingsPerSecond: rows / tookMs * 1_000, peakMb }));
}

async function steady(folder: string): Promise<void> {
  await using rig = await openRig(folder, { LAKE_PATH: `${folder}/export` });
  const { series, now, setClock } = rig;
  const ids = Array.from({ length: STEADY_DEVICES }, (_, index) => `device-${index}`);
  const write = (fromMs: number, count: number) =>
    series.writeMany("appliance", ids, () => pageOf(fromMs, STEADY_STEP_MS, count));
  for (const id of ids) await rig.addDevice(id);
  const beginMs = now() - now() % MINUTE_MS;
  const before = STEADY_BEFORE_MS / STEADY_STEP_MS;
  await write(beginMs - STEADY_BEFORE_MS, before);
  setClock(beginMs + 3_000);
  const duties = rig.run();
  let expectedRows = before * STEADY_DEVICES;
  await until(async () => await rig.exportedRows() === expectedRows, 100);
  const cyclesMs: number[] = [];
  for (let cycle = 0; cycle < STEADY_CYCLES; cycle++) {
    const fromMs = beginMs + cycle * MINUTE_MS;
    await write(fromMs, MINUTE_MS / STEADY_STEP_MS);
    expectedRows += MINUTE_MS / STEADY_STEP_MS * STEADY_DEVICES;
    setClock(fromMs + MINUTE_MS + 3_000);
    const startedAt = performance.now();
    await until(async () => await rig.exportedRows() === expectedRows, 100);
    cyclesMs.push(performance.now() - startedAt);
  }
  const peakMb = await readPeakMb("self");
  await duties.stop();
  console.log(JSON.stringify({ cyclesMs, peakMb }));
}

async function main([mode, folder, format]: readonly string[]): Promise<void> {
  if (mode === "fill") await fill(folder);
  else if (mode === "catch-up") await catchUp(folder, format);
  else await steady(folder);
}

if (import.meta.main) await main(Deno.args);
