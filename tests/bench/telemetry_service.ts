/**
 * Our service under a telemetry load.
 *
 * @module
 */

import { z } from "zod";
import { openKv } from "../../kv/opened_kv.ts";
import { listHeads } from "../../kv/series/heads.ts";
import { createSeriesStore } from "../../kv/series/store.ts";
import { askJson } from "./export_client.ts";
import { type ServiceProcess, startService } from "./service.ts";
import { type Load, type LoadOutcome, requireStored, sendLoad } from "./telemetry_load.ts";

/** The months of 2024 of the warm-up readings and of the measured readings. */
const WARM_MONTH = 1, MONTH = 3;
/** How long a new process is warmed up, seconds. */
const WARM_SECONDS = 2;

/** A rate limit that is never reached. Everything else is default. */
export const NO_RATE_LIMIT = { RATE_LIMIT_REQUESTS: "1000000" };
/** How many devices are counted at the same time. */
const COUNTED_AT_ONCE = 8;

const daySummary = z.object({ count: z.int() });

/** A load without its month: warm-up and measurement use different months. */
export type CountedLoad = Omit<Load, "month">;

/** Starts a service that accepts everything that a device sends. */
export function startTelemetryService(folder: string): Promise<ServiceProcess> {
  return startService(folder, { demoData: false, settings: NO_RATE_LIMIT });
}

/** Warms up a service with a load, then sends the measured load and checks what is stored. */
export async function runLoad(
  url: string,
  wanted: CountedLoad,
  { wrk, warmSeconds = WARM_SECONDS, countStored = countReadings, signal }: {
    wrk: string;
    warmSeconds?: number;
    countStored?: (url: string, load: Load) => Promise<number>;
    signal: AbortSignal;
  },
): Promise<LoadOutcome> {
  const warm = { ...wanted, month: WARM_MONTH, seconds: warmSeconds };
  await sendLoad(wrk, url, { load: warm, signal });
  const load = { ...wanted, month: MONTH };
  const outcome = await sendLoad(wrk, url, { load, signal });
  requireStored(await countStored(url, load), outcome, load);
  return outcome;
}

/** How many readings of a load the service has, day by day and device by device. */
export async function countReadings(url: string, { month, devices }: Load): Promise<number> {
  let total = 0, next = 0;
  await Promise.all(Array.from({ length: COUNTED_AT_ONCE }, async () => {
    while (next < devices) {
      const deviceUrl = `${url}/devices/test-${String(next++).padStart(4, "0")}`;
      for (let day = 1;; day++) {
        const date = new Date(Date.UTC(2024, month - 1, day)).toISOString().slice(0, 10);
        const { count } = daySummary.parse(await askJson(`${deviceUrl}/summary?date=${date}`));
        total += count;
        if (count === 0) break;
      }
    }
  }));
  return total;
}

/** How many readings of a load a bare server has committed. */
export async function countBare(url: string, { month }: Load): Promise<number> {
  const answer = await askJson(`${url}/count?month=${String(month).padStart(2, "0")}`);
  return z.int().parse(answer);
}

/** How many readings are in blocks in the folder of a service that has ended. */
export async function countFolded(folder: string): Promise<number> {
  await using opened = await openKv(`${folder}/kv.sqlite3`);
  let total = 0;
  for await (const { head } of listHeads(opened.kv, "battery", "")) total += head.count;
  return total;
}

/** Folds the segments of some devices in the folder of a service that has ended. */
export async function foldAll(folder: string, ids: readonly string[]): Promise<void> {
  await using opened = await openKv(`${folder}/kv.sqlite3`);
  const series = createSeriesStore({ kv: opened.kv, now: Date.now });
  for (const id of ids) await series.fold({ profile: "battery", id });
}
