/**
 * The interval values of one day of NEM12: a 300 record and the 400 records after it.
 *
 * A day is kept until the record after it is known, because 400 records give the quality of single
 * intervals when that of the day is V (AEMO, Meter Data File Format Specification NEM12 & NEM13).
 *
 * @module
 */

import { type Decimal, parseDecimal } from "../text/decimal_fields.ts";
import { FLOAT } from "../readings/decimal.ts";
import { DAY_MS, HOUR_MS } from "../limits.ts";
import type { RowProblem } from "../text/upload_reader.ts";
import { daysInMonth, utcMs } from "../time/time_text.ts";

const LF = 10, CR = 13, QUOTE = 34, COMMA = 44, MINUS = 45, POINT = 46, ZERO = 48, NINE = 57;
/** More digits are not exact in a double. */
const MAX_DIGITS = 15;
/** Eastern Standard Time, all year: UTC+10. */
const OFFSET_MS = 10 * HOUR_MS;
/** A day of one-minute intervals. */
const MAX_INTERVALS = 1_440;

/** The quality flags, and how a report names them. */
export const QUALITIES: ReadonlyMap<string, string> = new Map([
  ["A", "actual"],
  ["E", "estimated"],
  ["F", "final_substitute"],
  ["N", "null"],
  ["S", "substitute"],
  ["V", "variable"],
]);
const FLAGS = new Set([..."AEFNSV"].map((flag) => flag.charCodeAt(0)));
const NULL = "N".charCodeAt(0), VARIABLE = "V".charCodeAt(0);
/** A flag, followed by a method where the flag has one. */
const QUALITY_METHOD = /^[AEFNSV](\d\d)?$/;
const QUALITY_RULE =
  "a quality of A, E, F, N, S or V, with two digits for its method if it has one";

/** What an interval has instead of a value. */
const VALUE = 0, EMPTY = 1, WRONG = 2;

/** Where the intervals of a finished day go. */
export interface DayTarget {
  /** Takes a value; `into` is valid only during the call. */
  onValue(timeMs: number, value: Decimal, interval: number): void;
  /** Takes an interval whose value is missing although its quality says that there is one. */
  onMissing(interval: number): void;
  /** Takes how many intervals have a quality. */
  onQuality(name: string, intervals: number): void;
}

/** Holds one day at a time. */
export interface DayBuffer {
  /** How many intervals a day has. */
  readonly intervals: number;
  /**
   * Reads a plain 300 record whose fields begin at `start` and returns the index of its LF, at most
   * `limit`; or returns -1 and holds nothing.
   */
  scan(bytes: Uint8Array, start: number, limit: number): number;
  /** Reads the fields of any 300 record; returns what is wrong with it. It holds nothing then. */
  read(fields: readonly string[], onWrong: (problem: RowProblem) => void): RowProblem | null;
  /** Reads the fields of a 400 record of the day; returns what is wrong with it. */
  setQuality(fields: readonly string[]): RowProblem | null;
  /** Whether the 400 records so far leave intervals of a day of quality V without a quality. */
  isOpen(): boolean;
  /** Hands on the intervals of the day and holds nothing afterwards. */
  finish(target: DayTarget): void;
  /** Holds nothing afterwards. */
  drop(): void;
}

/** A buffer for days with intervals of some minutes, which divide a day. */
export function createDayBuffer(intervalMinutes: number): DayBuffer {
  const count = MAX_INTERVALS / intervalMinutes;
  const stepMs = DAY_MS / count;
  const values = new Float64Array(count);
  const scales = new Int8Array(count);
  const states = new Uint8Array(count);
  const flags = new Uint8Array(count);
  const perFlag = new Uint32Array(128);
  const decimal: Decimal = { value: 0, scale: 0 };
  let dayMs = NaN;

  /** Reads the values and returns where the quality begins, or -1. */
  function scanValues(bytes: Uint8Array, start: number): number {
    let at = start;
    for (let i = 0; i < count; i++) {
      if (bytes[at++] !== COMMA) return -1;
      const isNegative = bytes[at] === MINUS;
      if (isNegative) at++;
      const first = at;
      let mantissa = 0, point = -1;
      for (;; at++) {
        const digit = bytes[at] - ZERO;
        if (digit >= 0 && digit <= 9) mantissa = mantissa * 10 + digit;
        else if (bytes[at] === POINT && point < 0) point = at;
        else break;
      }
      const digits = at - first - (point < 0 ? 0 : 1);
      if (digits < 1 || digits > MAX_DIGITS || point === first) return -1;
      values[i] = isNegative && mantissa !== 0 ? -mantissa : mantissa;
      scales[i] = point < 0 ? 0 : at - point - 1;
    }
    return bytes[at] === COMMA ? at + 1 : -1;
  }

  return {
    intervals: count,
    scan(bytes, start, limit) {
      dayMs = NaN;
      const day = scanDay(bytes, start);
      if (day !== day) return -1;
      const at = scanValues(bytes, start + 8);
      if (at < 0 || at >= limit || !FLAGS.has(bytes[at])) return -1;
      const end = plainEnd(bytes, scanMethod(bytes, at + 1));
      if (end < 0 || end > limit) return -1;
      states.fill(VALUE);
      flags.fill(bytes[at]);
      dayMs = day;
      return end;
    },
    read(fields, onWrong) {
      dayMs = NaN;
      const day = dayOf(fields[1] ?? "");
      if (day !== day) return problem("IntervalDate", fields[1], "a day as yyyyMMdd");
      const quality = (fields[2 + count] ?? "").toUpperCase();
      if (!QUALITY_METHOD.test(quality)) {
        const found = fields.length < 3 + count ? "" : `; found ${fields[2 + count]} after them`;
        const rule = `${count} values of ${intervalMinutes} minutes, then ${QUALITY_RULE}${found}`;
        return { field: null, value: fields.join(","), rule };
      }
      flags.fill(quality.charCodeAt(0));
      for (let i = 0; i < count; i++) {
        const text = fields[2 + i];
        const value = text === "" ? null : parseDecimal(text);
        states[i] = text === "" ? EMPTY : value === null ? WRONG : VALUE;
        values[i] = value?.value ?? NaN;
        scales[i] = value?.scale ?? FLOAT;
        if (states[i] === WRONG) {
          onWrong(problem(`IntervalValue${i + 1}`, text, "a decimal number with a point"));
        }
      }
      dayMs = day;
      return null;
    },
    setQuality(fields) {
      if (dayMs !== dayMs) {
        return { field: null, value: fields.join(","), rule: "a 300 record before the 400 record" };
      }
      const from = wholeNumber(fields[1] ?? ""), to = wholeNumber(fields[2] ?? "");
      if (!(from >= 1 && from <= count)) {
        return problem("StartInterval", fields[1], `a whole number from 1 to ${count}`);
      }
      if (!(to >= from && to <= count)) {
        return problem("EndInterval", fields[2], `a whole number from ${from} to ${count}`);
      }
      const quality = (fields[3] ?? "").toUpperCase();
      if (!QUALITY_METHOD.test(quality) || quality.charCodeAt(0) === VARIABLE) {
        return problem("QualityMethod", fields[3], QUALITY_RULE.replace(", S or V", " or S"));
      }
      flags.fill(quality.charCodeAt(0), from - 1, to);
      return null;
    },
    isOpen: () => dayMs === dayMs && flags.includes(VARIABLE),
    finish(target) {
      if (dayMs !== dayMs) return;
      const fromMs = dayMs;
      dayMs = NaN;
      for (let i = 0; i < count; i++) {
        perFlag[flags[i]]++;
        if (flags[i] === NULL || states[i] === WRONG) continue;
        if (states[i] === EMPTY) {
          target.onMissing(i + 1);
          continue;
        }
        decimal.value = values[i];
        decimal.scale = scales[i];
        target.onValue(fromMs + i * stepMs, decimal, i + 1);
      }
      for (const [flag, name] of QUALITIES) {
        const code = flag.charCodeAt(0);
        if (perFlag[code] > 0) target.onQuality(name, perFlag[code]);
        perFlag[code] = 0;
      }
    },
    drop() {
      dayMs = NaN;
    },
  };
}

/** The lengths of intervals that a day of NEM12 may have, minutes. */
export const INTERVAL_MINUTES: readonly number[] = [1, 5, 10, 15, 30, 60];

function problem(field: string, value: string | undefined, rule: string): RowProblem {
  return { field, value: value ?? "", rule };
}

/** The start of a day written as `20240101`, epoch milliseconds; NaN if it is none. */
function dayOf(text: string): number {
  if (!/^\d{8}$/.test(text)) return NaN;
  return startOf(Number(text.slice(0, 4)), Number(text.slice(4, 6)), Number(text.slice(6)));
}

/** The same from bytes. */
function scanDay(bytes: Uint8Array, start: number): number {
  let digits = 0;
  for (let at = start; at < start + 8; at++) {
    const byte = bytes[at];
    if (!(byte >= ZERO && byte <= NINE)) return NaN;
    digits = digits * 10 + (byte - ZERO);
  }
  return startOf(Math.floor(digits / 10_000), Math.floor(digits / 100) % 100, digits % 100);
}

function startOf(year: number, month: number, day: number): number {
  const isDay = month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
  return isDay ? utcMs(year, month, day) - OFFSET_MS : NaN;
}

function wholeNumber(text: string): number {
  return /^\d{1,4}$/.test(text) ? Number(text) : NaN;
}

/** Where the two digits of a method end, if there are any. */
function scanMethod(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < start + 2 && bytes[at] >= ZERO && bytes[at] <= NINE) at++;
  return at === start + 2 || at === start ? at : start;
}

/** The index of the LF after fields without quotes that begin at a comma or a line's end, or -1. */
function plainEnd(bytes: Uint8Array, start: number): number {
  const first = bytes[start];
  if (first !== COMMA && first !== CR && first !== LF) return -1;
  for (let at = start; at < bytes.length; at++) {
    if (bytes[at] === LF) return at;
    if (bytes[at] === QUOTE) return -1;
  }
  return -1;
}
