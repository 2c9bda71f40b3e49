/**
 * The columns of times in a table: of the start of an interval, its end, or the moment of a reading.
 *
 * @module
 */

import {
  END_WORDS,
  hasWord,
  HOUR_WORDS,
  OTHER_TIME_WORDS,
  START_WORDS,
  TIME_WORDS,
} from "./header_words.ts";
import { guessHours, guessTimes, type TimeGuess } from "./time_guess.ts";
import { readWallTimes } from "./wall_times.ts";

/** A column as the sample shows it. */
export interface SampleColumn {
  /** Its name. */
  readonly name: string;
  /** Its place; the first is 0. */
  readonly index: number;
  /** Its values, one a row. */
  readonly values: readonly string[];
}

/** One column of times, or a date and a clock. */
export interface TimeColumns {
  /** The columns. */
  readonly columns: readonly SampleColumn[];
  /** Their texts, joined by a space if there are two. */
  readonly texts: readonly string[];
  /** The form of the texts. */
  readonly guess: TimeGuess;
  /** Each time on its own clock, milliseconds; NaN where a row has none. */
  readonly wallMs: Float64Array;
}

/** The times of a table. */
export interface TableTimes {
  /** The columns to import by. */
  readonly main: TimeColumns;
  /** The columns of the interval's other end; null if there is none. */
  readonly end: TimeColumns | null;
  /** Whether names say that the main columns are the end of the interval. */
  readonly isNamedEnd: boolean;
  /** Whether names say that they are its start. */
  readonly isNamedStart: boolean;
}

/** Names of columns in UTC. */
const UTC_NAME = /(?:^|[^A-Za-z])(?:UTC|GMT)(?:$|[^A-Za-z+-])/i;
/** How much of a table's rows must agree. */
const MOST = 0.8;
/** Columns with times that are looked at, from the left. */
const CANDIDATES_MAX = 6;

/** The columns of times, or null if there are none. */
export function findTimes(columns: readonly SampleColumn[]): TableTimes | null {
  const candidates = candidatesOf(columns).slice(0, CANDIDATES_MAX);
  const scored = candidates.map((candidate) => ({ candidate, score: scoreOf(candidate) }))
    .toSorted((one, other) => other.score - one.score);
  const best = scored[0]?.candidate;
  if (best === undefined) return null;
  // Next to a local time without an offset, the same time in UTC is the one to read.
  if (isUtc(best)) return { main: best, end: null, isNamedEnd: false, isNamedStart: false };
  for (const { candidate } of scored) {
    const pair = candidate === best ? null : pairOf(best, candidate);
    if (pair !== null) return { ...pair, isNamedEnd: false, isNamedStart: true };
  }
  return { main: best, end: null, isNamedEnd: isEnd(best), isNamedStart: isStart(best) };
}

/** The two in order if one is the other plus the same span in most rows; else null. */
function pairOf(
  one: TimeColumns,
  other: TimeColumns,
): { main: TimeColumns; end: TimeColumns } | null {
  const spans = new Map<number, number>();
  let count = 0;
  for (let row = 0; row < one.wallMs.length; row++) {
    const span = other.wallMs[row] - one.wallMs[row];
    if (span !== span) continue;
    count++;
    spans.set(span, (spans.get(span) ?? 0) + 1);
  }
  const [span, rows] = [...spans].toSorted((a, b) => b[1] - a[1])[0] ?? [0, 0];
  if (span === 0 || rows < count * MOST) return null;
  return span > 0 ? { main: one, end: other } : { main: other, end: one };
}

/** Each column of times, and each date with each clock. */
function candidatesOf(columns: readonly SampleColumn[]): TimeColumns[] {
  const guessed = columns.map((column) => ({ column, guess: guessColumn(column) }));
  const found: TimeColumns[] = [];
  const add = (parts: readonly SampleColumn[], guess: TimeGuess | null) => {
    if (guess === null) return;
    const texts = joined(parts);
    found.push({ columns: parts, texts, guess, wallMs: readWallTimes(texts, guess.patterns[0]) });
  };
  for (const { column, guess } of guessed) {
    if (guess?.kind === "datetime" || guess?.kind === "unix") add([column], guess);
  }
  const dates = guessed.filter(({ guess }) => guess?.kind === "date").map(({ column }) => column);
  const clocks = guessed.filter(({ guess }) => guess?.kind === "clock" || guess?.kind === "hour")
    .map(({ column }) => column);
  for (const clock of clocks) {
    // The nearest date on its left, else the first one.
    const date = dates.findLast(({ index }) => index < clock.index) ?? dates[0];
    if (date !== undefined) add([date, clock], guessTimes(joined([date, clock])));
  }
  if (found.length > 0) return found;
  for (const date of dates) add([date], guessTimes(date.values));
  return found;
}

function guessColumn({ name, values }: SampleColumn): TimeGuess | null {
  const guess = guessTimes(values);
  // A register or a serial number may look like a count of seconds.
  if (guess?.kind === "unix" && !hasWord(name, TIME_WORDS)) return null;
  if (guess !== null) return guess;
  return hasWord(name, HOUR_WORDS) ? guessHours(values) : null;
}

function joined(columns: readonly SampleColumn[]): string[] {
  const [first, second] = columns;
  if (second === undefined) return [...first.values];
  return first.values.map((text, row) => {
    const other = second.values[row];
    return text === "" || other === "" ? "" : `${text} ${other}`;
  });
}

/** More for columns that differ from row to row and are named like the time of a reading. */
function scoreOf(candidate: TimeColumns): number {
  const { columns, wallMs } = candidate;
  const times = wallMs.filter((ms) => ms === ms);
  const distinct = new Set(times).size / Math.max(wallMs.length, 1);
  const hasUtc = isUtc(candidate) && !candidate.guess.hasOffset;
  const isOther = columns.some(({ name }) => hasWord(name, OTHER_TIME_WORDS));
  return distinct + (isOther ? -1 : 0) + (hasUtc ? 1 : 0) + (isStart(candidate) ? 0.2 : 0) -
    (isEnd(candidate) ? 0.1 : 0) - columns[0].index / 1_000;
}

/** Whether a name says that the times are in UTC. */
export function isUtc({ columns }: Pick<TimeColumns, "columns">): boolean {
  return columns.some(({ name }) => UTC_NAME.test(name));
}

function isStart({ columns }: TimeColumns): boolean {
  return columns.some(({ name }) => hasWord(name, START_WORDS));
}

function isEnd({ columns }: TimeColumns): boolean {
  return columns.some(({ name }) => hasWord(name, END_WORDS)) &&
    !isStart({ columns } as TimeColumns);
}
