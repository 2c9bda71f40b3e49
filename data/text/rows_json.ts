/**
 * Readings as JSON text (RFC 8259): an object for each reading, `null` for a missing value, numbers as
 * their shortest exact decimals.
 *
 * Rows are made of prepared words (`data/text/row_start.ts`, `data/text/decimal_words.ts`).
 *
 * @module
 */

import {
  asciiString,
  type AsciiText,
  byteLength,
  createAsciiText,
  ensureRoom,
  WORD_CHARS,
  wordsOf,
  writeAscii,
} from "./ascii_text.ts";
import {
  DECIMAL_MAX_CHARS,
  type DecimalTable,
  decimalTable,
  TABLE_MASK,
  writeDecimal,
} from "./decimal_words.ts";
import { dayStartMs } from "../limits.ts";
import type { Page } from "../readings/page.ts";
import type { Profile } from "../readings/profile.ts";
import {
  createRowStart,
  pagesByDay,
  type RowStart,
  TIME_MAX_CHARS,
  writeRowStart,
} from "./row_start.ts";

/** Some hundred rows. */
const FIRST_CHARS = 16_384;

/**
 * Writes the elements of one array, with commas between them:
 * `{"timestamp":"2024-01-01T00:00:00Z","soc_percent":67.5,"voltage_v":null,…}`.
 */
export interface RowsJsonWriter {
  /** The rows of a page as a flat string. Only the very first row has no comma before it. */
  rows(page: Page): string;
}

/** A text that is the same in every row. */
export interface FixedText {
  /** Its words. */
  readonly words: Float64Array;
  /** Its length in bytes. */
  readonly length: number;
}

/** Prepares a text that is the same in every row. */
export function fixedText(text: string): FixedText {
  return { words: wordsOf(text), length: byteLength(text) };
}

/** A writer of rows with the time and the metrics of the profile, in its order. */
export function createRowsJsonWriter({ metrics }: Profile): RowsJsonWriter {
  const text = createAsciiText(FIRST_CHARS);
  const names = metrics.map(({ name }) => `,${JSON.stringify(name)}:`);
  const around = { before: ',{"timestamp":"', after: `Z"${names[0]}` };
  const afterValues = [...names.slice(1), "}"].map(fixedText);
  let isFirst = true;
  return {
    rows(page) {
      let at = 0;
      for (const day of pagesByDay(page)) {
        const start = createRowStart(dayStartMs(day.timesMs[0]), around);
        const tables = day.columns.map(({ scale }) => decimalTable(scale));
        at = writeJsonRows(day, { text, at, start, tables, afterValues });
      }
      const rows = asciiString(text, at);
      if (!isFirst || at === 0) return rows;
      isFirst = false;
      return rows.slice(1);
    },
  };
}

/** Where to write rows of JSON, and what they are made of. */
export interface JsonRows {
  /** The text to write into. */
  readonly text: AsciiText;
  /** Where they begin. */
  readonly at: number;
  /** How each row begins, up to the first value. */
  readonly start: RowStart;
  /** The prepared words for the values of each column. */
  readonly tables: readonly DecimalTable[];
  /** What follows each value. */
  readonly afterValues: readonly FixedText[];
}

/** Writes the rows of one day and returns where they end. */
export function writeJsonRows(
  { timesMs, columns }: Page,
  { text, at: firstAt, start, tables, afterValues }: JsonRows,
): number {
  const values = columns.map((column) => column.values);
  const longest = afterValues.reduce(
    (sum, { length }) => sum + DECIMAL_MAX_CHARS + length,
    start.length + TIME_MAX_CHARS,
  );
  let at = firstAt;
  for (let row = 0; row < timesMs.length; row++) {
    ensureRoom(text, at, longest);
    const { view } = text;
    at = writeRowStart(text, at, { start, timeMs: timesMs[row] });
    for (let column = 0; column < tables.length; column++) {
      const table = tables[column];
      const value = values[column][row];
      const place = value & TABLE_MASK;
      if (place === value && table.lengths[place] > 0) {
        view.setFloat64(at, table.words[place], true);
        at += table.lengths[place];
      } else if (value === value) at = writeDecimal(text, at, { table, value });
      else at = writeAscii(text, at, "null");
      const { words, length } = afterValues[column];
      for (let i = 0; i < words.length; i++) view.setFloat64(at + i * WORD_CHARS, words[i], true);
      at += length;
    }
  }
  return at;
}
