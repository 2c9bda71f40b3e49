/**
 * What a write would do to the readings of a series, without writing.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { clipPage, emptyPage, type Page } from "../../data/readings/page.ts";
import { mergePages } from "../../data/readings/page_merge.ts";
import { readReadings } from "./read.ts";
import type { SeriesRef } from "./ref.ts";
import type { WriteCounts } from "./write.ts";

type Kv = Pick<Deno.Kv, "get" | "list">;

/**
 * Counts what laying an ascending page over the readings of a series would do to them. Done anew
 * where the series is removed meanwhile: then there is nothing to lay it over.
 */
export async function compareReadings(kv: Kv, ref: SeriesRef, page: Page): Promise<WriteCounts> {
  for (;;) {
    try {
      return await countOver(kv, ref, page);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "SERIES_REMOVED") throw error;
    }
  }
}

async function countOver(kv: Kv, ref: SeriesRef, page: Page): Promise<WriteCounts> {
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
