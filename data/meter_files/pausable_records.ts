/**
 * Records whose reading can pause until something is known, such as the profile of a meter.
 *
 * @module
 */

import { createRecordSplitter } from "../text/records.ts";

const LF = 10;

/** What to do with the records. */
export interface PausableHandlers {
  /** Longest record, bytes. A longer one is one bad line. */
  readonly maxBytes: number;
  /** The character after which a quote opens. */
  readonly delimiter: string;
  /** Reads a plain record, as in `data/text/records.ts`. It never pauses. */
  readPlain(bytes: Uint8Array, start: number, limit: number, line: number): number;
  /** Reads any record from its range, without its LF. False pauses: it is read again later. */
  readRecord(bytes: Uint8Array, range: { start: number; end: number }, line: number): boolean;
  /** Called with the beginning of a line that is too long. */
  onTooLong(beginning: string, line: number): void;
  /** Called once after the last record. */
  onEnd(): void;
}

/** Takes bytes as they arrive. */
export interface PausableRecords {
  /** Reads the records that a chunk completes; while it is paused, it keeps them. */
  push(chunk: Uint8Array): void;
  /** Reads the last record. */
  end(): void;
  /** Reads what was kept, until the next record that pauses. */
  resume(): void;
}

/** Records at the beginning of a stream. */
export function createPausableRecords(
  { readPlain, readRecord, onEnd, ...handlers }: PausableHandlers,
): PausableRecords {
  /** The records since the one that paused, each with its LF; null while nothing is paused. */
  let held: { bytes: Uint8Array; line: number }[] | null = null;
  let isEnding = false;

  function hold(record: Uint8Array, line: number): void {
    const bytes = new Uint8Array(record.length + 1);
    bytes.set(record);
    bytes[record.length] = LF;
    (held ??= []).push({ bytes, line });
  }

  const splitter = createRecordSplitter({
    ...handlers,
    readPlain: (bytes, start, limit, line) =>
      held === null ? readPlain(bytes, start, limit, line) : -1,
    onRecord(bytes, range, line) {
      if (held === null && readRecord(bytes, range, line)) return;
      hold(bytes.subarray(range.start, range.end), line);
    },
  });

  function isRead(bytes: Uint8Array, line: number): boolean {
    const end = bytes.length - 1;
    return readPlain(bytes, 0, end, line) === end || readRecord(bytes, { start: 0, end }, line);
  }

  return {
    push: splitter.push,
    end() {
      splitter.end();
      isEnding = true;
      if (held === null) onEnd();
    },
    resume() {
      const records = held ?? [];
      held = null;
      for (const [index, { bytes, line }] of records.entries()) {
        if (isRead(bytes, line)) continue;
        held = records.slice(index);
        return;
      }
      if (isEnding) {
        isEnding = false;
        onEnd();
      }
    },
  };
}
