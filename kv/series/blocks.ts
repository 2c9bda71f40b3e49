/**
 * Blocks: the readings of a series, packed.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["block", profile, id, startMs]` | an encoded page (`data/readings/page_format.ts`) | import, compaction, removal |
 *
 * A block's key is where its stretch of time begins: the first block of a UTC day begins at
 * midnight, every other at the first reading it got when a block was split. Its stretch ends where
 * the next one begins, or with the day. So each time has exactly one block, which the last key at
 * or before it names, and no block ever gets another key.
 *
 * @module
 */

import { DAY_MS, dayStartMs } from "../../data/limits.ts";
import type { Span } from "../../data/readings/page.ts";
import type { Staging } from "../budget.ts";
import type { SeriesRef } from "./ref.ts";

const SPACE = "block";

/** A block as it is stored. */
export interface StoredBlock {
  /** Where its stretch begins, epoch milliseconds. */
  readonly startMs: number;
  /** The encoded page. */
  readonly bytes: Uint8Array;
}

/** Where the stretch begins that a time lies in, whether a block is there yet or not. */
export async function blockStart(
  kv: Pick<Deno.Kv, "list">,
  ref: SeriesRef,
  timeMs: number,
): Promise<number> {
  const dayMs = dayStartMs(timeMs);
  if (timeMs === dayMs) return dayMs;
  const selector = { start: blockKey(ref, dayMs), end: blockKey(ref, timeMs + 1) };
  for await (const { key } of kv.list(selector, { limit: 1, reverse: true })) return Number(key[3]);
  return dayMs;
}

/** The blocks whose stretch begins in a span, at most `limit`, in the order of time, in one read. */
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

/** The blocks whose stretch begins before a time, the last one first, `batchSize` of them in a read. */
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
 * Gives the memory of a block that was read back at once; its bytes are gone. Left to the collector,
 * which does not see how much of it there is, it piles up by tens of megabytes in a long read.
 */
export function releaseBlock({ bytes: { buffer, byteLength } }: StoredBlock): void {
  // Memory that others share is left alone.
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}

/** Where a stretch ends, given the start of the next block there is. */
export function blockEnd(startMs: number, nextStartMs: number | undefined): number {
  return Math.min(dayStartMs(startMs) + DAY_MS, nextStartMs ?? Infinity);
}

/** Sets a block. */
export function stageBlock(op: Staging, ref: SeriesRef, { startMs, bytes }: StoredBlock): void {
  op.set(blockKey(ref, startMs), bytes);
}

/** Deletes a block. */
export function stageBlockDelete(op: Staging, ref: SeriesRef, startMs: number): void {
  op.delete(blockKey(ref, startMs));
}

function blockKey({ profile, id }: SeriesRef, startMs: number): Deno.KvKey {
  return [SPACE, profile, id, startMs];
}
