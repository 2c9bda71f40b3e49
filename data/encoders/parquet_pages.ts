/**
 * Writes column chunks of Parquet files: one data page each (version 2) and, for columns whose values
 * seldom change, a dictionary page before it.
 *
 * A chunk is compressed with Snappy if that makes it smaller by 3%. Less would cost readers more
 * than it saves: values that differ hardly become shorter.
 *
 * @module
 */

import { type ByteBuffer, createByteBuffer, putAll } from "./byte_buffer.ts";
import { type ChunkRoom, createChunkRoom, type EncodedColumn } from "./parquet_chunk.ts";
import { createDoublesEncoder, type DoublesEncoder } from "./parquet_doubles.ts";
import { type ChunkElement, putChunkData } from "./parquet_schema.ts";
import { createSnappy, type SnappyCompressor } from "./snappy.ts";
import { beginStructField, endStruct, putIntField, putTruthField } from "./thrift.ts";

/** What an encoder of files uses for all columns in turn. */
export interface ParquetTools {
  /** Where columns are encoded. */
  readonly room: ChunkRoom;
  /** Encodes doubles. */
  readonly encodeDoubles: DoublesEncoder;
  /** Compresses. */
  readonly compress: SnappyCompressor;
  /** The compressed values and dictionary. */
  readonly packed: { readonly values: ByteBuffer; readonly dictionary: ByteBuffer };
  /** The bytes of the file that have not been taken. */
  readonly file: ByteBuffer;
  /** The metadata of the chunks of a row group, in order. */
  readonly chunks: ByteBuffer;
  /** The metadata of all row groups of a file. */
  readonly groups: ByteBuffer;
}

/** Chunks that do not become shorter than this part of themselves are not compressed. */
const WORTH = 0.97;
/** Chunks with fewer bytes are not compressed. */
const PACKED_MIN = 64;
/** Kinds of pages, codecs, and the encoding of dictionaries, as numbers of the format. */
const DICTIONARY_PAGE = 2, DATA_PAGE_V2 = 3;
const UNCOMPRESSED = 0, SNAPPY = 1;
const PLAIN = 0;
/** The first memory of buffers; for the file, also what it has after a long one. */
export const FIRST_BYTES = 16_384;
const DATA_BYTES = 1_024;

/** The tools of an encoder. Their memory grows with the largest column. */
export function createParquetTools(): ParquetTools {
  return {
    room: createChunkRoom(),
    encodeDoubles: createDoublesEncoder(),
    compress: createSnappy(),
    packed: {
      values: createByteBuffer(FIRST_BYTES),
      dictionary: createByteBuffer(FIRST_BYTES),
    },
    file: createByteBuffer(FIRST_BYTES),
    chunks: createByteBuffer(DATA_BYTES),
    groups: createByteBuffer(DATA_BYTES),
  };
}

/**
 * Writes the chunk that was encoded last to the file, whose first `base` bytes have been taken, and its
 * metadata to those of the row group. Returns its size without compression.
 */
export function putChunk(
  { room, compress, packed, file, chunks }: ParquetTools,
  base: number,
  { column, element, rows }: { column: EncodedColumn; element: ChunkElement; rows: number },
): number {
  const { values, dictionary, levels, bounds } = room;
  const start = file.end;
  const isPacked = packChunk({ room, compress, packed });
  const body = isPacked ? packed : room;
  let headers = 0;
  if (column.distinct > 0) {
    putPageHeader(file, DICTIONARY_PAGE, [dictionary.end, body.dictionary.end]);
    // Step 7 − 3 from the compressed size.
    beginStructField(file, 4);
    putIntField(file, 1, column.distinct);
    putIntField(file, 1, PLAIN);
    endStruct(file);
    endStruct(file);
    headers += file.end - start;
    putAll(file, body.dictionary);
  }
  const dataStart = file.end;
  putPageHeader(file, DATA_PAGE_V2, [levels.end + values.end, levels.end + body.values.end]);
  beginStructField(file, 5);
  putIntField(file, 1, rows);
  putIntField(file, 1, column.missing);
  putIntField(file, 1, rows);
  putIntField(file, 1, column.encoding);
  putIntField(file, 1, levels.end);
  putIntField(file, 1, 0);
  if (!isPacked) putTruthField(file, 1, false);
  endStruct(file);
  endStruct(file);
  headers += file.end - dataStart;
  putAll(file, levels);
  putAll(file, body.values);
  const uncompressed = headers + dictionary.end + levels.end + values.end;
  putChunkData(chunks, element, {
    column,
    bounds,
    rows,
    codec: isPacked ? SNAPPY : UNCOMPRESSED,
    sizes: { uncompressed, compressed: file.end - start },
    start: base + start,
    dataStart: base + dataStart,
  });
  return uncompressed;
}

/** The kind of a page, and its sizes without and with compression. */
function putPageHeader(
  file: ByteBuffer,
  kind: number,
  [uncompressed, compressed]: readonly [number, number],
): void {
  putIntField(file, 1, kind);
  putIntField(file, 1, uncompressed);
  putIntField(file, 1, compressed);
}

/** Compresses a chunk; returns whether that is worth it. */
function packChunk(
  { room, compress, packed }: Pick<ParquetTools, "room" | "compress" | "packed">,
): boolean {
  const size = room.values.end + room.dictionary.end;
  if (size < PACKED_MIN) return false;
  packed.values.end = packed.dictionary.end = 0;
  compress(room.values, packed.values);
  if (room.dictionary.end > 0) compress(room.dictionary, packed.dictionary);
  return packed.values.end + packed.dictionary.end < size * WORTH;
}
