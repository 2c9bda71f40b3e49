/**
 * Reads uploads about stores from text, for tests.
 *
 * @module
 */

import { createPollBuffer } from "../../../data/stores/poll_buffer.ts";
import { createPollReader } from "../../../data/stores/poll_rows.ts";
import type { RecordReader, RejectedRecords } from "../../../data/text/upload_reader.ts";
import { ACCEPTED_TIMES, type AcceptedTimes } from "../../../data/time/accepted_times.ts";

/** The result of an upload of polls. */
export interface ReadPolls extends RejectedRecords {
  /** `id time status` of each poll, by store and time. */
  readonly polls: readonly string[];
  /** Columns that were ignored. */
  readonly ignored: readonly string[];
}

/** How to read an upload. */
export interface ReadOptions {
  /** Bytes in a chunk. */
  readonly chunkBytes?: number;
  /** Which times polls may have. */
  readonly acceptedTimes?: AcceptedTimes;
  /** The service's clock: the year 2100 by default. */
  readonly now?: () => number;
}

/** Reads polls from text that arrives in chunks. */
export function readPolls(
  text: string,
  { chunkBytes, acceptedTimes = ACCEPTED_TIMES, now = () => 4_102_444_800_000 }: ReadOptions = {},
): ReadPolls {
  const buffer = createPollBuffer();
  const reader = createPollReader({ buffer, acceptedTimes, now });
  readAll(reader, text, chunkBytes);
  const { ids, pageOf } = buffer.take();
  const polls = ids.flatMap((id, index) => {
    const { timesMs, columns: [{ values }] } = pageOf(index);
    return Array.from(timesMs, (timeMs, row) => `${id} ${timeMs} ${values[row]}`);
  });
  return { ...reader.rejected(), polls, ignored: reader.ignored() };
}

/** Passes a whole text to a reader, in chunks. */
export function readAll(reader: RecordReader, text: string, chunkBytes = 1_000_000): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    reader.push(bytes.subarray(at, at + chunkBytes));
  }
  reader.end();
}
