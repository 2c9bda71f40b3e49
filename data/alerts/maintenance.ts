/**
 * Maintenance windows: times in which alerts send no messages, once or again and again.
 *
 * @module
 */

import type { Patterns } from "../access/caller.ts";
import { DAY_MS } from "../limits.ts";
import type { Span } from "../readings/page.ts";
import { daysInMonth, instantText } from "../time/time_text.ts";
import { createLocalClock, type LocalClock, localDate } from "../time/zone.ts";
import { isInScope, type Scope, type Subject } from "./rule.ts";

/** Day of the week of 1970-01-01, a Thursday; 0 is Monday. */
const EPOCH_DAY = 3;
const DAYS_A_WEEK = 7;
/** How far ahead the next time of a window is searched, days: 29 February comes every eight years at worst. */
const SEARCH_DAYS = 8 * 366 + 2;
/** How many windows in a row are followed to find the end of a maintenance. */
const CHAIN_MAX = 100;

/** One span of time. */
export interface OnceTimes extends Span {
  /** What tells the two kinds apart. */
  readonly type: "once";
}

/** A span of the clock on certain days. */
export interface RepeatedTimes {
  /** What tells the two kinds apart. */
  readonly type: "repeated";
  /** The zone of the clock. */
  readonly zone: string;
  /** When it begins, milliseconds after midnight on the clock. */
  readonly startMs: number;
  /** When it ends: on the next day if this is not after `startMs`. */
  readonly endMs: number;
  /** The days of the week on which it begins, 0 is Monday; null for every day. */
  readonly weekdays: readonly number[] | null;
  /** The days of the month on which it begins, -1 is the last one; null for every day. */
  readonly monthDays: readonly number[] | null;
  /** It does not begin before this time, epoch milliseconds; null for no bound. */
  readonly fromMs: number | null;
  /** It does not begin at or after this time, epoch milliseconds; null for no bound. */
  readonly untilMs: number | null;
}

/** What people decide about a maintenance window. */
export interface MaintenanceSettings {
  /** What people call it. */
  readonly name: string;
  /** What it mutes; null for everything. */
  readonly scopes: readonly Scope[] | null;
  /** The ids of the alerts that it mutes; null for all. */
  readonly alerts: readonly string[] | null;
  /** When. */
  readonly times: OnceTimes | RepeatedTimes;
}

/** A maintenance window. */
export interface MaintenanceWindow extends MaintenanceSettings {
  /** Its id. */
  readonly id: string;
  /** To whom it belongs (`Caller.owner`). */
  readonly owner: string;
  /** What its owner could touch when it was made. If that is not everything, it mutes only own alerts. */
  readonly patterns: Patterns;
  /** When it was made, epoch milliseconds. */
  readonly createdMs: number;
  /** When it was last changed, epoch milliseconds. */
  readonly changedMs: number;
}

/** A subject of an alert. */
export interface MutedSubject {
  /** The alert. */
  readonly alert: { readonly id: string; readonly owner: string };
  /** The subject. */
  readonly subject: Subject;
}

/**
 * When the maintenance of a subject is over, through all windows that overlap or follow without a
 * pause; null if there is none now.
 */
export function mutedUntilMs(
  windows: readonly MaintenanceWindow[],
  { alert, subject }: MutedSubject,
  nowMs: number,
): number | null {
  const own = windows.filter(({ alerts, scopes, ...window }) =>
    (alerts === null || alerts.includes(alert.id)) &&
    (scopes === null || scopes.some((scope) => isInScope(scope, subject))) &&
    (window.owner === alert.owner || Object.values(window.patterns).every((one) => one === null))
  );
  let atMs = nowMs;
  for (let chain = 0; chain < CHAIN_MAX; chain++) {
    const ends = own.map(({ times }) => spanAt(times, atMs)?.toMs ?? -Infinity);
    const endMs = Math.max(...ends, -Infinity);
    if (endMs === -Infinity) break;
    atMs = endMs;
  }
  return atMs === nowMs ? null : atMs;
}

/** The span of a window that a time is in; null if it is in none. Of overlapping ones, the latest. */
export function spanAt(times: OnceTimes | RepeatedTimes, timeMs: number): Span | null {
  if (times.type === "once") return isIn(times, timeMs) ? plain(times) : null;
  const today = Date.parse(localDate(times.zone, timeMs));
  for (let day = 0; day <= 2; day++) {
    const span = spanOfDay(times, today + DAY_MS - day * DAY_MS);
    if (span !== null && isIn(span, timeMs)) return span;
  }
  return null;
}

/** The next spans of a window that end after a time, at most `limit`. */
export function nextSpans(
  times: OnceTimes | RepeatedTimes,
  timeMs: number,
  limit: number,
): Span[] {
  if (times.type === "once") return times.toMs > timeMs ? [plain(times)] : [];
  const spans: Span[] = [];
  const fromMs = Math.max(timeMs, times.fromMs ?? timeMs);
  const first = Date.parse(localDate(times.zone, fromMs)) - 2 * DAY_MS;
  for (let day = 0; day < SEARCH_DAYS && spans.length < limit; day++) {
    const midnightMs = first + day * DAY_MS;
    if (times.untilMs !== null && midnightMs > times.untilMs + DAY_MS) break;
    const span = spanOfDay(times, midnightMs);
    if (span !== null && span.toMs > timeMs) spans.push(span);
  }
  return spans;
}

/** The span that begins on a day, given by its midnight as local milliseconds; null if none does. */
function spanOfDay(times: RepeatedTimes, midnightMs: number): Span | null {
  const { startMs, endMs, weekdays, monthDays } = times;
  const weekday = ((midnightMs / DAY_MS + EPOCH_DAY) % DAYS_A_WEEK + DAYS_A_WEEK) % DAYS_A_WEEK;
  if (weekdays !== null && !weekdays.includes(weekday)) return null;
  if (monthDays !== null && !isMonthDay(monthDays, midnightMs)) return null;
  const clock = clockOf(times);
  const fromMs = clock.toCompatibleMs(midnightMs + startMs);
  const toMs = clock.toCompatibleMs(midnightMs + endMs + (endMs > startMs ? 0 : DAY_MS));
  const isWithin = fromMs >= (times.fromMs ?? -Infinity) && fromMs < (times.untilMs ?? Infinity);
  return isWithin && fromMs < toMs ? { fromMs, toMs } : null;
}

/** A clock is a table that takes a while to build, so it is built once for each window. */
const clocks = new WeakMap<RepeatedTimes, LocalClock>();

function clockOf(times: RepeatedTimes): LocalClock {
  const known = clocks.get(times);
  if (known !== undefined) return known;
  const clock = createLocalClock(times.zone);
  clocks.set(times, clock);
  return clock;
}

function isMonthDay(monthDays: readonly number[], midnightMs: number): boolean {
  const [year, month, day] = instantText(midnightMs).slice(0, 10).split("-").map(Number);
  return monthDays.includes(day) || monthDays.includes(day - daysInMonth(year, month) - 1);
}

function isIn({ fromMs, toMs }: Span, timeMs: number): boolean {
  return timeMs >= fromMs && timeMs < toMs;
}

function plain({ fromMs, toMs }: Span): Span {
  return { fromMs, toMs };
}
