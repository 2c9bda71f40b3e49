/**
 * Readings as they are stored, for another thread to decode.
 *
 * @module
 */

import { clipPage, concatPages, fitPage, type Page, type Span } from "../../data/readings/page.ts";
import { createPageMemory, type PageMemory } from "../../data/readings/page_decoder.ts";
import { mergePages } from "../../data/readings/page_merge.ts";
import { releaseBlock, type StoredBlock } from "./blocks.ts";
import { type DamagedDataError, decodeBlock } from "./damage.ts";
import type { HeadEntry } from "./heads.ts";
import type { SeriesRef } from "./ref.ts";

/** The readings of a series in a stretch of time. */
export interface PackedChunk extends Span {
  /** Its blocks, ascending. */
  readonly blocks: readonly StoredBlock[];
  /** Readings of the stretch that replace those of the blocks, ascending. */
  readonly overlay: Page;
}

/** A read whose chunks somebody else decodes, and says what came out of them. It reads what is asked for. */
export interface PackedRead {
  /** The chunks, ascending. Their memory is the caller's. */
  readonly chunks: AsyncIterable<PackedChunk>;
  /** The readings in segments, for somebody who has read the head and reads the blocks. */
  overlay(head: HeadEntry): Promise<Page>;
  /** Counts readings that were decoded. */
  counted(readings: number): void;
  /** Reports that a block is damaged. */
  damaged(error: DamagedDataError): void;
}

/** How chunks are decoded. */
export interface DecodeOptions {
  /** Memory of the pages; each has its own by default. */
  readonly memory?: PageMemory;
  /** The metrics that are decoded; all by default. */
  readonly only?: readonly number[];
}

/**
 * Blocks of a file that are read at once for another thread. This one does not decode them, so more of them do
 * not stall it: 64 blocks of a day of minutes are 640 KB, and take 2 ms.
 */
export const PACKED_BLOCKS = 64;
/** How many blocks are merged with newer readings at once. */
export const MERGED_BLOCKS = 16;

/**
 * The pages of a chunk, without empty pages, of which a few blocks are merged with the overlay at a time.
 *
 * @throws {DamagedDataError} if a block is damaged.
 */
export function* chunkPages(
  ref: SeriesRef,
  { blocks, overlay, fromMs, toMs }: PackedChunk,
  options: DecodeOptions,
): Generator<Page> {
  for (let at = 0; at === 0 || at < blocks.length; at += MERGED_BLOCKS) {
    const span = {
      fromMs: at === 0 ? fromMs : blocks[at].startMs,
      toMs: blocks[at + MERGED_BLOCKS]?.startMs ?? toMs,
    };
    const some = blocks.slice(at, at + MERGED_BLOCKS);
    yield* mergedPages(ref, { ...span, blocks: some, overlay: clipPage(overlay, span) }, options);
  }
}

/**
 * The pages of blocks with the overlay merged in. Without an overlay, each block is decoded only when its
 * page is requested, so that only one is in memory at a time.
 */
function* mergedPages(
  ref: SeriesRef,
  { blocks, overlay, ...span }: PackedChunk,
  { memory, only }: DecodeOptions,
): Generator<Page> {
  const pageOf = (block: StoredBlock, into?: PageMemory, columns?: readonly number[]) => {
    const page = clipPage(decodeBlock(ref, block, { memory: into, only: columns }), span);
    releaseBlock(block);
    return page;
  };
  if (overlay.timesMs.length > 0) {
    const pages = blocks.map((block) => pageOf(block));
    yield pages.length > 0 ? mergePages(concatPages(pages), overlay).page : overlay;
    return;
  }
  for (const block of blocks) {
    const page = pageOf(block, memory, only);
    if (page.timesMs.length > 0) yield page;
  }
}

/** Pages of chunks with so many columns, as a read of the store gives them. */
export async function* packedPages(
  ref: SeriesRef,
  chunks: AsyncIterable<PackedChunk>,
  { reusesMemory = false, only, width }: {
    readonly reusesMemory?: boolean;
    readonly only?: readonly number[];
    readonly width: number;
  },
): AsyncGenerator<Page> {
  const memory = reusesMemory ? createPageMemory() : undefined;
  for await (const chunk of chunks) {
    for (const page of chunkPages(ref, chunk, { memory, only })) yield fitPage(page, width);
  }
}

/** The same chunk with memory that can move to another thread: nothing else uses it. */
export function movedChunk(
  { blocks, overlay, ...span }: PackedChunk,
): { chunk: PackedChunk; moves: Transferable[] } {
  const own = movedPage(overlay);
  const chunk = { ...span, blocks: blocks.map(ownBlock), overlay: own.page };
  return { chunk, moves: [...chunk.blocks.map(({ bytes }) => memoryOf(bytes)), ...own.moves] };
}

/** The same page with memory that can move to another thread. */
export function movedPage(page: Page): { page: Page; moves: Transferable[] } {
  const own = ownPage(page);
  const arrays = [own.timesMs, ...own.columns.map(({ values }) => values)];
  return { page: own, moves: arrays.map(memoryOf) };
}

function memoryOf({ buffer }: ArrayBufferView): ArrayBuffer {
  return buffer as ArrayBuffer;
}

/** A block with memory that nothing else uses. */
function ownBlock({ startMs, bytes }: StoredBlock): StoredBlock {
  const { buffer, byteLength } = bytes;
  const isAlone = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
  return { startMs, bytes: isAlone ? bytes : bytes.slice() };
}

/** A page with memory that nothing else uses: a view would take along all that is around it. */
function ownPage({ timesMs, columns }: Page): Page {
  return {
    timesMs: timesMs.slice(),
    columns: columns.map(({ scale, values }) => ({ scale, values: values.slice() })),
  };
}
