/**
 * Writing numbers, texts and bytes one after the other into a growing buffer.
 *
 * @module
 */

const ENCODER = new TextEncoder();

/** Appends to a buffer. All methods except `grow` need room that `grow` has made. */
export interface ByteWriter {
  /** How many bytes were written. */
  size(): number;
  /** Makes room for at least `size` more bytes. */
  grow(size: number): void;
  /** Writes a byte. */
  byte(value: number): void;
  /** Writes a whole number as a varint (LEB128). */
  varint(value: number): void;
  /** Writes a double, little-endian. */
  f64(value: number): void;
  /** Writes a 64-bit unsigned integer, little-endian. */
  u64(value: bigint): void;
  /** Writes bytes. */
  put(bytes: Uint8Array): void;
  /** Writes the UTF-8 length of a text as a varint, then its UTF-8. */
  text(text: string): void;
  /** A copy of what was written. */
  bytes(): Uint8Array<ArrayBuffer>;
}

/** Creates an empty writer. */
export function createByteWriter(): ByteWriter {
  let bytes = new Uint8Array(4_096);
  let view = new DataView(bytes.buffer);
  let at = 0;

  function varint(value: number): void {
    let rest = value;
    for (; rest > 127; rest >>>= 7) bytes[at++] = rest & 127 | 128;
    bytes[at++] = rest;
  }

  function put(part: Uint8Array): void {
    bytes.set(part, at);
    at += part.length;
  }

  /** Writes a short ASCII text, such as an id. False, and nothing counted, for any other text. */
  function shortText(text: string): boolean {
    if (text.length > 127) return false;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code > 127) return false;
      bytes[at + 1 + index] = code;
    }
    bytes[at] = text.length;
    at += 1 + text.length;
    return true;
  }

  return {
    size: () => at,
    grow(size) {
      if (at + size <= bytes.length) return;
      const larger = new Uint8Array(Math.max(at + size, 2 * bytes.length));
      larger.set(bytes.subarray(0, at));
      bytes = larger;
      view = new DataView(bytes.buffer);
    },
    byte(value) {
      bytes[at++] = value;
    },
    varint,
    put,
    text(text) {
      if (shortText(text)) return;
      const encoded = ENCODER.encode(text);
      varint(encoded.length);
      put(encoded);
    },
    f64(value) {
      view.setFloat64(at, value, true);
      at += 8;
    },
    u64(value) {
      view.setBigUint64(at, value, true);
      at += 8;
    },
    bytes: () => bytes.slice(0, at),
  };
}
