/**
 * Writes column chunks of Parquet files: one data page each (version 2) and, for columns whose values
 * seldom change, a dictionary page before it.
 *
 * @module
 */

import type { ColumnChunk, SchemaElement } from "hyparquet";
import type { ByteWriter } from "hyparquet-writer";
import { freeMemory } from "./chunk_memory.ts";
import type { ChunkBytes, ParquetLibrary } from "./parquet_chunk.ts";

/** A column directly below the root that has values. */
export type ChunkElement = SchemaElement & Required<Pick<SchemaElement, "type">>;

/** Writes a chunk and frees its memory. Returns its metadata for the footer. */
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
  freeMemory(body.buffer);
  // Plain values may be those of the rows.
  if (encoding !== "PLAIN") freeMemory(chunk.values.buffer);
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
  const headerLength = writer.offset - start, size = bytes.length;
  writer.appendBytes(body);
  freeMemory(body.buffer);
  freeMemory(bytes.buffer);
  return headerLength + size;
}
