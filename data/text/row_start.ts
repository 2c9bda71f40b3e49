/**
 * The start of rows of text, one row for each reading: its time in UTC, between two texts that are the
 * same in every row of a day.
 *
 * The words of a day are made once (`data/text/ascii_text.ts`). A row is a copy of them in which the
 * time of day replaces midnight.
 *
 * @module
 */

import { type AsciiText, byteLength, WORD_CHARS, wordsOf, writeAscii } from "./ascii_text.ts";
import { DAY_MS, dayStartMs } from "../limits.ts";
import { lowerBound, type Page, slicePage } from "../readings/page.ts";

/** Most characters of the time in a start. */
export const TIME_MAX_CHARS = 23;
/** Where hour, minute, second and their fraction stand in `2024-01-01T00:00:00.000`. */
const HOUR_AT = 11, MINUTE_AT = 14, SECOND_AT = 17, FRACTION_AT = 19;
/** `00` to `99` as the bytes of little-endian integers. */
const TWO_DIGITS = Uint16Array.from(
  { length: 100 },
  (_, value) => 0x3030 + Math.floor(value / 10) + 256 * (value % 10),
);

/** The texts around the time. */
export interface AroundTime {
  /** Before the year, ASCII. */
  readonly before: string;
  /** After the seconds, or their fraction if there is one; any characters. */
  readonly after: string;
}

/** The start of the rows of one UTC day. */
export interface RowStart {
  /** Midnight, epoch milliseconds. */
  readonly dayMs: number;
  /** The start of the row for midnight. */
  readonly text: string;
  /** Its length in bytes. */
  readonly length: number;
  /** The same as words. */
  readonly words: Float64Array;
  /** Where its time begins. */
  readonly timeAt: number;
}

/** The start of rows of the UTC day that begins at `dayMs`. */
export function createRowStart(dayMs: number, { before, after }: AroundTime): RowStart {
  const midnight = new Date(dayMs).toISOString().slice(0, FRACTION_AT);
  const text = before + midnight + after;
  const length = byteLength(text);
  return { dayMs, text, length, words: wordsOf(text), timeAt: before.length };
}

/** An ascending page cut into one page for each UTC day. */
export function pagesByDay(page: Page): Page[] {
  const { timesMs } = page;
  const pages: Page[] = [];
  for (let row = 0; row < timesMs.length;) {
    const end = lowerBound(timesMs, dayStartMs(timesMs[row]) + DAY_MS);
    pages.push(slicePage(page, row, end));
    row = end;
  }
  return pages;
}

/** Writes the start of the row for a time of its day; returns where it ends. Needs room for it. */
export function writeRowStart(
  text: AsciiText,
  at: number,
  { start, timeMs }: { start: RowStart; timeMs: number },
): number {
  const { words, timeAt } = start;
  const { view } = text;
  for (let i = 0; i < words.length; i++) view.setFloat64(at + i * WORD_CHARS, words[i], true);
  const ofSecondMs = writeClock(view, at + timeAt, timeMs - start.dayMs);
  if (ofSecondMs === 0) return at + start.length;
  const fraction = `.${String(ofSecondMs).padStart(3, "0")}`;
  const fractionAt = timeAt + FRACTION_AT;
  return writeAscii(text, at + fractionAt, fraction + start.text.slice(fractionAt));
}

/** Writes a time of day into the time that begins at `at`; returns the milliseconds of its second. */
function writeClock(view: DataView, at: number, ofDayMs: number): number {
  const seconds = (ofDayMs / 1000) | 0;
  const minutes = (seconds / 60) | 0;
  const hours = (minutes / 60) | 0;
  view.setUint16(at + HOUR_AT, TWO_DIGITS[hours], true);
  view.setUint16(at + MINUTE_AT, TWO_DIGITS[minutes - hours * 60], true);
  view.setUint16(at + SECOND_AT, TWO_DIGITS[seconds - minutes * 60], true);
  return ofDayMs - seconds * 1000;
}
