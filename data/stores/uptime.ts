/**
 * How long a store was up and down within its business hours, from polls of its status.
 *
 * The status of a poll holds until the next poll. Time before the first poll takes the status of
 * that poll. If polls hold for a limited time only, time further away from them is unknown. In any
 * span of time, up + down + unknown is the open time, to the millisecond.
 *
 * @module
 */

import { DAY_MS, HOUR_MS } from "../limits.ts";
import { lowerBound, type Page, type Span } from "../readings/page.ts";

/** How far back a report goes, milliseconds. */
export const REPORT_WEEK_MS: number = 7 * DAY_MS;

/** Open time by status, milliseconds. */
export interface OpenTime {
  /** Polled as active. */
  readonly upMs: number;
  /** Polled as inactive. */
  readonly downMs: number;
  /** Too far away from any poll. */
  readonly unknownMs: number;
}

/** The open time of the last hour, 24 hours and 168 hours. */
export interface Uptime {
  /** The last hour. */
  readonly hour: OpenTime;
  /** The last 24 hours. */
  readonly day: OpenTime;
  /** The last 168 hours. */
  readonly week: OpenTime;
}

/** The windows of a report, and how long polls hold. */
export interface UptimeOptions {
  /** The end of all three windows, epoch milliseconds. */
  readonly asOfMs: number;
  /** How far from a poll its status holds, milliseconds; null for no limit. */
  readonly maxHoldMs: number | null;
}

/** The longest window: the span that business hours are needed for. */
export function reportSpan(asOfMs: number): Span {
  return { fromMs: asOfMs - REPORT_WEEK_MS, toMs: asOfMs };
}

/**
 * The uptime of a store, or null if it has no poll up to `asOfMs`. The page holds its polls in
 * ascending order, with a status of 1 or 0: at least those of the last week and the last one before
 * it. Polls after `asOfMs` are ignored. `open` are the parts of {@link reportSpan} in which the store
 * was open, ascending and disjoint.
 */
export function measureUptime(
  { timesMs, columns: [{ values }] }: Page,
  open: readonly Span[],
  { asOfMs, maxHoldMs }: UptimeOptions,
): Uptime | null {
  const count = lowerBound(timesMs, asOfMs + 1);
  if (count === 0) return null;
  const holdMs = maxHoldMs ?? Infinity;
  const up = createSums(asOfMs), down = createSums(asOfMs), all = createSums(asOfMs);
  for (const span of open) all.add(span.fromMs, span.toMs);
  let next = 0;
  for (let i = 0; i < count && next < open.length; i++) {
    const pollMs = timesMs[i];
    const fromMs = i === 0 ? pollMs - holdMs : pollMs;
    const nextMs = i + 1 < count ? timesMs[i + 1] : asOfMs;
    const sums = values[i] > 0 ? up : down;
    next = addOpen(sums, open, { next, fromMs, toMs: Math.min(nextMs, pollMs + holdMs) });
  }
  const timeOf = (window: keyof Sums["ms"]): OpenTime => {
    const upMs = up.ms[window], downMs = down.ms[window];
    return { upMs, downMs, unknownMs: all.ms[window] - upMs - downMs };
  };
  return { hour: timeOf("hour"), day: timeOf("day"), week: timeOf("week") };
}

/** Adds the open time of a span. Returns the index of the first open part that ends after it. */
function addOpen(
  sums: Sums,
  open: readonly Span[],
  { next, fromMs, toMs }: Span & { next: number },
): number {
  for (let at = next; at < open.length; at++) {
    const startMs = Math.max(open[at].fromMs, fromMs);
    const endMs = Math.min(open[at].toMs, toMs);
    if (startMs < endMs) sums.add(startMs, endMs);
    if (open[at].toMs > toMs) return at;
  }
  return open.length;
}

/** The total of each window, milliseconds. */
interface Sums {
  readonly ms: { hour: number; day: number; week: number };
  add(fromMs: number, toMs: number): void;
}

function createSums(asOfMs: number): Sums {
  const ms = { hour: 0, day: 0, week: 0 };
  return {
    ms,
    add(fromMs, toMs) {
      ms.week += toMs - fromMs;
      ms.day += Math.max(0, toMs - Math.max(fromMs, asOfMs - DAY_MS));
      ms.hour += Math.max(0, toMs - Math.max(fromMs, asOfMs - HOUR_MS));
    },
  };
}
