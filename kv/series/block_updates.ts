/**
 * Merging new readings into one block.
 *
 * @module
 */

import { dayStartMs } from "../../data/limits.ts";
import type { AllocateBytes } from "../../data/readings/byte_slab.ts";
import { lowerBound, type Page, type Rows, slicePage } from "../../data/readings/page.ts";
import { type Merge, mergePages } from "../../data/readings/page_merge.ts";
import { type EncodedPart, splitPage } from "../../data/readings/page_split.ts";
import type { Stage } from "../budget.ts";
import { blockEnd, stageBlock, type StoredBlock } from "./blocks.ts";
import { stageChanged } from "./changes.ts";
import { decodeBlock } from "./damage.ts";
import type { SeriesRef } from "./ref.ts";

/** How a write changed the readings that were there. */
export type WriteCounts = Pick<Merge, "inserted" | "updated" | "unchanged">;

/** The new readings that belong to one block, and what that block holds now. */
export interface BlockUpdate {
  /** Start of the block, epoch milliseconds. */
  readonly startMs: number;
  /** The readings that the block holds now; null if there is no such block. */
  readonly base: Page | null;
  /** Which of the new readings belong to it. */
  readonly rows: Rows;
}

/** What an update does. */
export interface BlockChange extends WriteCounts {
  /** Writes the block, split if it is too long. Null if nothing differs. */
  readonly stage: Stage | null;
}

/**
 * The update for the reading at index `start`, given the existing blocks around its time.
 *
 * @throws {DamagedDataError} if the block that the reading belongs to is damaged.
 */
export function blockUpdateAt(
  ref: SeriesRef,
  page: Page,
  { start, before, nextMs }: {
    start: number;
    before: StoredBlock | undefined;
    nextMs: number | undefined;
  },
): BlockUpdate {
  const dayMs = dayStartMs(page.timesMs[start]);
  const block = before !== undefined && before.startMs >= dayMs ? before : null;
  const startMs = block?.startMs ?? dayMs;
  const end = lowerBound(page.timesMs, blockEnd(startMs, nextMs));
  const base = block === null ? null : decodeBlock(ref, block);
  return { startMs, base, rows: { start, end } };
}

/** Merges the new readings of an update into its block. */
export function changeBlock(
  ref: SeriesRef,
  { startMs, base, rows }: BlockUpdate,
  { page, isChange, allocate }: { page: Page; isChange: boolean; allocate: AllocateBytes },
): BlockChange {
  if (base === null) {
    const parts = splitPage(page, { rows, allocate });
    const inserted = rows.end - rows.start;
    return { inserted, updated: 0, unchanged: 0, stage: partsStage(ref, startMs, parts, isChange) };
  }
  const merge = mergePages(base, slicePage(page, rows.start, rows.end));
  const { inserted, updated, unchanged } = merge;
  if (merge.page === base) return { inserted, updated, unchanged, stage: null };
  const parts = splitPage(merge.page, { allocate });
  return { inserted, updated, unchanged, stage: partsStage(ref, startMs, parts, isChange) };
}

function partsStage(
  ref: SeriesRef,
  startMs: number,
  parts: readonly EncodedPart[],
  isChange: boolean,
): Stage {
  return (op) => {
    parts.forEach(({ firstMs, bytes }, index) => {
      // The first part keeps the key of the block, so that no block ever changes its key.
      stageBlock(op, ref, { startMs: index === 0 ? startMs : firstMs, bytes });
    });
    if (isChange) stageChanged(op, ref, dayStartMs(startMs));
  };
}
