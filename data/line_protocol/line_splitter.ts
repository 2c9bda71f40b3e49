/**
 * Cutting a stream of bytes into lines of line protocol. A string may hold line feeds, so a line ends
 * where the parser says.
 *
 * @module
 */

import { LINE_MAX_BYTES, QUOTED_VALUE_MAX } from "../limits.ts";
import { createUtf8Gate } from "../text/utf8_gate.ts";
import type { LineParser } from "./line_parser.ts";

const LF = 10, CR = 13;
const BOM = [0xef, 0xbb, 0xbf];

/** What to do with the lines. */
export interface LineHandlers {
  /** Called after a point was read. */
  onPoint(line: number): void;
  /** Called after a line that is wrong, with its beginning. */
  onWrong(text: string, reason: string, line: number): void;
  /** Called for a line that is too long. */
  onTooLong(line: number): void;
}

/** Takes bytes as they arrive. */
export interface LineSplitter {
  /** Reads the lines that the bytes complete. Throws AppError MALFORMED_BODY if they are not UTF-8. */
  push(chunk: Uint8Array): void;
  /** Reads what follows the last line feed. Throws as {@link LineSplitter.push} does. */
  end(): void;
}

/** A splitter at the beginning of a stream; it skips a byte order mark there. */
export function createLineSplitter(parser: LineParser, handlers: LineHandlers): LineSplitter {
  let rest: Uint8Array = new Uint8Array(0);
  let line = 1;
  let isFirst = true;
  let isSkipping = false;

  function read(chunk: Uint8Array, isLast: boolean): void {
    const bytes = rest.length === 0 ? chunk : joined(rest, chunk);
    let start = isFirst && BOM.every((byte, index) => bytes[index] === byte) ? 3 : 0;
    isFirst = false;
    const lastEnd = bytes.lastIndexOf(LF);
    while (start <= lastEnd) {
      const end = isSkipping ? skip(bytes, start) : readLine(bytes, start, isLast);
      if (end < 0) break;
      start = end + 1;
    }
    rest = bytes.slice(start);
    if (rest.length > LINE_MAX_BYTES && start > lastEnd) {
      if (!isSkipping) handlers.onTooLong(line);
      isSkipping = true;
      rest = new Uint8Array(0);
    }
  }

  /** Skips the end of a line that is too long. */
  function skip(bytes: Uint8Array, start: number): number {
    isSkipping = false;
    line++;
    return bytes.indexOf(LF, start);
  }

  /** Reads the line at `start`. Returns the index of its line feed; -1 if more bytes are needed. */
  function readLine(bytes: Uint8Array, start: number, isLast: boolean): number {
    const kind = parser.read(bytes, start);
    if (kind === "open" && !isLast && bytes.length - start <= LINE_MAX_BYTES) return -1;
    const first = line;
    if (kind === "point") {
      line += 1 + parser.line.innerLines;
      if (parser.line.end - start > LINE_MAX_BYTES) handlers.onTooLong(first);
      else handlers.onPoint(first);
      return parser.line.end;
    }
    line++;
    if (kind === "nothing") return parser.line.end;
    // Even a quote that does not close spoils only its own line.
    const end = bytes.indexOf(LF, start);
    const reason = kind === "open" ? "unbalanced quotes" : parser.line.reason;
    handlers.onWrong(beginning(bytes, start, end), reason, first);
    return end;
  }

  const gate = createUtf8Gate((chunk) => read(chunk, false));
  return {
    push: gate.push,
    end() {
      gate.end();
      // An end that is there already is an empty line more.
      if (rest.length > 0 || isSkipping) read(Uint8Array.of(LF), true);
    },
  };
}

/** The text of a line, shortened. */
function beginning(bytes: Uint8Array, start: number, end: number): string {
  const last = bytes[end - 1] === CR ? end - 1 : end;
  const text = new TextDecoder().decode(bytes.subarray(start, Math.min(last, start + 400)));
  return text.slice(0, QUOTED_VALUE_MAX).trimStart();
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(one.length + other.length);
  bytes.set(one);
  bytes.set(other, one.length);
  return bytes;
}
