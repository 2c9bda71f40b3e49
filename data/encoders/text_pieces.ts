/**
 * A text file as chunks of bytes, with cuts where writing may go on later.
 *
 * Rows are written where they leave: as bytes, and not as strings on the way, which would be copied three
 * times.
 *
 * @module
 */

import { type AsciiText, asciiTextIn, writeText } from "../text/ascii_text.ts";
import { slicePage } from "../readings/page.ts";
import { type ChunkMemory, createChunkMemory } from "./chunk_memory.ts";
import type { FileEnd, SourcePage, TextEncoding } from "./encoder.ts";
import type { FileCuts, FilePiece, TextPlace } from "./file_cut.ts";

/** The memory of a chunk: with smaller ones, writing takes longer than making them. */
const CHUNK_BYTES = 262_144;
/** A chunk with less room leaves. */
const ROOM_BYTES = 98_304;
/** A page is written in pieces of about so many bytes, and so fits. */
const PIECE_BYTES = 65_536;

/** What becomes a text. */
export interface TextInput<State> {
  /** The rows. Pages without rows are left out. */
  readonly pages: AsyncIterable<SourcePage>;
  /** What is known after the last row. It is called once, then. */
  end(): FileEnd;
  /** Says where there are cuts; by default nowhere. */
  readonly cuts?: FileCuts<State>;
  /** Where the text goes on; at its beginning by default. */
  readonly after?: TextPlace;
  /** Memory for its chunks. Whoever has written a chunk may release it there. */
  readonly memory?: ChunkMemory;
}

/** The text in chunks of 160 KB or more; those before a cut and at the end may be shorter. */
export async function* textPieces<State>(
  encoder: TextEncoding,
  { pages, end, cuts, after, memory = createChunkMemory() }: TextInput<State>,
): AsyncGenerator<FilePiece<State>> {
  let chunk: AsciiText | null = null;
  let at = 0, sizeBytes = after?.sizeBytes ?? 0, rowBytes = 0;

  const opened = () => chunk ??= asciiTextIn(memory.take(CHUNK_BYTES));
  const isFull = () => chunk !== null && chunk.bytes.length - at < ROOM_BYTES;

  function take({ bytes }: AsciiText): Uint8Array<ArrayBuffer> {
    const taken = bytes.subarray(0, at);
    sizeBytes += at;
    chunk = null;
    at = 0;
    return taken;
  }

  function add(text: string): void {
    if (text !== "") at = writeText(opened(), at, text);
  }

  function addRows(rows: SourcePage): void {
    const before = at;
    at = encoder.write(rows, { text: opened(), at });
    rowBytes = (at - before) / rows.page.timesMs.length;
  }

  if (after === undefined) add(encoder.start());
  else encoder.goOn?.(after.rows);
  for await (const { page, ...rest } of pages) {
    const count = page.timesMs.length;
    const pieces = count === 0 ? 0 : Math.max(1, Math.floor(count * rowBytes / PIECE_BYTES));
    for (let piece = 0; piece < pieces; piece++) {
      const start = Math.floor(count * piece / pieces);
      const stop = Math.floor(count * (piece + 1) / pieces);
      if (stop > start) addRows({ ...rest, page: slicePage(page, start, stop) });
      if (isFull()) yield take(opened());
    }
    const state = cuts?.next() ?? null;
    if (state === null) continue;
    if (at > 0) yield take(opened());
    yield { state, sizeBytes };
  }
  add(encoder.end(end()));
  if (at > 0) yield take(opened());
}
