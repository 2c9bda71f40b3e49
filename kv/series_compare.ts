/**
 * What a write would do to the readings of a series, without writing.
 *
 * @module
 */

import { clipPage, emptyPage, type Page } from "../data/page.ts";
import { mergePages } from "../data/page_merge.ts";
import { readReadings } from "./series_read.ts";
import type { SeriesRef } from "./series_ref.ts";
import type { WriteCounts } from "./series_write.ts";

/** Counts what laying an ascending page over the readings of a series would do to them. */
export async function compareReadings(
  kv: Pick<Deno.Kv, "get" | "list">,
  ref: SeriesRef,
  page: Page,
): Promise<WriteCounts> {
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
  // Never aborted: it reads no further than the page goes.
  const { signal } = new AbortController();
  for await (const base of readReadings(kv, ref, { ...span, signal })) {
    count(base, base.timesMs[base.timesMs.length - 1] + 1);
  }
  count(emptyPage(page.columns.length), span.toMs);
  return total;
}
