/**
 * The latest readings of many series as they are stored, in little memory: all blocks are in one buffer, which
 * can move to another thread. An object for each block would live until its batch is done, and fill the heap.
 *
 * @module
 */

import type { Page } from "../../data/readings/page.ts";
import { paddedSize } from "../../data/readings/page_format.ts";
import { releaseBlock, type StoredBlock } from "./blocks.ts";

/** The readings of a series in a span, and the last one before it, as they are stored. */
export interface PackedLatest {
  /** The blocks of the span, and earlier ones up to one with a reading before it: the latest first. */
  readonly blocks: readonly StoredBlock[];
  /** Readings that replace those of the blocks, ascending; null if there are none. */
  readonly overlay: Page | null;
}

/** Series in the order of their ids. */
export interface PackedBatch {
  /** Their ids. */
  readonly ids: readonly string[];
  /** For each, the index of its first block and the number of its blocks. */
  readonly ranges: Uint32Array<ArrayBuffer>;
  /** For each block, its start, and the place and the length of its bytes. */
  readonly blocks: Float64Array<ArrayBuffer>;
  /** The bytes of all blocks. Each begins at a multiple of 8, so that it is decoded where it is. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The readings over the blocks of those that have some, by their index. */
  readonly overlays: ReadonlyMap<number, Page>;
}

/** Packs series one after the other, in any order. */
export interface BatchPacker {
  /** Adds a series, whose blocks are freed. Added again, it replaces itself. */
  add(id: string, latest: PackedLatest): void;
  /** About how many bytes it holds. */
  sizeBytes(): number;
  /** The batch. Series without readings are left out. */
  finish(): PackedBatch;
}

/** Numbers of a block in {@link PackedBatch.blocks}, and of a series in {@link PackedBatch.ranges}. */
const BLOCK_NUMBERS = 3, RANGE_NUMBERS = 2;
const FIRST_BYTES = 65_536, FIRST_BLOCKS = 1_024;

/** A packer of one batch. */
export function createBatchPacker(): BatchPacker {
  const found = new Map<string, { first: number; count: number; overlay: Page | null }>();
  let bytes = new Uint8Array(FIRST_BYTES);
  let blocks = new Float64Array(FIRST_BLOCKS * BLOCK_NUMBERS);
  let size = 0, blockCount = 0;

  function addBlock(block: StoredBlock): void {
    const { startMs } = block;
    // What is no bytes is damaged, which shows when it is decoded.
    const added = block.bytes instanceof Uint8Array ? block.bytes : new Uint8Array();
    const { length } = added;
    if (size + length > bytes.length) {
      bytes = new Uint8Array(bytes.buffer.transfer(Math.max(2 * bytes.length, size + length)));
    }
    const at = BLOCK_NUMBERS * blockCount++;
    if (at === blocks.length) blocks = new Float64Array(blocks.buffer.transfer(16 * blocks.length));
    blocks[at] = startMs;
    blocks[at + 1] = size;
    blocks[at + 2] = length;
    bytes.set(added, size);
    size += paddedSize(length);
    releaseBlock({ startMs, bytes: added });
  }

  return {
    add(id, { blocks: added, overlay }) {
      if (added.length === 0 && overlay === null) found.delete(id);
      else found.set(id, { first: blockCount, count: added.length, overlay });
      added.forEach(addBlock);
    },
    sizeBytes: () => size,
    finish() {
      const series = [...found].sort(([a], [b]) => a < b ? -1 : 1);
      const ranges = new Uint32Array(RANGE_NUMBERS * series.length);
      const overlays = new Map<number, Page>();
      series.forEach(([, { first, count, overlay }], index) => {
        ranges[RANGE_NUMBERS * index] = first;
        ranges[RANGE_NUMBERS * index + 1] = count;
        if (overlay !== null) overlays.set(index, overlay);
      });
      return { ids: series.map(([id]) => id), ranges, blocks, bytes, overlays };
    },
  };
}

/** The readings of the series at an index of a batch. Their blocks share its memory. */
export function packedAt(
  { ranges, blocks, bytes, overlays }: PackedBatch,
  index: number,
): PackedLatest {
  const first = ranges[RANGE_NUMBERS * index], count = ranges[RANGE_NUMBERS * index + 1];
  const own: StoredBlock[] = [];
  for (let block = first; block < first + count; block++) {
    const at = BLOCK_NUMBERS * block;
    const start = blocks[at + 1];
    own.push({ startMs: blocks[at], bytes: bytes.subarray(start, start + blocks[at + 2]) });
  }
  return { blocks: own, overlay: overlays.get(index) ?? null };
}

/** Calls back for each block of the series at an index, in the order of time, with the place of its bytes. */
export function forEachBlock(
  { ranges, blocks }: PackedBatch,
  index: number,
  onBlock: (startMs: number, at: number, length: number) => void,
): void {
  const first = ranges[RANGE_NUMBERS * index];
  for (let block = first + ranges[RANGE_NUMBERS * index + 1] - 1; block >= first; block--) {
    const at = BLOCK_NUMBERS * block;
    onBlock(blocks[at], blocks[at + 1], blocks[at + 2]);
  }
}

/** The memory of a batch that moves to another thread; readings over blocks are copied. */
export function batchMemory({ ranges, blocks, bytes }: PackedBatch): ArrayBuffer[] {
  return [ranges.buffer, blocks.buffer, bytes.buffer];
}
