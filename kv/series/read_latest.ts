/**
 * Reading the latest readings of one series: those in a span, and the last one before it.
 *
 * @module
 */

import { DAY_MS, dayStartMs, HOUR_MS } from "../../data/limits.ts";
import type { Page, Span } from "../../data/readings/page.ts";
import { earliestMs } from "../../data/readings/page_format.ts";
import { listBlocksBack, type StoredBlock } from "./blocks.ts";
import { getHead, type HeadEntry, liveHead, type SeriesHead } from "./heads.ts";
import { decodeLatest } from "./latest_page.ts";
import type { PackedLatest } from "./packed_batch.ts";
import { readOverlay } from "./read.ts";
import type { SeriesRef } from "./ref.ts";

/** Most blocks of a series in one read. */
const BATCH_BLOCKS = 16;
/** If a span begins later on its day, the last reading before it is likely of the same day. */
const EARLY_MS = 2 * HOUR_MS;
/** How often a series is read again. The last result is also correct, only less fresh. */
const MAX_REREADS = 3;

type Kv = Pick<Deno.Kv, "get" | "list">;

/**
 * The readings of a series in a span, and the last one before it. They are those of one moment if the head
 * is the same afterwards.
 */
export async function readLatest(
  kv: Kv,
  ref: SeriesRef,
  { head, hasSegments, span }: { head: HeadEntry; hasSegments: boolean; span: Span },
): Promise<PackedLatest> {
  const overlay = hasSegments ? ownOverlay(await readOverlay(kv, ref, head)) : null;
  const live = liveHead(head);
  // If the series is not live, blocks that still exist are being removed.
  return { blocks: live === null ? [] : await readLatestBlocks(kv, ref, live, span), overlay };
}

/** The blocks of a live series with its readings in a span, and the last one before it. */
export async function readLatestBlocks(
  kv: Pick<Deno.Kv, "list">,
  ref: SeriesRef,
  { firstMs, lastMs }: Pick<SeriesHead, "firstMs" | "lastMs">,
  span: Span,
): Promise<StoredBlock[]> {
  return firstMs >= span.toMs ? [] : await readBlocksBack(kv, ref, { ...span, lastMs });
}

/** The same, as the series is at one moment. */
export async function readLatestAlone(kv: Kv, ref: SeriesRef, span: Span): Promise<PackedLatest> {
  for (let reread = 1;; reread++) {
    const head = await getHead(kv, ref);
    const packed = await readLatest(kv, ref, { head, hasSegments: true, span });
    const now = await getHead(kv, ref);
    if (now.versionstamp === head.versionstamp || reread === MAX_REREADS) return packed;
  }
}

/** The same, decoded. */
export async function readWithPrevious(kv: Kv, ref: SeriesRef, span: Span): Promise<Page> {
  return decodeLatest(ref, await readLatestAlone(kv, ref, span), span);
}

/** An overlay with memory that nothing else uses; null if it is empty. */
function ownOverlay(page: Page): Page | null {
  if (page.timesMs.length === 0) return null;
  const { timesMs, columns } = page;
  return {
    timesMs: timesMs.slice(),
    columns: columns.map(({ scale, values }) => ({ scale, values: values.slice() })),
  };
}

/** The blocks of a span, and earlier ones back to the first that has a reading before the span. */
async function readBlocksBack(
  kv: Pick<Deno.Kv, "list">,
  ref: SeriesRef,
  { fromMs, toMs, lastMs }: Span & { lastMs: number },
): Promise<StoredBlock[]> {
  const blocks: StoredBlock[] = [];
  const batchSize = Math.min(likelyBlocks({ fromMs, toMs, lastMs }), BATCH_BLOCKS);
  for await (const block of listBlocksBack(kv, ref, { toMs, batchSize })) {
    blocks.push(block);
    if (isLastBack(block, fromMs)) break;
  }
  return blocks;
}

/** Whether no earlier block matters to a span. */
export function isLastBack({ startMs, bytes }: StoredBlock, fromMs: number): boolean {
  // A damaged block fails when it is decoded.
  const beginsAfter = () => bytes instanceof Uint8Array && earliestMs(bytes) >= fromMs;
  return startMs < fromMs && !beginsAfter();
}

/** How many blocks hold the readings of a span and the last one before it, if each is of a day. */
export function likelyBlocks({ fromMs, toMs, lastMs }: Span & { lastMs: number }): number {
  const endMs = Math.min(toMs, lastMs + 1);
  if (endMs <= fromMs) return 1;
  const firstMs = dayStartMs(fromMs);
  const days = (dayStartMs(endMs - 1) - firstMs) / DAY_MS + 1;
  return days + (fromMs - firstMs < EARLY_MS ? 1 : 0);
}
