/**
 * Decimals written into ASCII text: those that meters mostly send from a table, the others digit by
 * digit.
 *
 * @module
 */

import { type AsciiText, WORD_CHARS, wordsOf } from "./ascii_text.ts";
import { decimalText, FLOAT } from "../readings/decimal.ts";

/** Most characters of a decimal: the smallest double has a sign, `0.` and 324 digits. */
export const DECIMAL_MAX_CHARS = 327;
/** What a mantissa is masked with to find its place in a table: tables have 131,072 places. */
export const TABLE_MASK = 0x1ffff;

/** Scales with tables of their own: no meter counts finer, and more would fill the memory. */
const TABLE_SCALES = 6;
const tables: DecimalTable[] = [];

/** Texts of the mantissas of one scale, those that were needed so far. */
export interface DecimalTable {
  /** The scale. */
  readonly scale: number;
  /** The text of the mantissa of each place, as one word. */
  readonly words: Float64Array;
  /** How many characters it has; 0 where it was not needed yet. */
  readonly lengths: Uint8Array;
}

/** The table of a scale, made once and kept. Other scales share one that stays empty. */
export function decimalTable(scale: number): DecimalTable {
  const { words, lengths } = tables[isKept(scale) ? scale : TABLE_SCALES + 1] ??= {
    scale,
    words: new Float64Array(TABLE_MASK + 1),
    lengths: new Uint8Array(TABLE_MASK + 1),
  };
  return { scale, words, lengths };
}

/** A table of some texts of at most 8 ASCII characters: the values are their places. */
export function textTable(texts: readonly string[]): DecimalTable {
  const words = new Float64Array(TABLE_MASK + 1);
  const lengths = new Uint8Array(TABLE_MASK + 1);
  texts.forEach((text, place) => {
    words[place] = wordsOf(text)[0];
    lengths[place] = text.length;
  });
  return { scale: FLOAT, words, lengths };
}

/**
 * Writes a value of the table's scale as its shortest exact decimal, nothing for NaN, and returns
 * where it ends; a text that fits is kept in the table. Needs room for {@link DECIMAL_MAX_CHARS}.
 */
export function writeDecimal(
  text: AsciiText,
  at: number,
  { table, value }: { table: DecimalTable; value: number },
): number {
  if (value !== value) return at;
  const { scale, words, lengths } = table;
  const decimal = decimalText(value, scale);
  const place = value & TABLE_MASK;
  if (isKept(scale) && place === value && decimal.length <= WORD_CHARS) {
    words[place] = wordsOf(decimal)[0];
    lengths[place] = decimal.length;
  }
  // One by one, as an encoder is slower for so few.
  const { bytes } = text;
  for (let i = 0; i < decimal.length; i++) bytes[at + i] = decimal.charCodeAt(i);
  return at + decimal.length;
}

function isKept(scale: number): boolean {
  return scale !== FLOAT && scale <= TABLE_SCALES;
}
