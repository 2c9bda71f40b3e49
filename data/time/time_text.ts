/**
 * Times as text: ISO 8601 in, RFC 3339 in UTC out. Inside, a time is epoch milliseconds.
 *
 * @module
 */

import { DAY_MS, END_OF_TIME_MS, HOUR_MS, MINUTE_MS } from "../limits.ts";

/** 0000-01-01T00:00:00Z, epoch milliseconds. */
const YEAR_0_MS = -62_167_219_200_000;
/** The extended format of ISO 8601, `2024-01-01T12:00:00Z`. */
const EXTENDED_PATTERN =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?(?:([Zz])|([+-])(\d\d)(?::?(\d\d))?)?$/;
/** The basic format of ISO 8601, `20240101T120000Z`, with the same groups. */
const BASIC_PATTERN =
  /^(\d{4})(\d\d)(\d\d)[Tt](\d\d)(\d\d)(?:(\d\d)(?:[.,](\d+))?)?(?:([Zz])|([+-])(\d\d)(?::?(\d\d))?)?$/;
/** The form of a time in ISO 8601; {@link parseInstant} says whether there is such a time. */
export const INSTANT_PATTERN: RegExp = new RegExp(
  `${EXTENDED_PATTERN.source}|${BASIC_PATTERN.source}`,
);
/** Leap seconds are at midnight UTC, and the offsets of zones are whole quarters of an hour. */
const QUARTER_MS = 15 * MINUTE_MS;

/** A date and time of day as written, and the offset from UTC that goes with it. */
export interface WallTime {
  /** Local milliseconds: what Date.UTC would return for the local date and clock. */
  wallMs: number;
  /** Offset from UTC, milliseconds; NaN if the text has none. */
  offsetMs: number;
  /**
   * The number of an interval of the day, from 1, if the text has that instead of a time of day.
   * `wallMs` is then midnight.
   */
  period?: number;
}

/**
 * The time of a text, epoch milliseconds, or null if it is not a time.
 *
 * Accepts what {@link parseWallTime} accepts; without an offset it is UTC. A time that its offset moves
 * out of the years 0000 to 9999 is refused.
 */
export function parseInstant(text: string): number | null {
  const time = parseWallTime(text);
  if (time === null) return null;
  const { wallMs, offsetMs } = time;
  const timeMs = offsetMs !== offsetMs ? wallMs : wallMs - offsetMs;
  return isPlainYear(timeMs) ? timeMs : null;
}

/** Whether a time is in the years 0000 to 9999, UTC, which are written with four digits. */
export function isPlainYear(timeMs: number): boolean {
  return timeMs >= YEAR_0_MS && timeMs < END_OF_TIME_MS;
}

/**
 * The date and time of day of a text, or null if it has none.
 *
 * Accepts ISO 8601 calendar dates with a time of day, in the extended format (the profile of RFC 3339,
 * seconds optional) or the basic one, with an offset of hours or minutes, or without. A fraction finer
 * than a millisecond is cut off. A leap second, 23:59:60 UTC, is the next second. Refuses dates that
 * do not exist, any other second 60, and a date alone.
 */
export function parseWallTime(text: string): WallTime | null {
  const match = EXTENDED_PATTERN.exec(text) ?? BASIC_PATTERN.exec(text);
  if (match === null) return null;
  const [year, month, day, hour, minute] = match.slice(1, 6).map(Number);
  const second = Number(match[6] ?? "0");
  const milli = Number((match[7] ?? "").padEnd(3, "0").slice(0, 3));
  const offset = match[8] === undefined ? offsetMs(match[9], match[10], match[11]) : 0;
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return null;
  if (hour > 23 || minute > 59 || second > 60 || offset === null) return null;
  const clockMs = hour * HOUR_MS + minute * MINUTE_MS + second * 1000 + milli;
  const time = { wallMs: utcMs(year, month, day) + clockMs, offsetMs: offset };
  return second < 60 || isAfterLeapSecond(time) ? time : null;
}

/**
 * Whether a second 60 that was counted on is the last one of a UTC day, as leap seconds are. Without
 * an offset the zone is unknown, so any quarter of an hour will do.
 */
function isAfterLeapSecond({ wallMs, offsetMs }: WallTime): boolean {
  const hasOffset = offsetMs === offsetMs;
  const sinceMs = (wallMs - (hasOffset ? offsetMs : 0)) % (hasOffset ? DAY_MS : QUARTER_MS);
  return sinceMs >= 0 && sinceMs < 1000;
}

/** A time as RFC 3339 in UTC, `2024-01-01T00:00:00Z`; with milliseconds only if it has any. */
export function instantText(timeMs: number): string {
  const text = new Date(timeMs).toISOString();
  return text.endsWith(".000Z") ? `${text.slice(0, -5)}Z` : text;
}

/** The UTC day of a time as `20240101`. */
export function compactDayText(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10).replaceAll("-", "");
}

/** First moment of a day of the proleptic Gregorian calendar, epoch milliseconds, UTC. */
export function utcMs(year: number, month: number, day: number): number {
  // Date.UTC reads years below 100 as 19xx; 400 years are exactly 146,097 days.
  return Date.UTC(year + 400, month - 1, day) - 146_097 * DAY_MS;
}

/** How many days a month has; month 1 is January. */
export function daysInMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** The offset of a sign and digits, milliseconds; NaN without a sign, null if it is too large. */
function offsetMs(
  sign: string | undefined,
  hours: string | undefined,
  minutes: string | undefined,
): number | null {
  if (sign === undefined) return NaN;
  const hour = Number(hours);
  const minute = Number(minutes ?? "0");
  if (hour > 23 || minute > 59) return null;
  const size = (hour * 60 + minute) * MINUTE_MS;
  return sign === "-" ? 0 - size : size;
}
