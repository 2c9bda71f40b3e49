/**
 * Places in a file where writing may go on later. In a stream, a cut stands between the bytes before
 * and after it.
 *
 * @module
 */

import { crc32 } from "node:zlib";

/** A place in a file before compression. */
export interface FileCut<State> {
  /** What was written before it, as whoever asked for the cut describes it. */
  readonly state: State;
  /** How many bytes are before it. */
  readonly sizeBytes: number;
}

/** Bytes of a file, or a cut between them. */
export type FilePiece<State, Bytes extends Uint8Array = Uint8Array<ArrayBuffer>> =
  | Bytes
  | FileCut<State>;

/** Asked between pages of rows. */
export interface FileCuts<State> {
  /** The state for a cut here; null if there is to be none. */
  next(): State | null;
}

/** Where the text of a file goes on. */
export interface TextPlace {
  /** How many rows are before it. */
  readonly rows: number;
  /** How many bytes are before it. */
  readonly sizeBytes: number;
}

/** Bytes of which only the checksum is known. */
export interface CountedBytes {
  /** Their CRC-32. */
  readonly crc: number;
  /** How many there are. */
  readonly sizeBytes: number;
}

/** Thrown when a file that goes on would not continue the bytes that were written before. */
export class ChangedBytes extends Error {
  /** Creates it. */
  constructor() {
    super("Cannot go on with a file as the rows at the end of what is written have changed");
    this.name = "ChangedBytes";
  }
}

/** Whether a piece is bytes. */
export function isBytes<State, Bytes extends Uint8Array>(
  piece: FilePiece<State, Bytes>,
): piece is Bytes {
  return piece instanceof Uint8Array;
}

/**
 * Leaves out the bytes from `from` to `to`, which were written before.
 *
 * @throws {ChangedBytes} if they are not those bytes.
 */
export async function* skipWritten<State>(
  pieces: AsyncIterable<FilePiece<State, Uint8Array>>,
  { from, to }: { from: CountedBytes; to: CountedBytes },
): AsyncGenerator<FilePiece<State, Uint8Array>> {
  let { crc, sizeBytes } = from;
  for await (const piece of pieces) {
    if (sizeBytes === to.sizeBytes) {
      yield piece;
      continue;
    }
    // A cut inside bytes that are written already is of no use.
    if (!isBytes(piece)) continue;
    const end = Math.min(piece.length, to.sizeBytes - sizeBytes);
    crc = crc32(piece.subarray(0, end), crc);
    sizeBytes += end;
    if (sizeBytes === to.sizeBytes && crc !== to.crc) throw new ChangedBytes();
    if (end < piece.length) yield piece.subarray(end);
  }
  if (sizeBytes !== to.sizeBytes) throw new ChangedBytes();
}
