/**
 * The encoding of a text by its first bytes.
 *
 * @module
 */

/** An encoding, by its name in the query of an import. */
export type EncodingName = "utf-8" | "utf-16le" | "utf-16be" | "windows-1252";

/** What the bytes of a text show about its encoding. */
export interface EncodingGuess {
  /** The encoding. */
  readonly name: EncodingName;
  /** Whether the bytes prove it: a byte order mark, or bytes that are UTF-8. */
  readonly isProven: boolean;
  /** Whether an import finds it without being told. */
  readonly isFound: boolean;
}

/** Share of characters with a zero byte on one side in UTF-16 of a European language. */
const ZERO_SHARE = 0.4;
/** Most bytes of a character in UTF-8. */
const UTF8_MAX = 4;

const MARKS: readonly (readonly [mark: readonly number[], name: EncodingName])[] = [
  [[0xef, 0xbb, 0xbf], "utf-8"],
  [[0xff, 0xfe], "utf-16le"],
  [[0xfe, 0xff], "utf-16be"],
];

/**
 * The encoding of a text: by its byte order mark, by zero bytes as in UTF-16, as UTF-8 if all bytes
 * fit; else Windows-1252, which fits anything and is what most programs write instead.
 */
export function guessEncoding(bytes: Uint8Array): EncodingGuess {
  const marked = MARKS.find(([mark]) => mark.every((byte, index) => bytes[index] === byte))?.[1];
  if (marked !== undefined) return { name: marked, isProven: true, isFound: true };
  const wide = wideEncoding(bytes);
  if (wide !== null) return { name: wide, isProven: true, isFound: false };
  return isUtf8(bytes)
    ? { name: "utf-8", isProven: true, isFound: true }
    : { name: "windows-1252", isProven: false, isFound: false };
}

/** The text of bytes, without a byte order mark. The last character may be cut. */
export function decodeText(bytes: Uint8Array, { name }: EncodingGuess): string {
  return new TextDecoder(name).decode(bytes, { stream: true });
}

/** UTF-16 without a mark: one byte of most pairs is zero. */
function wideEncoding(bytes: Uint8Array): EncodingName | null {
  const length = Math.min(bytes.length, 4_096) & ~1;
  let even = 0, odd = 0;
  for (let at = 0; at < length; at += 2) {
    if (bytes[at] === 0) even++;
    if (bytes[at + 1] === 0) odd++;
  }
  const least = length / 2 * ZERO_SHARE;
  if (length < 4) return null;
  if (odd >= least && even * 10 < odd) return "utf-16le";
  return even >= least && odd * 10 < even ? "utf-16be" : null;
}

function isUtf8(bytes: Uint8Array): boolean {
  // The sample may end inside a character; a whole file that does is told apart by its last bytes.
  const decoder = new TextDecoder("utf-8", { fatal: true });
  try {
    decoder.decode(bytes, { stream: true });
    return bytes.length >= UTF8_MAX || decoder.decode() === "";
  } catch {
    return false;
  }
}
