/**
 * The metadata of Parquet files, as numbers and structures of the format
 * (https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift).
 *
 * @module
 */

import { type ByteBuffer, createByteBuffer, putAll } from "./byte_buffer.ts";
import type { EncodedColumn } from "./parquet_chunk.ts";
import {
  beginBytesField,
  beginListField,
  beginStructField,
  endStruct,
  LIST_OF,
  putIntElement,
  putIntField,
  putLongField,
  putTextElement,
  putTextField,
  putTruthField,
} from "./thrift.ts";

/** The kind of the values of a column. */
export type ChunkKind = "time" | "text" | "double" | "integer" | "boolean";

/** A column directly below the root. */
export interface ChunkElement {
  /** Its name. */
  readonly name: string;
  /** The kind of its values. */
  readonly kind: ChunkKind;
  /** Whether all rows have a value. */
  readonly isRequired: boolean;
}

/** A name and a text about a file. */
export interface KeyValue {
  /** The name. */
  readonly key: string;
  /** The text. */
  readonly value: string;
}

/** The row groups of a file. */
export interface GroupsData {
  /** How many there are. */
  count: number;
  /** The number of rows in all of them. */
  rows: number;
  /** Their metadata. */
  readonly bytes: ByteBuffer;
}

/** The physical types of kinds: BOOLEAN, INT32, INT64, DOUBLE, BYTE_ARRAY. */
const TYPES: Readonly<Record<ChunkKind, number>> = {
  boolean: 0,
  integer: 1,
  time: 2,
  double: 5,
  text: 6,
};
const REQUIRED = 0, OPTIONAL = 1;
/** Older readers know these types. */
const UTF8 = 0, TIMESTAMP_MILLIS = 9;
const PLAIN = 0;
const VERSION = 2;

/** Adds the metadata of a chunk, as an element of a list. */
export function putChunkData(
  chunks: ByteBuffer,
  { name, kind }: ChunkElement,
  { column, bounds, rows, codec, sizes, start, dataStart }: {
    column: EncodedColumn;
    bounds: ByteBuffer;
    rows: number;
    codec: number;
    sizes: { uncompressed: number; compressed: number };
    start: number;
    dataStart: number;
  },
): void {
  const hasDictionary = column.distinct > 0;
  putLongField(chunks, 2, start);
  beginStructField(chunks, 1);
  putIntField(chunks, 1, TYPES[kind]);
  beginListField(chunks, 1, { of: LIST_OF.integers, count: hasDictionary ? 2 : 1 });
  if (hasDictionary) putIntElement(chunks, PLAIN);
  putIntElement(chunks, column.encoding);
  beginListField(chunks, 1, { of: LIST_OF.texts, count: 1 });
  putTextElement(chunks, name);
  putIntField(chunks, 1, codec);
  putLongField(chunks, 1, rows);
  putLongField(chunks, 1, sizes.uncompressed);
  putLongField(chunks, 1, sizes.compressed);
  putLongField(chunks, 2, dataStart);
  if (hasDictionary) putLongField(chunks, 2, start);
  // Step 12 − 11 or 12 − 9.
  beginStructField(chunks, hasDictionary ? 1 : 3);
  putLongField(chunks, 3, column.missing);
  if (bounds.end > 0) putBounds(chunks, bounds, column.leastBytes);
  endStruct(chunks);
  endStruct(chunks);
  endStruct(chunks);
}

/** Adds the greatest value and then the least one, of which neither was shortened. */
function putBounds(chunks: ByteBuffer, bounds: ByteBuffer, leastBytes: number): void {
  beginBytesField(chunks, 2, bounds.end - leastBytes);
  putAll(chunks, bounds, leastBytes);
  beginBytesField(chunks, 1, leastBytes);
  putAll(chunks, { ...bounds, end: leastBytes });
  putTruthField(chunks, 1, true);
  putTruthField(chunks, 1, true);
}

/** Adds a row group, with the metadata of its chunks. */
export function putGroup(
  groups: GroupsData,
  chunks: ByteBuffer,
  { count, rows, sizes }: {
    count: number;
    rows: number;
    sizes: { uncompressed: number; compressed: number };
  },
): void {
  const { bytes } = groups;
  beginListField(bytes, 1, { of: LIST_OF.structs, count });
  putAll(bytes, chunks);
  putLongField(bytes, 1, sizes.uncompressed);
  putLongField(bytes, 1, rows);
  // Step 6 − 3.
  putLongField(bytes, 3, sizes.compressed);
  endStruct(bytes);
  groups.count++;
  groups.rows += rows;
}

/** The first fields of the metadata of a file: its version and its columns. */
export function schemaBytes(elements: readonly ChunkElement[]): Uint8Array {
  const buffer = createByteBuffer(1_024);
  putIntField(buffer, 1, VERSION);
  beginListField(buffer, 1, { of: LIST_OF.structs, count: 1 + elements.length });
  putTextField(buffer, 4, "readings");
  putIntField(buffer, 1, elements.length);
  endStruct(buffer);
  for (const { name, kind, isRequired } of elements) {
    putIntField(buffer, 1, TYPES[kind]);
    putIntField(buffer, 2, isRequired ? REQUIRED : OPTIONAL);
    putTextField(buffer, 1, name);
    if (kind === "text") putTextType(buffer);
    if (kind === "time") putTimeType(buffer);
    endStruct(buffer);
  }
  return buffer.bytes.subarray(0, buffer.end);
}

function putTextType(buffer: ByteBuffer): void {
  putIntField(buffer, 2, UTF8);
  // The logical type, a union whose first case is a text.
  beginStructField(buffer, 4);
  beginStructField(buffer, 1);
  endStruct(buffer);
  endStruct(buffer);
}

function putTimeType(buffer: ByteBuffer): void {
  putIntField(buffer, 2, TIMESTAMP_MILLIS);
  beginStructField(buffer, 4);
  // The case of times: they are in UTC, and their unit is the first of three.
  beginStructField(buffer, 8);
  putTruthField(buffer, 1, true);
  beginStructField(buffer, 1);
  beginStructField(buffer, 1);
  endStruct(buffer);
  endStruct(buffer);
  endStruct(buffer);
  endStruct(buffer);
}

/** Adds the metadata of a file after {@link schemaBytes}. */
export function putFileData(
  buffer: ByteBuffer,
  { groups, columns, metadata }: {
    groups: GroupsData;
    columns: number;
    metadata: readonly KeyValue[];
  },
): void {
  putLongField(buffer, 1, groups.rows);
  beginListField(buffer, 1, { of: LIST_OF.structs, count: groups.count });
  putAll(buffer, groups.bytes);
  beginListField(buffer, 1, { of: LIST_OF.structs, count: metadata.length });
  for (const { key, value } of metadata) {
    putTextField(buffer, 1, key);
    putTextField(buffer, 1, value);
    endStruct(buffer);
  }
  putTextField(buffer, 1, "openwatts");
  beginListField(buffer, 1, { of: LIST_OF.structs, count: columns });
  for (let column = 0; column < columns; column++) {
    // The order of values is that of their type.
    beginStructField(buffer, 1);
    endStruct(buffer);
    endStruct(buffer);
  }
  endStruct(buffer);
}
