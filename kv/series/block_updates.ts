/**
 * Merging new readings into one block.
 *
 * @module
 */

import { dayStartMs } from "../../data/limits.ts";
import { emptyPage, lowerBound, type Page } from "../../data/readings/page.ts";
import { decodePage } from "../../data/readings/page_decoder.ts";
import type { Merge } from "../../data/readings/page_merge.ts";
import { splitPage } from "../../data/readings/page_split.ts";
import type { Stage } from "../budget.ts";
import { blockEnd, stageBlock, type StoredBlock } from "./blocks.ts";
import { stageChanged } from "./changes.ts";
import type { SeriesRef } from "./ref.ts";

/** How a write changed the readings that were there. */
export type WriteCounts = Pick<Merge, "inserted" | "updated" | "unchanged">;

/** The new readings that belong to one block, and what that block holds now. */
export interface BlockUpdate {
  /** Start of the block, epoch milliseconds. */
  readonly startMs: number;
  /** The readings that the block holds now. */
  readonly base: Page;
  /** Index of the first new reading of the block. */
  readonly start: number;
  /** Index after its last new reading. */
  readonly end: number;
}

/** The update for the reading at index `start`, given the existing blocks around its time. */
export function blockUpdateAt(
  page: Page,
  start: number,
  { before, nextMs }: { before: StoredBlock | undefined; nextMs: number | undefined },
): BlockUpdate {
  const dayMs = dayStartMs(page.timesMs[start]);
  const block = before !== undefined && before.startMs >= dayMs ? before : null;
  const startMs = block?.startMs ?? dayMs;
  const end = lowerBound(page.timesMs, blockEnd(startMs, nextMs));
  const base = block === null ? emptyPage(page.columns.length) : decodePage(block.bytes);
  return { startMs, base, start, end };
}

/** Writes a merged block, split if it is too long. Null if the merge changed nothing. */
export function blockStage(
  ref: SeriesRef,
  { startMs, base }: BlockUpdate,
  { merge, isChange }: { merge: Merge; isChange: boolean },
): Stage | null {
  if (merge.page === base) return null;
  const parts = splitPage(merge.page);
  return (op) => {
    for (const { start, firstMs, bytes } of parts) {
      // The first part keeps the key of the block, so that no block ever changes its key.
      stageBlock(op, ref, { startMs: start === 0 ? startMs : firstMs, bytes });
    }
    if (isChange) stageChanged(op, ref, dayStartMs(startMs));
  };
}
