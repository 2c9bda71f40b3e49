/**
 * The rules of zones as `Intl` knows them: for Deno 2.5 and 2.6, which lack Temporal.
 *
 * `Intl` tells the offset at a time, not when it changes. So the offsets of a year are read every few
 * days, and a change between two of them is found by bisection. What was found is kept for each zone:
 * a year takes about a millisecond.
 *
 * @module
 */

import { DAY_MS, HOUR_MS, MINUTE_MS } from "../limits.ts";
import { BEFORE_CHANGES_MS, type ZoneRules } from "./zone_rules.ts";

const SECOND_MS = 1_000;
/**
 * The days between two looks. Of all zones since 1800, none changes its offset twice in less: the
 * closest changes are 7 days apart less an hour, in Recife in 2000, and in Gaza in 2040.
 */
const STEP_MS = 5 * DAY_MS;
/** From then on, a zone changes in each year or never: explicit dates end with those of Gaza in 2086. */
const YEARLY_FROM = 2100;
/** The first year with a change is after this one. */
const FIRST_YEAR = 1800;
/** Intl shows no later time. */
const LAST_MS = Date.UTC(275_000, 0, 1);
const FIXED_OFFSET = /^([+-])([01]\d|2[0-3])(?::?([0-5]\d))?$/;
const SHOWN_OFFSET = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/;
/** Names that the library of Intl adds to those of the IANA database. */
const ADDED_NAME = /^(systemv\/.*|us\/pacific-new|factory|etc\/unknown)$/;
const SHORT_NAME = /^[a-z]{3}$/;
/** The names of the IANA database that have three letters. */
const SHORT_NAMES = new Set(
  ["cet", "eet", "est", "gmt", "hst", "met", "mst", "prc", "roc", "rok", "uct", "utc", "wet"],
);

/** The rules that were read, by the name of the zone. There are about 600 names. */
const known = new Map<string, ZoneRules>();

/** The rules of a zone; null if there is no such zone. */
export function intlRules(zone: string): ZoneRules | null {
  const fixed = FIXED_OFFSET.exec(zone);
  if (fixed !== null) {
    const [, sign, hours, minutes = "0"] = fixed;
    return fixedRules(offsetMs(sign, hours, minutes), false);
  }
  const name = zone.toLowerCase();
  const kept = known.get(name);
  if (kept !== undefined) return kept;
  const rules = readRules(name);
  if (rules !== null) known.set(name, rules);
  return rules;
}

function readRules(name: string): ZoneRules | null {
  const isShort = SHORT_NAME.test(name);
  if (!/^[a-z]/.test(name) || ADDED_NAME.test(name) || isShort && !SHORT_NAMES.has(name)) {
    return null;
  }
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" });
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
  if (format.resolvedOptions().timeZone === "UTC") return fixedRules(0, true);
  return changingRules((timeMs) => shownOffset(format, timeMs));
}

function fixedRules(offset: number, isUtc: boolean): ZoneRules {
  return { isUtc, offsetAt: () => offset, changeAfter: () => null, changeUpTo: () => null };
}

/** The offset in what Intl shows, such as `7/1/2024, GMT+02:00`. */
function shownOffset(format: Intl.DateTimeFormat, timeMs: number): number {
  // Far dates are not shown, and before the first change all are alike.
  const time = Math.min(Math.max(Math.floor(timeMs), BEFORE_CHANGES_MS), LAST_MS);
  const text = format.format(time);
  const match = SHOWN_OFFSET.exec(text);
  if (match === null) throw new TypeError(`Cannot read the offset that Intl shows: ${text}`);
  const [, sign, hours, minutes, seconds] = match;
  return sign === undefined ? 0 : offsetMs(sign, hours, minutes, seconds);
}

function offsetMs(sign: string, hours: string, minutes: string, seconds = "0"): number {
  const size = Number(hours) * HOUR_MS + Number(minutes) * MINUTE_MS + Number(seconds) * SECOND_MS;
  // Not -0, which is another value to those who compare.
  return sign === "-" && size > 0 ? -size : size;
}

/** The rules of a zone whose offset may change. Exported for tests. */
export function changingRules(offsetAt: (timeMs: number) => number): ZoneRules {
  const years = new Map<number, readonly number[]>();

  /** The changes of a year, UTC, ascending. */
  function changesOf(year: number): readonly number[] {
    const kept = years.get(year);
    if (kept !== undefined) return kept;
    const like = yearLike(year);
    const shiftMs = Date.UTC(year, 0, 1) - Date.UTC(like, 0, 1);
    const found = like === year
      ? findChanges(offsetAt, Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1))
      : changesOf(like).map((changeMs) => changeMs + shiftMs);
    years.set(year, found);
    return found;
  }

  return {
    isUtc: false,
    offsetAt,
    changeAfter(timeMs) {
      const from = Math.max(FIRST_YEAR, yearOf(timeMs));
      const last = Math.max(from, YEARLY_FROM) + 1;
      for (let year = from; year <= last; year++) {
        const found = changesOf(year).find((changeMs) => changeMs > timeMs);
        if (found !== undefined) return found;
      }
      return null;
    },
    changeUpTo(timeMs) {
      for (let year = yearOf(timeMs); year >= FIRST_YEAR; year--) {
        const found = changesOf(year).findLast((changeMs) => changeMs <= timeMs);
        if (found !== undefined) return found;
        // A whole year without a change: there was none since the dates ended.
        if (year > YEARLY_FROM && year < yearOf(timeMs)) year = YEARLY_FROM + 1;
      }
      return null;
    },
  };
}

/**
 * The year in which a zone changes on the same days: for years after the explicit dates, one of the
 * next 28 that begins on the same weekday and is as long. Rules name months, weekdays and days.
 */
function yearLike(year: number): number {
  const first = YEARLY_FROM + 1;
  if (year < first + 28) return year;
  for (let like = first;; like++) {
    if (weekday(like) === weekday(year) && weekday(like + 1) === weekday(year + 1)) return like;
  }
}

/** The weekday on which a year begins. */
function weekday(year: number): number {
  return new Date(Date.UTC(year, 0, 1)).getUTCDay();
}

/** The changes in `[startMs, endMs)`, ascending. Both are whole seconds, as all changes are. */
function findChanges(
  offsetAt: (timeMs: number) => number,
  startMs: number,
  endMs: number,
): number[] {
  const found: number[] = [];
  let beforeMs = startMs - SECOND_MS;
  let offset = offsetAt(beforeMs);
  while (beforeMs < endMs - SECOND_MS) {
    const atMs = Math.min(beforeMs + STEP_MS, endMs - SECOND_MS);
    const next = offsetAt(atMs);
    if (next !== offset) found.push(bisect(offsetAt, beforeMs, atMs));
    beforeMs = atMs;
    offset = next;
  }
  return found;
}

/** The second at which the offset differs from that at `lowMs`; at `highMs` it does. */
function bisect(offsetAt: (timeMs: number) => number, lowMs: number, highMs: number): number {
  const offset = offsetAt(lowMs);
  while (highMs - lowMs > SECOND_MS) {
    const middleMs = lowMs + Math.floor((highMs - lowMs) / 2 / SECOND_MS) * SECOND_MS;
    if (offsetAt(middleMs) === offset) lowMs = middleMs;
    else highMs = middleMs;
  }
  return highMs;
}

function yearOf(timeMs: number): number {
  return new Date(Math.min(timeMs, LAST_MS)).getUTCFullYear();
}
