/**
 * Text in any of some encodings as UTF-8, chunk by chunk.
 *
 * UTF-8 is handed on as it is: only the first bytes are looked at.
 *
 * @module
 */

import { AppError } from "../app_error.ts";

/** The encodings, as the option `encoding` names them. `auto` goes by the first bytes. */
export const ENCODINGS = [
  "auto",
  "utf-8",
  "utf-16le",
  "utf-16be",
  "windows-1252",
  "iso-8859-1",
] as const;

/** One of {@link ENCODINGS}. */
export type TextEncoding = typeof ENCODINGS[number];

/** How many bytes show the encoding. */
const HEAD_BYTES = 16;
/** How many bytes of UTF-16 are decoded at once: as text they take no more than that. */
const PIECE_BYTES = 65_536;

/** Takes the chunks of a text. */
export interface Transcoder {
  /**
   * Hands on what a chunk completes, as UTF-8. The first bytes wait until there are enough of them.
   *
   * @throws {AppError} MALFORMED_BODY if the bytes are not in the encoding that they should be in. It
   * names the likely one and how to send it.
   */
  push(chunk: Uint8Array): void;
  /** Hands on what waits. Throws as {@link Transcoder.push} does. */
  end(): void;
}

/** A transcoder at the beginning of a text; `next` takes the text as UTF-8. */
export function createTranscoder(
  encoding: TextEncoding,
  next: (chunk: Uint8Array) => void,
): Transcoder {
  let head: Uint8Array | null = new Uint8Array(0);
  let push = next, end = () => {};

  function open(bytes: Uint8Array): void {
    head = null;
    const found = encodingOf(bytes, encoding);
    if (found !== "utf-8") {
      ({ push, end } = found === "utf-16le" || found === "utf-16be"
        ? createUtf16Decoder(found, next)
        : createByteDecoder(found, next));
    }
    if (bytes.length > 0) push(bytes);
  }

  return {
    push(chunk) {
      if (head === null) return push(chunk);
      const bytes: Uint8Array = new Uint8Array(head.length + chunk.length);
      bytes.set(head);
      bytes.set(chunk, head.length);
      if (bytes.length >= HEAD_BYTES) open(bytes);
      else head = bytes;
    },
    end() {
      if (head !== null) open(head);
      end();
    },
  };
}

/** The encoding that the first bytes of a text show: by a byte order mark, or by their zeros. */
export function shownEncoding(head: Uint8Array): string | null {
  const [a, b, c, d] = head;
  if (a === 0xff && b === 0xfe) return c === 0 && d === 0 ? "utf-32le" : "utf-16le";
  if (a === 0 && b === 0 && c === 0xfe && d === 0xff) return "utf-32be";
  if (a === 0xfe && b === 0xff) return "utf-16be";
  if (a === 0xef && b === 0xbb && c === 0xbf) return "utf-8";
  if (head.length < 4) return null;
  // In UTF-16, every other byte of Western text is zero.
  const first = head.subarray(0, HEAD_BYTES);
  const [even, odd] = [0, 1].map((rest) =>
    first.filter((byte, at) => at % 2 === rest && byte === 0).length
  );
  if (even === 0 && odd * 4 > first.length) return "utf-16le";
  return odd === 0 && even * 4 > first.length ? "utf-16be" : null;
}

/** The encoding of a text that begins so and should be in a given one. */
function encodingOf(head: Uint8Array, given: TextEncoding): Exclude<TextEncoding, "auto"> {
  const shown = shownEncoding(head);
  if (shown !== null && !isEncoding(shown)) {
    throw malformed(`The upload looks like ${shown}; save it as UTF-8 and send it again`);
  }
  if (given === "auto") {
    if (shown === null || shown === "auto") return "utf-8";
    if (shown === "utf-8" || hasMark(head)) return shown;
    throw malformed(
      "The upload must be UTF-8 or begin with a byte order mark, but it looks like " +
        `${shown}; send encoding=${shown}`,
    );
  }
  if (shown !== null && shown !== given) throw wrongEncoding(given, shown);
  if (given.startsWith("utf-16") && isAscii(head)) throw wrongEncoding(given, "utf-8");
  return given;
}

function isEncoding(name: string): name is TextEncoding {
  return ENCODINGS.some((encoding) => encoding === name);
}

function hasMark([first]: Uint8Array): boolean {
  return first === 0xff || first === 0xfe;
}

function isAscii(head: Uint8Array): boolean {
  return head.length > 0 && head.every((byte) => byte > 0 && byte < 0x80);
}

function wrongEncoding(given: string, shown: string): AppError {
  return malformed(
    `The upload must be ${given}, as encoding= says, but it looks like ${shown}; ` +
      `send encoding=${shown}`,
  );
}

function malformed(detail: string): AppError {
  return new AppError("MALFORMED_BODY", detail);
}

function createUtf16Decoder(
  encoding: "utf-16le" | "utf-16be",
  next: (chunk: Uint8Array) => void,
): Transcoder {
  const decoder = new TextDecoder(encoding, { fatal: true });
  const encoder = new TextEncoder();

  function decode(bytes: Uint8Array, isLast: boolean): void {
    try {
      const text = decoder.decode(bytes, { stream: !isLast });
      if (text !== "") next(encoder.encode(text));
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw malformed(
        `The upload must be ${encoding}, but it has bytes that are not; ` +
          "name its encoding with encoding=",
      );
    }
  }

  return {
    push(chunk) {
      for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
        decode(chunk.subarray(at, at + PIECE_BYTES), false);
      }
    },
    end: () => decode(new Uint8Array(0), true),
  };
}

/** A decoder of an encoding of one byte a character. */
function createByteDecoder(
  encoding: "windows-1252" | "iso-8859-1",
  next: (chunk: Uint8Array) => void,
): Transcoder {
  const encoder = new TextEncoder();
  const characters = Array.from({ length: 256 }, (_, byte) =>
    encoder.encode(
      // The label iso-8859-1 means windows-1252 to TextDecoder (WHATWG Encoding Standard §4.2).
      encoding === "iso-8859-1"
        ? String.fromCharCode(byte)
        : new TextDecoder(encoding).decode(Uint8Array.of(byte)),
    ));
  return {
    push(chunk) {
      if (chunk.every((byte) => byte < 0x80)) return next(chunk);
      const length = chunk.reduce((sum, byte) => sum + characters[byte].length, 0);
      const bytes = new Uint8Array(length);
      let at = 0;
      for (const byte of chunk) {
        bytes.set(characters[byte], at);
        at += characters[byte].length;
      }
      next(bytes);
    },
    end: () => {},
  };
}
