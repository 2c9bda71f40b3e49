/**
 * Reading a series.
 *
 * Segments are read first, then blocks, a stretch at a time: the other way round would miss what
 * compaction moves in between. Where the series' head changed meanwhile, segments and stretch are
 * read again. Stretches do not overlap, so a block that splits between two of them neither
 * repeats nor loses a reading.
 *
 * A read sees every reading that was acknowledged before it began. Of what is written while it
 * runs it may see some.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { decodePage } from "../../data/readings/page_decoder.ts";
import {
  clipPage,
  concatPages,
  type Page,
  slicePage,
  type Span,
} from "../../data/readings/page.ts";
import { mergePages } from "../../data/readings/page_merge.ts";
import { blockStart, listBlocks, releaseBlock, type StoredBlock } from "./blocks.ts";
import { isBeingRemoved, listSegments, segmentsPage } from "./segments.ts";
import { currentLife, getHead, type HeadEntry, liveHead, type SeriesHead } from "./heads.ts";
import type { SeriesRef } from "./ref.ts";

/** Blocks read at once; larger batches stall the event loop. */
const STRETCH_BLOCKS = 16;
/** How often a stretch is read again; what was read last is right too, if less fresh. */
const MAX_REREADS = 3;

type Kv = Pick<Deno.Kv, "get" | "list">;

/** How many readings a series has, and the times of the first and last one, epoch milliseconds. */
export type SeriesExtent = Pick<SeriesHead, "count" | "firstMs" | "lastMs">;

interface Stretch {
  readonly pages: Iterable<Page>;
  /** Where the next one begins. */
  readonly toMs: number;
}

/**
 * The readings of a series within a span, ascending, in pages of 1 to some 24,000; none for a
 * series that does not exist.
 *
 * @throws {AppError} SERIES_REMOVED when the series is removed while it is read.
 */
export async function* readReadings(
  kv: Kv,
  ref: SeriesRef,
  { fromMs, toMs, signal }: Span & { signal: AbortSignal },
): AsyncGenerator<Page> {
  let head = await getHead(kv, ref);
  const life = currentLife(head);
  let overlay = await readOverlay(kv, ref, head);
  for (let atMs = fromMs; atMs < toMs;) {
    signal.throwIfAborted();
    let stretch = await readStretch(kv, ref, { fromMs: atMs, toMs, head, overlay });
    for (let reread = 0;; reread++) {
      const now = await getHead(kv, ref);
      requireLife(now, ref, life);
      if (now.versionstamp === head.versionstamp || reread === MAX_REREADS) break;
      head = now;
      overlay = await readOverlay(kv, ref, head);
      stretch = await readStretch(kv, ref, { fromMs: atMs, toMs, head, overlay });
    }
    yield* stretch.pages;
    atMs = stretch.toMs;
  }
}

/**
 * What is known of a series as a whole, segments included; null where it does not exist. Done anew
 * while a fold or write comes in between; one that is written without a pause may be told a little
 * wrong.
 */
export async function describeSeries(kv: Kv, ref: SeriesRef): Promise<SeriesExtent | null> {
  for (let reread = 0;; reread++) {
    const head = await getHead(kv, ref);
    const extent = await extentOf(kv, ref, head);
    const now = await getHead(kv, ref);
    if (now.versionstamp === head.versionstamp || reread === MAX_REREADS) return extent;
  }
}

async function extentOf(kv: Kv, ref: SeriesRef, head: HeadEntry): Promise<SeriesExtent | null> {
  const live = liveHead(head);
  const overlay = await readOverlay(kv, ref, head);
  const waiting = overlay.timesMs.length;
  if (waiting === 0) return live;
  const firstMs = overlay.timesMs[0];
  const lastMs = overlay.timesMs[waiting - 1];
  return {
    count: (live?.count ?? 0) + await countNew(kv, ref, { head, page: overlay }),
    firstMs: Math.min(live?.firstMs ?? firstMs, firstMs),
    lastMs: Math.max(live?.lastMs ?? lastMs, lastMs),
  };
}

/** How many readings of an ascending page have a time that no block holds. */
async function countNew(
  kv: Kv,
  ref: SeriesRef,
  { head, page }: { head: HeadEntry; page: Page },
): Promise<number> {
  const toMs = page.timesMs[page.timesMs.length - 1] + 1;
  const overlay = slicePage(page, 0, 0);
  let count = 0;
  for (let atMs = page.timesMs[0]; atMs < toMs;) {
    const stretch = await readStretch(kv, ref, { fromMs: atMs, toMs, head, overlay });
    const over = clipPage(page, { fromMs: atMs, toMs: stretch.toMs });
    const { inserted } = mergePages(concatPages([overlay, ...stretch.pages]), over);
    count += inserted;
    atMs = stretch.toMs;
  }
  return count;
}

/** The segments of the life that a series is in, or begins, as one ascending page. */
export async function readOverlay(kv: Kv, ref: SeriesRef, head: HeadEntry): Promise<Page> {
  const segments = await listSegments(kv, ref);
  return segmentsPage(ref, segments.filter((segment) => !isBeingRemoved(head, segment)));
}

async function readStretch(
  kv: Kv,
  ref: SeriesRef,
  { fromMs, toMs, head, overlay }: Span & { head: HeadEntry; overlay: Page },
): Promise<Stretch> {
  // Of a series that is not live, blocks that are still there belong to a life that ended.
  if (liveHead(head) === null) {
    const span = { fromMs, toMs };
    return { pages: pagesOf([], { span, over: clipPage(overlay, span) }), toMs };
  }
  const startMs = await blockStart(kv, ref, fromMs);
  const blocks = await listBlocks(kv, ref, { fromMs: startMs, toMs, limit: STRETCH_BLOCKS + 1 });
  // One block more than is used: it says where the stretch of the last used one ends.
  const next = blocks.length > STRETCH_BLOCKS ? blocks.pop() : undefined;
  const span = { fromMs, toMs: next?.startMs ?? toMs };
  return { pages: pagesOf(blocks, { span, over: clipPage(overlay, span) }), toMs: span.toMs };
}

/**
 * The pages of blocks with another one laid over them, without those that hold nothing. Where
 * nothing lies over them, each is decoded when it is asked for, so that it is gone with its use.
 */
function* pagesOf(
  blocks: readonly StoredBlock[],
  { span, over }: { span: Span; over: Page },
): Generator<Page> {
  const pageOf = (block: StoredBlock) => {
    const page = clipPage(decodePage(block.bytes), span);
    releaseBlock(block);
    return page;
  };
  if (over.timesMs.length > 0) {
    const pages = blocks.map(pageOf);
    yield pages.length > 0 ? mergePages(concatPages(pages), over).page : over;
    return;
  }
  for (const block of blocks) {
    const page = pageOf(block);
    if (page.timesMs.length > 0) yield page;
  }
}

/** A life may begin or go on while it is read; its end is an error. */
function requireLife(head: HeadEntry, ref: SeriesRef, life: number): void {
  if (currentLife(head) === life) return;
  throw new AppError("SERIES_REMOVED", `The readings of '${ref.id}' were removed meanwhile`);
}
