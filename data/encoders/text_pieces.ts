/**
 * A text file as chunks of bytes, with cuts where writing may go on later.
 *
 * @module
 */

import type { FileEncoder, FileEnd, SourcePage } from "./encoder.ts";
import type { FileCuts, FilePiece, TextPlace } from "./file_cut.ts";
import { slicePage } from "../readings/page.ts";
import { CHUNK_CHARS } from "../text/text_chunks.ts";

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
}

/** The text in chunks of {@link CHUNK_CHARS}; those before a cut and at the end may be shorter. */
export async function* textPieces<State>(
  encoder: FileEncoder<string>,
  input: TextInput<State>,
): AsyncGenerator<FilePiece<State>> {
  const utf8 = new TextEncoder();
  let waiting = "", sizeBytes = input.after?.sizeBytes ?? 0;

  function take(): Uint8Array<ArrayBuffer> {
    const bytes = utf8.encode(waiting);
    waiting = "";
    sizeBytes += bytes.length;
    return bytes;
  }

  for await (const text of texts(encoder, input)) {
    if (typeof text === "string") waiting += text;
    else if (waiting !== "") yield take();
    if (typeof text !== "string") yield { state: text.state, sizeBytes };
    else if (waiting.length >= CHUNK_CHARS) yield take();
  }
  if (waiting !== "") yield take();
}

/**
 * The parts of a text file, cut where they are long: V8 keeps strings of more than 128 KiB apart, and
 * frees those that are in use during a young collection only with the next full one, so with several
 * exports at once they fill memory.
 */
async function* texts<State>(
  encoder: FileEncoder<string>,
  { pages, end, cuts, after }: TextInput<State>,
): AsyncGenerator<string | { state: State }> {
  let rowChars = 0;
  if (after === undefined) yield encoder.start();
  else encoder.goOn?.(after.rows);
  for await (const { page, ...rest } of pages) {
    const count = page.timesMs.length;
    const pieces = count === 0 ? 0 : Math.max(1, Math.floor(count * rowChars / CHUNK_CHARS));
    for (let piece = 0; piece < pieces; piece++) {
      const start = Math.floor(count * piece / pieces);
      const stop = Math.floor(count * (piece + 1) / pieces);
      const text = encoder.rows({ ...rest, page: slicePage(page, start, stop) });
      if (stop > start) rowChars = text.length / (stop - start);
      yield text;
    }
    const state = cuts?.next() ?? null;
    if (state !== null) yield { state };
  }
  yield encoder.end(end());
}
