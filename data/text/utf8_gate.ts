/**
 * Refusing text in another encoding than UTF-8, by its first bytes.
 *
 * @module
 */

import { AppError } from "../app_error.ts";

/** How many bytes show the encoding. */
const HEAD_BYTES = 4;

/** The first bytes of other encodings: a byte order mark, or a zero next to an ASCII character. */
const HEADS: readonly [encoding: string, matches: (head: Uint8Array) => boolean][] = [
  ["UTF-32LE", ([a, b, c, d]) => a === 0xff && b === 0xfe && c === 0 && d === 0],
  ["UTF-32BE", ([a, b, c, d]) => a === 0 && b === 0 && c === 0xfe && d === 0xff],
  ["UTF-16LE", ([a, b]) => a === 0xff && b === 0xfe],
  ["UTF-16BE", ([a, b]) => a === 0xfe && b === 0xff],
  ["UTF-16LE", ([a, b, c, d]) => isAscii(a) && b === 0 && isAscii(c) && d === 0],
  ["UTF-16BE", ([a, b, c, d]) => a === 0 && isAscii(b) && c === 0 && isAscii(d)],
];

/** Takes the chunks of a text. */
export interface Utf8Gate {
  /**
   * Hands on a chunk. The first bytes wait until there are enough of them.
   *
   * @throws {AppError} MALFORMED_BODY if the text is in another encoding; it names the encoding.
   */
  push(chunk: Uint8Array): void;
  /** Hands on what waits. Throws as {@link Utf8Gate.push} does. */
  end(): void;
}

/** A gate at the beginning of a text. */
export function createUtf8Gate(next: (chunk: Uint8Array) => void): Utf8Gate {
  let waiting: Uint8Array | null = new Uint8Array(0);

  function open(head: Uint8Array): void {
    waiting = null;
    requireUtf8(head);
    if (head.length > 0) next(head);
  }

  return {
    push(chunk) {
      if (waiting === null) return next(chunk);
      const head: Uint8Array = new Uint8Array(waiting.length + chunk.length);
      head.set(waiting);
      head.set(chunk, waiting.length);
      if (head.length >= HEAD_BYTES) open(head);
      else waiting = head;
    },
    end() {
      if (waiting !== null) open(waiting);
    },
  };
}

function requireUtf8(head: Uint8Array): void {
  const encoding = HEADS.find(([, matches]) => matches(head))?.[0];
  if (encoding === undefined) return;
  throw new AppError(
    "MALFORMED_BODY",
    `The body must be UTF-8, but it looks like ${encoding}; save it as UTF-8 and send it again`,
  );
}

function isAscii(byte: number): boolean {
  return byte > 0 && byte < 128;
}
