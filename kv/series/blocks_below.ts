/**
 * Reading the blocks that new readings are merged into.
 *
 * The head of the series saves most of these reads: there is nothing to read for days after the last
 * reading or before the first one, and readings after the last one only concern the last block. The
 * head can be trusted because the commit checks it.
 *
 * @module
 */

import { DAY_MS, dayStartMs } from "../../data/limits.ts";
import { blockStart, existingBlock, listBlocks, type StoredBlock } from "./blocks.ts";
import { type HeadEntry, liveHead } from "./heads.ts";
import type { SeriesRef } from "./ref.ts";

/** The blocks below new readings. */
export interface BlocksBelow {
  /** The blocks, ascending. */
  readonly blocks: readonly StoredBlock[];
  /** Readings from here on may have blocks that are not among these, epoch milliseconds. */
  readonly horizonMs: number;
}

/** Which blocks to read. */
export interface BelowOptions {
  /** The head of the series, which must have been read before. */
  readonly head: HeadEntry;
  /** Time of the first new reading, epoch milliseconds. */
  readonly firstMs: number;
  /** Time of the last new reading, epoch milliseconds. */
  readonly lastMs: number;
  /** Most blocks. */
  readonly limit: number;
  /** Whether to read from the beginning of the first day. It saves a read if days have few blocks. */
  readonly isWholeDay: boolean;
}

/** Reads the blocks that new readings are merged into, as far as one list reaches. */
export async function readBlocksBelow(
  kv: Pick<Deno.Kv, "list">,
  ref: SeriesRef,
  { head, firstMs, lastMs, limit, isWholeDay }: BelowOptions,
): Promise<BlocksBelow> {
  const live = liveHead(head);
  const dayMs = dayStartMs(firstMs);
  const endMs = dayStartMs(lastMs) + DAY_MS;
  if (live === null || live.lastMs < dayMs || live.firstMs >= endMs) {
    return { blocks: [], horizonMs: endMs };
  }
  if (live.lastMs < firstMs) {
    const last = await existingBlock(kv, ref, firstMs);
    return { blocks: last === null ? [] : [last], horizonMs: endMs };
  }
  const isNewDay = live.firstMs >= dayMs + DAY_MS;
  const fromMs = isWholeDay || isNewDay ? dayMs : await blockStart(kv, ref, firstMs);
  const toMs = Math.min(endMs, dayStartMs(live.lastMs) + DAY_MS);
  const blocks = await listBlocks(kv, ref, { fromMs, toMs, limit });
  // If the read was cut at the limit, the end of the last block is unknown: stop before it.
  return { blocks, horizonMs: blocks.length < limit ? endMs : blocks[limit - 1].startMs };
}
