/**
 * Encodes times for Parquet files as INT64 with `DELTA_BINARY_PACKED`, which regular times hardly need
 * any bytes for.
 *
 * @module
 */

import type { ByteWriter } from "hyparquet-writer";
import type { ChunkBytes, ParquetLibrary } from "./parquet_chunk.ts";

/** Deltas of a block, and of each of its parts with one width of bits (as most writers choose them). */
const BLOCK = 128, PART = 32;
const PARTS = BLOCK / PART;
/** Deltas above the least of their block that are packed here; others by the library. */
const DELTA_BITS_MAX = 24;

/** Encodes times (at least one; those of a source ascend). */
export function timeChunk(library: ParquetLibrary, timesMs: Float64Array): ChunkBytes {
  let first = Infinity, last = -Infinity;
  for (let row = 0; row < timesMs.length; row++) {
    const timeMs = timesMs[row];
    if (timeMs < first) first = timeMs;
    if (timeMs > last) last = timeMs;
  }
  return {
    encoding: "DELTA_BINARY_PACKED",
    values: packTimes(library, timesMs) ?? packAny(library, timesMs),
    levels: new Uint8Array(0),
    missing: 0,
    bounds: { min_value: BigInt(first), max_value: BigInt(last) },
  };
}

/** Packs times; null if the deltas of a block differ too much. */
function packTimes({ ByteWriter }: ParquetLibrary, timesMs: Float64Array): Uint8Array | null {
  const writer = new ByteWriter();
  writer.appendVarInt(BLOCK);
  writer.appendVarInt(PARTS);
  writer.appendVarInt(timesMs.length);
  writer.appendZigZag(BigInt(timesMs[0]));
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
    if (greatest - least >= 2 ** DELTA_BITS_MAX) return null;
    writer.appendZigZag(BigInt(least));
    packBlock(writer, deltas, { least, count });
  }
  return writer.getBytes();
}

/** Writes the widths of the parts of a block, then the deltas above the least one, lowest bit first. */
function packBlock(
  writer: ByteWriter,
  deltas: Float64Array,
  { least, count }: { least: number; count: number },
): void {
  const widths: number[] = [];
  for (let part = 0; part < PARTS; part++) {
    let bits = 0;
    for (let at = part * PART; at < Math.min((part + 1) * PART, count); at++) {
      bits |= deltas[at] - least;
    }
    // Parts behind the last delta have no bytes.
    widths.push(32 - Math.clz32(bits));
    writer.appendUint8(widths[part]);
  }
  widths.forEach((width, part) => {
    if (width === 0) return;
    let waiting = 0, bits = 0;
    for (let at = part * PART; at < (part + 1) * PART; at++) {
      waiting |= (at < count ? deltas[at] - least : 0) << bits;
      bits += width;
      while (bits >= 8) {
        writer.appendUint8(waiting & 0xff);
        waiting >>>= 8;
        bits -= 8;
      }
    }
  });
}

function packAny(library: ParquetLibrary, timesMs: Float64Array): Uint8Array {
  const writer = new library.ByteWriter();
  library.deltaBinaryPack(writer, BigInt64Array.from(timesMs, BigInt), "INT64");
  return writer.getBytes();
}
