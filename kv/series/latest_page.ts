/**
 * The latest readings of a series as they are stored, and decoding them, perhaps on another thread.
 *
 * @module
 */

import { DAY_MS, dayStartMs } from "../../data/limits.ts";
import {
  clipPage,
  concatPages,
  emptyPage,
  lowerBound,
  type Page,
  slicePage,
  type Span,
} from "../../data/readings/page.ts";
import { mergePages } from "../../data/readings/page_merge.ts";
import { createPageRows } from "../../data/readings/page_rows.ts";
import type { ProfileName } from "../../data/readings/profile.ts";
import { releaseBlock } from "./blocks.ts";
import { decodeBlock } from "./damage.ts";
import { forEachBlock, packedAt, type PackedBatch, type PackedLatest } from "./packed_batch.ts";
import type { SeriesRef } from "./ref.ts";

/**
 * Decodes the readings of a series in a span and the last one before it, and frees its blocks. The page may
 * be empty.
 *
 * @throws {DamagedDataError} if a block is damaged. Of several, it names the latest.
 */
export function decodeLatest(
  ref: SeriesRef,
  { blocks, overlay }: PackedLatest,
  span: Span,
): Page {
  const pages = blocks.map((block) => {
    const page = decodeBlock(ref, block);
    releaseBlock(block);
    return page;
  }).reverse();
  const base = pages.length === 0 ? emptyPage(0) : concatPages(pages);
  return latestOf(overlay === null ? base : mergePages(base, overlay).page, span);
}

/** The rows of an ascending page in a span, and the last one before it. */
function latestOf(page: Page, { fromMs, toMs }: Span): Page {
  const all = clipPage(page, { fromMs: -Infinity, toMs });
  const start = Math.max(0, lowerBound(all.timesMs, fromMs) - 1);
  return slicePage(all, start, all.timesMs.length);
}

/**
 * A decoder of the same for the series at an index of a batch. A page is valid until the next one is
 * decoded.
 */
export function createLatestDecoder(
  profile: ProfileName,
  span: Span,
): (batch: PackedBatch, index: number) => Page {
  const rows = createPageRows();
  let view = new DataView(new ArrayBuffer(0));

  return (batch, index) => {
    rows.clear();
    let isPlain = !batch.overlays.has(index);
    if (view.buffer !== batch.bytes.buffer) view = new DataView(batch.bytes.buffer);
    forEachBlock(batch, index, (startMs, at, length) => {
      if (!isPlain) return;
      const before = rows.count();
      isPlain = rows.append({ view, at, length }) && rows.timeMs(before) >= startMs &&
        rows.timeMs(rows.count() - 1) < dayStartMs(startMs) + DAY_MS;
    });
    if (isPlain) return latestOf(rows.page(), span);
    return decodeLatest({ profile, id: batch.ids[index] }, packedAt(batch, index), span);
  };
}
