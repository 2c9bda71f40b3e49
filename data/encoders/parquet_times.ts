/**
 * Encodes times for Parquet files as INT64 with `DELTA_BINARY_PACKED`, which regular times hardly need
 * any bytes for.
 *
 * @module
 */

import {
  type ByteBuffer,
  ensureBytes,
  putByte,
  putInt64,
  putVarInt,
  putZigZag,
} from "./byte_buffer.ts";
import { type ChunkRoom, clearChunk, type EncodedColumn, ENCODINGS } from "./parquet_chunk.ts";

/** Deltas of a block, and of each of its parts with one width of bits (as most writers choose them). */
const BLOCK = 128, PART = 32;
const PARTS = BLOCK / PART;
/** Bits that are packed at once; wider deltas are packed in two pieces. */
const PIECE_BITS = 24, PIECE = 2 ** PIECE_BITS;

/** Encodes times (at least one; those of a source ascend). */
export function encodeTimes(room: ChunkRoom, timesMs: Float64Array): EncodedColumn {
  clearChunk(room);
  let first = Infinity, last = -Infinity;
  for (let row = 0; row < timesMs.length; row++) {
    const timeMs = timesMs[row];
    if (timeMs < first) first = timeMs;
    if (timeMs > last) last = timeMs;
  }
  putInt64(room.bounds, first);
  putInt64(room.bounds, last);
  putTimes(room.values, timesMs);
  return { encoding: ENCODINGS.delta, missing: 0, distinct: 0, leastBytes: room.bounds.end / 2 };
}

function putTimes(values: ByteBuffer, timesMs: Float64Array): void {
  putVarInt(values, BLOCK);
  putVarInt(values, PARTS);
  putVarInt(values, timesMs.length);
  putZigZag(values, timesMs[0]);
  const deltas = new Float64Array(BLOCK);
  for (let row = 1; row < timesMs.length; row += BLOCK) {
    const count = Math.min(BLOCK, timesMs.length - row);
    let least = Infinity, greatest = -Infinity;
    for (let at = 0; at < count; at++) {
      const delta = timesMs[row + at] - timesMs[row + at - 1];
      deltas[at] = delta;
      if (delta < least) least = delta;
      if (delta > greatest) greatest = delta;
    }
    putZigZag(values, least);
    if (greatest === least) {
      for (let part = 0; part < PARTS; part++) putByte(values, 0);
      continue;
    }
    for (let at = 0; at < BLOCK; at++) deltas[at] = at < count ? deltas[at] - least : 0;
    putBlock(values, deltas);
  }
}

/** Adds the widths of the parts of a block, then its numbers (0 or more), lowest bit first. */
function putBlock(values: ByteBuffer, numbers: Float64Array): void {
  const widths = values.end;
  for (let part = 0; part < PARTS; part++) {
    let greatest = 0;
    for (let at = part * PART; at < (part + 1) * PART; at++) {
      if (numbers[at] > greatest) greatest = numbers[at];
    }
    putByte(values, widthOf(greatest));
  }
  for (let part = 0; part < PARTS; part++) {
    const width = values.bytes[widths + part];
    if (width > 0) putPart(values, numbers.subarray(part * PART, (part + 1) * PART), width);
  }
}

function putPart(values: ByteBuffer, numbers: Float64Array, width: number): void {
  // The 32 numbers end with a whole byte.
  ensureBytes(values, 4 * width);
  const { bytes } = values;
  let waiting = 0, bits = 0, at = values.end;
  for (let index = 0; index < numbers.length; index++) {
    let rest = numbers[index];
    for (let left = width; left > 0; left -= PIECE_BITS) {
      const high = Math.floor(rest / PIECE);
      waiting |= (rest - high * PIECE) << bits;
      bits += Math.min(left, PIECE_BITS);
      while (bits >= 8) {
        bytes[at++] = waiting;
        waiting >>>= 8;
        bits -= 8;
      }
      rest = high;
    }
  }
  values.end = at;
}

/** The bits of a whole number. */
function widthOf(number: number): number {
  return number < PIECE
    ? 32 - Math.clz32(number)
    : PIECE_BITS + widthOf(Math.floor(number / PIECE));
}
