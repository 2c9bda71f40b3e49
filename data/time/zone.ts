/**
 * Times and days on the clock of a zone as instants, fast enough for a loop.
 *
 * Temporal knows when a zone changes its offset. From that, a table of wall times and offsets between
 * the changes is built as far as it is needed, and kept. A time between the same two changes as the
 * last one costs two comparisons. Temporal is used only here.
 *
 * @module
 */

import { END_OF_TIME_MS } from "../limits.ts";
import type { Span } from "../readings/page.ts";
import { daysInMonth } from "./time_text.ts";

/** No zone of the IANA database changed its offset before 1800. */
const BEFORE_CHANGES_MS: number = Date.UTC(1800, 0, 1);
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
  requireZone(zone, "make a clock");
  const spans = createWallSpans(zone);
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
  requireZone(zone, "find offsets");
  let span: OffsetSpan = { fromMs: Infinity, toMs: -Infinity, offsetMs: NaN };
  return (timeMs) => {
    if (timeMs >= span.fromMs && timeMs < span.toMs) return span;
    const zoned = zonedAt(Math.floor(timeMs), zone);
    // `previous` leaves out a change at the very moment.
    const previous = zoned.add({ milliseconds: 1 }).getTimeZoneTransition("previous");
    const next = zoned.getTimeZoneTransition("next");
    return span = {
      fromMs: previous?.epochMilliseconds ?? -Infinity,
      toMs: next?.epochMilliseconds ?? Infinity,
      offsetMs: zoned.offsetNanoseconds / 1_000_000,
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
  requireZone(zone, "find a day");
  const match = DATE.exec(date);
  if (match === null) return null;
  const [year, month, day] = match.slice(1).map(Number);
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return null;
  return spanOfDay(zone, new Temporal.PlainDate(year, month, day));
}

/** The span of the calendar day of a time in a zone, as {@link localDaySpan} counts days. */
export function localDayAt(zone: string, timeMs: number): Span {
  const date = zonedAt(timeMs, zone).toPlainDate();
  const span = spanOfDay(zone, date);
  // A clock that was set back over midnight shows the day before once more.
  return timeMs < span.toMs ? span : spanOfDay(zone, date.add({ days: 1 }));
}

function spanOfDay(zone: string, date: Temporal.PlainDate): Span {
  return {
    fromMs: date.toZonedDateTime(zone).epochMilliseconds,
    toMs: date.add({ days: 1 }).toZonedDateTime(zone).epochMilliseconds,
  };
}

/** A period of the calendar. Weeks begin on Monday (ISO 8601). */
export type CalendarUnit = "day" | "week" | "month" | "year";

/** The span of the calendar period of a time in a zone, made of days as {@link localDaySpan} counts. */
export function localPeriodAt(zone: string, timeMs: number, unit: CalendarUnit): Span {
  const day = localDayAt(zone, timeMs);
  if (unit === "day") return day;
  // A day that begins at a time shown twice is named by its last moment.
  const date = zonedAt(day.toMs - 1, zone).toPlainDate();
  const first = unit === "week"
    ? date.subtract({ days: date.dayOfWeek - 1 })
    : date.with(unit === "month" ? { day: 1 } : { month: 1, day: 1 });
  return {
    fromMs: first.toZonedDateTime(zone).epochMilliseconds,
    toMs: first.add({ [`${unit}s`]: 1 }).toZonedDateTime(zone).epochMilliseconds,
  };
}

/** The calendar day of a time in a zone, `YYYY-MM-DD`. */
export function localDate(zone: string, timeMs: number): string {
  return zonedAt(timeMs, zone).toPlainDate().toString();
}

/** Whether a zone is UTC, under any of its names. */
export function isUtcZone(zone: string): boolean {
  return zonedAt(0, zone).equals(zonedAt(0, "UTC"));
}

/** Whether a text is an IANA zone name, in any case, or a fixed offset such as +01:00. */
export function isTimeZone(text: string): boolean {
  try {
    zonedAt(0, text);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function requireZone(zone: string, act: string): void {
  if (isTimeZone(zone)) return;
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

function createWallSpans(zone: string): WallSpans {
  const fromMs: number[] = [], endMs: number[] = [], offsetMs: number[] = [];
  let next: Temporal.ZonedDateTime | null = zonedAt(BEFORE_CHANGES_MS, zone);
  /** Wall times before this one belong to the spans so far; later spans begin here or after. */
  let reachMs = -Infinity;

  function add(start: Temporal.ZonedDateTime): void {
    const offset = start.offsetNanoseconds / 1_000_000;
    const change = start.getTimeZoneTransition("next");
    const isLast = change === null || change.epochMilliseconds >= END_OF_TIME_MS;
    const end = isLast ? Infinity : change.epochMilliseconds + offset;
    const isFirst = reachMs === -Infinity;
    // A wall time of an earlier span stays there: of its two instants the earlier one counts.
    const from = isFirst ? reachMs : Math.max(reachMs, start.epochMilliseconds + offset);
    next = isLast ? null : change;
    if (from >= end) return;
    fromMs.push(from);
    endMs.push(end);
    offsetMs.push(offset);
    reachMs = end;
  }

  function find(wallMs: number): number {
    while (next !== null && wallMs >= reachMs) add(next);
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

function zonedAt(timeMs: number, zone: string): Temporal.ZonedDateTime {
  // The constructor accepts only names and offsets; Instant.toZonedDateTimeISO() also whole times.
  return new Temporal.ZonedDateTime(BigInt(timeMs) * 1_000_000n, zone);
}
