/**
 * Readings as CSV text (RFC 4180 with LF): a header, then one line a reading, a missing value as
 * an empty field. Ids and numbers need no quotes.
 *
 * A line is put together from words made before (`data/text/row_start.ts`, `data/text/decimal_words.ts`).
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

const COMMA = 44, LF = 10;
/** A day of minutes, so that most pages need no more. */
const FIRST_CHARS = 131_072;

/** Writes the file of one series. */
export interface CsvWriter {
  /** The header line. */
  header(): string;
  /** One line a reading of the page, as a flat string. */
  lines(page: Page): string;
}

/** A writer for the series of an id of ASCII characters, its columns those of the profile. */
export function createCsvWriter(profile: Profile, id: string): CsvWriter {
  const text = createAsciiText(FIRST_CHARS);
  const around = { before: "", behind: `Z,${id},` };
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

/** Where lines go, and what they are made of. */
export interface DayLines {
  /** The text that they become part of. */
  readonly text: AsciiText;
  /** Where they begin. */
  readonly at: number;
  /** What each one begins with, the comma before the first value included. */
  readonly start: RowStart;
  /** The words of each column's values. */
  readonly tables: readonly DecimalTable[];
}

/** Writes the lines of readings of one UTC day and returns where they end. */
export function writeDayLines(
  { timesMs, columns }: Page,
  { text, at: firstAt, start, tables }: DayLines,
): number {
  const values = columns.map((column) => column.values);
  const longest = start.length + TIME_MAX_CHARS + columns.length * (DECIMAL_MAX_CHARS + 1);
  let at = firstAt;
  for (let row = 0; row < timesMs.length; row++) {
    ensureRoom(text, at, longest);
    const { bytes, view } = text;
    at = writeRowStart(text, at, { start, timeMs: timesMs[row] });
    for (let column = 0; column < tables.length; column++) {
      const table = tables[column];
      const value = values[column][row];
      const place = value & TABLE_MASK;
      // Written out here, as a function for it takes a tenth longer.
      if (place === value && table.lengths[place] > 0) {
        view.setFloat64(at, table.words[place], true);
        at += table.lengths[place];
      } else at = writeDecimal(text, at, { table, value });
      bytes[at++] = COMMA;
    }
    bytes[at - 1] = LF;
  }
  return at;
}
