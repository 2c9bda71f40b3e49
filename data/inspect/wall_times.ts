/**
 * Times of a sample as numbers, and what their order shows: the interval, the order of day and month,
 * and where clocks were changed.
 *
 * @module
 */

import { DAY_MS, HOUR_MS } from "../limits.ts";
import { compileTimeFormat } from "../time/time_format.ts";
import type { WallTime } from "../time/time_text.ts";

/** How many intervals a day may have, each with the most that a day of 25 hours has. */
const PERIODS = [24, 48, 96, 144, 288];

/** Each text as a time: UTC if it has an offset, else local; NaN if it is none. */
export function readWallTimes(texts: readonly string[], pattern: string): Float64Array {
  const { parse } = compileTimeFormat(pattern);
  if (/n$/.test(pattern)) return readNumbered(texts, parse);
  return Float64Array.from(texts, (text) => {
    const wall = parse(text);
    if (wall === null) return NaN;
    return wall.wallMs - (wall.offsetMs === wall.offsetMs ? wall.offsetMs : 0);
  });
}

/** Dates with the number of an interval: how long an interval is shows the largest number. */
function readNumbered(
  texts: readonly string[],
  parse: (text: string) => WallTime | null,
): Float64Array {
  const walls = texts.map(parse);
  const largest = Math.max(...walls.map((wall) => wall?.period ?? 0));
  const count = PERIODS.find((one) => largest <= one * 25 / 24) ?? PERIODS[0];
  return Float64Array.from(
    walls,
    (wall) => wall === null ? NaN : wall.wallMs + ((wall.period ?? 1) - 1) * DAY_MS / count,
  );
}

/** Share of the steps that an interval must have. */
const REGULARITY_MIN = 0.2;

/** What the steps between the times of one meter show. */
export interface Steps {
  /** The step that occurs most, milliseconds; null if there are fewer than two times. */
  readonly intervalMs: number | null;
  /** Share of the steps that have it. */
  readonly regularity: number;
  /** Whether times mostly go down. */
  readonly isDescending: boolean;
  /** Steps that are counted. */
  readonly count: number;
}

/** The steps of series, each in the order of the file. */
export function stepsOf(series: readonly Float64Array[]): Steps {
  const counts = new Map<number, number>();
  let down = 0, count = 0;
  for (const times of series) {
    for (let row = 1; row < times.length; row++) {
      const step = times[row] - times[row - 1];
      if (step === 0) continue;
      count++;
      if (step < 0) down++;
      counts.set(Math.abs(step), (counts.get(Math.abs(step)) ?? 0) + 1);
    }
  }
  const [intervalMs, most] =
    [...counts].toSorted((one, other) => other[1] - one[1] || one[0] - other[0])[0] ?? [null, 0];
  const regularity = count === 0 ? 0 : most / count;
  return {
    // Times without a step of their own are moments.
    intervalMs: regularity < REGULARITY_MIN ? null : intervalMs,
    regularity,
    isDescending: down * 2 > count,
    count,
  };
}

/** Which of two forms gives the steadier times, and whether that proves it. */
export function steadierPattern(
  patterns: readonly string[],
  series: readonly (readonly string[])[],
): { pattern: string; isProven: boolean } {
  if (patterns.length === 1) return { pattern: patterns[0], isProven: true };
  const steps = patterns.map((pattern) =>
    stepsOf(series.map((texts) => readWallTimes(texts, pattern).filter((ms) => ms === ms)))
  );
  const [one, other] = steps;
  const best = one.regularity >= other.regularity ? 0 : 1;
  const gap = Math.abs(one.regularity - other.regularity) * one.count;
  // Days that follow each other only in one reading: a date in the other one jumps by a month.
  const days = (steps[best].intervalMs ?? 0) >= DAY_MS;
  return {
    pattern: patterns[best],
    isProven: gap >= (days ? 2 : 1) && steps[best].regularity > 0.5,
  };
}

/** A clock change in local times. */
export interface ClockChange {
  /** Whether an hour is shown twice, or one is skipped. */
  readonly kind: "repeated" | "skipped";
  /** The local time at which the hour begins, milliseconds. */
  readonly wallMs: number;
}

/** Where local times repeat an hour or skip one, as when clocks change. Times must be of one meter. */
export function clockChanges(
  times: Float64Array,
  { intervalMs, isDescending }: Steps,
): ClockChange[] {
  if (intervalMs === null || intervalMs > HOUR_MS) return [];
  const ordered = isDescending ? times.toReversed() : times;
  const changes: ClockChange[] = [];
  for (let row = 1; row < ordered.length; row++) {
    const step = ordered[row] - ordered[row - 1];
    if (step === intervalMs - HOUR_MS && isChangeHour(ordered[row])) {
      changes.push({ kind: "repeated", wallMs: ordered[row] });
    } else if (step === intervalMs + HOUR_MS && isChangeHour(ordered[row] - HOUR_MS)) {
      changes.push({ kind: "skipped", wallMs: ordered[row] - HOUR_MS });
    }
  }
  return changes;
}

/** Clocks change on a Sunday between 1 and 4 in the morning in nearly all zones that change them. */
function isChangeHour(wallMs: number): boolean {
  const time = new Date(wallMs);
  return time.getUTCDay() === 0 && time.getUTCHours() >= 1 && time.getUTCHours() <= 3 &&
    time.getUTCMinutes() === 0;
}

/** Zones whose clocks change at a time, as examples; empty if none of the common rules fits. */
export function zonesOfChange({ kind, wallMs }: ClockChange): readonly string[] {
  const time = new Date(wallMs);
  const month = time.getUTCMonth() + 1, day = time.getUTCDate(), hour = time.getUTCHours();
  const isAutumn = kind === "repeated";
  // The European Union: the last Sunday of March and of October, 01:00 UTC.
  if (month === (isAutumn ? 10 : 3) && day >= 25) {
    const zones = ["Europe/London", "Europe/Paris", "Europe/Helsinki"];
    return zones.slice(hour - 1, hour);
  }
  // The United States and Canada: the second Sunday of March, the first of November, 02:00.
  const isAmerica = isAutumn
    ? month === 11 && day <= 7 && hour === 1
    : month === 3 && day >= 8 && day <= 14 && hour === 2;
  if (isAmerica) {
    return ["America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"];
  }
  const isAustralia = isAutumn ? month === 4 && day <= 7 : month === 10 && day <= 7;
  return isAustralia && hour === 2 ? ["Australia/Sydney"] : [];
}
