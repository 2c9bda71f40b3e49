/**
 * Writing decimals as ASCII text: the common ones from a table, the others digit by digit.
 *
 * @module
 */

import { type AsciiText, WORD_CHARS, wordsOf } from "./ascii_text.ts";
import { EIGHT_DIGITS, EIGHT_DIGITS_END, writeEightDigits, writeWhole } from "./digits.ts";
import { writeDouble } from "./double_text.ts";
import { FLOAT, plainText, powerOfTen } from "../readings/decimal.ts";

/** Longest decimal, characters: the smallest double has a sign, `0.` and 324 digits. */
export const DECIMAL_MAX_CHARS = 327;
/** The same of a mantissa: a sign, 16 digits, the point, and 16 digits that are written at once. */
const MANTISSA_MAX_CHARS = 34;
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

/** The room that a value of a table needs, characters. */
export function decimalRoom({ scale }: DecimalTable): number {
  return scale === FLOAT ? DECIMAL_MAX_CHARS : MANTISSA_MAX_CHARS;
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

const ZERO = 48, DASH = 45, POINT = 46, COMMA = 44;

/**
 * Writes a value at the table's scale as its shortest exact decimal, or nothing for NaN, and returns
 * where it ends. A text that fits is kept in the table. There must be room for
 * {@link DECIMAL_MAX_CHARS}.
 */
export function writeDecimal(
  text: AsciiText,
  at: number,
  decimal: { table: DecimalTable; value: number },
): number {
  const { table, value } = decimal;
  if (value !== value) return at;
  if (table.scale === FLOAT) {
    const end = writeFloat(text, at, value);
    if (table.mark === ",") replacePoint(text, at, end);
    return end;
  }
  const end = writeMantissa(text, at, decimal);
  const place = value & TABLE_MASK;
  if (place === value && end - at <= WORD_CHARS && isKept(table.scale)) {
    // Only zeros after the text: other bytes could make the word a NaN, whose bits might change.
    text.bytes.fill(0, end, at + WORD_CHARS);
    table.words[place] = text.view.getFloat64(at, true);
    table.lengths[place] = end - at;
  }
  return end;
}

/**
 * Writes a double as its shortest decimal, or nothing for NaN, and returns where it ends. There must be
 * room for {@link DECIMAL_MAX_CHARS}.
 */
export function writeFloat(text: AsciiText, at: number, value: number): number {
  if (value !== value) return at;
  const end = writeDouble(text, at, value);
  if (end >= 0) return end;
  const written = plainText(value);
  // One by one: for so few characters an encoder is slower.
  const { bytes } = text;
  for (let i = 0; i < written.length; i++) bytes[at + i] = written.charCodeAt(i);
  return at + written.length;
}

function replacePoint({ bytes }: AsciiText, start: number, end: number): void {
  const at = bytes.subarray(start, end).indexOf(POINT);
  if (at >= 0) bytes[start + at] = COMMA;
}

/**
 * Writes a mantissa at a scale in groups of digits, which is many times as fast as making a text of it.
 */
function writeMantissa(
  { bytes, view }: AsciiText,
  firstAt: number,
  { table: { scale, mark }, value }: { table: DecimalTable; value: number },
): number {
  let at = firstAt;
  if (value < 0) bytes[at++] = DASH;
  const size = Math.abs(value);
  if (scale === 0) return writeWhole(view, at, size);
  const unit = powerOfTen(scale);
  const whole = Math.floor(size / unit);
  const rest = size - whole * unit;
  at = writeWhole(view, at, whole);
  if (rest === 0) return at;
  bytes[at++] = mark === "." ? POINT : COMMA;
  // As many digits as the scale has, zeros before them included, and zeros after them up to 8 or 16.
  // All of these numbers are exact.
  if (scale <= EIGHT_DIGITS) {
    writeEightDigits(view, at, (rest * powerOfTen(EIGHT_DIGITS - scale)) | 0);
  } else {
    const digits = rest * powerOfTen(2 * EIGHT_DIGITS - scale);
    const high = Math.floor(digits / EIGHT_DIGITS_END);
    writeEightDigits(view, at, high | 0);
    writeEightDigits(view, at + EIGHT_DIGITS, (digits - high * EIGHT_DIGITS_END) | 0);
  }
  let end = at + scale;
  while (bytes[end - 1] === ZERO) end--;
  return end;
}

function isKept(scale: number): boolean {
  return scale !== FLOAT && scale <= TABLE_SCALES;
}
