/**
 * Creates the readings of the demo meter.
 *
 * @module
 */

import { DEMO_FROM_MS, DEMO_METER_ID, demoReadings } from "../../data/readings/demo_meter.ts";
import { dayStartMs } from "../../data/limits.ts";
import { concatPages, type Page } from "../../data/readings/page.ts";
import type { SeriesStore } from "../../kv/series/store.ts";

/** How many days one write holds. */
const BATCH_DAYS = 60;

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
