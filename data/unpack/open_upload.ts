/**
 * Looking at the first bytes of an upload before something reads it.
 *
 * @module
 */

import { atMost } from "./upload_too_large.ts";
import { withTurns } from "./with_turns.ts";
import { zipEntryBytes } from "./zip_bytes.ts";

/** The beginnings of ZIP files: with an entry, and without one. */
const ZIP_HEADS = [[0x50, 0x4b, 3, 4], [0x50, 0x4b, 5, 6]];

/** How to open an upload. */
export interface OpenOptions {
  /** Whether it is unpacked if it is a ZIP file. */
  readonly mayBeZip: boolean;
  /** How many first bytes to look at. */
  readonly headBytes: number;
}

/** An upload whose first bytes are known. */
export interface OpenedUpload {
  /** Its first bytes, as many as were asked for, or more, or all. */
  readonly head: Uint8Array;
  /** All of its bytes. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Ends it if nothing will read `chunks`. */
  close(): Promise<void>;
}

/**
 * Opens an upload: reads as much of it as it must.
 *
 * @param maxBytes How many bytes a ZIP file may be unpacked to.
 * @throws {AppError} as `zipEntryBytes()` does; BODY_TOO_LARGE, also while the chunks are read.
 */
export async function openUpload(
  chunks: AsyncIterable<Uint8Array>,
  { mayBeZip, headBytes }: OpenOptions,
  maxBytes: number,
): Promise<OpenedUpload> {
  if (!mayBeZip) return await peek(chunks, headBytes);
  const packed = await peek(chunks, ZIP_HEADS[0].length);
  const isZip = ZIP_HEADS.some((bytes) => bytes.every((byte, at) => packed.head[at] === byte));
  const unpacked = isZip
    ? withTurns(atMost(zipEntryBytes(packed.chunks), maxBytes))
    : packed.chunks;
  return await peek(unpacked, headBytes);
}

/** The first bytes of a stream, at least `count` or all, and the whole stream. */
async function peek(chunks: AsyncIterable<Uint8Array>, count: number): Promise<OpenedUpload> {
  const source = chunks[Symbol.asyncIterator]();
  const close = async () => void await source.return?.();
  let head: Uint8Array = new Uint8Array(0);
  while (head.length < count) {
    const { done, value } = await source.next();
    if (done) break;
    // A chunk is valid only until the next one is read.
    const longer: Uint8Array = new Uint8Array(head.length + value.length);
    longer.set(head);
    longer.set(value, head.length);
    head = longer;
  }
  return { head, chunks: continued(head, source), close };
}

async function* continued(
  head: Uint8Array,
  source: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    if (head.length > 0) yield head;
    for (let next = await source.next(); !next.done; next = await source.next()) yield next.value;
  } finally {
    await source.return?.();
  }
}
