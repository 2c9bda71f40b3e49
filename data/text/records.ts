/**
 * Cutting a stream of bytes into records. A record ends at a line end outside quotes (RFC 4180).
 *
 * @module
 */

import { QUOTED_VALUE_MAX } from "../limits.ts";

const LF = 10, QUOTE = 34;
const BOM = [0xef, 0xbb, 0xbf];

/** What is done with the records. */
export interface RecordHandlers {
  /** Longest record, bytes; what is longer is one bad line. */
  readonly maxBytes: number;
  /** The character behind which a quote opens; null where every line is a record. */
  readonly delimiter: string | null;
  /**
   * Called with the start of each record, before anything is known of it: takes the record and
   * returns the index of its LF, which must be at most `limit`; or takes nothing and returns -1.
   */
  readPlain?(bytes: Uint8Array, start: number, limit: number, line: number): number;
  /**
   * Called for each record with the bytes it lies in, its range there without the LF (a CR before
   * it is kept), and the number of its first line. `bytes[range.end]` may be read.
   */
  onRecord(bytes: Uint8Array, range: { start: number; end: number }, line: number): void;
  /** Called with the beginning of a line that is too long; reading goes on behind that line. */
  onTooLong(beginning: string, line: number): void;
}

/** Takes bytes as they come. */
export interface RecordSplitter {
  /** Hands on every record the bytes complete. */
  push(chunk: Uint8Array): void;
  /** Hands on what stands behind the last line end, as a record of its own. */
  end(): void;
}

/** A splitter at the beginning of a stream; a byte order mark there is passed over. */
export function createRecordSplitter(handlers: RecordHandlers): RecordSplitter {
  const { maxBytes } = handlers;
  const delimiter = handlers.delimiter?.charCodeAt(0);
  const readPlain = handlers.readPlain ?? (() => -1);
  let rest: Uint8Array = new Uint8Array(0);
  let line = 1;
  let isFirst = true;
  let isSkipping = false;
  /** Bytes of the stream that lie before what is being looked at. */
  let consumed = 0;
  /**
   * A quote that does not close within a record's length spoils its own line alone. So that many
   * of them do not each cost a search, no record spans lines before this byte of the stream.
   */
  let plainUntil = 0;

  /** Hands on the records of `bytes` up to `limit` and returns where the first open one begins. */
  function consume(bytes: Uint8Array, isLast: boolean): number {
    const anyQuote = delimiter !== undefined && bytes.includes(QUOTE);
    const lastEnd = bytes.lastIndexOf(LF);
    let start = isFirst && BOM.every((byte, index) => bytes[index] === byte) ? 3 : 0;
    while (start < bytes.length) {
      const plainEnd = isSkipping || start > lastEnd
        ? -1
        : readPlain(bytes, start, Math.min(lastEnd, start + maxBytes), line);
      if (plainEnd >= 0) {
        line++;
        start = plainEnd + 1;
        continue;
      }
      let end = bytes.indexOf(LF, start);
      if (isSkipping) {
        if (end < 0) return bytes.length;
        isSkipping = false;
        line++;
        start = end + 1;
        continue;
      }
      const lineEnd = end;
      const mayQuote = anyQuote && consumed + start >= plainUntil;
      if (mayQuote && hasQuote(bytes, start, end < 0 ? bytes.length : end)) {
        const limit = Math.min(bytes.length, start + maxBytes + 1);
        end = quotedEnd(bytes, { start, end: limit, delimiter });
        const isOpen = end < 0 && (isLast || bytes.length - start > maxBytes);
        if (isOpen && lineEnd >= 0) {
          end = lineEnd;
          plainUntil = consumed + start + maxBytes;
        }
      }
      if (end < 0) {
        if (bytes.length - start <= maxBytes) return start;
        tooLong(bytes, start);
        isSkipping = true;
        return bytes.length;
      }
      if (end - start > maxBytes) tooLong(bytes, start);
      else handlers.onRecord(bytes, { start, end }, line);
      line += end === lineEnd ? 1 : countLines(bytes, start, end);
      start = end + 1;
    }
    return bytes.length;
  }

  function tooLong(bytes: Uint8Array, start: number): void {
    handlers.onTooLong(
      new TextDecoder().decode(bytes.subarray(start, start + QUOTED_VALUE_MAX)),
      line,
    );
  }

  function feed(chunk: Uint8Array, isLast: boolean): void {
    const bytes = rest.length === 0 ? chunk : joined(rest, chunk);
    if (isFirst && bytes.length < BOM.length && !isLast) {
      rest = bytes.slice();
      return;
    }
    const open = consume(bytes, isLast);
    consumed += open;
    isFirst = false;
    rest = bytes.slice(open);
  }

  return {
    push: (chunk) => feed(chunk, false),
    end() {
      if (rest.length === 0 || isSkipping) return;
      // A line end of our own closes the last record, unless its own is there behind an open quote.
      feed(rest[rest.length - 1] === LF ? new Uint8Array(0) : Uint8Array.of(LF), true);
    },
  };
}

function hasQuote(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === QUOTE) return true;
  return false;
}

/** Index of the first LF outside quotes in a range, or -1. A quote opens where a field begins. */
function quotedEnd(
  bytes: Uint8Array,
  { start, end, delimiter }: { start: number; end: number; delimiter: number | undefined },
): number {
  let isQuoted = false;
  let isFieldStart = true;
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte === QUOTE && isQuoted) isQuoted = false;
    // Behind a closed stretch a second quote stands for one quote inside it (RFC 4180 §2.7).
    else if (byte === QUOTE) isQuoted = isFieldStart || bytes[at - 1] === QUOTE;
    else if (byte === LF && !isQuoted) return at;
    isFieldStart = byte === delimiter && !isQuoted;
  }
  return -1;
}

function countLines(bytes: Uint8Array, start: number, end: number): number {
  let lines = 1;
  for (let at = start; at < end; at++) if (bytes[at] === LF) lines++;
  return lines;
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(one.length + other.length);
  bytes.set(one);
  bytes.set(other, one.length);
  return bytes;
}
