/**
 * Cutting a streamed JSON array (RFC 8259) into its elements by their bytes. The array may stand
 * inside an object, as its first member that is a list of objects; its other members are skipped.
 *
 * | place    | byte                              | next place                             |
 * | -------- | --------------------------------- | -------------------------------------- |
 * | `before` | `[` · `{`                         | `first` · `envelope`                   |
 * | `envelope` | the one that begins the first element | `nested`                         |
 * | `first`  | `]`                               | `ended`                                |
 * | `first`, `next` | `[` `{` `"` · any other except `,` `]` | an element: `nested` · `plain` |
 * | `nested` | the bracket or quote that closes it | `after`                              |
 * | `plain`  | white space, `,` `]` `[` `{` `"`  | `after`, which reads that byte again   |
 * | `after`  | `,` · `]`                         | `next` · `ended`                       |
 *
 * White space between elements is skipped; any other byte is an error. Inside an element only quotes
 * and brackets count, and one kind of bracket may close the other: the parser of the element checks
 * whether it is JSON.
 *
 * @module
 */

import { AppError } from "../app_error.ts";
import { QUOTED_VALUE_MAX } from "../limits.ts";
import { createEnvelopeScan } from "./json_envelope.ts";
import { createUtf8Gate } from "./utf8_gate.ts";

const BOM = [0xef, 0xbb, 0xbf];
const QUOTE = 34, COMMA = 44, BACKSLASH = 92, OPEN_SQUARE = 91, CLOSE_SQUARE = 93;
/** Braces. A square bracket or-ed with 32 becomes the brace on its side. */
const OPEN_BRACE = 123, CLOSE_BRACE = 125;

type Place = "before" | "envelope" | "first" | "next" | "nested" | "plain" | "after" | "ended";

/** What to do with the elements. */
export interface ElementHandlers {
  /** Longest element, bytes. */
  readonly maxBytes: number;
  /** Whether the array may stand inside an object; not by default. */
  readonly mayBeEnveloped?: boolean;
  /**
   * Called for each element with the bytes that hold it, its range in them without white space
   * around it, and its index from 0. It is not parsed. The bytes are valid only during the call.
   */
  onElement(bytes: Uint8Array, range: { start: number; end: number }, index: number): void;
  /**
   * Called once for an element longer than `maxBytes`, with its first characters; reading goes on
   * after it.
   */
  onTooLong(beginning: string, index: number): void;
}

/** Takes bytes as they arrive. After an error it cannot be used any more. */
export interface ElementSplitter {
  /**
   * Hands on every element that the bytes complete; keeps at most the incomplete one.
   *
   * @throws {AppError} MALFORMED_BODY if the bytes between elements are not those of an array, or if
   * the body begins like text in another encoding than UTF-8.
   */
  push(chunk: Uint8Array): void;
  /** Ends the array. @throws {AppError} MALFORMED_BODY if it is not closed. */
  end(): void;
}

/** A splitter at the beginning of a body; it skips a byte order mark there. */
export function createElementSplitter(handlers: ElementHandlers): ElementSplitter {
  const element = createElementBuffer(handlers);
  const nested = createNestedScan();
  const envelope = createEnvelopeScan();
  let isEnveloped = false;
  let place: Place = "before";
  let bomBytes = 0;

  /** The place after a byte between elements; that of an element if the byte begins one. */
  function placeAt(byte: number): Place {
    if (place !== "before") {
      return isWhite(byte) ? place : placeAfter(place, byte, element.index());
    }
    if (byte === BOM[bomBytes]) {
      bomBytes++;
      return place;
    }
    const isCut = bomBytes > 0 && bomBytes < BOM.length;
    // The mark is allowed only at the very beginning.
    bomBytes = BOM.length;
    if (!isCut && isWhite(byte)) return place;
    if (!isCut && byte === OPEN_SQUARE) return "first";
    isEnveloped = !isCut && byte === OPEN_BRACE && handlers.mayBeEnveloped === true;
    if (isEnveloped) return "envelope";
    throw malformed("The body must be an array that begins with [", 0, byte);
  }

  const gate = createUtf8Gate((chunk) => {
    for (let at = 0; at < chunk.length;) {
      // What follows the list inside an object is not looked at.
      if (place === "ended" && isEnveloped) return;
      if (place === "envelope") {
        const found = envelope.find(chunk, at);
        if (envelope.isOver()) place = found < 0 ? "ended" : "nested";
        if (envelope.isOver() && found < 0 && !envelope.hasEmptyList()) throw withoutList();
        if (found < 0) return;
        at = found;
        continue;
      }
      if (place !== "nested" && place !== "plain") {
        place = placeAt(chunk[at]);
        // The first byte of an element, or of the object around them, is read again as part of it.
        if (place !== "nested" && place !== "plain" && place !== "envelope") at++;
        continue;
      }
      const end = place === "plain" ? plainEnd(chunk, at) : nested.end(chunk, at);
      if (end < 0) return element.add(chunk, at);
      element.finish(chunk, at, end);
      place = "after";
      at = end;
    }
  });

  return {
    push: gate.push,
    end() {
      gate.end();
      if (place === "ended") return;
      if (place === "envelope") throw withoutList();
      const what = place === "before" ? "begin with [ and end with ]" : "be closed by ]";
      throw malformed(`The array must ${what}, and the body ends before that`, element.index());
    },
  };
}

/** The place after a byte that is not white space; throws if the byte is not allowed there. */
function placeAfter(place: Place, byte: number, index: number): Place {
  if (place === "ended") {
    throw malformed("Nothing may follow the ] that closes the array", index, byte);
  }
  if (place === "after") {
    if (byte === COMMA) return "next";
    if (byte === CLOSE_SQUARE) return "ended";
    throw malformed(`A comma or ] must follow the element at index ${index - 1}`, index, byte);
  }
  if (byte === CLOSE_SQUARE && place === "first") return "ended";
  if (byte === CLOSE_SQUARE) throw malformed("There must be no comma before the ]", index, byte);
  if (byte === COMMA) throw malformed("There must be an element before each comma", index, byte);
  return byte === QUOTE || (byte | 32) === OPEN_BRACE ? "nested" : "plain";
}

interface ElementBuffer {
  /** Index of the open element, or of the next one. */
  index(): number;
  /** Keeps the part of the open element that a chunk has from `start` on. */
  add(chunk: Uint8Array, start: number): void;
  /** Hands on the open element, whose last part lies between `start` and `end` of a chunk. */
  finish(chunk: Uint8Array, start: number, end: number): void;
}

/** Keeps at most `maxBytes` of the open element until it is complete. */
function createElementBuffer({ maxBytes, onElement, onTooLong }: ElementHandlers): ElementBuffer {
  let held = new Uint8Array(0);
  let length = 0, index = 0;
  let isTooLong = false;

  /** Keeps a part of the element. An element that gets too long is reported once, then dropped. */
  function keep(part: Uint8Array): void {
    if (isTooLong) return;
    if (length + part.length > maxBytes) {
      isTooLong = true;
      onTooLong(beginningOf(held.subarray(0, length), part, maxBytes), index);
      return;
    }
    if (length + part.length > held.length) {
      const grown = new Uint8Array(Math.min(maxBytes, 2 * (length + part.length)));
      grown.set(held.subarray(0, length));
      held = grown;
    }
    held.set(part, length);
    length += part.length;
  }

  return {
    index: () => index,
    add: (chunk, start) => keep(chunk.subarray(start)),
    finish(chunk, start, end) {
      const isWhole = length === 0 && end - start <= maxBytes && !isTooLong;
      if (!isWhole) keep(chunk.subarray(start, end));
      if (isWhole) onElement(chunk, { start, end }, index);
      else if (!isTooLong) onElement(held, { start: 0, end: length }, index);
      length = 0;
      isTooLong = false;
      index++;
    },
  };
}

/** The first characters of an element that is too long, however it is cut into chunks. */
function beginningOf(held: Uint8Array, part: Uint8Array, maxBytes: number): string {
  const size = Math.min(QUOTED_VALUE_MAX, maxBytes);
  const bytes = new Uint8Array(size);
  const head = held.subarray(0, size);
  bytes.set(head);
  bytes.set(part.subarray(0, size - head.length), head.length);
  // In one call: Deno 2.9 drops a byte order mark at the start of each streamed chunk. The text may
  // be cut within a character; streaming leaves that one out.
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes, { stream: true });
}

interface NestedScan {
  /** Where the element that begins or continues at `start` ends; -1 if not within the bytes. */
  end(bytes: Uint8Array, start: number): number;
}

/** Finds the end of objects, arrays and strings by counting brackets outside quotes. */
function createNestedScan(): NestedScan {
  let depth = 0;
  let isQuoted = false, isEscaped = false;

  /** Where the string that continues at `start` ends, after its quote. */
  function quoteEnd(bytes: Uint8Array, start: number): number {
    for (let at = start; at < bytes.length; at++) {
      const byte = bytes[at];
      if (isEscaped) isEscaped = false;
      else if (byte === BACKSLASH) isEscaped = true;
      else if (byte === QUOTE) {
        isQuoted = false;
        return at + 1;
      }
    }
    return bytes.length;
  }

  return {
    end(bytes, start) {
      let at = start;
      while (at < bytes.length) {
        if (isQuoted) {
          at = quoteEnd(bytes, at);
          if (!isQuoted && depth === 0) return at;
          continue;
        }
        const byte = bytes[at++];
        if (byte === QUOTE) isQuoted = true;
        else if ((byte | 32) === OPEN_BRACE) depth++;
        else if ((byte | 32) === CLOSE_BRACE && --depth === 0) return at;
      }
      return -1;
    },
  };
}

/** Where a number, a word or other text without brackets and quotes ends, or -1. */
function plainEnd(bytes: Uint8Array, start: number): number {
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at];
    const isEnd = byte === COMMA || byte === CLOSE_SQUARE || byte === QUOTE || isWhite(byte) ||
      (byte | 32) === OPEN_BRACE;
    if (isEnd) return at;
  }
  return -1;
}

function withoutList(): AppError {
  return malformed("The object must have a list of readings: an array of objects", 0);
}

function isWhite(byte: number): boolean {
  return byte === 32 || byte === 10 || byte === 13 || byte === 9;
}

function malformed(detail: string, index: number, byte?: number): AppError {
  const isShown = byte !== undefined && byte > 32 && byte < 127;
  const value = isShown ? { value: String.fromCharCode(byte) } : {};
  return new AppError("MALFORMED_BODY", detail, {
    errors: [{ pointer: `/${index}`, detail, ...value }],
  });
}
