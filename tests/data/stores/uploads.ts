/**
 * Reading uploads about stores from text, for tests.
 *
 * @module
 */

import { createPollBuffer } from "../../../data/stores/poll_buffer.ts";
import { createPollReader } from "../../../data/stores/poll_rows.ts";
import type { RecordReader, RejectedRecords } from "../../../data/text/upload_reader.ts";

/** What came of an upload of polls: `id time status` each, by store and time. */
export interface ReadPolls extends RejectedRecords {
  readonly polls: readonly string[];
  readonly ignored: readonly string[];
}

/** Reads polls from text that comes in chunks of so many bytes. */
export function readPolls(text: string, chunkBytes = 1_000_000): ReadPolls {
  const buffer = createPollBuffer();
  const reader = createPollReader(buffer);
  readAll(reader, text, chunkBytes);
  const { ids, pageOf } = buffer.take();
  const polls = ids.flatMap((id, index) => {
    const { timesMs, columns: [{ values }] } = pageOf(index);
    return Array.from(timesMs, (timeMs, row) => `${id} ${timeMs} ${values[row]}`);
  });
  return { ...reader.rejected(), polls, ignored: reader.ignored() };
}

/** Gives a reader a whole text, in chunks of so many bytes. */
export function readAll(reader: RecordReader, text: string, chunkBytes = 1_000_000): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    reader.push(bytes.subarray(at, at + chunkBytes));
  }
  reader.end();
}
