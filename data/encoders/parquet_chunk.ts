/**
 * Encodes columns for Parquet files, with statistics, and with a dictionary for values that seldom
 * change. `parquet_pages.ts` writes the result.
 *
 * The library writes headers, levels, packed integers and Snappy. Its own encoder of columns accepts
 * values of any kind and so visits every value several times. This one is faster: doubles already
 * have the right bytes in memory, and values that seldom change are passed as runs.
 *
 * @module
 */

import type { Encoding, Statistics } from "hyparquet";
import type { ByteWriter } from "hyparquet-writer";

/** The parts of the library that are used. */
export interface ParquetLibrary {
  /** A growing buffer of bytes. */
  readonly ByteWriter: typeof ByteWriter;
  /** Writes the header of a page. */
  readonly writePageHeader: typeof import("hyparquet-writer/src/datapage.js").writePageHeader;
  /** `DELTA_BINARY_PACKED`. */
  readonly deltaBinaryPack: typeof import("hyparquet-writer/src/delta.js").deltaBinaryPack;
  /** `RLE`. */
  readonly writeRleBitPackedHybrid:
    typeof import("hyparquet-writer/src/encoding.js").writeRleBitPackedHybrid;
  /** Snappy. */
  readonly snappyCompress: typeof import("hyparquet-writer/src/snappy.js").snappyCompress;
}

/** A value and the number of consecutive rows that have it. */
export interface Run<T> {
  /** The value; null if it is missing. */
  readonly value: T | null;
  /** The number of rows. */
  readonly count: number;
}

/** An encoded column, before it is written as pages. */
export interface ChunkBytes {
  /** How the values are encoded. */
  readonly encoding: Encoding;
  /** The values that are present, encoded. */
  readonly values: Uint8Array;
  /** The levels that say which rows have a value, encoded; empty for a required column. */
  readonly levels: Uint8Array;
  /** The dictionary that `values` point into, in plain encoding. */
  readonly dictionary?: { readonly bytes: Uint8Array; readonly count: number };
  /** The number of rows without a value. */
  readonly missing: number;
  /** Least and greatest value; undefined if all are missing. */
  readonly bounds?: Pick<Statistics, "min_value" | "max_value">;
}

/** Encodes the doubles of an optional column; NaN stands for a missing value. */
export function doubleChunk(library: ParquetLibrary, doubles: Float64Array): ChunkBytes {
  const rows = doubles.length;
  let count = 0, least = Infinity, greatest = -Infinity;
  for (let row = 0; row < rows; row++) {
    const value = doubles[row];
    if (value !== value) continue;
    count++;
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  const present = count === rows ? doubles : presentOf(doubles, count);
  return {
    encoding: "PLAIN",
    values: bytesOf(present),
    levels: levelsOf(library, doubles, count),
    missing: rows - count,
    bounds: count === 0 ? undefined : doubleBounds(least, greatest),
  };
}

/** Bounds as the format requires them: a minimum of zero is written as -0, a maximum as +0. */
export function doubleBounds(least: number, greatest: number): ChunkBytes["bounds"] {
  return { min_value: least || -0, max_value: greatest || 0 };
}

/** Encodes an INT32 or text column whose values seldom change. */
export function runChunk(
  library: ParquetLibrary,
  given: readonly Run<number | string>[],
  { isOptional }: { isOptional: boolean },
): ChunkBytes {
  const runs = mergeRuns(given);
  const present = mergeRuns(runs.filter(({ value }) => value !== null));
  const distinct = [...new Set(present.map(({ value }) => value ?? ""))];
  const places = new Map(distinct.map((value, place) => [value, place]));
  const width = Math.ceil(Math.log2(Math.max(distinct.length, 1)));
  const values = new library.ByteWriter();
  values.appendUint8(width);
  for (const { value, count } of present) {
    writeRun(values, { place: places.get(value ?? "") ?? 0, count, width });
  }
  const levels = isOptional ? levelsOfRuns(library, runs) : new Uint8Array(0);
  const all = { levels, missing: missingOf(runs) };
  if (distinct.length === 0) return { encoding: "PLAIN", values: new Uint8Array(0), ...all };
  return {
    encoding: "RLE_DICTIONARY",
    values: values.getBytes(),
    dictionary: { bytes: dictionaryOf(library, distinct), count: distinct.length },
    bounds: boundsOf(distinct),
    ...all,
  };
}

/** Encodes a BOOLEAN column whose values seldom change. */
export function booleanChunk(
  library: ParquetLibrary,
  given: readonly Run<boolean>[],
  { isOptional }: { isOptional: boolean },
): ChunkBytes {
  const { ByteWriter } = library;
  const runs = mergeRuns(given.filter(({ value }) => value !== null));
  const packed = new ByteWriter();
  for (const { value, count } of runs) writeRun(packed, { place: Number(value), count, width: 1 });
  const writer = new ByteWriter(packed.offset + 4);
  writer.appendUint32(packed.offset);
  writer.appendBytes(packed.getBytes());
  return {
    encoding: "RLE",
    values: writer.getBytes(),
    levels: isOptional ? levelsOfRuns(library, given) : new Uint8Array(0),
    missing: missingOf(given),
    bounds: runs.length === 0 ? undefined : {
      min_value: runs.every(({ value }) => value),
      max_value: runs.some(({ value }) => value),
    },
  };
}

/** Merges neighbouring runs of the same value and drops empty ones. */
function mergeRuns<T>(runs: readonly Run<T>[]): Run<T>[] {
  const merged: Run<T>[] = [];
  for (const run of runs) {
    const last = merged[merged.length - 1];
    if (run.count === 0) continue;
    if (last?.value === run.value) merged.pop();
    merged.push(last?.value === run.value ? { ...run, count: last.count + run.count } : run);
  }
  return merged;
}

/** Writes a run of `RLE`: twice its length, then the value in as few bytes as its width needs. */
function writeRun(
  writer: ByteWriter,
  { place, count, width }: { place: number; count: number; width: number },
): void {
  writer.appendVarInt(count << 1);
  for (let bit = 0; bit < width; bit += 8) writer.appendUint8((place >> bit) & 0xff);
}

function levelsOfRuns(
  { ByteWriter }: ParquetLibrary,
  runs: readonly Run<unknown>[],
): Uint8Array {
  const levels = new ByteWriter();
  const filled = mergeRuns(runs.map(({ value, count }) => ({ value: value !== null, count })));
  for (const { value, count } of filled) {
    writeRun(levels, { place: Number(value), count, width: 1 });
  }
  return levels.getBytes();
}

/** The levels of doubles or mantissas, `count` of which are present; NaN stands for a missing one. */
export function levelsOf(
  library: ParquetLibrary,
  doubles: Float64Array,
  count: number,
): Uint8Array {
  const writer = new library.ByteWriter();
  if (count === doubles.length) writeRun(writer, { place: 1, count, width: 1 });
  else {
    const levels = new Uint8Array(doubles.length);
    for (let row = 0; row < levels.length; row++) {
      levels[row] = doubles[row] === doubles[row] ? 1 : 0;
    }
    library.writeRleBitPackedHybrid(writer, levels, 1);
  }
  return writer.getBytes();
}

function presentOf(doubles: Float64Array, count: number): Float64Array {
  const present = new Float64Array(count);
  let at = 0;
  for (let row = 0; row < doubles.length; row++) {
    if (doubles[row] === doubles[row]) present[at++] = doubles[row];
  }
  return present;
}

function missingOf(runs: readonly Run<unknown>[]): number {
  return runs.reduce((sum, { value, count }) => value === null ? sum + count : sum, 0);
}

/** Parquet stores the lowest byte first, as do all machines that this runs on. */
function bytesOf({ buffer, byteOffset, byteLength }: Float64Array | Int32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function dictionaryOf({ ByteWriter }: ParquetLibrary, values: readonly (number | string)[]) {
  const writer = new ByteWriter();
  for (const value of values) {
    if (typeof value === "number") writer.appendInt32(value);
    else {
      const bytes = new TextEncoder().encode(value);
      writer.appendUint32(bytes.length);
      writer.appendBytes(bytes);
    }
  }
  return writer.getBytes();
}

/** Least and greatest of one or more values. Texts are ordered by their UTF-8 bytes. */
function boundsOf(values: readonly (number | string)[]): ChunkBytes["bounds"] {
  const sorted = values.map((value) =>
    typeof value === "number" ? value : new TextEncoder().encode(value)
  ).toSorted(compare);
  return { min_value: sorted[0], max_value: sorted[sorted.length - 1] };
}

function compare(left: number | Uint8Array, right: number | Uint8Array): number {
  if (typeof left === "number" || typeof right === "number") return Number(left) - Number(right);
  const end = Math.min(left.length, right.length);
  for (let at = 0; at < end; at++) if (left[at] !== right[at]) return left[at] - right[at];
  return left.length - right.length;
}
