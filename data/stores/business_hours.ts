/**
 * Business hours: spans of the week on local clocks, and when a store is open in a span of time.
 *
 * @module
 */

import { DAY_MS, HOUR_MS, MINUTE_MS } from "../limits.ts";
import type { Span } from "../readings/page.ts";
import { createLocalClock, type LocalClock, localDate } from "../time/zone.ts";

/** The zone of a store whose own zone is not known. */
export const DEFAULT_STORE_ZONE = "America/Chicago";

const SECOND_MS = 1_000;
/** Start of the last second of a day. An end in that second means the end of the day. */
const LAST_SECOND_MS: number = DAY_MS - SECOND_MS;
const CLOCK = /^(\d?\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?$/;
/** The other spelling of the end of the day (ISO 8601-1:2019 §5.3.1.2). */
const END_OF_DAY = /^24:00(?::00(?:\.0{1,9})?)?$/;
const CLOCK_RULE = "a time of day such as 09:00:00 or 9:00";
const DAYS_A_WEEK = 7;
/** Day of the week of 1970-01-01, a Thursday. */
const EPOCH_DAY = 3;

/**
 * A span of time that recurs every week, in milliseconds on the clock after local midnight. A span
 * over midnight ends before it starts. A whole day is 0 to 86,400,000.
 */
export interface WeeklySpan {
  /** 0 is Monday, 6 is Sunday. */
  readonly day: number;
  /** When it opens. */
  readonly startMs: number;
  /** When it closes: on the next day if this is before `startMs`. */
  readonly endMs: number;
}

/** Weekly spans as they are stored: the day, start and end of each in a row. */
export function weeklySpansOf(numbers: ArrayLike<number>): WeeklySpan[] {
  return Array.from({ length: numbers.length / 3 }, (_, index) => ({
    day: numbers[3 * index],
    startMs: numbers[3 * index + 1],
    endMs: numbers[3 * index + 2],
  }));
}

/** What is wrong with one text of a weekly span. */
export interface WeeklySpanProblem {
  /** The text that is wrong. */
  readonly field: "day" | "start" | "end";
  /** Its value. */
  readonly value: string;
  /** The rule it breaks. */
  readonly rule: string;
}

/**
 * Reads a weekly span from the texts of a row: a day 0 to 6, and clocks `HH:MM:SS`. The hour may have
 * one digit, the seconds may be missing or have a fraction. `24:00` is the end of the day, and so is
 * an end of `23:59:59`; `00:00:00` to `00:00:00` is the whole day. Any other span whose start equals
 * its end is a problem.
 */
export function readWeeklySpan(
  texts: { readonly day: string; readonly start: string; readonly end: string },
): { span: WeeklySpan } | { problems: readonly WeeklySpanProblem[] } {
  const startMs = clockMs(texts.start);
  const endMs = END_OF_DAY.test(texts.end) ? DAY_MS : clockMs(texts.end);
  const problems: WeeklySpanProblem[] = [];
  const wrong = (field: WeeklySpanProblem["field"], rule: string) =>
    problems.push({ field, value: texts[field], rule });
  if (!/^[0-6]$/.test(texts.day)) wrong("day", "a day of the week, 0 (Monday) to 6 (Sunday)");
  if (startMs === null) wrong("start", CLOCK_RULE);
  if (endMs === null) wrong("end", `${CLOCK_RULE}, or 24:00`);
  if (startMs !== null && startMs === endMs && startMs !== 0) {
    wrong(
      "end",
      "a time other than the start, except 00:00:00 to 00:00:00, which is the whole day",
    );
  }
  if (startMs === null || endMs === null || problems.length > 0) return { problems };
  const isToDaysEnd = endMs >= LAST_SECOND_MS || (startMs === 0 && endMs === 0);
  return { span: { day: Number(texts.day), startMs, endMs: isToDaysEnd ? DAY_MS : endMs } };
}

/** A time of day before 24:00 in milliseconds after midnight, or null if the text is not one. */
function clockMs(text: string): number | null {
  const match = CLOCK.exec(text);
  if (match === null) return null;
  const [, hour, minute, second = "0", fraction = "0"] = match;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  return Number(hour) * HOUR_MS + Number(minute) * MINUTE_MS + Number(second) * SECOND_MS +
    Number(fraction.padEnd(3, "0").slice(0, 3));
}

/** When the stores of one zone are open. */
export interface BusinessHours {
  /**
   * The parts of a span that lie within weekly spans on the zone's clocks, in ascending order and
   * with time between them. `null` means always open, an empty list means never open. A time that
   * the clocks skip counts as that much later. If a time occurs twice, the first one counts.
   */
  openSpans(hours: readonly WeeklySpan[] | null, span: Span): Span[];
}

/**
 * The business hours of a zone. Repeated calls for the same span work out its days only once.
 *
 * @throws {RangeError} if the zone does not exist.
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
 * For each day of the week, the local midnights (as wall times) whose spans may reach into a span.
 * That includes the day before the span begins. A day that the zone skipped has no business hours.
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

/** Sorts spans, and joins those that overlap or touch. */
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
