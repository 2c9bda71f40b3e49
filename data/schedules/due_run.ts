/**
 * What a schedule does when it is due: which planned times were missed, and which one runs now.
 *
 * A planned time is late if it was due more than five minutes ago, because no process ran or the clock
 * was set forward. Those that are not late run one after the other, whatever `catchUp` says.
 *
 * @module
 */

import { MINUTE_MS } from "../limits.ts";
import type { RunTimes } from "./run_times.ts";

/** What happens to late times: none of them runs, the last one, or all of them. */
export const CATCH_UPS = ["none", "last", "all"] as const;

/** One of {@link CATCH_UPS}. */
export type CatchUp = typeof CATCH_UPS[number];

/** How long after it was due a time is late, milliseconds. */
export const LATE_MS: number = 5 * MINUTE_MS;
/** How many late times run at most with `all`: the last ones. */
export const CAUGHT_UP_MAX = 100;
/** How far missed times are counted: each one costs up to a millisecond, in which nothing else runs. */
export const MISSED_COUNTED_MAX = 100;

/** Planned times that do not run. */
export interface MissedTimes {
  /** The first one, epoch milliseconds. */
  readonly firstMs: number;
  /** The last one. */
  readonly lastMs: number;
  /** How many there are, counted as far as {@link MISSED_COUNTED_MAX}. */
  readonly count: number;
  /** Whether there are more than `count`. */
  readonly isMore: boolean;
}

/** What a schedule does. */
export interface DueRun {
  /** The times that do not run; null if none was missed. */
  readonly missed: MissedTimes | null;
  /** The planned time that runs now; null if none does. */
  readonly runMs: number | null;
  /** The planned time after it; null if there is none. */
  readonly nextMs: number | null;
}

/** Decides what a schedule does at `nowMs`, whose next planned time is `nextMs`. */
export function planDueRun(
  times: RunTimes,
  { nextMs, nowMs, delayMs, catchUp }: {
    nextMs: number;
    nowMs: number;
    delayMs: number;
    catchUp: CatchUp;
  },
): DueRun {
  const isDue = (plannedMs: number) => plannedMs + delayMs <= nowMs;
  const lateUpToMs = nowMs - LATE_MS - delayMs - 1;
  const run = (runMs: number | null, missed: MissedTimes | null): DueRun =>
    runMs === null || !isDue(runMs)
      ? { missed, runMs: null, nextMs: runMs }
      : { missed, runMs, nextMs: times.after(runMs) };
  if (nextMs > lateUpToMs) return run(nextMs, null);
  if (catchUp === "none") {
    const [lastMs] = times.upTo(lateUpToMs, 1);
    return run(times.after(lateUpToMs), missedTimes(times, nextMs, lastMs ?? nextMs));
  }
  const kept = times.upTo(lateUpToMs, catchUp === "last" ? 2 : CAUGHT_UP_MAX + 1)
    .filter((timeMs) => timeMs >= nextMs);
  const most = catchUp === "last" ? 1 : CAUGHT_UP_MAX;
  if (kept.length <= most) return run(nextMs, null);
  const [lastMissedMs, firstKeptMs] = kept;
  return run(firstKeptMs, missedTimes(times, nextMs, lastMissedMs));
}

/** The planned times from one to another, both inclusive. */
export function missedTimes(times: RunTimes, firstMs: number, lastMs: number): MissedTimes {
  let count = 1;
  let atMs: number | null = firstMs;
  while (atMs !== null && atMs < lastMs && count < MISSED_COUNTED_MAX) {
    atMs = times.after(atMs);
    count++;
  }
  return { firstMs, lastMs, count, isMore: atMs !== null && atMs < lastMs };
}
