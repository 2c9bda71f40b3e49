/**
 * Buckets of time on the clock of a zone, by the name of their length: `15m`, `1h`, `1d`, `1mo`.
 *
 * Buckets shorter than a day begin at the round times of the clock. Where a change of the clock moves
 * those times, it begins a bucket too, so one next to it may be shorter: Lord Howe Island moves its
 * clock by half an hour. An hour that the clock shows twice is two buckets. Longer buckets are whole
 * local days.
 *
 * @module
 */

import { DAY_MS, HOUR_MS, MINUTE_MS } from "../limits.ts";
import type { Span } from "../readings/page.ts";
import { type CalendarUnit, createOffsets, localPeriodAt } from "./zone.ts";

/** Lengths of buckets by name: milliseconds, or a period of the calendar. */
const LENGTHS = {
  "1m": MINUTE_MS,
  "5m": 5 * MINUTE_MS,
  "10m": 10 * MINUTE_MS,
  "15m": 15 * MINUTE_MS,
  "30m": 30 * MINUTE_MS,
  "1h": HOUR_MS,
  "1d": "day",
  "1w": "week",
  "1mo": "month",
  "1y": "year",
} as const;

/** The name of a length. */
export type BucketLength = keyof typeof LENGTHS;

/** The names of all lengths, the shortest first. */
// The keys of a constant object are exactly the names of its type.
export const BUCKET_LENGTHS = Object.keys(LENGTHS) as readonly BucketLength[];

/** The length in milliseconds; null for a period of the calendar, whose length changes. */
export function fixedLengthMs(length: BucketLength): number | null {
  const found: number | CalendarUnit = LENGTHS[length];
  return typeof found === "number" ? found : null;
}

/**
 * Finds the bucket that a time is in, as a half-open span. Buckets join without a gap. What the zone
 * says about the last time is kept, so ascending times cost few look-ups.
 *
 * @throws {RangeError} when it is called, if there is no such zone.
 */
export function createCalendarBuckets(
  zone: string,
  length: BucketLength,
): (timeMs: number) => Span {
  const found: number | CalendarUnit = LENGTHS[length];
  return typeof found === "number" ? clockBuckets(zone, found) : periodBuckets(zone, found);
}

function clockBuckets(zone: string, lengthMs: number): (timeMs: number) => Span {
  const offsetAt = createOffsets(zone);
  const otherOffsetAt = createOffsets(zone);
  /** Whether buckets begin at other times on the other side of a change of the clock. */
  const isBroken = (otherMs: number, offsetMs: number) =>
    (otherOffsetAt(otherMs).offsetMs - offsetMs) % lengthMs !== 0;
  return (timeMs) => {
    const same = offsetAt(timeMs);
    const { offsetMs } = same;
    let fromMs = Math.floor((timeMs + offsetMs) / lengthMs) * lengthMs - offsetMs;
    let toMs = fromMs + lengthMs;
    if (fromMs < same.fromMs && isBroken(same.fromMs - 1, offsetMs)) fromMs = same.fromMs;
    if (toMs > same.toMs && isBroken(same.toMs, offsetMs)) toMs = same.toMs;
    return { fromMs, toMs };
  };
}

/** Days of a period, and the day since 1970 on which one begins: weeks begin on Mondays. */
const WHOLE_DAYS: Partial<Record<CalendarUnit, { days: number; firstDay: number }>> = {
  day: { days: 1, firstDay: 0 },
  week: { days: 7, firstDay: 4 },
};

function periodBuckets(zone: string, unit: CalendarUnit): (timeMs: number) => Span {
  const offsetAt = createOffsets(zone);
  const wholeDays = WHOLE_DAYS[unit];
  /** The period if no change of the clock is within a day of it, which saves a look-up. */
  const plainPeriod = (timeMs: number): Span | null => {
    if (wholeDays === undefined) return null;
    const { offsetMs, ...same } = offsetAt(timeMs);
    const lengthMs = wholeDays.days * DAY_MS, firstMs = wholeDays.firstDay * DAY_MS - offsetMs;
    const fromMs = Math.floor((timeMs - firstMs) / lengthMs) * lengthMs + firstMs;
    const toMs = fromMs + lengthMs;
    return fromMs - DAY_MS >= same.fromMs && toMs + DAY_MS <= same.toMs ? { fromMs, toMs } : null;
  };
  let period: Span = { fromMs: 0, toMs: 0 };
  return (timeMs) => {
    if (timeMs < period.fromMs || timeMs >= period.toMs) {
      period = plainPeriod(timeMs) ?? localPeriodAt(zone, timeMs, unit);
    }
    return period;
  };
}
