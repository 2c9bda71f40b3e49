/**
 * Encodes columns of doubles for Parquet files: with a dictionary where that is smaller, as a meter
 * shows few different values, and plain otherwise.
 *
 * Fixed-point values are integers that lie close together, so a table finds the place of each in the
 * dictionary. The choice depends only on the values, not on how they were stored.
 *
 * @module
 */

import { FLOAT, powerOfTen, toFixed, toFloats, toNumber } from "../readings/decimal.ts";
import type { Column } from "../readings/page.ts";
import { freeMemory } from "./chunk_memory.ts";
import {
  type ChunkBytes,
  doubleBounds,
  doubleChunk,
  levelsOf,
  type ParquetLibrary,
} from "./parquet_chunk.ts";

/** Most places between the least and the greatest mantissa, for which a table is made. */
const RANGE_MAX = 131_072;
/** Most different values in a dictionary: their places take 15 bits. */
const DISTINCT_MAX = 32_768;
const DOUBLE_BITS = 64;

/** Encodes the values of an optional column. */
export function metricChunk(library: ParquetLibrary, column: Column): ChunkBytes {
  const fixed = smallestScale(column);
  const places = fixed === null ? null : placesOf(fixed);
  if (fixed === null || places === null) return plainChunk(library, column);
  const { indexes, distinct, least, greatest } = places;
  const width = Math.ceil(Math.log2(Math.max(distinct.length, 1)));
  const packedBits = indexes.length * width + distinct.length * DOUBLE_BITS;
  if (packedBits >= indexes.length * DOUBLE_BITS) return plainChunk(library, column);
  const dictionary = distinct.map((mantissa) => toNumber(mantissa, fixed.scale));
  freeMemory(distinct.buffer);
  const missing = fixed.values.length - indexes.length;
  const levels = levelsOf(library, fixed.values, indexes.length);
  const values = packPlaces(indexes, width);
  freeMemory(indexes.buffer);
  if (fixed.values !== column.values) freeMemory(fixed.values.buffer);
  return {
    encoding: "RLE_DICTIONARY",
    values,
    levels,
    dictionary: { bytes: new Uint8Array(dictionary.buffer), count: dictionary.length },
    missing,
    bounds: doubleBounds(toNumber(least, fixed.scale), toNumber(greatest, fixed.scale)),
  };
}

function plainChunk(library: ParquetLibrary, { scale, values }: Column): ChunkBytes {
  return doubleChunk(library, toFloats(values, scale));
}

/** The column at the smallest scale that holds it, or null if none does. */
function smallestScale({ scale, values }: Column): Column | null {
  if (scale === FLOAT) return toFixed(values);
  let factor = 0;
  while (factor < scale && isMultiple(values, powerOfTen(factor + 1))) factor++;
  if (factor === 0) return { scale, values };
  const divisor = powerOfTen(factor);
  return { scale: scale - factor, values: values.map((value) => value / divisor) };
}

/** Whether all values that are present are multiples; most columns fail at one of the first. */
function isMultiple(values: Float64Array, divisor: number): boolean {
  for (const value of values) if (value === value && value % divisor !== 0) return false;
  return true;
}

/** The values of a column as places in a dictionary. */
interface Places {
  /** The place of each value that is present. */
  readonly indexes: Uint16Array;
  /** The different mantissas in the order in which they occur. */
  readonly distinct: Float64Array;
  /** The least mantissa. */
  readonly least: number;
  /** The greatest one. */
  readonly greatest: number;
}

/** The places of mantissas; null if they lie too far apart or there are too many different ones. */
function placesOf({ values }: Column): Places | null {
  let least = Infinity, greatest = -Infinity, count = 0;
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    if (value !== value) continue;
    count++;
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  if (count === 0 || greatest - least >= RANGE_MAX) return null;
  const places = new Uint16Array(greatest - least + 1);
  const indexes = new Uint16Array(count);
  // Not a list: V8 keeps long ones apart until its next full collection.
  const distinct = new Float64Array(Math.min(DISTINCT_MAX, places.length));
  let at = 0, known = 0;
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    if (value !== value) continue;
    let place = places[value - least];
    if (place === 0) {
      if (known === DISTINCT_MAX) return null;
      // 0 stands for a value that has not occurred.
      distinct[known++] = value;
      place = places[value - least] = known;
    }
    indexes[at++] = place - 1;
  }
  freeMemory(places.buffer);
  return { indexes, distinct: distinct.subarray(0, known), least, greatest };
}

/** Places with their width before them: one run of a single place, or packed bits, lowest first. */
function packPlaces(indexes: Uint16Array, width: number): Uint8Array {
  if (width === 0) return Uint8Array.from([0, ...varInt(indexes.length << 1)]);
  const groups = Math.ceil(indexes.length / 8);
  const header = [width, ...varInt(groups << 1 | 1)];
  const bytes = new Uint8Array(header.length + groups * width);
  bytes.set(header);
  let at = header.length, bits = 0, waiting = 0;
  for (let index = 0; index < indexes.length; index++) {
    waiting |= indexes[index] << bits;
    bits += width;
    while (bits >= 8) {
      bytes[at++] = waiting;
      waiting >>>= 8;
      bits -= 8;
    }
  }
  if (bits > 0) bytes[at] = waiting;
  return bytes;
}

/** An unsigned integer in bytes of 7 bits, lowest first (LEB128). */
function varInt(value: number): number[] {
  return value < 128 ? [value] : [value & 127 | 128, ...varInt(value >>> 7)];
}
