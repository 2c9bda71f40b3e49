/**
 * The bytes of an XML document in any encoding as UTF-8.
 *
 * @module
 */

import { xmlEncoding } from "./xml_bytes.ts";

/** Takes the bytes of a document as they arrive. */
export interface XmlText {
  /**
   * Hands on what a chunk completes.
   *
   * @throws {AppError} MALFORMED_BODY if the encoding is not supported.
   */
  push(chunk: Uint8Array): void;
  /** Hands on what waits. Throws as {@link XmlText.push} does. */
  end(): void;
}

/** Hands on UTF-8 without a byte order mark. The first bytes wait until they show the encoding. */
export function createXmlText(next: (utf8: Uint8Array) => void): XmlText {
  const encoder = new TextEncoder();
  let head: Uint8Array | null = new Uint8Array(0);
  let decoder: TextDecoder | null = null;

  function decode(bytes: Uint8Array, isLast: boolean): void {
    if (decoder === null) next(bytes);
    else next(encoder.encode(decoder.decode(bytes, { stream: !isLast })));
  }

  function add(chunk: Uint8Array, isLast: boolean): void {
    if (head === null) return decode(chunk, isLast);
    const bytes: Uint8Array = new Uint8Array(head.length + chunk.length);
    bytes.set(head);
    bytes.set(chunk, head.length);
    const found = xmlEncoding(bytes, isLast);
    if (found === null) {
      head = bytes;
      return;
    }
    head = null;
    if (found.label !== "utf-8") decoder = new TextDecoder(found.label, { ignoreBOM: true });
    decode(bytes.subarray(found.markBytes), isLast);
  }

  return {
    push: (chunk) => add(chunk, false),
    end: () => add(new Uint8Array(0), true),
  };
}
