/**
 * Encodes columns for Parquet files, with the least and greatest value, and with a dictionary for values
 * that seldom change. `parquet_pages.ts` writes the result.
 *
 * All columns of a file are encoded in the same memory, one after the other.
 *
 * @module
 */

import {
  type ByteBuffer,
  createByteBuffer,
  putByte,
  putBytes,
  putText,
  putUint32,
} from "./byte_buffer.ts";
import { putRun } from "./parquet_levels.ts";

/** How values are encoded, as numbers of the format. */
export const ENCODINGS = { plain: 0, rle: 3, delta: 5, dictionary: 8 } as const;

/** Memory in which columns are encoded, and the bytes of the last one. */
export interface ChunkRoom {
  /** The values that are present. */
  readonly values: ByteBuffer;
  /** The dictionary that `values` point into, in plain encoding; empty without one. */
  readonly dictionary: ByteBuffer;
  /** The levels that say which rows have a value; empty for a required column. */
  readonly levels: ByteBuffer;
  /** The least value, then the greatest one, in plain encoding; empty if all are missing. */
  readonly bounds: ByteBuffer;
}

/** What an encoded column is, besides its bytes. */
export interface EncodedColumn {
  /** One of {@link ENCODINGS}. */
  readonly encoding: number;
  /** The number of rows without a value. */
  readonly missing: number;
  /** The number of values in the dictionary. */
  readonly distinct: number;
  /** The length of the least value in `bounds`. */
  readonly leastBytes: number;
}

/** A value and the number of consecutive rows that have it. */
export interface Run<T> {
  /** The value; null if it is missing. */
  readonly value: T | null;
  /** The number of rows. */
  readonly count: number;
}

/** Enough for most columns of a day of minutes. */
const VALUES_BYTES = 16_384, SMALL_BYTES = 256;

/** Memory for the columns of files. */
export function createChunkRoom(): ChunkRoom {
  return {
    values: createByteBuffer(VALUES_BYTES),
    dictionary: createByteBuffer(VALUES_BYTES),
    levels: createByteBuffer(SMALL_BYTES),
    bounds: createByteBuffer(SMALL_BYTES),
  };
}

/** Makes room for the next column. */
export function clearChunk({ values, dictionary, levels, bounds }: ChunkRoom): void {
  values.end =
    dictionary.end =
    levels.end =
    bounds.end =
      0;
}

/** Encodes an INT32 or text column whose values seldom change. */
export function encodeRuns(
  room: ChunkRoom,
  given: readonly Run<number | string>[],
  { isOptional }: { isOptional: boolean },
): EncodedColumn {
  const { values, dictionary, levels, bounds } = room;
  clearChunk(room);
  const runs = mergeRuns(given);
  if (isOptional) putRunLevels(levels, runs);
  const missing = missingOf(runs);
  const present = missing === 0 ? runs : mergeRuns(runs.filter(({ value }) => value !== null));
  const places = new Map<number | string, number>();
  for (const { value } of present) {
    if (value !== null && !places.has(value)) places.set(value, places.size);
  }
  const distinct = places.size;
  if (distinct === 0) return { encoding: ENCODINGS.plain, missing, distinct, leastBytes: 0 };
  const width = bitsFor(distinct);
  putByte(values, width);
  for (const { value, count } of present) {
    if (value !== null) putRun(values, { number: places.get(value) ?? 0, count, width });
  }
  const leastBytes = putDictionary(dictionary, bounds, places.keys());
  return { encoding: ENCODINGS.dictionary, missing, distinct, leastBytes };
}

/** Encodes a BOOLEAN column whose values seldom change. */
export function encodeTruths(
  room: ChunkRoom,
  given: readonly Run<boolean>[],
  { isOptional }: { isOptional: boolean },
): EncodedColumn {
  const { values, levels, bounds } = room;
  clearChunk(room);
  if (isOptional) putRunLevels(levels, mergeRuns(given));
  const runs = mergeRuns(given.filter(({ value }) => value !== null));
  // Their length, when it is known.
  putUint32(values, 0);
  for (const { value, count } of runs) putRun(values, { number: Number(value), count, width: 1 });
  values.view.setUint32(0, values.end - 4, true);
  const missing = missingOf(given);
  if (runs.length === 0) return { encoding: ENCODINGS.rle, missing, distinct: 0, leastBytes: 0 };
  putByte(bounds, runs.every(({ value }) => value) ? 1 : 0);
  putByte(bounds, runs.some(({ value }) => value) ? 1 : 0);
  return { encoding: ENCODINGS.rle, missing, distinct: 0, leastBytes: 1 };
}

/** Bits for the places of so many values. */
export function bitsFor(count: number): number {
  return count <= 1 ? 0 : 32 - Math.clz32(count - 1);
}

/** Merges neighbouring runs of the same value and drops empty ones. */
function mergeRuns<T>(runs: readonly Run<T>[]): readonly Run<T>[] {
  const isMerged = runs.every(({ value, count }, index) =>
    count > 0 && (index === 0 || value !== runs[index - 1].value)
  );
  if (isMerged) return runs;
  const merged: Run<T>[] = [];
  for (const run of runs) {
    const last = merged[merged.length - 1];
    if (run.count === 0) continue;
    if (last?.value === run.value) merged.pop();
    merged.push(last?.value === run.value ? { ...run, count: last.count + run.count } : run);
  }
  return merged;
}

function putRunLevels(levels: ByteBuffer, runs: readonly Run<unknown>[]): void {
  const filled = mergeRuns(runs.map(({ value, count }) => ({ value: value !== null, count })));
  for (const { value, count } of filled) putRun(levels, { number: Number(value), count, width: 1 });
}

function missingOf(runs: readonly Run<unknown>[]): number {
  return runs.reduce((sum, { value, count }) => value === null ? sum + count : sum, 0);
}

/** Adds different values and their bounds; returns the length of the least one. */
function putDictionary(
  dictionary: ByteBuffer,
  bounds: ByteBuffer,
  values: Iterable<number | string>,
): number {
  let least: PlainValue | null = null, greatest: PlainValue | null = null;
  for (const value of values) {
    const plain = putPlain(dictionary, value);
    if (least === null || compare(dictionary, plain, least) < 0) least = plain;
    if (greatest === null || compare(dictionary, plain, greatest) > 0) greatest = plain;
  }
  for (const bound of [least, greatest]) {
    if (bound !== null) putBytes(bounds, dictionary.bytes.subarray(bound.start, bound.end));
  }
  return least === null ? 0 : least.end - least.start;
}

/** A value, and where its bytes are. */
interface PlainValue {
  readonly value: number | string;
  readonly start: number;
  readonly end: number;
}

function putPlain(buffer: ByteBuffer, value: number | string): PlainValue {
  const at = buffer.end;
  if (typeof value === "number") {
    putUint32(buffer, value);
    return { value, start: at, end: buffer.end };
  }
  // Its length, when it is known.
  putUint32(buffer, 0);
  const length = putText(buffer, value);
  buffer.view.setUint32(at, length, true);
  return { value, start: at + 4, end: buffer.end };
}

/** Texts are ordered by their UTF-8 bytes. */
function compare({ bytes }: ByteBuffer, left: PlainValue, right: PlainValue): number {
  if (typeof left.value === "number" || typeof right.value === "number") {
    return Number(left.value) - Number(right.value);
  }
  const shorter = Math.min(left.end - left.start, right.end - right.start);
  for (let at = 0; at < shorter; at++) {
    const difference = bytes[left.start + at] - bytes[right.start + at];
    if (difference !== 0) return difference;
  }
  return left.end - left.start - (right.end - right.start);
}
