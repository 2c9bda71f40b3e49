/**
 * Removing the readings of a span of time.
 *
 * Segments are folded first, so that all readings are in blocks. Then blocks are deleted, or
 * rewritten without the readings of the span, some at a time. Every commit checks the head and leaves
 * the series consistent. After a crash the first readings are gone; removing the span again removes
 * the rest.
 *
 * A series without any readings left is gone, as if it had been removed whole.
 *
 * @module
 */

import { dayStartMs, END_OF_TIME_MS } from "../../data/limits.ts";
import {
  concatPages,
  emptyPage,
  lowerBound,
  type Page,
  slicePage,
  type Span,
} from "../../data/readings/page.ts";
import { BLOCK_MAX_READINGS, splitPage } from "../../data/readings/page_split.ts";
import type { Stage } from "../budget.ts";
import {
  blockEnd,
  blockStart,
  listBlocks,
  listBlocksBack,
  stageBlock,
  stageBlockDelete,
  type StoredBlock,
} from "./blocks.ts";
import { stageChanged, stageUnchanged } from "./changes.ts";
import { blockReadings, decodeBlock, ifSound } from "./damage.ts";
import { foldSegments } from "./fold.ts";
import { type HeadEntry, liveHead, nextHead, type SeriesHead, stageHead } from "./heads.ts";
import type { SeriesRef } from "./ref.ts";
import { stageRevision } from "./revisions.ts";
import { backOff, writableHead, type WriteDeps } from "./write_slice.ts";

/** Blocks handled by one commit. At most two of them are rewritten, the others are deleted whole. */
const STEP_BLOCKS = 64;

/** How to remove readings. */
export interface RemoveSpanOptions {
  /** Ends the removal between two commits. */
  readonly signal: AbortSignal;
  /** Called after each commit with the number of readings it removed, and the time reached. */
  readonly onRemoved?: (count: number, reachedMs: number) => void;
  /**
   * Whether the readings expire: their days leave the change feed instead of standing there as changed,
   * so that nobody takes their end for a change.
   */
  readonly areExpired?: boolean;
}

/** A block of a step, and what is left of it. */
interface Remainder {
  readonly startMs: number;
  readonly count: number;
  readonly kept: Page;
  /** Whether the block cannot be decoded, so that the count is what its header says. */
  readonly isDamaged: boolean;
}

/**
 * Removes the readings that a series has in a span when this is called. Returns how many it removed.
 * Readings that are ingested meanwhile may stay.
 *
 * @throws {AppError} SERIES_BUSY when other processes keep writing to the series; and the reason of
 * the signal.
 */
export async function removeSpan(
  deps: WriteDeps,
  ref: SeriesRef,
  span: Span,
  { nowMs, signal, onRemoved, areExpired = false }: RemoveSpanOptions & { nowMs: number },
): Promise<number> {
  await foldSegments(deps, ref);
  let total = 0, conflicts = 0;
  for (let atMs = span.fromMs; atMs < span.toMs;) {
    signal.throwIfAborted();
    // Head before blocks: if anybody writes to them meanwhile, the commit fails.
    const head = await writableHead(deps, ref);
    const live = liveHead(head);
    if (live === null) return total;
    const rest = { fromMs: atMs, toMs: span.toMs };
    const step = await removeStep(deps.kv, ref, { head, live, span: rest, nowMs, areExpired });
    if (step === null) {
      await backOff(ref, ++conflicts);
      continue;
    }
    conflicts = 0;
    total += step.count;
    atMs = step.toMs;
    onRemoved?.(step.count, atMs);
  }
  return total;
}

/** Removes what the next blocks have of a span, in one commit; null if another write was faster. */
async function removeStep(
  kv: WriteDeps["kv"],
  ref: SeriesRef,
  { head, live, span, nowMs, areExpired }: {
    head: HeadEntry;
    live: SeriesHead;
    span: Span;
    nowMs: number;
    areExpired: boolean;
  },
): Promise<{ count: number; toMs: number } | null> {
  const fromMs = await blockStart(kv, ref, span.fromMs);
  const blocks = await listBlocks(kv, ref, { fromMs, toMs: span.toMs, limit: STEP_BLOCKS });
  const isLast = blocks.length < STEP_BLOCKS;
  // The range of the last block may go on beyond the span, but not beyond the next block.
  const toMs = isLast ? span.toMs : blocks[STEP_BLOCKS - 1].startMs;
  const remainders = (isLast ? blocks : blocks.slice(0, -1)).map((block, index) =>
    remainderOf(ref, block, { span, nextMs: blocks[index + 1]?.startMs })
  );
  const count = remainders.reduce((sum, one) => sum + one.count, 0);
  if (count === 0) return { count, toMs };
  const left = { live, fromMs, toMs, remainders };
  const headLeft = await headAfter(kv, ref, { head, left, count, nowMs });
  if (headLeft === null) return null;
  const op = kv.atomic().check(head);
  for (const remainder of remainders) {
    if (remainder.count > 0) remainderStage(ref, remainder, areExpired)(op);
  }
  stageRevision(op, ref);
  stageHead(op, ref, { from: head.value, to: headLeft });
  return (await op.commit()).ok ? { count, toMs } : null;
}

/** A block whose whole range goes is not decoded if it is damaged: its count is what its header says. */
function remainderOf(
  ref: SeriesRef,
  block: StoredBlock,
  { span: { fromMs, toMs }, nextMs }: { span: Span; nextMs: number | undefined },
): Remainder {
  const { startMs } = block;
  const isWhole = fromMs <= startMs && blockEnd(startMs, nextMs) <= toMs;
  const page = isWhole ? ifSound(() => decodeBlock(ref, block), null) : decodeBlock(ref, block);
  if (page === null) {
    const count = ifSound(() => Math.min(blockReadings(ref, block), BLOCK_MAX_READINGS), 0);
    return { startMs, count: Math.max(1, count), kept: emptyPage(0), isDamaged: true };
  }
  const from = lowerBound(page.timesMs, fromMs), to = lowerBound(page.timesMs, toMs);
  const rest = [slicePage(page, 0, from), slicePage(page, to, page.timesMs.length)];
  return { startMs, count: to - from, kept: concatPages(rest), isDamaged: false };
}

function remainderStage(
  ref: SeriesRef,
  { startMs, kept }: Remainder,
  areExpired: boolean,
): Stage {
  return (op) => {
    if (kept.timesMs.length === 0) stageBlockDelete(op, ref, startMs);
    else {
      // Fewer readings can take more room, as their times may no longer be regular.
      for (const { start, firstMs, bytes } of splitPage(kept)) {
        stageBlock(op, ref, { startMs: start === 0 ? startMs : firstMs, bytes });
      }
    }
    if (areExpired && kept.timesMs.length === 0) stageUnchanged(op, ref, dayStartMs(startMs));
    else stageChanged(op, ref, dayStartMs(startMs));
  };
}

/**
 * The head after a step: how many readings are left, and the first and last of them. Null if the
 * blocks do not match the head, because another write was faster.
 */
async function headAfter(
  kv: WriteDeps["kv"],
  ref: SeriesRef,
  { head, left: { live, fromMs, toMs, remainders }, count, nowMs }: {
    head: HeadEntry;
    left: Span & { live: SeriesHead; remainders: readonly Remainder[] };
    count: number;
    nowMs: number;
  },
): Promise<SeriesHead | null> {
  const gone = nextHead(head.value, { state: "gone", count: 0, removedMs: nowMs });
  const isExact = remainders.every(({ isDamaged }) => !isDamaged);
  if (isExact && live.count === count) return gone;
  const kept = remainders.flatMap(({ kept }) => kept.timesMs.length > 0 ? [kept.timesMs] : []);
  const wasFirst = live.firstMs >= fromMs, wasLast = live.lastMs < toMs;
  const firstMs = wasFirst ? kept[0]?.[0] ?? await nextTime(kv, ref, toMs) : live.firstMs;
  const lastMs = wasLast ? kept.at(-1)?.at(-1) ?? await timeBefore(kv, ref, fromMs) : live.lastMs;
  if (firstMs === null || lastMs === null) return isExact ? null : gone;
  return nextHead(head.value, { count: Math.max(1, live.count - count), firstMs, lastMs });
}

/** The first time of the first block that starts at or after a time; null if there is no block. */
async function nextTime(
  kv: WriteDeps["kv"],
  ref: SeriesRef,
  fromMs: number,
): Promise<number | null> {
  const [block] = await listBlocks(kv, ref, { fromMs, toMs: END_OF_TIME_MS, limit: 1 });
  return block === undefined
    ? null
    : ifSound(() => decodeBlock(ref, block).timesMs[0], block.startMs);
}

/** The last time of the last block that starts before a time; null if there is no block. */
async function timeBefore(
  kv: WriteDeps["kv"],
  ref: SeriesRef,
  toMs: number,
): Promise<number | null> {
  for await (const block of listBlocksBack(kv, ref, { toMs, batchSize: 1 })) {
    return ifSound(() => decodeBlock(ref, block).timesMs.at(-1) ?? null, block.startMs);
  }
  return null;
}
