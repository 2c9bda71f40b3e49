/**
 * Writing decimals as ASCII text: the common ones from a table, the others digit by digit.
 *
 * @module
 */

import { type AsciiText, WORD_CHARS, wordsOf } from "./ascii_text.ts";
import { decimalText, FLOAT, powerOfTen } from "../readings/decimal.ts";

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
  const { scale, mark, words, lengths } = table;
  if (scale !== FLOAT && (value < 0 || value > TABLE_MASK || !isKept(scale))) {
    return writeDigits(text, at, decimal);
  }
  const pointed = decimalText(value, scale);
  const written = mark === "." ? pointed : pointed.replace(".", mark);
  const place = value & TABLE_MASK;
  if (isKept(scale) && place === value && written.length <= WORD_CHARS) {
    words[place] = wordsOf(written)[0];
    lengths[place] = written.length;
  }
  // One by one: for so few characters an encoder is slower.
  const { bytes } = text;
  for (let i = 0; i < written.length; i++) bytes[at + i] = written.charCodeAt(i);
  return at + written.length;
}

/** Digits that are written at once, what they count to, and twice as many. */
const GROUP_DIGITS = 4, GROUP = 10_000, TWO_GROUPS = 100_000_000;
const ZERO = 48, DASH = 45, POINT = 46, COMMA = 44;
/** `0000` to `9999` as the bytes of little-endian integers. */
const GROUP_TEXTS = makeGroupTexts();

/**
 * Writes a mantissa at a scale in groups of four digits, which is many times as fast as making a text of
 * it.
 */
function writeDigits(
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
  if (scale <= 2 * GROUP_DIGITS) {
    writeTwoGroups(view, at, (rest * powerOfTen(2 * GROUP_DIGITS - scale)) | 0);
  } else {
    const digits = rest * powerOfTen(4 * GROUP_DIGITS - scale);
    const high = Math.floor(digits / TWO_GROUPS);
    writeTwoGroups(view, at, high | 0);
    writeTwoGroups(view, at + 2 * GROUP_DIGITS, (digits - high * TWO_GROUPS) | 0);
  }
  let end = at + scale;
  while (bytes[end - 1] === ZERO) end--;
  return end;
}

/** Writes a whole number without zeros before it; returns where it ends. */
function writeWhole(view: DataView, firstAt: number, whole: number): number {
  if (whole < GROUP) {
    const length = whole < 10 ? 1 : whole < 100 ? 2 : whole < 1000 ? 3 : GROUP_DIGITS;
    view.setUint32(firstAt, GROUP_TEXTS[whole | 0] >>> 8 * (GROUP_DIGITS - length), true);
    return firstAt + length;
  }
  const high = Math.floor(whole / GROUP);
  const at = writeWhole(view, firstAt, high);
  view.setUint32(at, GROUP_TEXTS[(whole - high * GROUP) | 0], true);
  return at + GROUP_DIGITS;
}

/** Writes a whole number of at most eight digits as eight. */
function writeTwoGroups(view: DataView, at: number, whole: number): void {
  const high = (whole / GROUP) | 0;
  view.setUint32(at, GROUP_TEXTS[high], true);
  view.setUint32(at + GROUP_DIGITS, GROUP_TEXTS[whole - high * GROUP], true);
}

function makeGroupTexts(): Uint32Array {
  const texts = new Uint32Array(GROUP);
  const view = new DataView(texts.buffer);
  for (let number = 0; number < GROUP; number++) {
    for (let place = GROUP_DIGITS - 1, rest = number; place >= 0; place--) {
      const tenth = (rest / 10) | 0;
      view.setUint8(number * GROUP_DIGITS + place, ZERO + rest - tenth * 10);
      rest = tenth;
    }
  }
  return texts;
}

function isKept(scale: number): boolean {
  return scale !== FLOAT && scale <= TABLE_SCALES;
}
