/**
 * Writing decimals as ASCII text: the common ones from a table, the others digit by digit.
 *
 * @module
 */

import { type AsciiText, WORD_CHARS, wordsOf } from "./ascii_text.ts";
import { decimalText, FLOAT } from "../readings/decimal.ts";

/** Longest decimal, characters: the smallest double has a sign, `0.` and 324 digits. */
export const DECIMAL_MAX_CHARS = 327;
/** Masks a mantissa to its place in a table: tables have 131,072 places. */
export const TABLE_MASK = 0x1ffff;

/** Largest scale with a table: meters do not measure finer, and more tables would fill memory. */
const TABLE_SCALES = 6;
const tables: Record<DecimalMark, DecimalTable[]> = { ".": [], ",": [] };

let booleans: DecimalTable | undefined;

/** The character between whole and fraction. */
export type DecimalMark = "." | ",";

/** The texts of mantissas at one scale, filled in as they are needed. */
export interface DecimalTable {
  /** The scale. */
  readonly scale: number;
  /** The character between whole and fraction. */
  readonly mark: DecimalMark;
  /** The text of each place's mantissa, as one word. */
  readonly words: Float64Array;
  /** Its length in characters; 0 if it was not needed yet. */
  readonly lengths: Uint8Array;
}

/** The table of a scale, made once and kept. Finer scales share one that stays empty. */
export function decimalTable(scale: number, mark: DecimalMark = "."): DecimalTable {
  const { words, lengths } = tables[mark][isKept(scale) ? scale : TABLE_SCALES + 1] ??= {
    scale,
    mark,
    words: new Float64Array(TABLE_MASK + 1),
    lengths: new Uint8Array(TABLE_MASK + 1),
  };
  return { scale, mark, words, lengths };
}

/** A table of texts of at most 8 ASCII characters; the value of each is its index. */
export function textTable(texts: readonly string[]): DecimalTable {
  const words = new Float64Array(TABLE_MASK + 1);
  const lengths = new Uint8Array(TABLE_MASK + 1);
  texts.forEach((text, place) => {
    words[place] = wordsOf(text)[0];
    lengths[place] = text.length;
  });
  return { scale: FLOAT, mark: ".", words, lengths };
}

/** The table of `false` for 0 and `true` for 1. Created on first use, as it takes a megabyte. */
export function booleanTable(): DecimalTable {
  return booleans ??= textTable(["false", "true"]);
}

/**
 * Writes a value at the table's scale as its shortest exact decimal, or nothing for NaN, and returns
 * where it ends. A text that fits is kept in the table. There must be room for
 * {@link DECIMAL_MAX_CHARS}.
 */
export function writeDecimal(
  text: AsciiText,
  at: number,
  { table, value }: { table: DecimalTable; value: number },
): number {
  if (value !== value) return at;
  const { scale, mark, words, lengths } = table;
  if (scale !== FLOAT && (value < 0 || value > TABLE_MASK)) {
    return writeDigits(text.bytes, at, { value, scale, mark });
  }
  const pointed = decimalText(value, scale);
  const decimal = mark === "." ? pointed : pointed.replace(".", mark);
  const place = value & TABLE_MASK;
  if (isKept(scale) && place === value && decimal.length <= WORD_CHARS) {
    words[place] = wordsOf(decimal)[0];
    lengths[place] = decimal.length;
  }
  // One by one: for so few characters an encoder is slower.
  const { bytes } = text;
  for (let i = 0; i < decimal.length; i++) bytes[at + i] = decimal.charCodeAt(i);
  return at + decimal.length;
}

/** Digits of a mantissa: it has at most 16, and with zeros before the point at most as many as this. */
const DIGITS = 17;
const HALF_DIGITS = 8, HALF = 1e8;
const ZERO = 48, DASH = 45;
const digits = new Uint8Array(DIGITS);

/** Writes a mantissa at a scale digit by digit, which is several times as fast as making a text of it. */
function writeDigits(
  bytes: Uint8Array,
  firstAt: number,
  { value, scale, mark }: { value: number; scale: number; mark: DecimalMark },
): number {
  let at = firstAt;
  if (value < 0) bytes[at++] = DASH;
  const size = Math.abs(value);
  // Two halves, because whole numbers of 32 bits are faster.
  const high = Math.floor(size / HALF);
  putDigits(high | 0, 0, DIGITS - HALF_DIGITS);
  putDigits((size - high * HALF) | 0, DIGITS - HALF_DIGITS, DIGITS);
  const point = DIGITS - scale;
  let first = 0, end = DIGITS;
  while (first < point - 1 && digits[first] === ZERO) first++;
  while (end > point && digits[end - 1] === ZERO) end--;
  for (let i = first; i < point; i++) bytes[at++] = digits[i];
  if (end === point) return at;
  bytes[at++] = mark.charCodeAt(0);
  for (let i = point; i < end; i++) bytes[at++] = digits[i];
  return at;
}

/** Puts the digits of a whole number into places `from` to `to` (exclusive), with zeros before them. */
function putDigits(number: number, from: number, to: number): void {
  let rest = number;
  for (let i = to - 1; i >= from; i--) {
    const tenth = (rest / 10) | 0;
    digits[i] = ZERO + rest - tenth * 10;
    rest = tenth;
  }
}

function isKept(scale: number): boolean {
  return scale !== FLOAT && scale <= TABLE_SCALES;
}
