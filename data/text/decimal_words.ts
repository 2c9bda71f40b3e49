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

function isKept(scale: number): boolean {
  return scale !== FLOAT && scale <= TABLE_SCALES;
}
