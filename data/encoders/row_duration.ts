/**
 * How long the interval of a row is.
 *
 * @module
 */

import type { FileHead } from "./encoder.ts";
import { localDayAt } from "../time/zone.ts";

/** How many days, or at least how many of them, an interval of whole days has. */
const DAYS: ReadonlyMap<string, number> = new Map([["1d", 1], ["1w", 7]]);

/** Whether all intervals have the same length, as far as anyone knows. */
export function isSameLength({ interval }: Pick<FileHead, "interval">): boolean {
  return !DAYS.has(interval);
}

/**
 * A function for the milliseconds from the start of a row to its end: days have 23 or 25 hours where the
 * clock changes. 0 if nobody knows.
 */
export function createDurations(
  { interval, intervalMs, zone }: Pick<FileHead, "interval" | "intervalMs" | "zone">,
): (timeMs: number) => number {
  const days = DAYS.get(interval);
  if (days === undefined) return () => intervalMs ?? 0;
  return (timeMs) => {
    let endMs = timeMs;
    for (let day = 0; day < days; day++) endMs = localDayAt(zone, endMs).toMs;
    return endMs - timeMs;
  };
}
