/**
 * Buckets of time on the clock of a zone: a length counted from the start of each local day, or
 * whole days, which have 23 or 25 hours if the clock changes.
 *
 * @module
 */

import { DAY_MS } from "../limits.ts";
import type { Span } from "../readings/page.ts";
import { localDayAt } from "./zone.ts";

/**
 * Finds the bucket of `lengthMs` that a time is in, as a half-open span. A length of `DAY_MS` means
 * the whole local day, however many hours it has.
 *
 * Shorter buckets count elapsed time from the start of the local day: a day of 25 hours has 25 of
 * an hour. If a day is not a whole number of them, its last one is shorter. The last day is kept, so
 * ascending times cost one look-up in the zone a day.
 *
 * @throws {RangeError} when it is called, if there is no such zone.
 */
export function createLocalBuckets(zone: string, lengthMs: number): (timeMs: number) => Span {
  let day: Span = { fromMs: 0, toMs: 0 };
  return (timeMs) => {
    if (timeMs < day.fromMs || timeMs >= day.toMs) day = localDayAt(zone, timeMs);
    if (lengthMs === DAY_MS) return day;
    const fromMs = day.fromMs + Math.floor((timeMs - day.fromMs) / lengthMs) * lengthMs;
    return { fromMs, toMs: Math.min(fromMs + lengthMs, day.toMs) };
  };
}
