/**
 * Durations of ISO 8601, such as `P1M` and `PT15M`.
 *
 * @module
 */

import { DAY_MS, HOUR_MS, MINUTE_MS } from "../limits.ts";

/** A duration: months and days of the calendar, and elapsed time. */
export interface Duration {
  /** Months; a year is twelve. */
  readonly months: number;
  /** Days; a week is seven. */
  readonly days: number;
  /** Elapsed milliseconds. */
  readonly ms: number;
}

/** The days of 400 years of the Gregorian calendar, divided by their months. */
const DAYS_A_MONTH = 146_097 / 4_800;
const FORM =
  /^P(?=.)(?:(\d{1,5})Y)?(?:(\d{1,5})M)?(?:(\d{1,5})W)?(?:(\d{1,5})D)?(?:T(?=.)(?:(\d{1,7})H)?(?:(\d{1,7})M)?(?:(\d{1,7})S)?)?$/;

/** Reads a duration of whole numbers; null if the text is none. */
export function parseDuration(text: string): Duration | null {
  const match = FORM.exec(text);
  if (match === null) return null;
  const [years, months, weeks, days, hours, minutes, seconds] = match.slice(1)
    .map((part) => Number(part ?? 0));
  return {
    months: years * 12 + months,
    days: weeks * 7 + days,
    ms: hours * HOUR_MS + minutes * MINUTE_MS + seconds * 1_000,
  };
}

/** About how long a duration is, milliseconds; exact without months, if days have 24 hours. */
export function approximateMs({ months, days, ms }: Duration): number {
  return (months * DAYS_A_MONTH + days) * DAY_MS + ms;
}
