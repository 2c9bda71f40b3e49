/**
 * Cutting a stream of bytes into records. A record ends at a line feed outside quotes (RFC 4180).
 *
 * @module
 */

import { QUOTED_VALUE_MAX } from "../limits.ts";
import { createUtf8Gate } from "./utf8_gate.ts";

const LF = 10, QUOTE = 34;
/** Room for longer records later, bytes. */
const GROWTH_BYTES = 1_024;
const BOM = [0xef, 0xbb, 0xbf];

/** What to do with the records. */
export interface RecordHandlers {
  /** Longest record, bytes. A longer one is one bad line. */
  readonly maxBytes: number;
  /** The character after which a quote opens; null if every line is a record. */
  readonly delimiter: string | null;
  /**
   * Called at the start of each record, before anything else looks at it. Reads the record and
   * returns the index of its LF, at most `limit`; or reads nothing and returns -1.
   */
  readPlain?(bytes: Uint8Array, start: number, limit: number, line: number): number;
  /**
   * Called for each other record with the bytes that hold it, its range in them without the LF (but
   * with a CR before it), and the number of its first line. `bytes[range.end]` may be read.
   */
  onRecord(bytes: Uint8Array, range: { start: number; end: number }, line: number): void;
  /** Called with the beginning of a line that is too long; reading goes on after that line. */
  onTooLong(beginning: string, line: number): void;
}

/** Takes bytes as they arrive. */
export interface RecordSplitter {
  /**
   * Hands on every record that the bytes complete.
   *
   * @throws {AppError} MALFORMED_BODY if the stream begins like text in another encoding than UTF-8.
   */
  push(chunk: Uint8Array): void;
  /** Hands on what follows the last line feed, as a record of its own. Throws as `push` does. */
  end(): void;
}

/** A splitter at the beginning of a stream; it skips a byte order mark there. */
export function createRecordSplitter(handlers: RecordHandlers): RecordSplitter {
  const { maxBytes } = handlers;
  const delimiter = handlers.delimiter?.charCodeAt(0);
  const readPlain = handlers.readPlain ?? (() => -1);
  let rest: Uint8Array = new Uint8Array(0);
  /** What is left of a chunk, with the next one: used again, as new memory costs more than the copy. */
  let memory: Uint8Array = new Uint8Array(0);
  let line = 1;
  let isFirst = true;
  let isSkipping = false;
  /** How many bytes of the stream came before the present ones. */
  let consumed = 0;
  /**
   * A quote that does not close within a record's length spoils only its own line. So that many such
   * quotes do not cost a search each, no record spans lines before this byte of the stream.
   */
  let plainUntil = 0;

  /** Hands on the complete records of `bytes` and returns where the incomplete one begins. */
  function consume(bytes: Uint8Array, isLast: boolean): number {
    // Looked for only once a record is not plain: that takes a tenth as long as plain ones.
    let anyQuote: boolean | null = delimiter === undefined ? false : null;
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
      anyQuote ??= bytes.includes(QUOTE, start);
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

  function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
    const length = one.length + other.length;
    if (memory.length < length) memory = new Uint8Array(length + GROWTH_BYTES);
    memory.set(one);
    memory.set(other, one.length);
    return memory.subarray(0, length);
  }

  function read(chunk: Uint8Array, isLast: boolean): void {
    const bytes = rest.length === 0 ? chunk : joined(rest, chunk);
    const open = consume(bytes, isLast);
    consumed += open;
    isFirst = false;
    rest = bytes.slice(open);
  }

  const gate = createUtf8Gate((chunk) => read(chunk, false));
  return {
    push: gate.push,
    end() {
      gate.end();
      if (rest.length === 0 || isSkipping) return;
      // The last record needs a line feed, unless it has one inside a quote that is still open.
      read(rest[rest.length - 1] === LF ? new Uint8Array(0) : Uint8Array.of(LF), true);
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
    // A second quote right after a closing one is a quote inside the field (RFC 4180 §2.7).
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
