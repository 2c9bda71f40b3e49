/**
 * ASCII text written into memory, eight characters at a time, and read out as one flat string.
 *
 * A string concatenated from millions of short ones is a tree. Flattening that tree takes longer than
 * writing all the text here, and it keeps the garbage collector busy.
 *
 * @module
 */

/** Characters that storing one double writes. A text always has that many spare bytes. */
export const WORD_CHARS = 8;

/** Memory to write text into. The writer keeps track of where the text ends. */
export interface AsciiText {
  /** The characters, and room after them. */
  bytes: Uint8Array<ArrayBuffer>;
  /** A view of `bytes` that can store eight bytes at any offset. */
  view: DataView<ArrayBuffer>;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Room for so many characters; {@link ensureRoom} adds more. */
export function createAsciiText(chars: number): AsciiText {
  return asciiTextIn(new Uint8Array(chars + WORD_CHARS));
}

/** Memory of the caller to write text into, from its start. */
export function asciiTextIn(bytes: Uint8Array<ArrayBuffer>): AsciiText {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
}

/** Makes room for `chars` after `end`. This may replace `bytes` and `view`. */
export function ensureRoom(text: AsciiText, end: number, chars: number): void {
  const size = end + chars + WORD_CHARS;
  if (size <= text.bytes.length) return;
  const wider = new Uint8Array(Math.max(size, text.bytes.length * 2));
  wider.set(text.bytes.subarray(0, end));
  text.bytes = wider;
  text.view = new DataView(wider.buffer);
}

/** Rows for which there is room at least. */
const ROOM_ROWS = 16;

/**
 * How many rows of at most `longest` characters have room after `end`: at least one, and at most `rows`.
 * This may replace `bytes` and `view`.
 */
export function rowsWithRoom(
  text: AsciiText,
  end: number,
  { longest, rows }: { longest: number; rows: number },
): number {
  ensureRoom(text, end, longest * Math.min(rows, ROOM_ROWS));
  return Math.min(rows, Math.floor((text.bytes.length - WORD_CHARS - end) / longest));
}

/** Writes characters and returns where they end. There must be room for them. */
export function writeAscii({ bytes }: AsciiText, at: number, characters: string): number {
  return at + encoder.encodeInto(characters, bytes.subarray(at)).written;
}

/** Writes a text in UTF-8 and returns where it ends. There need not be room for it. */
export function writeText(text: AsciiText, at: number, characters: string): number {
  ensureRoom(text, at, 3 * characters.length);
  return writeAscii(text, at, characters);
}

/** The characters up to `end` as a flat string. */
export function asciiString({ bytes }: AsciiText, end: number): string {
  return decoder.decode(bytes.subarray(0, end));
}

/**
 * Characters as doubles with the same bits, eight bytes each, the first one in the lowest byte.
 * Characters outside ASCII take several bytes (UTF-8). No eight bytes of UTF-8 are a NaN, whose bits
 * might change.
 */
export function wordsOf(characters: string): Float64Array<ArrayBuffer> {
  const words = new Float64Array(Math.ceil(byteLength(characters) / WORD_CHARS));
  const bytes = new Uint8Array(words.buffer);
  if (isAscii(characters)) {
    for (let i = 0; i < characters.length; i++) bytes[i] = characters.charCodeAt(i);
  } else encoder.encodeInto(characters, bytes);
  return words;
}

/**
 * Writes words. There must be room for all of their bytes. Four at a time: in a loop over single words,
 * the checks of indexes take as long as the words (measured on 13 words; texts of few words gain nothing).
 */
export function writeWords(view: DataView, at: number, words: Float64Array): void {
  let i = 0, to = at;
  for (const end = words.length - 3; i < end; i += 4, to += 4 * WORD_CHARS) {
    view.setFloat64(to, words[i], true);
    view.setFloat64(to + WORD_CHARS, words[i + 1], true);
    view.setFloat64(to + 2 * WORD_CHARS, words[i + 2], true);
    view.setFloat64(to + 3 * WORD_CHARS, words[i + 3], true);
  }
  for (; i < words.length; i++, to += WORD_CHARS) view.setFloat64(to, words[i], true);
}

/** How many bytes characters take; one each if all are ASCII. */
export function byteLength(characters: string): number {
  return isAscii(characters) ? characters.length : encoder.encode(characters).length;
}

/** Whether all characters are ASCII. For short texts this is faster than encoding them. */
function isAscii(characters: string): boolean {
  for (let i = 0; i < characters.length; i++) if (characters.charCodeAt(i) > 0x7f) return false;
  return true;
}
