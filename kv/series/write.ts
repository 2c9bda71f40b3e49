/**
 * Writing readings into a series.
 *
 * The readings are written in slices, one commit each (`kv/series/write_slice.ts`). Every commit
 * leaves the series consistent. After a crash the first slices are stored; writing the same readings
 * again completes the rest.
 *
 * @module
 */

import type { Page } from "../../data/readings/page.ts";
import type { WriteCounts } from "./block_updates.ts";
import { foldSegments } from "./fold.ts";
import type { SeriesRef } from "./ref.ts";
import { backOff, writableHead, type WriteDeps, writeSlice } from "./write_slice.ts";

/**
 * Merges an ascending page into a series. Segments are folded first, because the readings written
 * here are later and must win.
 *
 * @throws {AppError} SERIES_BUSY when other processes keep writing to the series.
 */
export async function writeReadings(
  deps: WriteDeps,
  ref: SeriesRef,
  page: Page,
): Promise<WriteCounts> {
  const total = { inserted: 0, updated: 0, unchanged: 0 };
  if (page.timesMs.length === 0) return total;
  await foldSegments(deps, ref);
  let head = await writableHead(deps, ref);
  for (let start = 0, conflicts = 0; start < page.timesMs.length;) {
    const options = { page, start, isChange: true, stageLast: null };
    const slice = await writeSlice(deps, ref, head, options);
    if (slice.head === null) {
      await backOff(ref, ++conflicts);
      head = await writableHead(deps, ref);
      continue;
    }
    conflicts = 0;
    head = slice.head;
    start = slice.end;
    total.inserted += slice.counts.inserted;
    total.updated += slice.counts.updated;
    total.unchanged += slice.counts.unchanged;
  }
  return total;
}
