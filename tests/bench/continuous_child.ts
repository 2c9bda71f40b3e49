/**
 * A process of the bench of continuous export. `continuous_child.ts fill FOLDER DAYS` creates days of
 * minutes for ten appliances. `catch-up FOLDER FORMAT DAYS` exports them as one file per device and day.
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
import { getExportCheckpoint } from "../../kv/continuous/checkpoints.ts";
import { openKv } from "../../kv/opened_kv.ts";
import { createSeriesStore } from "../../kv/series/store.ts";
import { readPeakMb } from "./peak_memory.ts";

const FROM_MS = Date.UTC(2026, 0, 1);
/** The day on which a catch-up begins: after all days that were filled. */
const NOW_MS = FROM_MS + 366 * DAY_MS + HOUR_MS;
const DEVICES = 10;
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
  let setMs = NOW_MS, setAt = performance.now();
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
    /** Waits until so many readings of each device are exported. Asks for one device at a time. */
    async untilExported(ids: readonly string[], rows: number, everyMs: number) {
      for (const id of ids) {
        while ((await getExportCheckpoint(opened.kv, id))?.value.totals.rows !== rows) {
          await new Promise((resolve) => setTimeout(resolve, everyMs));
        }
      }
    },
    async [Symbol.asyncDispose]() {
      threads[Symbol.dispose]();
      await opened[Symbol.asyncDispose]();
    },
  };
}

async function fill(folder: string, days: number): Promise<void> {
  await using rig = await openRig(folder, {});
  for (const id of catchUpIds()) {
    await rig.addDevice(id);
    await rig.series.write({ profile: "appliance", id }, pageOf(FROM_MS, MINUTE_MS, days * 1_440));
  }
}

function catchUpIds(): string[] {
  return Array.from({ length: DEVICES }, (_, device) => `D${device}`);
}

async function catchUp(folder: string, format: string, days: number): Promise<void> {
  const target = await Deno.makeTempDir({ dir: folder });
  const environment = {
    EXPORT_FORMAT: format,
    EXPORT_INTERVAL_SECONDS: "86400",
    LAKE_PATH: target,
  };
  await using rig = await openRig(folder, environment);
  const startedAt = performance.now();
  const duties = rig.run();
  await rig.untilExported(catchUpIds(), days * 1_440, 5);
  const tookMs = performance.now() - startedAt;
  const peakMb = await readPeakMb("self");
  await duties.stop();
  const readingsPerSecond = DEVICES * days * 1_440 / tookMs * 1_000;
  console.log(JSON.stringify({ readingsPerSecond, peakMb }));
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
  let rows = before;
  await rig.untilExported(ids, rows, 10);
  const cyclesMs: number[] = [];
  for (let cycle = 0; cycle < STEADY_CYCLES; cycle++) {
    const fromMs = beginMs + cycle * MINUTE_MS;
    await write(fromMs, MINUTE_MS / STEADY_STEP_MS);
    rows += MINUTE_MS / STEADY_STEP_MS;
    setClock(fromMs + MINUTE_MS + 3_000);
    const startedAt = performance.now();
    await rig.untilExported(ids, rows, 10);
    cyclesMs.push(performance.now() - startedAt);
  }
  const peakMb = await readPeakMb("self");
  await duties.stop();
  console.log(JSON.stringify({ cyclesMs, peakMb }));
}

async function main([mode, folder, ...words]: readonly string[]): Promise<void> {
  if (mode === "fill") await fill(folder, Number(words[0]));
  else if (mode === "catch-up") await catchUp(folder, words[0], Number(words[1]));
  else await steady(folder);
}

if (import.meta.main) await main(Deno.args);
