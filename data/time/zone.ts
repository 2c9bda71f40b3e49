/**
 * Times and days on the clock of a zone as instants, fast enough for a loop.
 *
 * The rules of a zone say when it changes its offset. From that, a table of wall times and offsets
 * between the changes is built as far as it is needed, and kept. A time between the same two changes as
 * the last one costs two comparisons.
 *
 * @module
 */

import { DAY_MS, END_OF_TIME_MS } from "../limits.ts";
import type { Span } from "../readings/page.ts";
import { intlRules } from "./intl_rules.ts";
import { hasTemporal, temporalRules } from "./temporal_rules.ts";
import { daysInMonth, utcMs } from "./time_text.ts";
import { BEFORE_CHANGES_MS, type ZoneRules } from "./zone_rules.ts";

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;

/** A stretch of wall time, half-open, in which the clock has one offset, or shows each time twice. */
export interface WallStretch {
  /** Where it begins, local milliseconds. */
  readonly fromMs: number;
  /** Where it ends. */
  readonly endMs: number;
  /** The offset from UTC, milliseconds: the one before the change if a change made this stretch. */
  readonly offsetMs: number;
  /**
   * The same, if the clock shows each of these times once. The offset after the change, if there was
   * one: it is smaller if the clock shows these times twice, and larger if it skips them.
   */
  readonly laterOffsetMs: number;
}

/** A clock. Wall times are "local milliseconds": what Date.UTC would return for the local date. */
export interface LocalClock {
  /**
   * Epoch milliseconds of a wall time. If the clock shows it twice, it is the earlier instant (with
   * the offset before the change); if the clock skips it, NaN. After the year 9999 clocks no longer
   * change.
   */
  toUtcMs(wallMs: number): number;
  /**
   * The same, but a skipped wall time is the instant as if the clock had not been set forward yet:
   * 02:30 becomes 03:30. Temporal calls this `compatible`.
   */
  toCompatibleMs(wallMs: number): number;
  /** The stretch of wall time that a time is in. */
  stretchAt(wallMs: number): WallStretch;
}

/**
 * The clock of a zone, given by its IANA name or as a fixed offset.
 *
 * @throws {RangeError} if there is no such zone.
 */
export function createLocalClock(zone: string): LocalClock {
  const spans = createWallSpans(requireZone(zone, "make a clock"));
  let fromMs = 0, endMs = 0, offsetMs = 0;

  /** Makes the last span that begins at or before a wall time the current one. */
  function seek(wallMs: number): void {
    const index = spans.find(wallMs);
    fromMs = spans.fromMs[index];
    endMs = spans.endMs[index];
    offsetMs = spans.offsetMs[index];
  }

  return {
    toUtcMs(wallMs) {
      if (wallMs < fromMs || wallMs >= endMs) seek(wallMs);
      return wallMs < endMs ? wallMs - offsetMs : NaN;
    },
    toCompatibleMs(wallMs) {
      if (wallMs < fromMs || wallMs >= endMs) seek(wallMs);
      return wallMs - offsetMs;
    },
    stretchAt: (wallMs) => stretchAt(spans, wallMs),
  };
}

function stretchAt(spans: WallSpans, wallMs: number): WallStretch {
  const index = spans.find(wallMs);
  const fromMs = spans.fromMs[index], endMs = spans.endMs[index], offsetMs = spans.offsetMs[index];
  // The span after this one says where the clock goes back, or what it skips.
  if (endMs < Infinity) spans.find(endMs);
  const later = spans.offsetMs[index + 1] ?? offsetMs;
  if (wallMs >= endMs) {
    return { fromMs: endMs, endMs: spans.fromMs[index + 1], offsetMs, laterOffsetMs: later };
  }
  // The time at which the clock goes back is the end of the span on the clock after the change.
  const againMs = Math.max(fromMs, Math.min(endMs, endMs - offsetMs + later));
  return wallMs < againMs
    ? { fromMs, endMs: againMs, offsetMs, laterOffsetMs: offsetMs }
    : { fromMs: againMs, endMs, offsetMs, laterOffsetMs: later };
}

/** A span of time in which a zone keeps its offset. It is infinite where there is no change. */
export interface OffsetSpan extends Span {
  /** The offset from UTC, milliseconds. */
  readonly offsetMs: number;
}

/**
 * A function that gives the offset of a zone at an instant, with the span in which it stays. It keeps
 * the last span, so ascending times cost one look-up a change.
 *
 * @throws {RangeError} if there is no such zone.
 */
export function createOffsets(zone: string): (timeMs: number) => OffsetSpan {
  const rules = requireZone(zone, "find offsets");
  let span: OffsetSpan = { fromMs: Infinity, toMs: -Infinity, offsetMs: NaN };
  return (timeMs) => {
    if (timeMs >= span.fromMs && timeMs < span.toMs) return span;
    return span = {
      fromMs: rules.changeUpTo(timeMs) ?? -Infinity,
      toMs: rules.changeAfter(timeMs) ?? Infinity,
      offsetMs: rules.offsetAt(timeMs),
    };
  };
}

/**
 * The half-open span of a calendar day `YYYY-MM-DD` on the clock of a zone, from its first moment to
 * that of the next day; null if the text is not a day of the years 0000 to 9999.
 *
 * Days join without a gap. A day without midnight begins later. A day that the zone left out is empty.
 * If a clock is set back over midnight, the time it shows again belongs to the later day.
 *
 * @throws {RangeError} if there is no such zone.
 */
export function localDaySpan(zone: string, date: string): Span | null {
  const rules = requireZone(zone, "find a day");
  const match = DATE.exec(date);
  if (match === null) return null;
  const [year, month, day] = match.slice(1).map(Number);
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return null;
  return spanOfDay(rules, utcMs(year, month, day));
}

/** The span of the calendar day of a time in a zone, as {@link localDaySpan} counts days. */
export function localDayAt(zone: string, timeMs: number): Span {
  return dayAt(requireZone(zone, "find a day"), timeMs);
}

function dayAt(rules: ZoneRules, timeMs: number): Span {
  const midnightMs = midnightBefore(rules, timeMs);
  const span = spanOfDay(rules, midnightMs);
  // A clock that was set back over midnight shows the day before once more.
  return timeMs < span.toMs ? span : spanOfDay(rules, midnightMs + DAY_MS);
}

/** Midnight of the calendar day of a time, local milliseconds. */
function midnightBefore(rules: ZoneRules, timeMs: number): number {
  return Math.floor((timeMs + rules.offsetAt(timeMs)) / DAY_MS) * DAY_MS;
}

function spanOfDay(rules: ZoneRules, midnightMs: number): Span {
  return { fromMs: dayStart(rules, midnightMs), toMs: dayStart(rules, midnightMs + DAY_MS) };
}

/** The first instant of a day, given by its midnight: the first one, or the change that skips it. */
function dayStart(rules: ZoneRules, midnightMs: number): number {
  // No offset is a day, so every clock shows an earlier day then.
  let fromMs = midnightMs - DAY_MS;
  for (;;) {
    const timeMs = Math.max(fromMs, midnightMs - rules.offsetAt(fromMs));
    const changeMs = rules.changeAfter(fromMs);
    if (changeMs === null || timeMs < changeMs) return timeMs;
    fromMs = changeMs;
  }
}

/** A period of the calendar. Weeks begin on Monday (ISO 8601). */
export type CalendarUnit = "day" | "week" | "month" | "year";

/** The span of the calendar period of a time in a zone, made of days as {@link localDaySpan} counts. */
export function localPeriodAt(zone: string, timeMs: number, unit: CalendarUnit): Span {
  const rules = requireZone(zone, "find a period");
  const day = dayAt(rules, timeMs);
  if (unit === "day") return day;
  // A day that begins at a time shown twice is named by its last moment.
  const [firstMs, nextMs] = periodOf(midnightBefore(rules, day.toMs - 1), unit);
  return { fromMs: dayStart(rules, firstMs), toMs: dayStart(rules, nextMs) };
}

/** The midnights at which the period of a day begins, and the next one, local milliseconds. */
function periodOf(midnightMs: number, unit: "week" | "month" | "year"): [number, number] {
  if (unit === "week") {
    // 1970 began on a Thursday.
    const days = (midnightMs / DAY_MS % 7 + 7 + 3) % 7;
    return [midnightMs - days * DAY_MS, midnightMs + (7 - days) * DAY_MS];
  }
  const date = new Date(midnightMs);
  const year = date.getUTCFullYear(), month = date.getUTCMonth() + 1;
  return unit === "month"
    ? [utcMs(year, month, 1), utcMs(year, month + 1, 1)]
    : [utcMs(year, 1, 1), utcMs(year + 1, 1, 1)];
}

/** The calendar day of a time in a zone, `YYYY-MM-DD`. */
export function localDate(zone: string, timeMs: number): string {
  const rules = requireZone(zone, "find a day");
  const [date] = new Date(midnightBefore(rules, timeMs)).toISOString().split("T");
  return date;
}

/** Whether a zone is UTC, under any of its names. */
export function isUtcZone(zone: string): boolean {
  return requireZone(zone, "compare zones").isUtc;
}

/** Whether a text is an IANA zone name, in any case, or a fixed offset such as +01:00. */
export function isTimeZone(text: string): boolean {
  return rulesOf(text) !== null;
}

/** The rules of a zone; null if there is no such zone. */
function rulesOf(zone: string): ZoneRules | null {
  return hasTemporal() ? temporalRules(zone) : intlRules(zone);
}

function requireZone(zone: string, act: string): ZoneRules {
  const rules = rulesOf(zone);
  if (rules !== null) return rules;
  throw new RangeError(
    `Cannot ${act} as the zone must be an IANA name or an offset such as +01:00: ${zone}`,
  );
}

/** Spans of wall time `[fromMs, endMs)` with their offsets, ascending; they do not overlap. */
interface WallSpans {
  readonly fromMs: readonly number[];
  readonly endMs: readonly number[];
  readonly offsetMs: readonly number[];
  /** The last span that begins at or before a wall time; the time may be after its end. */
  find(wallMs: number): number;
}

function createWallSpans(rules: ZoneRules): WallSpans {
  const fromMs: number[] = [], endMs: number[] = [], offsetMs: number[] = [];
  let nextMs: number | null = BEFORE_CHANGES_MS;
  /** Wall times before this one belong to the spans so far; later spans begin here or after. */
  let reachMs = -Infinity;

  function add(startMs: number): void {
    const offset = rules.offsetAt(startMs);
    const changeMs = rules.changeAfter(startMs);
    const isLast = changeMs === null || changeMs >= END_OF_TIME_MS;
    const end = isLast ? Infinity : changeMs + offset;
    const isFirst = reachMs === -Infinity;
    // A wall time of an earlier span stays there: of its two instants the earlier one counts.
    const from = isFirst ? reachMs : Math.max(reachMs, startMs + offset);
    nextMs = isLast ? null : changeMs;
    if (from >= end) return;
    fromMs.push(from);
    endMs.push(end);
    offsetMs.push(offset);
    reachMs = end;
  }

  function find(wallMs: number): number {
    while (nextMs !== null && wallMs >= reachMs) add(nextMs);
    return lastNotAfter(fromMs, wallMs);
  }

  return { fromMs, endMs, offsetMs, find };
}

/** Index of the last of the ascending numbers that is not above a value, or -1. */
function lastNotAfter(ascending: readonly number[], value: number): number {
  let low = 0, high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
