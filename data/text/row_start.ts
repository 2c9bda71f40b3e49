/**
 * The start of rows of text, one row for each reading: its time, and texts that are the same in every
 * row of a day.
 *
 * The words of a day are made once (`data/text/ascii_text.ts`). A row is a copy of them in which the
 * time of day replaces midnight.
 *
 * @module
 */

import { type AsciiText, byteLength, WORD_CHARS, wordsOf, writeWords } from "./ascii_text.ts";
import { DAY_MS, dayStartMs, MINUTE_MS } from "../limits.ts";
import { lowerBound, type Page, slicePage } from "../readings/page.ts";

/** Most characters of the time in a start, and of what milliseconds add to one. */
export const TIME_MAX_CHARS = 23;
/** Where hour, minute, second and their end stand in `2024-01-01T00:00:00`. */
const HOUR_AT = 11, MINUTE_AT = 14, SECOND_AT = 17, SECOND_END = 19;
const ZERO = 48;
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

/** A clock in the text of a start: where its digits stand, in bytes; -1 for digits it has not. */
export interface ClockPlaces {
  /** The instant at which it shows 00:00:00, epoch milliseconds, even if it never shows that. */
  readonly midnightMs: number;
  /** The two digits of the hour. */
  readonly hourAt: number;
  /** The two digits of the minute. */
  readonly minuteAt: number;
  /** The two digits of the second. */
  readonly secondAt: number;
  /** The three digits of the millisecond. */
  readonly milliAt: number;
}

/** The text of the start of the rows of a day, in which the clocks show midnight. */
export interface RowTemplate {
  /** The text. */
  readonly text: string;
  /** The clock of each row, and a second one if rows have two. */
  readonly clocks: readonly [ClockPlaces] | readonly [ClockPlaces, ClockPlaces];
  /** The same with milliseconds, for rows that have some; null if they are never written. */
  readonly withMilli: (() => RowTemplate) | null;
}

/** The start of the rows of a day. */
export interface RowStart {
  /** Its length in bytes. */
  readonly length: number;
  /** The start of the row for midnight, as words. */
  readonly words: Float64Array;
  /** The clock. */
  readonly clock: ClockPlaces;
  /** The second clock, or null. */
  readonly secondClock: ClockPlaces | null;
  /**
   * The clock at each minute of a day as one word, `HH:mm:00` with whatever is between; null if its text is
   * not such, or there are two clocks.
   */
  readonly minutes: Float64Array | null;
  /** The same with milliseconds, made when it is first needed; null if they are never written. */
  readonly withMilli: (() => RowStart) | null;
}

/** The start of rows of the UTC day that begins at `dayMs`. */
export function createRowStart(dayMs: number, around: AroundTime): RowStart {
  return rowStartOf(utcTemplate(dayMs, around, ""));
}

/** The start of the rows of a day, from its text. */
export function rowStartOf({ text, clocks, withMilli }: RowTemplate): RowStart {
  let fine: RowStart | undefined;
  const words = wordsOf(text);
  return {
    length: byteLength(text),
    words,
    clock: clocks[0],
    minutes: clocks.length > 1 ? null : minuteWords(words, clocks[0]),
    secondClock: clocks[1] ?? null,
    withMilli: withMilli === null ? null : () => fine ??= rowStartOf(withMilli()),
  };
}

function utcTemplate(dayMs: number, around: AroundTime, fraction: "" | ".000"): RowTemplate {
  const { before, after } = around;
  const midnight = new Date(dayMs).toISOString().slice(0, SECOND_END);
  const at = before.length;
  const clock: ClockPlaces = {
    midnightMs: dayMs,
    hourAt: at + HOUR_AT,
    minuteAt: at + MINUTE_AT,
    secondAt: at + SECOND_AT,
    milliAt: fraction === "" ? -1 : at + SECOND_END + 1,
  };
  return {
    text: before + midnight + fraction + after,
    clocks: [clock],
    withMilli: fraction === "" ? () => utcTemplate(dayMs, around, ".000") : null,
  };
}

/** An ascending page cut into one page for each UTC day. */
export function pagesByDay(page: Page): Page[] {
  return pagesBy(page, (timeMs) => dayStartMs(timeMs) + DAY_MS);
}

/** An ascending page cut into pages; `endMs` gives the end of the stretch that a time is in. */
export function pagesBy(page: Page, endMs: (timeMs: number) => number): Page[] {
  const { timesMs } = page;
  const pages: Page[] = [];
  for (let row = 0; row < timesMs.length;) {
    const end = lowerBound(timesMs, endMs(timesMs[row]));
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
  const { words, clock, secondClock, minutes } = start;
  const { view } = text;
  writeWords(view, at, words);
  if (minutes !== null) {
    // Nearly all rows: a whole second of a day of 24 hours on a plain clock.
    const ofDayMs = timeMs - clock.midnightMs;
    const minute = (ofDayMs / MINUTE_MS) | 0;
    const ofMinuteMs = ofDayMs - minute * MINUTE_MS;
    view.setFloat64(at + clock.hourAt, minutes[minute], true);
    if (ofMinuteMs === 0) return at + start.length;
    const second = (ofMinuteMs / 1000) | 0;
    view.setUint16(at + clock.secondAt, TWO_DIGITS[second], true);
    if (second * 1000 === ofMinuteMs) return at + start.length;
  }
  const ofSecondMs = writeClock(view, at, { clock, timeMs });
  if (secondClock !== null) writeClock(view, at, { clock: secondClock, timeMs });
  return ofSecondMs === 0 || start.withMilli === null
    ? at + start.length
    : writeRowStart(text, at, { start: start.withMilli(), timeMs });
}

/** Writes a time into the places of a clock; returns the milliseconds of its second. */
function writeClock(
  view: DataView,
  at: number,
  { clock, timeMs }: { clock: ClockPlaces; timeMs: number },
): number {
  const { hourAt, minuteAt, secondAt, milliAt } = clock;
  const ofDayMs = timeMs - clock.midnightMs;
  const seconds = (ofDayMs / 1000) | 0;
  const minutes = (seconds / 60) | 0;
  const hours = (minutes / 60) | 0;
  const ofSecondMs = ofDayMs - seconds * 1000;
  if (hourAt >= 0) view.setUint16(at + hourAt, TWO_DIGITS[hours], true);
  if (minuteAt >= 0) view.setUint16(at + minuteAt, TWO_DIGITS[minutes - hours * 60], true);
  if (secondAt >= 0) view.setUint16(at + secondAt, TWO_DIGITS[seconds - minutes * 60], true);
  if (milliAt >= 0) {
    const hundreds = (ofSecondMs / 100) | 0;
    view.setUint8(at + milliAt, ZERO + hundreds);
    view.setUint16(at + milliAt + 1, TWO_DIGITS[(ofSecondMs - hundreds * 100) | 0], true);
  }
  return ofSecondMs;
}

/** The tables of clocks, by what is between their digits. */
const minuteTables = new Map<string, Float64Array>();
/** More kinds of clocks than any service shows. */
const MINUTE_TABLES_MAX = 16;

/** The words of a clock that shows `HH:mm:ss`, with one byte between; null for another one. */
function minuteWords(words: Float64Array, clock: ClockPlaces): Float64Array | null {
  const { hourAt, minuteAt, secondAt, milliAt } = clock;
  if (hourAt < 0 || minuteAt !== hourAt + 3 || secondAt !== hourAt + 6 || milliAt >= 0) return null;
  const bytes = new Uint8Array(words.buffer);
  const between = [bytes[hourAt + 2], bytes[hourAt + 5]];
  const known = minuteTables.get(between.join());
  if (known !== undefined) return known;
  const table = new Float64Array(DAY_MS / MINUTE_MS);
  const view = new DataView(table.buffer);
  for (let minute = 0; minute < table.length; minute++) {
    const at = minute * WORD_CHARS;
    view.setUint16(at, TWO_DIGITS[Math.floor(minute / 60)], true);
    view.setUint8(at + 2, between[0]);
    view.setUint16(at + 3, TWO_DIGITS[minute % 60], true);
    view.setUint8(at + 5, between[1]);
    view.setUint16(at + 6, TWO_DIGITS[0], true);
  }
  if (minuteTables.size < MINUTE_TABLES_MAX) minuteTables.set(between.join(), table);
  return table;
}
