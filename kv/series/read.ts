/**
 * Reading a series.
 *
 * The order of reads matters. Head first, then segments, then blocks, 16 at a time; over a network more
 * and more of them, as each read waits for the way there and back. Segments before blocks, because a
 * fold moves readings from segments to blocks: read the other way round, a reading that moves in between
 * would be missed. After each chunk of blocks the head is read again; if it changed, the segments and
 * the chunk are read again.
 *
 * Chunks cover ranges of time that do not overlap. So a block that is split between two chunks
 * neither repeats nor loses a reading.
 *
 * A read returns every reading that was acknowledged before it began. Of what is written while it
 * runs, it may return some.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { DAY_MS } from "../../data/limits.ts";
import {
  clipPage,
  concatPages,
  emptyPage,
  type Page,
  slicePage,
  type Span,
} from "../../data/readings/page.ts";
import { createPageMemory } from "../../data/readings/page_decoder.ts";
import { mergePages } from "../../data/readings/page_merge.ts";
import { BLOCK_MAX_READINGS } from "../../data/readings/page_split.ts";
import { blockStart, listBlocks, listBlocksCovering } from "./blocks.ts";
import { DamagedDataError } from "./damage.ts";
import {
  currentLife,
  getHead,
  getHeads,
  type HeadEntry,
  liveHead,
  type SeriesHead,
} from "./heads.ts";
import { chunkPages, MERGED_BLOCKS, type PackedChunk } from "./packed_read.ts";
import type { SeriesRef } from "./ref.ts";
import { haveSegments } from "./segment_counts.ts";
import type { Settled } from "../together.ts";
import { isBeingRemoved, listSegments, segmentsPage, type StoredSegment } from "./segments.ts";

/** Blocks read at once, as many as are merged at once. Larger batches of a file stall the event loop. */
const CHUNK_BLOCKS = MERGED_BLOCKS;
/** Over a network, the first chunk of a read holds a month of readings that come each minute. */
const FIRST_BLOCKS = 2 * CHUNK_BLOCKS;
/** Over a network, each further chunk of a read has this many times the blocks of the one before. */
const CHUNK_GROWTH = 4;
/** A span that few blocks cover: some windows, and the days after them, which most often have none. */
const SHORT_MS = 3 * DAY_MS;
/** With more readings than this, by the average of the series, many blocks cover a span. */
const SHORT_READINGS = 8 * BLOCK_MAX_READINGS;
/** How often a chunk is read again. The last result is also correct, only less fresh. */
const MAX_REREADS = 3;

type Kv = Pick<Deno.Kv, "get" | "list">;

/** How many readings a series has, and the times of the first and last one, epoch milliseconds. */
export type SeriesExtent = Pick<SeriesHead, "count" | "firstMs" | "lastMs">;

/**
 * The readings of a series within a span, ascending, in pages of 1 to about 24,000. A series that
 * does not exist has none. At most `chunkMax` blocks are read at once. With `reusesMemory`, a page is
 * valid until the next one is requested. With `only`, just the columns at these indexes have values;
 * those of the others mean nothing.
 *
 * @throws {AppError} SERIES_REMOVED when the series is removed while it is read; STORED_DATA_DAMAGED
 * when readings of the span are damaged.
 */
export async function* readReadings(
  kv: Kv,
  ref: SeriesRef,
  { reusesMemory = false, only, ...span }: ChunksSpan & {
    reusesMemory?: boolean;
    only?: readonly number[];
  },
): AsyncGenerator<Page> {
  const memory = reusesMemory ? createPageMemory() : undefined;
  for await (const chunk of readChunks(kv, ref, span)) {
    yield* chunkPages(ref, chunk, { memory, only });
  }
}

/** What is read in chunks. */
export interface ChunksSpan extends Span {
  /** Aborts the read. */
  readonly signal: AbortSignal;
  /** The most blocks that are read at once; those of a file by default. */
  readonly chunkMax?: number | undefined;
  /** The life that is read; the current one by default. */
  readonly life?: number | undefined;
  /** Reads the readings in segments; by default, they are where the blocks are. */
  readonly overlayOf?: (head: HeadEntry) => Promise<Page>;
}

/**
 * The same readings as they are stored, in chunks of at most `chunkMax` blocks.
 *
 * @throws {AppError} as {@link readReadings} does, but not for damaged blocks.
 */
export async function* readChunks(
  kv: Kv,
  ref: SeriesRef,
  {
    toMs,
    signal,
    chunkMax = CHUNK_BLOCKS,
    overlayOf = (head) => readOverlay(kv, ref, head),
    ...span
  }: ChunksSpan,
): AsyncGenerator<PackedChunk> {
  let head = await getHead(kv, ref);
  const { life = currentLife(head) } = span;
  requireLife(head, ref, life);
  let overlay = await overlayOf(head);
  let most = Math.min(chunkMax, FIRST_BLOCKS);
  for (let fromMs = span.fromMs; fromMs < toMs; most = Math.min(chunkMax, most * CHUNK_GROWTH)) {
    signal.throwIfAborted();
    const isNext = fromMs > span.fromMs;
    let chunk = await readChunk(kv, ref, { fromMs, toMs, most, head, overlay, isNext });
    for (let reread = 0;; reread++) {
      const now = await getHead(kv, ref);
      requireLife(now, ref, life);
      if (now.versionstamp === head.versionstamp || reread === MAX_REREADS) break;
      head = now;
      overlay = await overlayOf(head);
      chunk = await readChunk(kv, ref, { fromMs, toMs, most, head, overlay });
    }
    yield chunk;
    fromMs = chunk.toMs;
  }
}

/**
 * The extent of a series, segments included; null if it does not exist. Reads again if a fold or
 * write comes in between. For a series that is written without a pause the result may be slightly
 * out of date.
 */
export async function describeSeries(kv: Kv, ref: SeriesRef): Promise<SeriesExtent | null> {
  // Segments first: if a fold moves them in between, the head counts them.
  if ((await listSegments(kv, ref)).length === 0) return liveHead(await getHead(kv, ref));
  for (let reread = 0;; reread++) {
    // Head before segments: if they are removed in between, it changes.
    const head = await getHead(kv, ref);
    const extent = await extentOf(kv, ref, { head, segments: await listSegments(kv, ref) });
    const now = await getHead(kv, ref);
    if (now.versionstamp === head.versionstamp || reread === MAX_REREADS) return extent;
  }
}

/**
 * The same for many series, in their order. Those without readings, such as those of new devices, cost
 * two reads for ten.
 */
export async function describeMany(
  kv: Kv & Pick<Deno.Kv, "getMany">,
  refs: readonly SeriesRef[],
): Promise<Settled<SeriesExtent | null>> {
  // Segments first: if a fold moves them in between, there is a head.
  const hasSegments = await haveSegments(kv, refs);
  const heads = await getHeads(kv, refs);
  return await Promise.allSettled(refs.map((ref, index) => {
    const isEmpty = !hasSegments[index] && liveHead(heads[index]) === null;
    return isEmpty ? Promise.resolve(null) : describeSeries(kv, ref);
  }));
}

async function extentOf(
  kv: Kv,
  ref: SeriesRef,
  { head, segments }: { head: HeadEntry; segments: readonly StoredSegment[] },
): Promise<SeriesExtent | null> {
  const live = liveHead(head);
  const overlay = knownOverlay(ref, head, segments);
  const overlayCount = overlay.timesMs.length;
  if (overlayCount === 0) return live;
  const firstMs = overlay.timesMs[0];
  const lastMs = overlay.timesMs[overlayCount - 1];
  return {
    count: (live?.count ?? 0) + await countNew(kv, ref, { head, page: overlay }),
    firstMs: Math.min(live?.firstMs ?? firstMs, firstMs),
    lastMs: Math.max(live?.lastMs ?? lastMs, lastMs),
  };
}

/** The overlay; none if it is damaged, so that a series is listed although its readings cannot be read. */
function knownOverlay(ref: SeriesRef, head: HeadEntry, segments: readonly StoredSegment[]): Page {
  try {
    return overlayPage(ref, head, segments);
  } catch (error) {
    if (error instanceof DamagedDataError) return emptyPage(0);
    throw error;
  }
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
    const chunk = await readChunk(kv, ref, { fromMs: atMs, toMs, head, overlay });
    const clipped = clipPage(page, { fromMs: atMs, toMs: chunk.toMs });
    const { inserted } = mergePages(
      concatPages([overlay, ...soundPages(chunkPages(ref, chunk, {}))]),
      clipped,
    );
    count += inserted;
    atMs = chunk.toMs;
  }
  return count;
}

/** Pages up to the first that is damaged. */
function* soundPages(pages: Iterable<Page>): Generator<Page> {
  try {
    yield* pages;
  } catch (error) {
    if (!(error instanceof DamagedDataError)) throw error;
  }
}

/** The readings in segments, as one ascending page. Segments that are being removed are left out. */
export async function readOverlay(kv: Kv, ref: SeriesRef, head: HeadEntry): Promise<Page> {
  return overlayPage(ref, head, await listSegments(kv, ref));
}

function overlayPage(ref: SeriesRef, head: HeadEntry, segments: readonly StoredSegment[]): Page {
  return segmentsPage(ref, segments.filter((segment) => !isBeingRemoved(head, segment)));
}

async function readChunk(
  kv: Kv,
  ref: SeriesRef,
  { fromMs, toMs, most = CHUNK_BLOCKS, head, overlay, isNext = false }: Span & {
    most?: number;
    head: HeadEntry;
    overlay: Page;
    /** Whether a block starts at `fromMs` unless the head has changed. */
    isNext?: boolean;
  },
): Promise<PackedChunk> {
  // If the series is not live, blocks that still exist are being removed.
  const live = liveHead(head);
  if (live === null) {
    const span = { fromMs, toMs };
    return { ...span, blocks: [], overlay: clipPage(overlay, span) };
  }
  if (!isNext && isShort(live, toMs - fromMs)) {
    const blocks = await listBlocksCovering(kv, ref, { fromMs, toMs, limit: most });
    if (blocks !== null) {
      return { fromMs, toMs, blocks, overlay: clipPage(overlay, { fromMs, toMs }) };
    }
  }
  const startMs = isNext ? fromMs : await blockStart(kv, ref, fromMs);
  const blocks = await listBlocks(kv, ref, { fromMs: startMs, toMs, limit: most + 1 });
  // One block more than is used: its start is the end of the chunk.
  const next = blocks.length > most ? blocks.pop() : undefined;
  const span = { fromMs, toMs: next?.startMs ?? toMs };
  return { ...span, blocks, overlay: clipPage(overlay, span) };
}

/** Whether few blocks cover so much time, as far as the head tells. */
function isShort({ count, firstMs, lastMs }: SeriesHead, lengthMs: number): boolean {
  return lengthMs <= SHORT_MS &&
    count * Math.min(1, lengthMs / (lastMs - firstMs + 1)) <= SHORT_READINGS;
}

/** A life may begin or continue during a read. If it ends, the read fails. */
function requireLife(head: HeadEntry, ref: SeriesRef, life: number): void {
  if (currentLife(head) === life) return;
  throw new AppError("SERIES_REMOVED", `The readings of '${ref.id}' were removed during the read`);
}
