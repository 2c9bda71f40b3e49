/**
 * Counts stores by the age of their last poll. A store whose polling stopped keeps the status of its
 * last poll, so its uptime alone does not show it.
 *
 * @module
 */

import { DAY_MS, HOUR_MS } from "../limits.ts";

/** Numbers of stores by the age of their last poll. */
export interface PollAges {
  /** At most 1 hour. */
  readonly withinHour: number;
  /** More than 1 hour, at most 24 hours. */
  readonly withinDay: number;
  /** More than 24 hours, at most 168 hours. */
  readonly withinWeek: number;
  /** More than 168 hours. */
  readonly older: number;
}

/** Counts ages. */
export interface PollAgeCounter {
  /** Counts a store whose last poll is this old, milliseconds. */
  add(ageMs: number): void;
  /** The counts so far. */
  counts(): PollAges;
}

/** Creates a counter. */
export function createPollAgeCounter(): PollAgeCounter {
  const counts = { withinHour: 0, withinDay: 0, withinWeek: 0, older: 0 };
  return {
    add(ageMs) {
      if (ageMs <= HOUR_MS) counts.withinHour++;
      else if (ageMs <= DAY_MS) counts.withinDay++;
      else if (ageMs <= 7 * DAY_MS) counts.withinWeek++;
      else counts.older++;
    },
    counts: () => ({ ...counts }),
  };
}
