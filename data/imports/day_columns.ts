/**
 * The columns of the intervals of a day, in files with a row for each day.
 *
 * @module
 */

import { DAY_MS, HOUR_MS, MINUTE_MS } from "../limits.ts";

/** How many intervals a day of 24 hours may have. */
export const DAY_COUNTS: readonly number[] = [24, 48, 96, 144, 288];

/** The columns of the intervals of a day. */
export interface DayColumns {
  /** The index of each column, in the order of the day. */
  readonly indexes: readonly number[];
  /** The length of an interval, milliseconds. */
  readonly stepMs: number;
  /**
   * The time on the clock of each column, milliseconds after midnight; null if the columns are numbers,
   * so that they count the intervals of the day however many hours it has.
   */
  readonly clockMs: readonly number[] | null;
  /** Whether those times are the ends of the intervals, as their names show. */
  readonly areEnds: boolean;
}

/** A column whose name is, or ends with, a time: `00:30`, `kWh_0030`, `00:00 - 00:30`, `2:00 AM`. */
const CLOCK =
  /^(?:.*[^\d:.])?([01]?\d|2[0-4])(?:[:.hH]|(?=[0-5]\d(?:\D|$)))([0-5]\d)(?::00)?\s*([AaPp][Mm]|[AaBb])?(?:\s*(?:-|–|to|bis)\s*\d{1,2}[:.hH]?\d{2}(?::00)?\s*(?:[AaPp][Mm])?)?$/;
/** A column whose name ends with a number: `1`, `H01`, `V48`, `Period 3`. */
const NUMBER = /^(.*?\D)?0*(\d{1,3})$/;

/**
 * The columns of intervals among some columns, by their names: times of day, or numbers from 1. Without
 * such names their count must be one of {@link DAY_COUNTS}. Null if they are no such columns.
 *
 * @param candidates indexes of the columns that are nothing else.
 */
export function dayColumnsOf(
  names: readonly string[],
  candidates: readonly number[],
): DayColumns | null {
  const clocks = candidates.filter((index) => clockOf(names[index]) !== null);
  const byClock = clockColumns(names, clocks);
  if (byClock !== null) return byClock;
  const numbered = longestNumbered(names, candidates);
  if (numbered !== null) return numberedColumns(numbered);
  return DAY_COUNTS.includes(candidates.length) ? numberedColumns(candidates) : null;
}

function clockColumns(names: readonly string[], indexes: readonly number[]): DayColumns | null {
  const clocks = indexes.map((index) => clockOf(names[index]) ?? NaN);
  const distinct = [...new Set(clocks)];
  // A last column of 00:00 is the midnight at the end of the day.
  const isLastMidnight = clocks.length > 1 && clocks[clocks.length - 1] === 0 && clocks[0] !== 0;
  if (isLastMidnight) clocks[clocks.length - 1] = DAY_MS;
  if (!DAY_COUNTS.includes(distinct.length)) return null;
  const stepMs = DAY_MS / distinct.length;
  const areEnds = clocks.includes(DAY_MS);
  const sorted = distinct.map((clock) => isLastMidnight && clock === 0 ? DAY_MS : clock)
    .sort((one, other) => one - other);
  const firstMs = areEnds ? stepMs : 0;
  if (!sorted.every((clock, at) => clock === firstMs + at * stepMs)) return null;
  return { indexes, stepMs, clockMs: clocks, areEnds };
}

/** Milliseconds after midnight of a column's name; null if it is no time of day. */
function clockOf(name: string): number | null {
  const match = CLOCK.exec(name.trim());
  if (match === null) return null;
  const [, hourText, minuteText, half = ""] = match;
  const isHalfDay = /^[ap]m$/i.test(half);
  const hour = isHalfDay
    ? Number(hourText) % 12 + (half.toLowerCase() === "pm" ? 12 : 0)
    : Number(hourText);
  const clockMs = hour * HOUR_MS + Number(minuteText) * MINUTE_MS;
  return clockMs <= DAY_MS ? clockMs : null;
}

/**
 * The columns whose names are one text and the numbers from 1 on, in that order; null if there are not
 * as many as a day has, or one hour more for the day that has 25.
 */
function longestNumbered(names: readonly string[], candidates: readonly number[]): number[] | null {
  const groups = Map.groupBy(candidates, (index) => NUMBER.exec(names[index].trim())?.[1] ?? "");
  for (const group of groups.values()) {
    const numbers = group.map((index) => Number(NUMBER.exec(names[index].trim())?.[2]));
    const isNumbered = numbers.every((number, at) => number === at + 1);
    const isDay = DAY_COUNTS.some((count) =>
      numbers.length === count || numbers.length === count * 25 / 24
    );
    if (isNumbered && isDay) return group;
  }
  return null;
}

function numberedColumns(indexes: readonly number[]): DayColumns {
  const count = DAY_COUNTS.findLast((one) => one <= indexes.length) ?? indexes.length;
  return { indexes, stepMs: DAY_MS / count, clockMs: null, areEnds: false };
}
