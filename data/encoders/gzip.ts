/**
 * gzip (RFC 1952): one member, without a name or time.
 *
 * @module
 */

import { deflatePieces, type Deflater, type PackedCut, type PlainBytes } from "./deflate.ts";
import { type CountedBytes, type FilePiece, skipWritten } from "./file_cut.ts";

const NOTHING: CountedBytes = { crc: 0, sizeBytes: 0 };

/** Magic, DEFLATE, no flags, no time, nothing said about level and system. */
const HEADER = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/** Compresses bytes. The same bytes give the same file. */
export async function* gzipBytes(
  bytes: AsyncIterable<Uint8Array>,
  deflater: Deflater,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for await (const piece of gzipPieces(bytes, deflater)) {
    if (piece instanceof Uint8Array) yield piece;
  }
}

/** Where a compressed file goes on: {@link PackedCut} without its state. */
export type GzipPlace = Omit<PackedCut<unknown>, "state">;

/**
 * Compresses a file with cuts. With `after`, it goes on there: the pieces begin at the plain cut.
 *
 * @throws {ChangedBytes} if what was plain between the two cuts has changed.
 */
export async function* gzipPieces<State>(
  pieces: AsyncIterable<FilePiece<State, Uint8Array>>,
  deflater: Deflater,
  after?: GzipPlace,
): AsyncGenerator<Uint8Array<ArrayBuffer> | PackedCut<State>> {
  const plain: PlainBytes = { ...after?.packed ?? NOTHING };
  if (after === undefined) yield Uint8Array.from(HEADER);
  const rest = after === undefined
    ? pieces
    : skipWritten(pieces, { from: after.before, to: after.packed });
  yield* deflatePieces(rest, { deflater, plain });
  const trailer = new DataView(new ArrayBuffer(8));
  trailer.setUint32(0, plain.crc, true);
  // The size modulo 2^32, as setUint32 takes it.
  trailer.setUint32(4, plain.sizeBytes, true);
  yield new Uint8Array(trailer.buffer);
}
