/**
 * The clock of a zone, for times that a schedule names: what the clock shows twice is its first time,
 * and what the clock skips is the moment after the gap.
 *
 * Wall times are "local milliseconds", as in `data/time/zone.ts`.
 *
 * @module
 */

import { DAY_MS } from "../limits.ts";
import { createOffsets } from "../time/zone.ts";

/** A clock. */
export interface WallClock {
  /** What the clock shows. */
  wallMs(timeMs: number): number;
  /** When the clock first shows a wall time, or the first moment after the gap that skips it. */
  instantMs(wallMs: number): number;
}

/**
 * The clock of a zone.
 *
 * @throws {RangeError} if there is no such zone.
 */
export function createWallClock(zone: string): WallClock {
  const offsetAt = createOffsets(zone);
  return {
    wallMs: (timeMs) => timeMs + offsetAt(timeMs).offsetMs,
    instantMs(wallMs) {
      // Offsets lie between -24 and 24 hours, so this is before any instant of the wall time.
      let span = offsetAt(wallMs - DAY_MS);
      for (;;) {
        const instant = wallMs - span.offsetMs;
        if (instant < span.toMs) return Math.max(instant, span.fromMs);
        span = offsetAt(span.toMs);
      }
    },
  };
}

/** A wall time some months and days later. A day that its month does not have is the last one. */
export function addCalendar(
  wallMs: number,
  { months, days }: { months: number; days: number },
): number {
  const dayMs = Math.floor(wallMs / DAY_MS) * DAY_MS;
  const date = new Date(dayMs);
  const month = date.getUTCMonth() + months;
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), month + 1, 0)).getUTCDate();
  const day = Math.min(date.getUTCDate(), lastDay);
  return Date.UTC(date.getUTCFullYear(), month, day + days) + (wallMs - dayMs);
}
