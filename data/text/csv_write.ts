/**
 * Readings as CSV text (RFC 4180 with LF): a header, then one line for each reading, with an empty
 * field for a missing value. Ids and numbers need no quotes.
 *
 * Lines are made of prepared words (`data/text/row_start.ts`, `data/text/decimal_words.ts`).
 *
 * @module
 */

import { asciiString, type AsciiText, createAsciiText, ensureRoom } from "./ascii_text.ts";
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

const COMMA = 44, LF = 10, CR = 13;
/** Enough for a day of minutes, so most pages need no more. */
const FIRST_CHARS = 131_072;

/** Writes the file of one series. */
export interface CsvWriter {
  /** The header line. */
  header(): string;
  /** One line for each reading of the page, as a flat string. */
  lines(page: Page): string;
}

/** A writer for a series whose id is ASCII, with the columns of its profile. */
export function createCsvWriter(profile: Profile, id: string): CsvWriter {
  const text = createAsciiText(FIRST_CHARS);
  const around = { before: "", after: `Z,${id},` };
  return {
    header: () =>
      `timestamp,${profile.idColumn},${profile.metrics.map(({ name }) => name).join(",")}\n`,
    lines(page) {
      let at = 0;
      for (const day of pagesByDay(page)) {
        const start = createRowStart(dayStartMs(day.timesMs[0]), around);
        const tables = day.columns.map(({ scale }) => decimalTable(scale));
        at = writeDayLines(day, { text, at, start, tables });
      }
      return asciiString(text, at);
    },
  };
}

/** Where to write lines, and what they are made of. */
export interface DayLines {
  /** The text to write into. */
  readonly text: AsciiText;
  /** Where they begin. */
  readonly at: number;
  /** How each line begins, up to the comma before the first value. */
  readonly start: RowStart;
  /** The prepared words for the values of each column. */
  readonly tables: readonly DecimalTable[];
  /** The byte between fields; a comma if it is left out. */
  readonly delimiter?: number;
  /** Whether lines end with CRLF instead of LF. */
  readonly hasCr?: boolean;
}

/** Writes the lines of one day and returns where they end. */
export function writeDayLines(
  { timesMs, columns }: Page,
  { text, at: firstAt, start, tables, delimiter = COMMA, hasCr = false }: DayLines,
): number {
  const values = columns.map((column) => column.values);
  const longest = start.length + TIME_MAX_CHARS + columns.length * (DECIMAL_MAX_CHARS + 1) + 1;
  let at = firstAt;
  for (let row = 0; row < timesMs.length; row++) {
    ensureRoom(text, at, longest);
    const { bytes, view } = text;
    at = writeRowStart(text, at, { start, timeMs: timesMs[row] });
    for (let column = 0; column < tables.length; column++) {
      const table = tables[column];
      const value = values[column][row];
      const place = value & TABLE_MASK;
      // Not a function: with one, this takes a tenth longer.
      if (place === value && table.lengths[place] > 0) {
        view.setFloat64(at, table.words[place], true);
        at += table.lengths[place];
      } else at = writeDecimal(text, at, { table, value });
      bytes[at++] = delimiter;
    }
    if (hasCr) bytes[at++ - 1] = CR;
    bytes[at - 1] = LF;
  }
  return at;
}
