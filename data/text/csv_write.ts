/**
 * Readings as CSV text (RFC 4180 with LF): a header, then one line for each reading, with an empty
 * field for a missing value. Ids and numbers need no quotes.
 *
 * Lines are made of prepared words (`data/text/row_start.ts`, `data/text/decimal_words.ts`).
 *
 * @module
 */

import {
  asciiString,
  type AsciiText,
  createAsciiText,
  rowsWithRoom,
  WORD_CHARS,
  wordsOf,
} from "./ascii_text.ts";
import {
  decimalRoom,
  type DecimalTable,
  decimalTable,
  TABLE_MASK,
  writeDecimal,
  writeFloat,
} from "./decimal_words.ts";
import { dayStartMs, MINUTE_MS } from "../limits.ts";
import type { Page, Rows } from "../readings/page.ts";
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
  /** A text for each hour between two columns; none by default. */
  readonly hours?: HourTexts | null;
}

/** Texts that depend on the hour of the day alone. They have a delimiter at their end. */
export interface HourTexts {
  /** How many columns are before them. Those after them are doubles. */
  readonly after: number;
  /** The first eight characters of each, as words. */
  readonly heads: Float64Array;
  /** The others, eight at most. */
  readonly tails: Float64Array;
  /** Their lengths in characters. */
  readonly lengths: Uint8Array;
}

/** The texts of the hours of a day, of 16 ASCII characters at most. */
export function hourTexts(after: number, texts: readonly string[]): HourTexts {
  const words = texts.map((text) => wordsOf(text.padEnd(2 * WORD_CHARS, " ")));
  return {
    after,
    heads: Float64Array.from(words, ([head]) => head),
    tails: Float64Array.from(words, ([, tail]) => tail),
    lengths: Uint8Array.from(texts, ({ length }) => length),
  };
}

/** Writes the lines of one day and returns where they end. */
export function writeDayLines(page: Page, lines: DayLines): number {
  const { text, start, tables } = lines;
  const longest = tables.reduce(
    (sum, table) => sum + decimalRoom(table) + 1,
    start.length + TIME_MAX_CHARS + 2 * WORD_CHARS + 1,
  );
  const rows = page.timesMs.length;
  let { at } = lines;
  for (let row = 0; row < rows;) {
    const end = row + rowsWithRoom(text, at, { longest, rows: rows - row });
    at = writeSomeLines(page, { ...lines, at }, { start: row, end });
    row = end;
  }
  return at;
}

/**
 * Writes some lines for which there is room.
 *
 * The first four columns, which most profiles have, are spelled out, with their memory in constants: a loop
 * that looks it up, or a function for a value, takes twice as long.
 */
function writeSomeLines(
  page: Page,
  { text, at: firstAt, start, tables, delimiter = COMMA, hasCr = false, hours = null }: DayLines,
  { start: firstRow, end }: Rows,
): number {
  const { timesMs } = page;
  const { bytes, view } = text;
  const count = hours === null ? tables.length : hours.after;
  const [
    { values: v0, words: w0, lengths: l0 },
    { values: v1, words: w1, lengths: l1 },
    { values: v2, words: w2, lengths: l2 },
    { values: v3, words: w3, lengths: l3 },
  ] = firstCells(page, tables);
  const { words, length, clock: { midnightMs, hourAt }, minutes } = start;
  const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = words;
  let at = firstAt, chars = 0, place = 0;
  for (let row = firstRow; row < end; row++) {
    const ofDayMs = timesMs[row] - midnightMs;
    const minute = (ofDayMs / MINUTE_MS) | 0;
    if (minutes !== null && minute * MINUTE_MS === ofDayMs) {
      view.setFloat64(at, s0, true);
      view.setFloat64(at + WORD_CHARS, s1, true);
      view.setFloat64(at + 2 * WORD_CHARS, s2, true);
      view.setFloat64(at + 3 * WORD_CHARS, s3, true);
      for (let i = 4; i < words.length; i++) view.setFloat64(at + i * WORD_CHARS, words[i], true);
      view.setFloat64(at + hourAt, minutes[minute], true);
      at += length;
    } else at = writeRowStart(text, at, { start, timeMs: timesMs[row] });
    if (count > 0) {
      place = v0[row] & TABLE_MASK;
      chars = place === v0[row] ? l0[place] : 0;
      view.setFloat64(at, w0[place], true);
      at = chars > 0 ? at + chars : writeDecimal(text, at, { table: tables[0], value: v0[row] });
      bytes[at++] = delimiter;
    }
    if (count > 1) {
      place = v1[row] & TABLE_MASK;
      chars = place === v1[row] ? l1[place] : 0;
      view.setFloat64(at, w1[place], true);
      at = chars > 0 ? at + chars : writeDecimal(text, at, { table: tables[1], value: v1[row] });
      bytes[at++] = delimiter;
    }
    if (count > 2) {
      place = v2[row] & TABLE_MASK;
      chars = place === v2[row] ? l2[place] : 0;
      view.setFloat64(at, w2[place], true);
      at = chars > 0 ? at + chars : writeDecimal(text, at, { table: tables[2], value: v2[row] });
      bytes[at++] = delimiter;
    }
    if (count > 3) {
      place = v3[row] & TABLE_MASK;
      chars = place === v3[row] ? l3[place] : 0;
      view.setFloat64(at, w3[place], true);
      at = chars > 0 ? at + chars : writeDecimal(text, at, { table: tables[3], value: v3[row] });
      bytes[at++] = delimiter;
    }
    if (count > CELLS) at = writeMoreCells(page, { text, at, tables, delimiter, count }, row);
    if (hours !== null) {
      place = (minute / 60) | 0;
      view.setFloat64(at, hours.heads[place], true);
      view.setFloat64(at + WORD_CHARS, hours.tails[place], true);
      at += hours.lengths[place];
      for (let column = count; column < tables.length; column++) {
        at = writeFloat(text, at, page.columns[column].values[row]);
        bytes[at++] = delimiter;
      }
    }
    if (hasCr) bytes[at++ - 1] = CR;
    bytes[at - 1] = LF;
  }
  return at;
}

/** The columns that are spelled out. */
const CELLS = 4;

/** A column, and the words for its values. */
type Cells = Pick<DecimalTable, "words" | "lengths"> & { readonly values: Float64Array };

const NO_CELLS: Cells = {
  values: new Float64Array(0),
  words: new Float64Array(0),
  lengths: new Uint8Array(0),
};

function firstCells({ columns }: Page, tables: readonly DecimalTable[]): Cells[] {
  return Array.from({ length: CELLS }, (_, column) => {
    if (column >= tables.length) return NO_CELLS;
    const { words, lengths } = tables[column];
    return { values: columns[column].values, words, lengths };
  });
}

/** Writes the values of a row after the first columns. */
function writeMoreCells(
  { columns }: Page,
  { text, at: firstAt, tables, delimiter, count }:
    & Required<Pick<DayLines, "text" | "at" | "tables" | "delimiter">>
    & { count: number },
  row: number,
): number {
  const { bytes, view } = text;
  let at = firstAt;
  for (let column = CELLS; column < count; column++) {
    const table = tables[column];
    const value = columns[column].values[row];
    const place = value & TABLE_MASK;
    if (place === value && table.lengths[place] > 0) {
      view.setFloat64(at, table.words[place], true);
      at += table.lengths[place];
    } else at = writeDecimal(text, at, { table, value });
    bytes[at++] = delimiter;
  }
  return at;
}
