/**
 * Encodes columns of doubles for Parquet files: with a dictionary where that is smaller, as a meter
 * shows few different values, and plain otherwise.
 *
 * Fixed-point values are integers that lie close together, so a table finds the place of each in the
 * dictionary. The choice depends only on the values, not on how they were stored.
 *
 * @module
 */

import { FLOAT, powerOfTen, toFixed } from "../readings/decimal.ts";
import type { Column } from "../readings/page.ts";
import { type ByteBuffer, ensureBytes, putByte, putDouble } from "./byte_buffer.ts";
import {
  bitsFor,
  type ChunkRoom,
  clearChunk,
  type EncodedColumn,
  ENCODINGS,
} from "./parquet_chunk.ts";
import { putNumbers, putRun } from "./parquet_levels.ts";

/** Most places between the least and the greatest mantissa, for which a table is made. */
const RANGE_MAX = 131_072;
/** Most different values in a dictionary: their places take 15 bits. */
const DISTINCT_MAX = 32_768;
const DOUBLE_BITS = 64, DOUBLE_BYTES = 8;

/** Encodes columns of doubles. */
export type DoublesEncoder = (room: ChunkRoom, column: Column) => EncodedColumn;

/** Memory that the columns of an encoder use in turn. */
interface Tables {
  /** For each mantissa from the least one on, its place + 1; 0 if it has not occurred. */
  places: Uint16Array;
  /** The place of each value that is present. */
  indexes: Uint16Array;
  /** The different mantissas in the order in which they occur. */
  distinct: Float64Array;
}

/** What is known of values that are there; NaN stands for one that is not. */
interface Extent {
  readonly count: number;
  readonly least: number;
  readonly greatest: number;
}

/** An encoder of optional columns. It keeps its memory. */
export function createDoublesEncoder(): DoublesEncoder {
  const tables: Tables = {
    places: new Uint16Array(0),
    indexes: new Uint16Array(0),
    distinct: new Float64Array(0),
  };
  return (room, column) => {
    clearChunk(room);
    const given = column.scale === FLOAT ? toFixed(column.values) ?? column : column;
    const extent = extentOf(given.values);
    putLevels(room, tables, given.values, extent.count);
    return encodeFixed(room, tables, given, extent) ?? encodePlain(room, given, extent);
  };
}

/** With a dictionary; null if that is not smaller or the mantissas lie too far apart. */
function encodeFixed(
  room: ChunkRoom,
  tables: Tables,
  given: Column,
  extent: Extent,
): EncodedColumn | null {
  const { count, least, greatest } = extent;
  if (given.scale === FLOAT || count === 0) return null;
  const isClose = greatest - least < RANGE_MAX;
  // The choice would depend on the scale.
  const { scale, values } = isClose ? given : smallestScale(given);
  if (!isClose) {
    const smaller = extentOf(values);
    if (smaller.greatest - smaller.least >= RANGE_MAX) return null;
    return encodeFixed(room, tables, { scale, values }, smaller);
  }
  const known = findPlaces(tables, values, extent);
  if (known === 0) return null;
  const width = bitsFor(known);
  putByte(room.values, width);
  if (width === 0) putRun(room.values, { number: 0, count, width });
  else putNumbers(room.values, tables.indexes, { count, width });
  const { dictionary, bounds } = room;
  putDoubles(dictionary, { scale, values: tables.distinct.subarray(0, known) });
  putBounds(bounds, { scale, least, greatest });
  return {
    encoding: ENCODINGS.dictionary,
    missing: values.length - count,
    distinct: known,
    leastBytes: DOUBLE_BYTES,
  };
}

function encodePlain(
  { values: into, bounds }: ChunkRoom,
  { scale, values }: Column,
  { count, least, greatest }: Extent,
): EncodedColumn {
  putDoubles(into, { scale, values });
  if (count > 0) putBounds(bounds, { scale, least, greatest });
  const missing = values.length - count;
  return { encoding: ENCODINGS.plain, missing, distinct: 0, leastBytes: bounds.end / 2 };
}

function extentOf(values: Float64Array): Extent {
  let count = 0, least = Infinity, greatest = -Infinity;
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    if (value !== value) continue;
    count++;
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  return { count, least, greatest };
}

/** Bounds as the format requires them: a minimum of zero is written as -0, a maximum as +0. */
function putBounds(
  bounds: ByteBuffer,
  { scale, least, greatest }: { scale: number; least: number; greatest: number },
): void {
  const unit = scale === FLOAT ? 1 : powerOfTen(scale);
  putDouble(bounds, least / unit || -0);
  putDouble(bounds, greatest / unit || 0);
}

/** Adds the doubles that are present. */
function putDoubles(buffer: ByteBuffer, { scale, values }: Column): void {
  ensureBytes(buffer, DOUBLE_BYTES * values.length);
  const unit = scale === FLOAT ? 1 : powerOfTen(scale);
  const { view } = buffer;
  let at = buffer.end;
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    if (value !== value) continue;
    view.setFloat64(at, value / unit, true);
    at += DOUBLE_BYTES;
  }
  buffer.end = at;
}

/** Adds the levels of values, `count` of which are present. */
function putLevels(
  { levels }: ChunkRoom,
  tables: Tables,
  values: Float64Array,
  count: number,
): void {
  const isAny = count > 0;
  if (count === values.length || !isAny) {
    putRun(levels, { number: Number(isAny), count: values.length, width: 1 });
    return;
  }
  const flags = indexesFor(tables, values.length);
  for (let row = 0; row < values.length; row++) flags[row] = values[row] === values[row] ? 1 : 0;
  putNumbers(levels, flags, { count: values.length, width: 1 });
}

/** The column at the smallest scale that holds it. */
function smallestScale({ scale, values }: Column): Column {
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

/**
 * Finds the different mantissas, and the place of each value among them. Returns their number; 0 if a
 * dictionary of so many is not smaller than the values.
 */
function findPlaces(tables: Tables, values: Float64Array, extent: Extent): number {
  const { count, least, greatest } = extent;
  const most = mostDistinct(count);
  const indexes = indexesFor(tables, values.length);
  if (tables.places.length <= greatest - least) {
    tables.places = new Uint16Array(powerOfTwo(greatest - least + 1));
  }
  if (tables.distinct.length < most) tables.distinct = new Float64Array(powerOfTwo(most));
  const { places, distinct } = tables;
  let at = 0, known = 0, isSmaller = true;
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    if (value !== value) continue;
    let place = places[value - least];
    if (place === 0) {
      if (known === most) {
        isSmaller = false;
        break;
      }
      distinct[known++] = value;
      place = places[value - least] = known;
    }
    indexes[at++] = place - 1;
  }
  for (let index = 0; index < known; index++) places[distinct[index] - least] = 0;
  return isSmaller ? known : 0;
}

/** How many different values a dictionary may have to be smaller than `count` values. */
function mostDistinct(count: number): number {
  for (let width = bitsFor(DISTINCT_MAX); width > 0; width--) {
    // Those that fit into so many bits, and whose own bits are fewer than all others save.
    const most = Math.ceil(count * (DOUBLE_BITS - width) / DOUBLE_BITS) - 1;
    if (most > 2 ** (width - 1)) return Math.min(most, 2 ** width);
  }
  return count > 1 ? 1 : 0;
}

function indexesFor(tables: Tables, count: number): Uint16Array {
  if (tables.indexes.length < count) tables.indexes = new Uint16Array(powerOfTwo(count));
  return tables.indexes;
}

function powerOfTwo(least: number): number {
  return 2 ** bitsFor(least);
}
