/**
 * Column chunks of Parquet files from values that are at hand by column: one data page each (version
 * 2), with statistics, and a dictionary for values that seldom change.
 *
 * The library writes headers, levels, packed integers and Snappy. Its own way through a column looks
 * at every value several times, as it takes values of any kind; here doubles are the bytes that they
 * are in memory already, and values that seldom change are runs.
 *
 * @module
 */

import type { ColumnChunk, Encoding, SchemaElement, Statistics } from "hyparquet";
import type { ByteWriter } from "hyparquet-writer";

/** What of the library is used. */
export interface ParquetLibrary {
  /** Bytes that grow. */
  readonly ByteWriter: typeof ByteWriter;
  /** The header of a page. */
  readonly writePageHeader: typeof import("hyparquet-writer/src/datapage.js").writePageHeader;
  /** `DELTA_BINARY_PACKED`. */
  readonly deltaBinaryPack: typeof import("hyparquet-writer/src/delta.js").deltaBinaryPack;
  /** `RLE`. */
  readonly writeRleBitPackedHybrid:
    typeof import("hyparquet-writer/src/encoding.js").writeRleBitPackedHybrid;
  /** Snappy. */
  readonly snappyCompress: typeof import("hyparquet-writer/src/snappy.js").snappyCompress;
}

/** A column directly below the root, which has values. */
export type ChunkElement = SchemaElement & Required<Pick<SchemaElement, "type">>;

/** A value and how many rows in a row have it; null is a missing one. */
export interface Run<T> {
  /** The value. */
  readonly value: T | null;
  /** How many rows. */
  readonly count: number;
}

/** The bytes of a chunk before they are put into pages. */
export interface ChunkBytes {
  /** How the values are encoded. */
  readonly encoding: Encoding;
  /** The values that are there, encoded. */
  readonly values: Uint8Array;
  /** Levels that say which rows have a value, encoded; empty for a required column. */
  readonly levels: Uint8Array;
  /** The values that `values` are places of, encoded plainly. */
  readonly dictionary?: { readonly bytes: Uint8Array; readonly count: number };
  /** How many rows have no value. */
  readonly missing: number;
  /** Least and greatest value; none where all are missing. */
  readonly bounds?: Pick<Statistics, "min_value" | "max_value">;
}

/** Writes a chunk and says where it is. */
export function writeChunk(
  library: ParquetLibrary,
  writer: ByteWriter,
  { chunk, element, rows }: { chunk: ChunkBytes; element: ChunkElement; rows: number },
): ColumnChunk {
  const { encoding, levels, dictionary, missing } = chunk;
  const start = writer.offset;
  let uncompressed = dictionary === undefined ? 0 : writeDictionary(library, writer, dictionary);
  const dataStart = writer.offset;
  const body = library.snappyCompress(chunk.values);
  library.writePageHeader(writer, {
    type: "DATA_PAGE_V2",
    uncompressed_page_size: levels.length + chunk.values.length,
    compressed_page_size: levels.length + body.length,
    data_page_header_v2: {
      num_values: rows,
      num_nulls: missing,
      num_rows: rows,
      encoding,
      definition_levels_byte_length: levels.length,
      repetition_levels_byte_length: 0,
      is_compressed: true,
    },
  });
  uncompressed += writer.offset - dataStart + levels.length + chunk.values.length;
  writer.appendBytes(levels);
  writer.appendBytes(body);
  return {
    file_offset: BigInt(start),
    meta_data: {
      type: element.type,
      encodings: dictionary === undefined ? [encoding] : ["PLAIN", encoding],
      path_in_schema: [element.name],
      codec: "SNAPPY",
      num_values: BigInt(rows),
      total_uncompressed_size: BigInt(uncompressed),
      total_compressed_size: BigInt(writer.offset - start),
      data_page_offset: BigInt(dataStart),
      dictionary_page_offset: dictionary === undefined ? undefined : BigInt(start),
      statistics: { null_count: BigInt(missing), ...chunk.bounds },
    },
  };
}

/** Times, ascending, at least one, as INT64. */
export function timeChunk(library: ParquetLibrary, timesMs: Float64Array): ChunkBytes {
  const [first, last] = [timesMs[0], timesMs[timesMs.length - 1]];
  return {
    encoding: "DELTA_BINARY_PACKED",
    values: last - first < 2 ** 31 ? packTimes(library, timesMs) : packAny(library, timesMs),
    levels: new Uint8Array(0),
    missing: 0,
    bounds: { min_value: BigInt(first), max_value: BigInt(last) },
  };
}

/** Packs times that span less than 2^31, some 24 days. */
function packTimes(library: ParquetLibrary, timesMs: Float64Array): Uint8Array {
  const first = timesMs[0];
  const packed = new library.ByteWriter();
  // Deltas are the same from whatever time on, and those of small integers are packed fast. What is
  // packed begins with the size of blocks (2 bytes), their parts (1), the count and the first value.
  const offsets = new Int32Array(timesMs.length);
  for (let row = 0; row < offsets.length; row++) offsets[row] = timesMs[row] - first;
  library.deltaBinaryPack(packed, offsets, "INT64");
  const header = new library.ByteWriter();
  header.appendVarInt(timesMs.length);
  const countEnd = 3 + header.offset;
  const writer = new library.ByteWriter(packed.offset + 16);
  writer.appendBytes(packed.getBytes().subarray(0, countEnd));
  writer.appendZigZag(BigInt(first));
  // The first value was 0, one byte.
  writer.appendBytes(packed.getBytes().subarray(countEnd + 1));
  return writer.getBytes();
}

function packAny(library: ParquetLibrary, timesMs: Float64Array): Uint8Array {
  const writer = new library.ByteWriter();
  library.deltaBinaryPack(writer, BigInt64Array.from(timesMs, BigInt), "INT64");
  return writer.getBytes();
}

/** Doubles of an optional column, NaN where one is missing. */
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
    // Format: a least zero is written as -0 and a greatest one as +0.
    bounds: count === 0 ? undefined : { min_value: least || -0, max_value: greatest || 0 },
  };
}

/** Values of an INT32 or text column that seldom change. */
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
  const levels = new library.ByteWriter();
  if (isOptional) {
    const filled = mergeRuns(runs.map(({ value, count }) => ({ value: value !== null, count })));
    for (const { value, count } of filled) {
      writeRun(levels, { place: Number(value), count, width: 1 });
    }
  }
  const all = { levels: levels.getBytes(), missing: missingOf(runs) };
  if (distinct.length === 0) return { encoding: "PLAIN", values: new Uint8Array(0), ...all };
  return {
    encoding: "RLE_DICTIONARY",
    values: values.getBytes(),
    dictionary: { bytes: dictionaryOf(library, distinct), count: distinct.length },
    bounds: boundsOf(distinct),
    ...all,
  };
}

/** Values of a required BOOLEAN column that seldom change. */
export function booleanChunk(
  { ByteWriter }: ParquetLibrary,
  runs: readonly Run<boolean>[],
): ChunkBytes {
  const packed = new ByteWriter();
  for (const { value, count } of runs) writeRun(packed, { place: Number(value), count, width: 1 });
  const writer = new ByteWriter(packed.offset + 4);
  writer.appendUint32(packed.offset);
  writer.appendBytes(packed.getBytes());
  return {
    encoding: "RLE",
    values: writer.getBytes(),
    levels: new Uint8Array(0),
    missing: 0,
    bounds: {
      min_value: runs.every(({ value }) => value),
      max_value: runs.some(({ value }) => value),
    },
  };
}

function writeDictionary(
  { writePageHeader, snappyCompress }: ParquetLibrary,
  writer: ByteWriter,
  { bytes, count }: { bytes: Uint8Array; count: number },
): number {
  const start = writer.offset;
  const body = snappyCompress(bytes);
  writePageHeader(writer, {
    type: "DICTIONARY_PAGE",
    uncompressed_page_size: bytes.length,
    compressed_page_size: body.length,
    dictionary_page_header: { num_values: count, encoding: "PLAIN" },
  });
  const headerLength = writer.offset - start;
  writer.appendBytes(body);
  return headerLength + bytes.length;
}

/** Runs of which no two neighbours have one value and none is empty, however they were cut before. */
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

/** A run of `RLE`: twice its length, then the value in as few bytes as its bits need. */
function writeRun(
  writer: ByteWriter,
  { place, count, width }: { place: number; count: number; width: number },
): void {
  writer.appendVarInt(count << 1);
  for (let bit = 0; bit < width; bit += 8) writer.appendUint8((place >> bit) & 0xff);
}

function levelsOf(library: ParquetLibrary, doubles: Float64Array, count: number): Uint8Array {
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

/** Parquet has numbers with the lowest byte first, as have the machines that this runs on. */
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

/** Least and greatest of at least one; texts in the order of their UTF-8 bytes. */
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
