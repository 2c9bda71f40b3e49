/**
 * ASCII text put together in memory, eight characters a store, and taken out as one flat string.
 *
 * A string put together from millions of short ones is a tree of them, which takes longer to flatten
 * than all its text takes to write here, and keeps the collector busy.
 *
 * @module
 */

/** Characters that one store of a double writes; so many bytes of slack a text always has. */
export const WORD_CHARS = 8;

/** Memory that text is put together in. Who writes keeps where it ends. */
export interface AsciiText {
  /** The characters, and room behind them. */
  bytes: Uint8Array<ArrayBuffer>;
  /** A view over `bytes`, whose stores of eight may begin anywhere. */
  view: DataView<ArrayBuffer>;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Room for so many characters; more is made by {@link ensureRoom}. */
export function createAsciiText(chars: number): AsciiText {
  const bytes = new Uint8Array(chars + WORD_CHARS);
  return { bytes, view: new DataView(bytes.buffer) };
}

/** Sees to it that `chars` fit behind `end`; `bytes` and `view` may be others then. */
export function ensureRoom(text: AsciiText, end: number, chars: number): void {
  const wanted = end + chars + WORD_CHARS;
  if (wanted <= text.bytes.length) return;
  const wider = new Uint8Array(Math.max(wanted, text.bytes.length * 2));
  wider.set(text.bytes.subarray(0, end));
  text.bytes = wider;
  text.view = new DataView(wider.buffer);
}

/** Writes characters, for which there must be room; returns where they end. */
export function writeAscii({ bytes }: AsciiText, at: number, characters: string): number {
  return at + encoder.encodeInto(characters, bytes.subarray(at)).written;
}

/** The characters up to `end` as a flat string. */
export function asciiString({ bytes }: AsciiText, end: number): string {
  return decoder.decode(bytes.subarray(0, end));
}

/**
 * Characters as the doubles of the same bits, eight bytes each, the first in the lowest byte. Others
 * than ASCII become more bytes than one (UTF-8, in which no eight bytes are those of a NaN, so that
 * they stay what they are).
 */
export function wordsOf(characters: string): Float64Array<ArrayBuffer> {
  const bytes = encoder.encode(characters);
  const words = new Float64Array(Math.ceil(bytes.length / WORD_CHARS));
  new Uint8Array(words.buffer).set(bytes);
  return words;
}

/** How many bytes characters become; as many as they are where all are ASCII. */
export function byteLength(characters: string): number {
  return encoder.encode(characters).length;
}
