/**
 * gzip (RFC 1952): one member, without a name or time.
 *
 * @module
 */

import { deflateBytes, type Deflater, type PlainBytes } from "./deflate.ts";

/** Magic, DEFLATE, no flags, no time, nothing said about level and system. */
const HEADER = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/** Compresses bytes. The same bytes give the same file. */
export async function* gzipBytes(
  bytes: AsyncIterable<Uint8Array>,
  deflater: Deflater,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const plain: PlainBytes = { crc: 0, sizeBytes: 0 };
  yield Uint8Array.from(HEADER);
  yield* deflateBytes(bytes, { deflater, plain });
  const trailer = new DataView(new ArrayBuffer(8));
  trailer.setUint32(0, plain.crc, true);
  // The size modulo 2^32, as setUint32 takes it.
  trailer.setUint32(4, plain.sizeBytes, true);
  yield new Uint8Array(trailer.buffer);
}
