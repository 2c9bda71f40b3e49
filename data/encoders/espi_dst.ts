/**
 * The rules of a zone's clock as ESPI writes them (`DstRuleType` of its schema): when daylight saving
 * time begins and ends in a year, as one number each.
 *
 * @module
 */

import { DAY_MS } from "../limits.ts";
import { createOffsets, type OffsetSpan } from "../time/zone.ts";
import { daysInMonth, utcMs } from "../time/time_text.ts";

/** What `LocalTimeParameters` says. */
export interface EspiClock {
  /** When daylight saving time ends: 8 digits, hexadecimal. */
  readonly dstEndRule: string;
  /** How much later the clock shows then, seconds. */
  readonly dstOffsetS: number;
  /** When it begins. */
  readonly dstStartRule: string;
  /** The offset from UTC without it, seconds. */
  readonly tzOffsetS: number;
}

/** "DST correction is disabled." */
const NO_RULE = "FFFFFFFF";
/** After so many years the calendar repeats itself, so a rule that holds for them is the rule. */
const CALENDAR_YEARS = 28;
const LAST_IN_MONTH = 7;

/** A change of the clock, as the clock shows it before the change. */
interface ClockChange {
  readonly year: number;
  /** 1 is January. */
  readonly month: number;
  readonly day: number;
  /** 1 is Monday, 7 is Sunday. */
  readonly weekday: number;
  readonly ofDayMs: number;
  /** The offset before it. */
  readonly offsetMs: number;
  /** How much later the clock shows after it. */
  readonly stepMs: number;
}

/**
 * The clock of a zone in the year of a time. Without two changes in that year it has one offset.
 *
 * @throws {RangeError} if there is no such zone.
 */
export function espiClock(zone: string, timeMs: number): EspiClock {
  const offsetAt = createOffsets(zone);
  const { offsetMs } = offsetAt(timeMs);
  const year = new Date(timeMs + offsetMs).getUTCFullYear();
  const changes = changesFrom(offsetAt, year);
  const starts = changes.filter(({ stepMs }) => stepMs > 0);
  const ends = changes.filter(({ stepMs }) => stepMs < 0);
  if (starts[0]?.year !== year || ends[0]?.year !== year) {
    const fixed = { dstEndRule: NO_RULE, dstStartRule: NO_RULE, dstOffsetS: 0 };
    return { ...fixed, tzOffsetS: offsetMs / 1000 };
  }
  return {
    dstEndRule: ruleOf(ends),
    dstOffsetS: starts[0].stepMs / 1000,
    dstStartRule: ruleOf(starts),
    tzOffsetS: starts[0].offsetMs / 1000,
  };
}

/** The changes of a year and the years after it, ascending. */
function changesFrom(offsetAt: (timeMs: number) => OffsetSpan, year: number): ClockChange[] {
  const changes: ClockChange[] = [];
  const endMs = utcMs(year + CALENDAR_YEARS, 1, 1);
  let span = offsetAt(utcMs(year, 1, 1) - DAY_MS);
  while (span.toMs < endMs) {
    const next = offsetAt(span.toMs);
    const wall = new Date(span.toMs + span.offsetMs);
    changes.push({
      year: wall.getUTCFullYear(),
      month: wall.getUTCMonth() + 1,
      day: wall.getUTCDate(),
      weekday: wall.getUTCDay() || 7,
      ofDayMs: (span.toMs + span.offsetMs) % DAY_MS,
      offsetMs: span.offsetMs,
      stepMs: next.offsetMs - span.offsetMs,
    });
    span = next;
  }
  return changes.filter((change) => change.year >= year);
}

/** The rule that gives the change of the first year, and those of as many later years as can be. */
function ruleOf(changes: readonly ClockChange[]): string {
  for (let count = changes.length; count > 0; count = count >> 1) {
    const rule = commonRule(changes.slice(0, count));
    if (rule !== null) return rule;
  }
  return NO_RULE;
}

function commonRule(changes: readonly ClockChange[]): string | null {
  const [{ month, weekday, day, ofDayMs }] = changes;
  const isAll = (test: (change: ClockChange) => boolean) => changes.every(test);
  if (!isAll((change) => change.month === month && change.ofDayMs === ofDayMs)) return null;
  const rule = (parts: { operator: number; weekday: number; day: number }) =>
    encodeRule({ month, ofDayMs, ...parts });
  if (isAll((change) => change.weekday === weekday)) {
    if (isAll(isLastInMonth)) return rule({ operator: LAST_IN_MONTH, weekday, day: 0 });
    const nth = Math.ceil(day / 7);
    if (isAll((change) => Math.ceil(change.day / 7) === nth)) {
      // Operators 2 to 6 are the first to the fifth of a month.
      return rule({ operator: nth + 1, weekday, day: 0 });
    }
    const days = changes.map((change) => change.day);
    const first = Math.min(...days);
    if (Math.max(...days) < first + 7) return rule({ operator: 1, weekday, day: first });
  }
  return isAll((change) => change.day === day) ? rule({ operator: 0, weekday: 0, day }) : null;
}

function isLastInMonth({ year, month, day }: ClockChange): boolean {
  return day > daysInMonth(year, month) - 7;
}

function encodeRule(
  { month, operator, day, weekday, ofDayMs }: {
    month: number;
    operator: number;
    day: number;
    weekday: number;
    ofDayMs: number;
  },
): string {
  const seconds = Math.floor(ofDayMs / 1000);
  const bits = month * 2 ** 28 + operator * 2 ** 25 + day * 2 ** 20 + weekday * 2 ** 17 +
    Math.floor(seconds / 3600) * 2 ** 12 + seconds % 3600;
  return bits.toString(16).toUpperCase().padStart(8, "0");
}
