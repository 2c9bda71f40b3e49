/**
 * Readings as CSV text (RFC 4180 with LF): a header, then one line a reading, a missing value as
 * an empty field. Ids and numbers need no quotes.
 *
 * A line is put together from words made before (`data/ascii_text.ts`): the day and the id, whose
 * clock is written over, and a word a value (`data/decimal_words.ts`).
 *
 * @module
 */

import {
  asciiString,
  type AsciiText,
  createAsciiText,
  ensureRoom,
  WORD_CHARS,
  wordsOf,
  writeAscii,
} from "./ascii_text.ts";
import { DECIMAL_MAX_CHARS, decimalTable, TABLE_MASK, writeDecimal } from "./decimal_words.ts";
import { DAY_MS, dayStartMs } from "./limits.ts";
import { lowerBound, type Page, slicePage } from "./page.ts";
import type { Profile } from "./profile.ts";

const COMMA = 44, LF = 10;
/** Where hour, minute and second stand in `2024-01-01T00:00:00Z`, and where a fraction goes. */
const HOUR_AT = 11, MINUTE_AT = 14, SECOND_AT = 17, FRACTION_AT = 19;
const FRACTION_CHARS = 4;
/** A day of minutes, so that most pages need no more. */
const FIRST_CHARS = 131_072;
/** `00` to `99` as the bytes of little-endian integers. */
const TWO_DIGITS = Uint16Array.from(
  { length: 100 },
  (_, value) => 0x3030 + Math.floor(value / 10) + 256 * (value % 10),
);

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
  const behindTime = `Z,${id},`;
  return {
    header: () =>
      `timestamp,${profile.idColumn},${profile.metrics.map(({ name }) => name).join(",")}\n`,
    lines(page) {
      let at = 0;
      for (let row = 0; row < page.timesMs.length;) {
        const dayMs = dayStartMs(page.timesMs[row]);
        const end = lowerBound(page.timesMs, dayMs + DAY_MS);
        const lineStart = `${new Date(dayMs).toISOString().slice(0, FRACTION_AT)}${behindTime}`;
        at = writeDay(slicePage(page, row, end), { text, at, dayMs, lineStart });
        row = end;
      }
      return asciiString(text, at);
    },
  };
}

/** Writes the lines of readings of one day and returns where they end. */
function writeDay(
  { timesMs, columns }: Page,
  { text, at: start, dayMs, lineStart }: {
    text: AsciiText;
    at: number;
    dayMs: number;
    lineStart: string;
  },
): number {
  const startWords = wordsOf(lineStart);
  const tables = columns.map(({ scale }) => decimalTable(scale));
  const values = columns.map((column) => column.values);
  const longest = lineStart.length + FRACTION_CHARS + columns.length * (DECIMAL_MAX_CHARS + 1);
  let at = start;
  for (let row = 0; row < timesMs.length; row++) {
    ensureRoom(text, at, longest);
    const { bytes, view } = text;
    for (let i = 0; i < startWords.length; i++) {
      view.setFloat64(at + i * WORD_CHARS, startWords[i], true);
    }
    const ofSecondMs = writeClock(view, at, timesMs[row] - dayMs);
    if (ofSecondMs === 0) at += lineStart.length;
    else {
      const fraction = `.${String(ofSecondMs).padStart(3, "0")}`;
      at = writeAscii(text, at + FRACTION_AT, fraction + lineStart.slice(FRACTION_AT));
    }
    for (let column = 0; column < tables.length; column++) {
      const table = tables[column];
      const value = values[column][row];
      const place = value & TABLE_MASK;
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

/** Writes a time of day over the one of a line that begins at `at`; milliseconds that are left. */
function writeClock(view: DataView, at: number, ofDayMs: number): number {
  const seconds = (ofDayMs / 1000) | 0;
  const minutes = (seconds / 60) | 0;
  const hours = (minutes / 60) | 0;
  view.setUint16(at + HOUR_AT, TWO_DIGITS[hours], true);
  view.setUint16(at + MINUTE_AT, TWO_DIGITS[minutes - hours * 60], true);
  view.setUint16(at + SECOND_AT, TWO_DIGITS[seconds - minutes * 60], true);
  return ofDayMs - seconds * 1000;
}
