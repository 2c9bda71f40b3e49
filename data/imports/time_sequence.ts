/**
 * The instants of a meter's wall times, in the order of its rows.
 *
 * Which pass through a repeated hour a row belongs to is known when a row after the hour arrives.
 * Until then the hour's rows are open: they have the first of their two instants, and are settled
 * later.
 *
 * @module
 */

import { DAY_MS } from "../limits.ts";
import type { LocalClock, WallStretch } from "../time/zone.ts";
import { passesOf, SECOND, UNKNOWN } from "./repeated_hour.ts";

/** Most rows that are open at once: two hours of seconds, and room. Beyond, they are settled. */
const OPEN_ROWS_MAX = 16_384;

/** How wall times become instants. */
export interface TimeRules {
  /** The clock that the times are on. */
  readonly clock: LocalClock;
  /** Which of its two instants a time gets: by the order of the rows, or always the same one. */
  readonly ambiguous: "sequence" | "first" | "second";
  /** Whether a time that the clock skips is moved forward, as if it had not gone forward yet. */
  readonly nonexistent: "reject" | "shift";
  /** Whether a time is the start or the end of its interval. */
  readonly stamp: "start" | "end";
  /**
   * The length of an interval, milliseconds: what an end is after its start. Whole days are days on
   * the clock. 0 if it is not known; times that are ends need it.
   */
  readonly intervalMs: number;
}

/** The times of one meter's rows. */
export interface TimeSequence {
  /**
   * The start of the interval of the meter's next row, epoch milliseconds; NaN if the clock skips its
   * time. The row may be settled later. `row` names it: any number from 0 on that is greater than the
   * one before, or -1 for a row that belongs to the order but is not kept.
   */
  next(wallMs: number, row: number): number;
  /** Says that the row of the last `next()` is not kept. */
  drop(): void;
  /** The first row that may still be settled; Infinity if there is none. */
  openRow(): number;
  /** Settles the open rows: there are no more. */
  end(): void;
  /** How many settled rows have two instants and nothing that tells which it is. */
  ambiguous(): number;
}

/** Rows of one repeated hour. */
interface Run {
  readonly hour: WallStretch;
  readonly wallsMs: number[];
  readonly rows: number[];
  readonly lastMs: number;
  readonly beforeLastMs: number;
}

/**
 * A sequence without rows. `settle` is called for each row whose time is not the one that
 * {@link TimeSequence.next} returned.
 */
export function createTimeSequence(
  rules: TimeRules,
  settle: (row: number, timeMs: number) => void,
): TimeSequence {
  const { clock, ambiguous, nonexistent, stamp, intervalMs } = rules;
  const isEnd = stamp === "end";
  /** A stretch that the clock shows once; the end of an interval may not be its first moment. */
  let fromMs = 0, endMs = 0, lengthMs = 0;
  let lastMs = NaN, beforeLastMs = NaN;
  let run: Run | null = null;
  let unknown = 0;

  function pass(wallMs: number): void {
    beforeLastMs = lastMs;
    lastMs = wallMs;
  }

  /** The start of an interval whose time is at an offset. */
  function startOf(wallMs: number, offsetMs: number): number {
    if (!isEnd) return wallMs - offsetMs;
    return intervalMs > 0 && intervalMs % DAY_MS === 0
      ? clock.toCompatibleMs(wallMs - intervalMs)
      : wallMs - offsetMs - intervalMs;
  }

  function close(nextMs: number): void {
    if (run === null) return;
    const { hour, wallsMs, rows } = run;
    const passes = passesOf({ ...run, ...boundsOf(hour), nextMs, intervalMs });
    run = null;
    passes.forEach((pass, at) => {
      if (rows[at] < 0) return;
      if (pass === SECOND) settle(rows[at], startOf(wallsMs[at], hour.laterOffsetMs));
      if (pass === UNKNOWN) unknown++;
    });
  }

  /** A time that the clock shows twice. */
  function nextOfTwo(wallMs: number, row: number, hour: WallStretch): number {
    if (ambiguous !== "sequence") {
      return startOf(wallMs, ambiguous === "first" ? hour.offsetMs : hour.laterOffsetMs);
    }
    const isSame = run !== null && run.hour.fromMs === hour.fromMs &&
      run.wallsMs.length < OPEN_ROWS_MAX;
    if (!isSame) close(wallMs);
    run ??= { hour, wallsMs: [], rows: [], lastMs, beforeLastMs };
    run.wallsMs.push(wallMs);
    run.rows.push(row);
    pass(wallMs);
    return startOf(wallMs, hour.offsetMs);
  }

  /** A time that the clock skips. */
  function nextOfNone(wallMs: number, { fromMs, offsetMs }: WallStretch): number {
    close(wallMs);
    pass(wallMs);
    // The interval before the clock goes forward ends then, at 02:00; clocks show 03:00.
    const isBefore = isEnd && wallMs === fromMs;
    return isBefore || nonexistent === "shift" ? startOf(wallMs, offsetMs) : NaN;
  }

  function nextOutside(wallMs: number, row: number): number {
    const stretch = clock.stretchAt(wallMs);
    const { offsetMs, laterOffsetMs } = stretch;
    if (laterOffsetMs < offsetMs) return nextOfTwo(wallMs, row, stretch);
    if (laterOffsetMs > offsetMs) return nextOfNone(wallMs, stretch);
    if (isEnd && wallMs === stretch.fromMs) {
      const before = clock.stretchAt(wallMs - 1);
      const isTwice = before.laterOffsetMs < before.offsetMs;
      if (isTwice && ambiguous === "sequence") return nextOfTwo(wallMs, row, before);
      // Rows of the hour that the clock skips end with this time.
      const isSkipped = before.laterOffsetMs > before.offsetMs && lastMs >= before.fromMs &&
        lastMs < wallMs;
      if (isSkipped) return nextOfNone(wallMs, before);
    }
    close(wallMs);
    pass(wallMs);
    fromMs = isEnd ? stretch.fromMs + 1 : stretch.fromMs;
    endMs = stretch.endMs;
    lengthMs = wallMs - startOf(wallMs, offsetMs);
    // Days on the clock have no one length.
    if (isEnd && intervalMs % DAY_MS === 0) endMs = fromMs;
    return wallMs - lengthMs;
  }

  return {
    next(wallMs, row) {
      if (wallMs < fromMs || wallMs >= endMs || run !== null) return nextOutside(wallMs, row);
      pass(wallMs);
      return wallMs - lengthMs;
    },
    drop() {
      if (run !== null) run.rows[run.rows.length - 1] = -1;
    },
    openRow: () => run?.rows.find((row) => row >= 0) ?? Infinity,
    end: () => close(NaN),
    ambiguous: () => unknown,
  };
}

/**
 * The start of an interval by its number in the day, from 1, epoch milliseconds; NaN if the day has no
 * such interval. A day has as many as fit between its midnight and the next: 23, 24 or 25 hours.
 */
export function numberedStart(
  { clock }: Pick<TimeRules, "clock">,
  { midnightMs, period, intervalMs }: { midnightMs: number; period: number; intervalMs: number },
): number {
  const startMs = clock.toCompatibleMs(midnightMs) + (period - 1) * intervalMs;
  return startMs < clock.toCompatibleMs(midnightMs + DAY_MS) ? startMs : NaN;
}

function boundsOf({ fromMs, endMs }: WallStretch): { fromMs: number; endMs: number } {
  return { fromMs, endMs };
}
