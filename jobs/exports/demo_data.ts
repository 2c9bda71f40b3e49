/**
 * Creates the readings of the demo meter.
 *
 * @module
 */

import { DEMO_FROM_MS, DEMO_METER_ID, demoReadings } from "../../data/readings/demo_meter.ts";
import { dayStartMs } from "../../data/limits.ts";
import { concatPages, type Page } from "../../data/readings/page.ts";
import type { Settings } from "../../data/settings.ts";
import { isDemoDataUnfinished, markDemoData } from "../../kv/demo_data.ts";
import type { SeriesStore } from "../../kv/series/store.ts";

/** How many days one write holds. */
const BATCH_DAYS = 60;

/** What creating demo data needs. */
export interface DemoDataDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "set">;
  /** Whether nothing was stored in it when it was opened. */
  readonly isNew: boolean;
  /** The store of readings. */
  readonly series: Pick<SeriesStore, "describe" | "write">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/**
 * Creates the demo meter: always, never, or only in a new database. A start that was killed meanwhile
 * is completed by the next one. Returns how many readings are new; null if there is nothing to create.
 */
export async function startDemoData(
  { kv, isNew, series, now }: DemoDataDeps,
  when: Settings["demoData"],
): Promise<number | null> {
  if (when === false) return null;
  if (when === true) return await loadDemoData(series, now());
  if (!isNew && !await isDemoDataUnfinished(kv)) return null;
  await markDemoData(kv, false);
  const inserted = await loadDemoData(series, now());
  await markDemoData(kv, true);
  return inserted;
}

/**
 * Writes the readings of the demo meter up to the start of today (UTC). It begins with the day of the
 * last stored reading, because someone may have added readings to that day. Returns how many are new.
 */
export async function loadDemoData(
  series: Pick<SeriesStore, "describe" | "write">,
  nowMs: number,
): Promise<number> {
  const ref = { profile: "meter", id: DEMO_METER_ID } as const;
  const last = await series.describe(ref);
  const fromMs = last === null ? DEMO_FROM_MS : Math.max(DEMO_FROM_MS, dayStartMs(last.lastMs));
  let inserted = 0;
  let batch: Page[] = [];

  async function flush(): Promise<void> {
    if (batch.length > 0) inserted += (await series.write(ref, concatPages(batch))).inserted;
    batch = [];
  }

  for (const page of demoReadings({ fromMs, toMs: dayStartMs(nowMs) })) {
    batch.push(page);
    if (batch.length === BATCH_DAYS) await flush();
  }
  await flush();
  return inserted;
}
