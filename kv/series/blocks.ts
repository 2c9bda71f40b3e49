/**
 * Blocks: the readings of a series, packed.
 *
 * | key | value | written by |
 * |---|---|---|
 * | `["block", profile, id, startMs]` | an encoded page (`data/readings/page_format.ts`) | import, compaction, removal |
 *
 * The key of a block is the start of the range of time that it covers. The first block of a UTC day
 * starts at midnight, unless it was removed. Every other block starts at the time that was its first
 * reading when a longer block was split. A block's range ends where the next block starts, or at the
 * end of the day.
 *
 * So every time has exactly one block, the one with the last key of its day at or before it, or a new
 * one that starts at midnight. The key of a block never changes.
 *
 * @module
 */

import { DAY_MS, dayStartMs } from "../../data/limits.ts";
import type { Span } from "../../data/readings/page.ts";
import type { Staging } from "../budget.ts";
import type { SeriesRef } from "./ref.ts";

const SPACE = "block";
/** Blocks per read of a short span. The last one is most often all that is needed. */
const COVERING_BATCH = 2;

/** A block as it is stored. */
export interface StoredBlock {
  /** Start of the range that it covers, epoch milliseconds. */
  readonly startMs: number;
  /** The encoded page. */
  readonly bytes: Uint8Array;
}

/** Start of the block that covers a time, whether that block exists yet or not. */
export async function blockStart(
  kv: Pick<Deno.Kv, "list">,
  ref: SeriesRef,
  timeMs: number,
): Promise<number> {
  const dayMs = dayStartMs(timeMs);
  if (timeMs === dayMs) return dayMs;
  return (await existingBlock(kv, ref, timeMs))?.startMs ?? dayMs;
}

/** The block that covers a time; null if it does not exist yet. Costs one read. */
export async function existingBlock(
  kv: Pick<Deno.Kv, "list">,
  ref: SeriesRef,
  timeMs: number,
): Promise<StoredBlock | null> {
  const selector = { start: blockKey(ref, dayStartMs(timeMs)), end: blockKey(ref, timeMs + 1) };
  for await (const entry of kv.list<Uint8Array>(selector, { limit: 1, reverse: true })) {
    return { startMs: Number(entry.key[3]), bytes: entry.value };
  }
  return null;
}

/** End of the block that starts at `startMs`, given the start of the next existing block. */
export function blockEnd(startMs: number, nextStartMs: number | undefined): number {
  return Math.min(dayStartMs(startMs) + DAY_MS, nextStartMs ?? Infinity);
}

/** The blocks that start in a span, ascending, at most `limit`. Costs one read. */
export async function listBlocks(
  kv: Pick<Deno.Kv, "list">,
  ref: SeriesRef,
  { fromMs, toMs, limit }: Span & { limit: number },
): Promise<StoredBlock[]> {
  const selector = { start: blockKey(ref, fromMs), end: blockKey(ref, toMs) };
  const blocks: StoredBlock[] = [];
  for await (const entry of kv.list<Uint8Array>(selector, { limit, batchSize: limit })) {
    blocks.push({ startMs: Number(entry.key[3]), bytes: entry.value });
  }
  return blocks;
}

/**
 * The blocks that cover a short span, ascending, at most `limit`; null if there are more. Mostly it costs
 * one read, while finding the first one and then the others costs two.
 */
export async function listBlocksCovering(
  kv: Pick<Deno.Kv, "list">,
  ref: SeriesRef,
  { fromMs, toMs, limit }: Span & { limit: number },
): Promise<StoredBlock[] | null> {
  const selector = { start: blockKey(ref, dayStartMs(fromMs)), end: blockKey(ref, toMs) };
  const blocks: StoredBlock[] = [];
  const entries = kv.list<Uint8Array>(selector, { reverse: true, batchSize: COVERING_BATCH });
  for await (const entry of entries) {
    if (blocks.length === limit) return null;
    const startMs = Number(entry.key[3]);
    blocks.unshift({ startMs, bytes: entry.value });
    // It covers the beginning, so those before it are over.
    if (startMs <= fromMs) break;
  }
  return blocks;
}

/** The series that have blocks, in the order of their keys. Costs one read each. */
export async function* listBlockSeries(kv: Pick<Deno.Kv, "list">): AsyncGenerator<SeriesRef> {
  let after: Deno.KvKey = [];
  for (;;) {
    const selector = { prefix: [SPACE], ...after.length > 0 ? { start: after } : {} };
    const first = await kv.list(selector, { limit: 1 }).next();
    if (first.done) return;
    const [, profile, id] = first.value.key.map(String);
    yield { profile, id };
    // The first key that is not one of the series.
    after = [SPACE, profile, `${id}\0`];
  }
}

/** The blocks that start before a time, the latest first, read in batches of `batchSize`. */
export async function* listBlocksBack(
  kv: Pick<Deno.Kv, "list">,
  ref: SeriesRef,
  { toMs, batchSize }: { toMs: number; batchSize: number },
): AsyncGenerator<StoredBlock> {
  const selector = { start: blockKey(ref, -Infinity), end: blockKey(ref, toMs) };
  for await (const entry of kv.list<Uint8Array>(selector, { reverse: true, batchSize })) {
    yield { startMs: Number(entry.key[3]), bytes: entry.value };
  }
}

/**
 * Frees the memory of a block at once. Its bytes cannot be used afterwards. The garbage collector
 * does not see how much memory such a buffer holds, so in a long read tens of megabytes would pile
 * up.
 */
export function releaseBlock({ bytes: { buffer, byteLength } }: StoredBlock): void {
  // Memory that is shared with something else is left alone.
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}

/** Adds the writing of a block to a commit. */
export function stageBlock(op: Staging, ref: SeriesRef, { startMs, bytes }: StoredBlock): void {
  op.set(blockKey(ref, startMs), bytes);
}

/** Adds the deletion of a block to a commit. */
export function stageBlockDelete(op: Staging, ref: SeriesRef, startMs: number): void {
  op.delete(blockKey(ref, startMs));
}

/** The key of the block that starts at a time. */
export function blockKey({ profile, id }: SeriesRef, startMs: number): Deno.KvKey {
  return [SPACE, profile, id, startMs];
}
