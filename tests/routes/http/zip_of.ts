/**
 * A ZIP file of one file, for tests.
 *
 * @module
 */

import { crc32, deflateRawSync } from "node:zlib";

const NAME = new TextEncoder().encode("file");

/** A ZIP file in which a file is deflated. */
export function zipOf(file: Uint8Array): Uint8Array<ArrayBuffer> {
  const packed = deflateRawSync(file);
  const local = header(0x04034b50, 30, [20, 0, 8, 0, 0x5821], file, packed.length);
  const central = header(0x02014b50, 46, [20, 20, 0, 8, 0, 0x5821], file, packed.length);
  const end = new Uint8Array(22);
  const view = new DataView(end.buffer);
  view.setUint32(0, 0x06054b50, true);
  view.setUint16(8, 1, true);
  view.setUint16(10, 1, true);
  view.setUint32(12, central.length, true);
  view.setUint32(16, local.length + packed.length, true);
  return joined(local, packed, central, end);
}

/** A header with its first 16-bit fields, the sizes and the name. */
function header(
  signature: number,
  length: number,
  fields: readonly number[],
  file: Uint8Array,
  packedBytes: number,
): Uint8Array {
  const bytes = new Uint8Array(length + NAME.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, signature, true);
  fields.forEach((field, index) => view.setUint16(4 + 2 * index, field, true));
  const sizes = 4 + 2 * fields.length;
  view.setUint32(sizes, crc32(file), true);
  view.setUint32(sizes + 4, packedBytes, true);
  view.setUint32(sizes + 8, file.length, true);
  view.setUint16(sizes + 12, NAME.length, true);
  bytes.set(NAME, length);
  return bytes;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
