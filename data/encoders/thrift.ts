/**
 * Writing the structures of Parquet files: Thrift in its compact protocol
 * (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md).
 *
 * Each field begins with how far its number is above the one before it in its structure (`step`, at most
 * 15) and its type.
 *
 * @module
 */

import { type ByteBuffer, putByte, putText, putVarInt, putZigZag } from "./byte_buffer.ts";
import { byteLength } from "../text/ascii_text.ts";

const TRUE = 1, FALSE = 2, I32 = 5, I64 = 6, BINARY = 8, LIST = 9, STRUCT = 12;
/** The types of the elements of lists. */
export const LIST_OF = { integers: I32, texts: BINARY, structs: STRUCT } as const;
/** Lists with fewer elements have their number in the first byte. */
const SHORT_LIST = 15;

/** Adds an integer of 32 bits. */
export function putIntField(buffer: ByteBuffer, step: number, value: number): void {
  putByte(buffer, step << 4 | I32);
  putZigZag(buffer, value);
}

/** Adds an integer of 64 bits, of which 52 are used. */
export function putLongField(buffer: ByteBuffer, step: number, value: number): void {
  putByte(buffer, step << 4 | I64);
  putZigZag(buffer, value);
}

/** Adds a truth value. */
export function putTruthField(buffer: ByteBuffer, step: number, value: boolean): void {
  putByte(buffer, step << 4 | (value ? TRUE : FALSE));
}

/** Adds a text. */
export function putTextField(buffer: ByteBuffer, step: number, text: string): void {
  putByte(buffer, step << 4 | BINARY);
  putTextElement(buffer, text);
}

/** Begins bytes, of which so many follow. */
export function beginBytesField(buffer: ByteBuffer, step: number, sizeBytes: number): void {
  putByte(buffer, step << 4 | BINARY);
  putVarInt(buffer, sizeBytes);
}

/** Begins a structure. */
export function beginStructField(buffer: ByteBuffer, step: number): void {
  putByte(buffer, step << 4 | STRUCT);
}

/** Ends a structure that is a field, an element of a list, or everything. */
export function endStruct(buffer: ByteBuffer): void {
  putByte(buffer, 0);
}

/** Begins a list, of which so many elements follow. */
export function beginListField(
  buffer: ByteBuffer,
  step: number,
  { of, count }: { of: number; count: number },
): void {
  putByte(buffer, step << 4 | LIST);
  if (count < SHORT_LIST) putByte(buffer, count << 4 | of);
  else {
    putByte(buffer, SHORT_LIST << 4 | of);
    putVarInt(buffer, count);
  }
}

/** Adds an integer to a list. */
export function putIntElement(buffer: ByteBuffer, value: number): void {
  putZigZag(buffer, value);
}

/** Adds a text to a list. */
export function putTextElement(buffer: ByteBuffer, text: string): void {
  putVarInt(buffer, byteLength(text));
  putText(buffer, text);
}
