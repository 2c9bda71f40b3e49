/**
 * Tables with a day a row: a column for each interval of the day.
 *
 * @module
 */

import { DAY_MS, HOUR_MS, MINUTE_MS } from "../limits.ts";
import { isNumeric } from "./metric_columns.ts";
import type { SampleColumn } from "./time_columns.ts";

/** The columns of the intervals of a day. */
export interface DayColumns {
  /** The columns, from the first interval on. */
  readonly columns: readonly SampleColumn[];
  /** Length of an interval, milliseconds. */
  readonly intervalMs: number;
  /** Whether names or only the number of columns show them. */
  readonly isNamed: boolean;
  /** Whether the first column is named by the end of its interval, as 00:30 or 01:00. */
  readonly isEnd: boolean;
}

/** How many intervals a day may have. Days of clock changes have up to an hour more. */
const COUNTS: readonly number[] = [24, 48, 96, 144, 288];
const CLOCK_NAME = /^\D*?(\d{1,2}):(\d\d)(?::\d\d)?(?:\s*[-\u2013]\s*\d{1,2}:\d\d(?::\d\d)?)?\D*$/;

/** The columns of a day's intervals, or null if a row is not a day. */
export function findDayColumns(columns: readonly SampleColumn[]): DayColumns | null {
  const named = columns.filter(({ name }) => CLOCK_NAME.test(name));
  if (named.length >= COUNTS[0]) return namedDay(named);
  const numbers = columns.filter((column) => /\d/.test(column.name) && isNumeric(column));
  const count = COUNTS.findLast((one) => one <= numbers.length);
  if (count === undefined) return null;
  const counted = numbers.slice(0, numbers.length);
  return { columns: counted, intervalMs: DAY_MS / count, isNamed: false, isEnd: false };
}

function namedDay(columns: readonly SampleColumn[]): DayColumns | null {
  const starts = columns.map(({ name }) => clockMs(name));
  const step = starts[1] - starts[0];
  const count = Math.round(DAY_MS / step);
  if (!COUNTS.includes(count)) return null;
  const isEnd = starts[0] === step && !/-|\u2013/.test(columns[0].name);
  return { columns, intervalMs: step, isNamed: true, isEnd };
}

function clockMs(name: string): number {
  const [, hour, minute] = CLOCK_NAME.exec(name) ?? [];
  return Number(hour) * HOUR_MS + Number(minute) * MINUTE_MS;
}
