/**
 * The list of gaps that goes with a file, as CSV: source, from, to, missing.
 *
 * @module
 */

import type { FileGap } from "../encoders/encoder.ts";
import { instantText } from "../time/time_text.ts";

/** How many lines one chunk has. */
const CHUNK_LINES = 1_000;

/** The list as bytes. Times are UTC; ids need no quotes. */
export async function* gapsCsv(
  gaps: readonly FileGap[],
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  yield encoder.encode("source,from,to,missing\n");
  for (let at = 0; at < gaps.length; at += CHUNK_LINES) {
    const lines = gaps.slice(at, at + CHUNK_LINES).map(({ source, fromMs, toMs, missing }) =>
      `${source},${instantText(fromMs)},${instantText(toMs)},${missing}\n`
    );
    yield encoder.encode(lines.join(""));
  }
}
