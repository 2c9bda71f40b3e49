/**
 * When a schedule runs: a cron expression or a repeated duration, on the clock of a zone.
 *
 * @module
 */

import { type CalendarUnit, localPeriodAt } from "../time/zone.ts";
import { createCronTimes, type CronTimes } from "./cron.ts";
import { approximateMs, type Duration, parseDuration } from "./duration.ts";
import { addCalendar, createWallClock } from "./wall_clock.ts";

/** When a schedule runs. */
export type Timing =
  & {
    /** The zone whose clock counts. */
    readonly zone: string;
  }
  & (
    | {
      /** A cron expression. */
      readonly cron: string;
    }
    | {
      /** A duration of ISO 8601. */
      readonly every: string;
      /** The first run, epoch milliseconds, from which all others count. */
      readonly anchorMs: number;
    }
  );

/** The planned times of a schedule, epoch milliseconds. */
export type RunTimes = CronTimes;

/** The last millisecond that is written with a year of four digits. No run is planned after it. */
export const LAST_TIME_MS: number = Date.UTC(10_000, 0) - 1;

/**
 * The planned times of a timing that was checked.
 *
 * Months and days of a duration are those of the zone, counted from the anchor: the 31st of a month
 * without one is its last day, and the next month has the 31st again. Hours, minutes and seconds are
 * elapsed time.
 */
export function createRunTimes(timing: Timing): RunTimes {
  const { after, upTo } = createEndlessTimes(timing);
  return {
    after(timeMs) {
      const nextMs = after(timeMs);
      return nextMs !== null && nextMs <= LAST_TIME_MS ? nextMs : null;
    },
    upTo,
  };
}

function createEndlessTimes(timing: Timing): RunTimes {
  if ("cron" in timing) return createCronTimes(timing.cron, timing.zone);
  const every = parseDuration(timing.every);
  if (every === null) {
    throw new SyntaxError(`Cannot plan runs as this is no duration: ${timing.every}`);
  }
  return createEveryTimes(every, timing);
}

function createEveryTimes(
  every: Duration,
  { anchorMs, zone }: { anchorMs: number; zone: string },
): RunTimes {
  const clock = createWallClock(zone);
  const anchorWallMs = clock.wallMs(anchorMs);
  const lengthMs = approximateMs(every);

  function timeOf(index: number): number {
    const { months, days, ms } = every;
    if (months === 0 && days === 0) return anchorMs + index * ms;
    const wallMs = addCalendar(anchorWallMs, { months: months * index, days: days * index });
    return clock.instantMs(wallMs) + index * ms;
  }

  /** The index of the last time that is not after an instant; below 0 before the anchor. */
  function indexAt(timeMs: number): number {
    if (timeMs < anchorMs) return -1;
    let index = Math.max(0, Math.floor((timeMs - anchorMs) / lengthMs));
    while (timeOf(index) > timeMs) index--;
    while (timeOf(index + 1) <= timeMs) index++;
    return index;
  }

  return {
    after: (timeMs) => timeOf(indexAt(timeMs) + 1),
    upTo(timeMs, count) {
      const last = indexAt(timeMs);
      const first = Math.max(0, last - count + 1);
      return Array.from({ length: last - first + 1 }, (_, at) => timeOf(first + at));
    },
  };
}

/**
 * The anchor of a duration that names none: the start of the year for months and years, of the week for
 * weeks alone, otherwise of the day. So `P3M` are quarters, and `PT15M` are quarters of an hour.
 */
export function defaultAnchorMs(every: Duration, zone: string, createdMs: number): number {
  const isWeeks = every.months === 0 && every.ms === 0 && every.days % 7 === 0;
  const unit: CalendarUnit = every.months > 0 ? "year" : isWeeks ? "week" : "day";
  return localPeriodAt(zone, createdMs, unit).fromMs;
}

/** The next times after an instant, at most `count`. */
export function nextTimes(times: RunTimes, afterMs: number, count: number): number[] {
  const next: number[] = [];
  for (let atMs = times.after(afterMs); atMs !== null && next.length < count;) {
    next.push(atMs);
    atMs = next.length < count ? times.after(atMs) : null;
  }
  return next;
}
