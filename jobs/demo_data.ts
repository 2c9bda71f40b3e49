/**
 * Making the demo meter.
 *
 * @module
 */

import { DEMO_FROM_MS, DEMO_METER_ID, demoReadings } from "../data/demo_meter.ts";
import { dayStartMs, MINUTE_MS } from "../data/limits.ts";
import { concatPages, type Page } from "../data/page.ts";
import type { SeriesStore } from "../kv/series_store.ts";

/** Days written at once. */
const BATCH_DAYS = 60;

/**
 * Writes the demo meter's readings up to the start of today (UTC), from behind the last one that
 * is there. Returns how many were written.
 */
export async function loadDemoData(
  series: Pick<SeriesStore, "describe" | "write">,
  nowMs: number,
): Promise<number> {
  const ref = { profile: "meter", id: DEMO_METER_ID } as const;
  const last = await series.describe(ref);
  const fromMs = last === null ? DEMO_FROM_MS : Math.max(DEMO_FROM_MS, last.lastMs + MINUTE_MS);
  let written = 0;
  let batch: Page[] = [];
  for (const page of demoReadings({ fromMs, toMs: dayStartMs(nowMs) })) {
    batch.push(page);
    written += page.timesMs.length;
    if (batch.length < BATCH_DAYS) continue;
    await series.write(ref, concatPages(batch));
    batch = [];
  }
  if (batch.length > 0) await series.write(ref, concatPages(batch));
  return written;
}
