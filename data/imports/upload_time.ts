/**
 * Reading the times of an upload: from one text or two, in the form and zone of its dialect.
 *
 * @module
 */

import { type Dialect, instantOf } from "./dialect.ts";
import { END_OF_TIME_MS } from "../limits.ts";
import { oldestRule } from "../time/accepted_times.ts";

const SPACE = 32;
/** Longest half of a time that is read from bytes; {@link readTime} reads longer ones. */
const HALF_MAX_BYTES = 100;

/** The time of a text, epoch milliseconds, or the rule it breaks. */
export function readTime(
  dialect: Dialect,
  text: string,
  oldestMs: number,
): { timeMs: number } | { rule: string } {
  const wall = dialect.timeFormat.parse(text);
  if (wall === null) return { rule: dialect.timeFormat.rule };
  const timeMs = instantOf(dialect, wall);
  if (timeMs !== timeMs) {
    return { rule: `a time that the clocks of ${dialect.zone?.name} show; they skip this one` };
  }
  if (timeMs < oldestMs) return { rule: oldestRule({ oldestMs }) };
  return timeMs < END_OF_TIME_MS ? { timeMs } : { rule: "a time before the year 10000" };
}

/** Reads times from bytes; {@link readTime} reads what it cannot. */
export interface TimeReader {
  /** Reads the time at the start of a field. Returns where it ends, or -1. */
  scan(bytes: Uint8Array, start: number): number;
  /** Takes a field that is one half of a time. Returns where it ends, or -1. */
  takeHalf(isFirst: boolean, bytes: Uint8Array, range: { start: number; end: number }): number;
  /** Epoch milliseconds of the time that was read last; NaN if it is not a time. */
  instant(): number;
}

/** A reader of the times of a dialect: of one column, or of two joined by a space. */
export function createTimeReader(dialect: Dialect): TimeReader {
  const { timeFormat } = dialect;
  const isJoined = dialect.timeColumns.length === 2;
  const wall = { wallMs: NaN, offsetMs: NaN };
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
    instant: () => isJoined && !scanBoth() ? NaN : instantOf(dialect, wall),
  };
}
