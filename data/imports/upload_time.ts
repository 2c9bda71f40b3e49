/**
 * Reading the times of an upload: from one text or two, in the form and zone of its dialect.
 *
 * @module
 */

import { END_OF_TIME_MS, HOUR_MS, MINUTE_MS } from "../limits.ts";
import { oldestRule } from "../time/accepted_times.ts";
import { compileTimeFormat } from "../time/time_format.ts";
import type { WallTime } from "../time/time_text.ts";
import type { Dialect } from "./dialect.ts";
import { createTimeSequence, numberedStart } from "./time_sequence.ts";

const SPACE = 32;
/** The rule of the form that times have unless the upload says otherwise. */
const ISO_RULE = compileTimeFormat("iso").rule;
/** Other forms of times, and the option that reads them. */
const OTHER_FORMS: readonly [form: RegExp, option: string][] = [
  [/^1?\d{9}(?:\.\d+)?$/, "unix"],
  [/^\d{13}$/, "unix_ms"],
  [/^\d{1,2}[-\/.]|^\d{4}[\/.]|^\d{8}\b|^\d{4}-\d\d-\d\d$/, "auto or its pattern"],
];
/** Longest half of a time that is read from bytes; {@link readTime} reads longer ones. */
const HALF_MAX_BYTES = 100;

/**
 * The time of a text, or the rule it breaks. `timeMs` is the start of its interval, epoch
 * milliseconds, for a time on its own: its meter's other times may show that it is another one.
 */
export function readTime(
  dialect: Dialect,
  text: string,
  oldestMs: number,
): { time: WallTime; timeMs: number } | { rule: string } {
  const time = dialect.timeFormat.parse(text);
  if (time === null) return { rule: timeRule(dialect, text) };
  const timeMs = instantOf(dialect, time);
  if (timeMs !== timeMs) return { rule: noTimeRule(dialect, time) };
  if (timeMs < oldestMs) return { rule: oldestRule({ oldestMs }) };
  return timeMs < END_OF_TIME_MS ? { time, timeMs } : { rule: "a time before the year 10000" };
}

/** The rule that a time breaks which does not exist. */
export function noTimeRule({ zone, rules, intervalMs }: Dialect, { period }: WallTime): string {
  if (period !== undefined) {
    return `the number of an interval of ${
      (intervalMs ?? HOUR_MS) / MINUTE_MS
    } minutes of that day`;
  }
  const skips = `a time that the clocks of ${zone?.name} show; they skip this one`;
  return rules?.stamp === "end" ? `${skips}, or the hour before it` : skips;
}

/** The rule of the form of times, with what else may be wrong. */
function timeRule({ timeFormat: { rule } }: Dialect, text: string): string {
  if (!/\d/.test(text)) {
    return `${rule}; a record without a time, such as a total, is not a reading`;
  }
  const other = OTHER_FORMS.find(([form]) => rule === ISO_RULE && form.test(text))?.[1];
  return other === undefined ? rule : `${rule}; if this is a time, send timestamp_format=${other}`;
}

/** The start of the interval of a time on its own, epoch milliseconds; NaN if there is none. */
function instantOf({ rules }: Dialect, { wallMs, offsetMs, period }: WallTime): number {
  const hasOffset = offsetMs === offsetMs;
  if (rules === null) return hasOffset ? wallMs - offsetMs : wallMs;
  if (period !== undefined) {
    return numberedStart(rules, {
      midnightMs: wallMs,
      period,
      intervalMs: rules.intervalMs || HOUR_MS,
    });
  }
  if (hasOffset) return wallMs - offsetMs - (rules.stamp === "end" ? rules.intervalMs : 0);
  return createTimeSequence({ ...rules, ambiguous: "first" }, () => {}).next(wallMs, 0);
}

/** Reads times from bytes; {@link readTime} reads what it cannot. */
export interface TimeReader {
  /** Reads the time at the start of a field. Returns where it ends, or -1. */
  scan(bytes: Uint8Array, start: number): number;
  /** Takes a field that is one half of a time. Returns where it ends, or -1. */
  takeHalf(isFirst: boolean, bytes: Uint8Array, range: { start: number; end: number }): number;
  /** Epoch milliseconds of the time that was read last, in UTC unless it has an offset; or NaN. */
  instant(): number;
  /** The time that was read last, the same object each time; null if it is not a time. */
  wall(): WallTime | null;
}

/** A reader of the times of a dialect: of one column, or of two joined by a space. */
export function createTimeReader(
  { timeFormat, timeColumns }: Pick<Dialect, "timeFormat" | "timeColumns">,
): TimeReader {
  const isJoined = timeColumns.length === 2;
  const wall: WallTime = { wallMs: NaN, offsetMs: NaN };
  const second = new Uint8Array(HALF_MAX_BYTES);
  // First half, space, second half, and a byte that is not part of a time.
  const both = new Uint8Array(2 * HALF_MAX_BYTES + 2);
  let firstLength = 0, secondLength = 0;

  function scanBoth(): boolean {
    both[firstLength] = SPACE;
    for (let i = 0; i < secondLength; i++) both[firstLength + 1 + i] = second[i];
    const end = firstLength + 1 + secondLength;
    both[end] = 0;
    return timeFormat.scan(both, 0, wall) === end;
  }

  return {
    scan: (bytes, start) => timeFormat.scan(bytes, start, wall),
    takeHalf(isFirst, bytes, { start, end }) {
      if (end - start > HALF_MAX_BYTES) return -1;
      const half = isFirst ? both : second;
      for (let i = start; i < end; i++) half[i - start] = bytes[i];
      if (isFirst) firstLength = end - start;
      else secondLength = end - start;
      return end;
    },
    instant() {
      if (isJoined && !scanBoth()) return NaN;
      const { wallMs, offsetMs } = wall;
      return offsetMs === offsetMs ? wallMs - offsetMs : wallMs;
    },
    wall: () => isJoined && !scanBoth() ? null : wall,
  };
}
