/**
 * How long a store was up and down within its business hours, from polls of its status.
 *
 * A poll's status holds until the next poll; time before the first poll takes that poll's status.
 * Where a poll holds for a limited time only, what is further from it is unknown. So of any stretch
 * of time up + down + unknown is the time it was open, to the millisecond.
 *
 * @module
 */

import { DAY_MS, HOUR_MS } from "../limits.ts";
import { lowerBound, type Page, type Span } from "../readings/page.ts";

/** How far back a report looks, milliseconds. */
export const REPORT_WEEK_MS: number = 7 * DAY_MS;

/** Open time by what is known of it, milliseconds. */
export interface OpenTime {
  /** Polled as active. */
  readonly upMs: number;
  /** Polled as inactive. */
  readonly downMs: number;
  /** Too far from any poll. */
  readonly unknownMs: number;
}

/** The open time of the last hour, 24 hours and 168 hours. */
export interface Uptime {
  /** Of the last hour. */
  readonly hour: OpenTime;
  /** Of the last 24 hours. */
  readonly day: OpenTime;
  /** Of the last 168 hours. */
  readonly week: OpenTime;
}

/** What an uptime is asked for with. */
export interface UptimeQuestion {
  /** The end of all three windows, epoch milliseconds. */
  readonly asOfMs: number;
  /** How far from a poll its status holds, milliseconds; null is without limit. */
  readonly maxHoldMs: number | null;
}

/** The longest window of a question: what business hours are needed of. */
export function reportSpan(asOfMs: number): Span {
  return { fromMs: asOfMs - REPORT_WEEK_MS, toMs: asOfMs };
}

/**
 * The uptime of a store from its polls up to `asOfMs`, ascending and each with a status, 1 or 0: at
 * least those of the last week and the last one before them. Null where there is none. `open` are
 * the stretches of {@link reportSpan} in which it was open, ascending and disjoint.
 */
export function measureUptime(
  { timesMs, columns: [{ values }] }: Page,
  open: readonly Span[],
  { asOfMs, maxHoldMs }: UptimeQuestion,
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

/** Adds what is open of a span. Gives the first stretch that reaches behind it. */
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

/** Milliseconds that are added up a window. */
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
