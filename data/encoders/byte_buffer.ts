/**
 * Bytes that grow at their end. Their memory is used again and again.
 *
 * @module
 */

import { freeIfLong } from "./chunk_memory.ts";

/** Bytes, and room after them. */
export interface ByteBuffer {
  /** The bytes up to `end`, and room after them. Replaced when there is not enough of it. */
  bytes: Uint8Array<ArrayBuffer>;
  /** A view of all of `bytes`. */
  view: DataView<ArrayBuffer>;
  /** Where the bytes end. */
  end: number;
}

/** No bytes, with room for some. */
export function createByteBuffer(sizeBytes: number): ByteBuffer {
  return { ...newMemory(sizeBytes), end: 0 };
}

/** Removes all bytes. If they were in much memory, that is freed, and there is room for some. */
export function emptyBuffer(buffer: ByteBuffer, sizeBytes: number): void {
  if (freeIfLong(buffer.bytes.buffer)) Object.assign(buffer, newMemory(sizeBytes));
  buffer.end = 0;
}

function newMemory(sizeBytes: number): Pick<ByteBuffer, "bytes" | "view"> {
  const bytes = new Uint8Array(sizeBytes);
  return { bytes, view: new DataView(bytes.buffer) };
}

/** Makes room for so many bytes after the end. */
export function ensureBytes(buffer: ByteBuffer, sizeBytes: number): void {
  const { bytes, end } = buffer;
  if (end + sizeBytes <= bytes.length) return;
  const wider = new Uint8Array(Math.max(end + sizeBytes, 2 * bytes.length));
  wider.set(bytes.subarray(0, end));
  buffer.bytes = wider;
  buffer.view = new DataView(wider.buffer);
}

/** Adds a byte. */
export function putByte(buffer: ByteBuffer, byte: number): void {
  ensureBytes(buffer, 1);
  buffer.bytes[buffer.end++] = byte;
}

/** Adds some bytes. */
export function putBytes(buffer: ByteBuffer, bytes: Uint8Array): void {
  ensureBytes(buffer, bytes.length);
  buffer.bytes.set(bytes, buffer.end);
  buffer.end += bytes.length;
}

/** Adds the bytes of another buffer, from a place on. */
export function putAll(buffer: ByteBuffer, { bytes, end }: ByteBuffer, start = 0): void {
  if (end > start) putBytes(buffer, bytes.subarray(start, end));
}

/** Adds 32 bits, lowest byte first. */
export function putUint32(buffer: ByteBuffer, value: number): void {
  ensureBytes(buffer, 4);
  buffer.view.setUint32(buffer.end, value, true);
  buffer.end += 4;
}

/** Adds a double. */
export function putDouble(buffer: ByteBuffer, value: number): void {
  ensureBytes(buffer, 8);
  buffer.view.setFloat64(buffer.end, value, true);
  buffer.end += 8;
}

/** Adds a whole number as 64 bits (two's complement), lowest byte first. */
export function putInt64(buffer: ByteBuffer, value: number): void {
  const high = Math.floor(value / 2 ** 32);
  putUint32(buffer, value - high * 2 ** 32);
  putUint32(buffer, high);
}

/** Adds a whole number, 0 or more, in bytes of 7 bits, lowest first (LEB128). */
export function putVarInt(buffer: ByteBuffer, value: number): void {
  let rest = value;
  // Bit operations cut numbers to 32 bits.
  for (; rest >= 2 ** 31; rest = Math.floor(rest / 128)) putByte(buffer, rest % 128 | 128);
  for (; rest >= 128; rest >>>= 7) putByte(buffer, rest & 127 | 128);
  putByte(buffer, rest);
}

/** Adds a whole number of at most 52 bits as one that is 0 or more: 0, -1, 1, -2, … */
export function putZigZag(buffer: ByteBuffer, value: number): void {
  putVarInt(buffer, value < 0 ? -2 * value - 1 : 2 * value);
}

/** Adds a text in UTF-8; returns its length in bytes. */
export function putText(buffer: ByteBuffer, text: string): number {
  ensureBytes(buffer, 3 * text.length);
  const { written } = encoder.encodeInto(text, buffer.bytes.subarray(buffer.end));
  buffer.end += written;
  return written;
}

const encoder = new TextEncoder();
