/**
 * How entries of Deno KV are encoded in a database file: their keys, values and versions.
 *
 * Keys are encoded so that their bytes sort like the keys
 * ([the codec of Deno KV](https://github.com/denoland/denokv/blob/main/proto/codec.rs)).
 *
 * @module
 */

import { deserialize } from "node:v8";

/** The types of the parts of keys. */
const TEXT = 2, NUMBER = 0x21;
/** A zero in a text is followed by this byte; the zero that ends a text is not. */
const ESCAPED_ZERO = 0xff;
/** The encodings of values. */
const VALUE_V8 = 1, VALUE_U64 = 2;
/** The encoding of bytes: they are stored as they are. */
export const VALUE_BYTES = 3;
const NUMBER_BYTES = 8;
const NO_KEY = new Uint8Array();

const encoder = new TextEncoder(), decoder = new TextDecoder();
const numberBytes = new DataView(new ArrayBuffer(NUMBER_BYTES));

/** A version as Deno KV shows it. */
export function versionstampOf(version: number): string {
  return `${version.toString(16).padStart(16, "0")}0000`;
}

/** The value that bytes of an encoding stand for. */
export function valueOf(bytes: Uint8Array<ArrayBuffer>, encoding: number): unknown {
  switch (encoding) {
    case VALUE_BYTES:
      return bytes;
    case VALUE_V8:
      return deserialize(bytes);
    case VALUE_U64:
      return new Deno.KvU64(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
    default:
      throw new TypeError(`Cannot read a value of an unknown encoding: ${encoding}`);
  }
}

/** The bytes of a key, whose parts must be texts and numbers. */
export function encodeKey(key: Deno.KvKey): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  for (const part of key) {
    if (typeof part === "string") {
      bytes.push(TEXT);
      for (const byte of encoder.encode(part)) {
        bytes.push(byte);
        if (byte === 0) bytes.push(ESCAPED_ZERO);
      }
      bytes.push(0);
    } else if (typeof part === "number") {
      bytes.push(NUMBER);
      // The bits of negative numbers sort the other way round.
      numberBytes.setFloat64(0, part);
      const flip = numberBytes.getUint8(0) >= 0x80 ? 0xff : 0;
      for (let i = 0; i < NUMBER_BYTES; i++) bytes.push(numberBytes.getUint8(i) ^ flip);
      if (flip === 0) bytes[bytes.length - NUMBER_BYTES] ^= 0x80;
    } else throw new TypeError(`Cannot find a key with a part of this type: ${typeof part}`);
  }
  return Uint8Array.from(bytes);
}

/** A decoder of keys, most of which begin like the key before. */
export function createKeyDecoder(): (bytes: Uint8Array<ArrayBuffer>) => Deno.KvKey {
  let last = NO_KEY;
  let parts: readonly (string | number)[] = [];
  /** Where each part ends. */
  let ends: readonly number[] = [];

  return (bytes) => {
    let same = 0;
    while (same < last.length && bytes[same] === last[same]) same++;
    let kept = 0;
    // A text whose zero is followed by this goes on.
    while (ends[kept] <= same && bytes[ends[kept]] !== ESCAPED_ZERO) kept++;
    const key = parts.slice(0, kept), keyEnds = ends.slice(0, kept);
    for (let at = kept === 0 ? 0 : ends[kept - 1]; at < bytes.length;) {
      const { part, end } = decodePart(bytes, at);
      key.push(part);
      keyEnds.push(end);
      at = end;
    }
    [last, parts, ends] = [bytes, key, keyEnds];
    return key;
  };
}

/** The part of a key that begins at an index, and where it ends. */
function decodePart(
  bytes: Uint8Array<ArrayBuffer>,
  start: number,
): { part: string | number; end: number } {
  const at = start + 1;
  switch (bytes[start]) {
    case TEXT: {
      let end = at, zeros = 0;
      for (; bytes[end] !== 0 || bytes[end + 1] === ESCAPED_ZERO; end++) {
        if (end >= bytes.length) throw new TypeError("Cannot read a key whose text has no end");
        if (bytes[end] === 0) zeros++;
      }
      const text = bytes.subarray(at, end);
      return { part: decoder.decode(zeros === 0 ? text : unescaped(text)), end: end + 1 };
    }
    case NUMBER: {
      const flip = bytes[at] < 0x80 ? 0xff : 0;
      for (let i = 0; i < NUMBER_BYTES; i++) numberBytes.setUint8(i, bytes[at + i] ^ flip);
      if (flip === 0) numberBytes.setUint8(0, numberBytes.getUint8(0) ^ 0x80);
      return { part: numberBytes.getFloat64(0), end: at + NUMBER_BYTES };
    }
    default:
      throw new TypeError(`Cannot read a key with a part of this type: ${bytes[start]}`);
  }
}

function unescaped(text: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return text.filter((byte, index) => byte !== ESCAPED_ZERO || text[index - 1] !== 0);
}
