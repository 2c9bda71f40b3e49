/**
 * Periods by name, such as `last_month`, on the clock of a zone.
 *
 * @module
 */

import type { Span } from "../readings/page.ts";
import { type CalendarUnit, localPeriodAt } from "./zone.ts";

/** The names of periods. */
export const PERIODS = [
  "today",
  "yesterday",
  "last_7_days",
  "this_month",
  "last_month",
  "last_quarter",
  "last_year",
] as const;

/** The name of a period. */
export type PeriodName = typeof PERIODS[number];

/**
 * The span of a period at `nowMs`. `today` and `this_month` end now, exclusive; at their very start they
 * are one millisecond long, so that they are never empty. The others are whole: `last_7_days` are the seven days before today, and quarters begin in January, April, July and
 * October.
 */
export function periodSpan(period: PeriodName, zone: string, nowMs: number): Span {
  const current = (unit: CalendarUnit) => localPeriodAt(zone, nowMs, unit);
  const before = (unit: CalendarUnit) => localPeriodAt(zone, current(unit).fromMs - 1, unit);
  switch (period) {
    case "today":
      return untilNow(current("day").fromMs, nowMs);
    case "this_month":
      return untilNow(current("month").fromMs, nowMs);
    case "yesterday":
      return before("day");
    case "last_7_days":
      return daysBefore(zone, current("day").fromMs, 7);
    case "last_month":
      return before("month");
    case "last_quarter":
      return quarterBefore(zone, nowMs);
    case "last_year":
      return before("year");
  }
}

function untilNow(fromMs: number, nowMs: number): Span {
  return { fromMs, toMs: Math.max(nowMs, fromMs + 1) };
}

function daysBefore(zone: string, toMs: number, days: number): Span {
  let fromMs = toMs;
  for (let day = 0; day < days; day++) fromMs = localPeriodAt(zone, fromMs - 1, "day").fromMs;
  return { fromMs, toMs };
}

function quarterBefore(zone: string, nowMs: number): Span {
  const yearMs = localPeriodAt(zone, nowMs, "year").fromMs;
  let startMs = localPeriodAt(zone, nowMs, "month").fromMs;
  for (let back = monthsSince(zone, yearMs, startMs) % 3; back > 0; back--) {
    startMs = monthBefore(zone, startMs);
  }
  let fromMs = startMs;
  for (let month = 0; month < 3; month++) fromMs = monthBefore(zone, fromMs);
  return { fromMs, toMs: startMs };
}

function monthBefore(zone: string, startMs: number): number {
  return localPeriodAt(zone, startMs - 1, "month").fromMs;
}

/** How many months begin after `fromMs` up to and including the one that begins at `startMs`. */
function monthsSince(zone: string, fromMs: number, startMs: number): number {
  let months = 0;
  for (let ms = startMs; ms > fromMs; ms = monthBefore(zone, ms)) months++;
  return months;
}
