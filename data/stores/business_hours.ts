/**
 * Business hours: spans of a week on local clocks, and when they are open in a stretch of time.
 *
 * @module
 */

import { DAY_MS, HOUR_MS, MINUTE_MS } from "../limits.ts";
import type { Span } from "../readings/page.ts";
import { createLocalClock, type LocalClock, localDate } from "../time/zone.ts";

/** The zone of a store that has none of its own. */
export const DEFAULT_STORE_ZONE = "America/Chicago";

const SECOND_MS = 1_000;
/** What the last second of a day begins with: an end there means the end of the day. */
const LAST_SECOND_MS: number = DAY_MS - SECOND_MS;
const CLOCK = /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?$/;
const DAYS_A_WEEK = 7;
/** The day of the week of 1970-01-01, a Thursday. */
const EPOCH_DAY = 3;

/**
 * A span of every week, in milliseconds of the clock after local midnight. One over midnight ends
 * before it starts; an open day is 0 to 86,400,000.
 */
export interface WeeklySpan {
  /** 0 is Monday, 6 Sunday. */
  readonly day: number;
  /** When it opens. */
  readonly startMs: number;
  /** When it closes, on the next day where that is before `startMs`. */
  readonly endMs: number;
}

/** What is wrong with a text of a weekly span. */
export interface WeeklySpanProblem {
  /** Which of the texts. */
  readonly field: "day" | "start" | "end";
  /** What stands there. */
  readonly value: string;
  /** The rule that it breaks. */
  readonly rule: string;
}

/**
 * A weekly span from the texts of a row: a day 0 to 6, clocks `HH:MM:SS` (seconds may be missing or
 * have a fraction). `00:00:00` to `00:00:00` is the whole day, an end of `23:59:59` the end of the
 * day; another start that equals its end is a problem.
 */
export function readWeeklySpan(
  texts: { readonly day: string; readonly start: string; readonly end: string },
): { span: WeeklySpan } | { problems: readonly WeeklySpanProblem[] } {
  const startMs = clockMs(texts.start);
  const endMs = clockMs(texts.end);
  const problems: WeeklySpanProblem[] = [];
  const wrong = (field: WeeklySpanProblem["field"], rule: string) =>
    problems.push({ field, value: texts[field], rule });
  if (!/^[0-6]$/.test(texts.day)) wrong("day", "a day of the week, 0 (Monday) to 6 (Sunday)");
  if (startMs === null) wrong("start", "a time of day, HH:MM:SS");
  if (endMs === null) wrong("end", "a time of day, HH:MM:SS");
  if (startMs !== null && startMs === endMs && startMs !== 0) {
    wrong("end", "a time other than the start, but for 00:00:00 to 00:00:00, the whole day");
  }
  if (startMs === null || endMs === null || problems.length > 0) return { problems };
  const isToDaysEnd = endMs >= LAST_SECOND_MS || (startMs === 0 && endMs === 0);
  return { span: { day: Number(texts.day), startMs, endMs: isToDaysEnd ? DAY_MS : endMs } };
}

function clockMs(text: string): number | null {
  const match = CLOCK.exec(text);
  if (match === null) return null;
  const [, hour, minute, second = "0", fraction = "0"] = match;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  return Number(hour) * HOUR_MS + Number(minute) * MINUTE_MS + Number(second) * SECOND_MS +
    Number(fraction.padEnd(3, "0").slice(0, 3));
}

/** When stores of one zone are open. */
export interface BusinessHours {
  /**
   * The stretches of a span that lie in weekly spans on the zone's clocks: ascending, no two of them
   * touch. Null is open always, no weekly spans at all is never. Times that a clock skips are those
   * that much later; of one that comes twice the first is meant.
   */
  openSpans(hours: readonly WeeklySpan[] | null, span: Span): Span[];
}

/**
 * The business hours of a zone. Asked for one span again and again, it works out days just once.
 *
 * @throws {RangeError} where there is no such zone.
 */
export function createBusinessHours(zone: string): BusinessHours {
  const clock = createLocalClock(zone);
  let known: Span = { fromMs: 0, toMs: 0 };
  let midnights: readonly (readonly number[])[] = [];

  return {
    openSpans(hours, span) {
      if (span.fromMs >= span.toMs) return [];
      if (hours === null) return [span];
      if (span.fromMs !== known.fromMs || span.toMs !== known.toMs) {
        midnights = midnightsByDay(zone, clock, span);
        known = span;
      }
      const open: Span[] = [];
      for (const { day, startMs, endMs } of hours) {
        const length = endMs < startMs ? endMs + DAY_MS : endMs;
        for (const midnightMs of midnights[day]) {
          const fromMs = Math.max(clock.toCompatibleMs(midnightMs + startMs), span.fromMs);
          const toMs = Math.min(clock.toCompatibleMs(midnightMs + length), span.toMs);
          if (fromMs < toMs) open.push({ fromMs, toMs });
        }
      }
      return joined(open);
    },
  };
}

/**
 * The local midnights, as wall times, of each day of the week whose spans may reach into a span: of
 * the day before its first one too. Days that a zone left out have no business hours.
 */
function midnightsByDay(zone: string, clock: LocalClock, { fromMs, toMs }: Span): number[][] {
  const midnights: number[][] = Array.from({ length: DAYS_A_WEEK }, () => []);
  const lastMs = Date.parse(localDate(zone, toMs));
  for (let atMs = Date.parse(localDate(zone, fromMs)) - DAY_MS; atMs <= lastMs; atMs += DAY_MS) {
    if (clock.toCompatibleMs(atMs) === clock.toCompatibleMs(atMs + DAY_MS)) continue;
    const day = (atMs / DAY_MS + EPOCH_DAY) % DAYS_A_WEEK;
    midnights[(day + DAYS_A_WEEK) % DAYS_A_WEEK].push(atMs);
  }
  return midnights;
}

/** Spans of any order as ascending ones with time between them. */
function joined(spans: Span[]): Span[] {
  spans.sort((a, b) => a.fromMs - b.fromMs);
  const apart: Span[] = [];
  for (const span of spans) {
    const last = apart.at(-1);
    if (last === undefined || span.fromMs > last.toMs) apart.push(span);
    else if (span.toMs > last.toMs) apart[apart.length - 1] = { ...last, toMs: span.toMs };
  }
  return apart;
}
