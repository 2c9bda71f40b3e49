/**
 * The start and the end of a range of time as users write them: an ISO 8601 time, or a bare date
 * (`2024-01-31`), which covers its whole day.
 *
 * A date begins at the zone's midnight and ends just before the next one, so a day may have 23 or 25
 * hours. A time without an offset is on the zone's clock too; one that the clock skips moves forward
 * (02:30 becomes 03:30), one that it shows twice is the first of the two.
 *
 * @module
 */

import type { Span } from "../readings/page.ts";
import { INSTANT_PATTERN, isPlainYear, parseWallTime } from "./time_text.ts";
import { createLocalClock, localDaySpan } from "./zone.ts";

/** What either end of a range looks like; the functions here say which of these exist. */
export const RANGE_PATTERN: RegExp = new RegExp(
  `${INSTANT_PATTERN.source}|^\\d{4}-\\d\\d-\\d\\d$`,
);

/**
 * The first moment of a range, epoch milliseconds; null if the text is not a time of the years
 * 0000 to 9999.
 *
 * @throws {RangeError} if there is no such zone, like the other two functions.
 */
export function rangeStartMs(text: string, zone = "UTC"): number | null {
  return spanOf(text, zone)?.fromMs ?? null;
}

/** The last moment of a range that includes its end: a date means its last millisecond. */
export function rangeLastMs(text: string, zone = "UTC"): number | null {
  const span = spanOf(text, zone);
  return span === null ? null : span.toMs - 1;
}

/** The first moment after a range that excludes its end: a date means the next midnight. */
export function rangeStopMs(text: string, zone = "UTC"): number | null {
  const span = spanOf(text, zone);
  if (span === null) return null;
  return isDate(text) ? span.toMs : span.fromMs;
}

/** The rule that a time breaks which is outside the years 0000 to 9999 at UTC, but not in its zone. */
export function yearsRule(zone: string): string {
  return `must be in the years 0000 to 9999 at UTC; on the clock of ${zone} it is not`;
}

/** Whether the text is a bare date, whether or not there is such a day. */
export function isDate(text: string): boolean {
  return text.length === "yyyy-mm-dd".length;
}

/** The whole day of a date, the one millisecond of a time. */
function spanOf(text: string, zone: string): Span | null {
  const span = isDate(text) ? localDaySpan(zone, text) : momentOf(text, zone);
  return span !== null && isPlainYear(span.fromMs) && isPlainYear(span.toMs - 1) ? span : null;
}

function momentOf(text: string, zone: string): Span | null {
  const time = parseWallTime(text);
  if (time === null) return null;
  const { wallMs, offsetMs } = time;
  const hasOffset = offsetMs === offsetMs;
  const fromMs = hasOffset ? wallMs - offsetMs : createLocalClock(zone).toCompatibleMs(wallMs);
  return { fromMs, toMs: fromMs + 1 };
}
