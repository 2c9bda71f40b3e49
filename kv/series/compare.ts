/**
 * Counting what a write would do to the readings of a series, without writing.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { clipPage, emptyPage, type Page } from "../../data/readings/page.ts";
import { mergePages } from "../../data/readings/page_merge.ts";
import type { WriteCounts } from "./block_updates.ts";
import { readReadings } from "./read.ts";
import type { SeriesRef } from "./ref.ts";

type Kv = Pick<Deno.Kv, "get" | "list">;

/**
 * Counts what merging an ascending page into a series would change. If the series is removed during
 * the comparison, it starts again and finds a series without readings.
 */
export async function compareReadings(kv: Kv, ref: SeriesRef, page: Page): Promise<WriteCounts> {
  for (;;) {
    try {
      return await countChanges(kv, ref, page);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "SERIES_REMOVED") throw error;
    }
  }
}

async function countChanges(kv: Kv, ref: SeriesRef, page: Page): Promise<WriteCounts> {
  const total = { inserted: 0, updated: 0, unchanged: 0 };
  const { timesMs } = page;
  if (timesMs.length === 0) return total;
  const span = { fromMs: timesMs[0], toMs: timesMs[timesMs.length - 1] + 1 };
  const count = (base: Page, toMs: number) => {
    const { inserted, updated, unchanged } = mergePages(base, clipPage(page, { fromMs, toMs }));
    total.inserted += inserted;
    total.updated += updated;
    total.unchanged += unchanged;
    fromMs = toMs;
  };
  let fromMs = span.fromMs;
  // Never aborted: the read ends where the page ends.
  const { signal } = new AbortController();
  for await (const base of readReadings(kv, ref, { ...span, signal })) {
    count(base, base.timesMs[base.timesMs.length - 1] + 1);
  }
  count(emptyPage(page.columns.length), span.toMs);
  return total;
}
