/**
 * Reading times in the form of a pattern, `dd/MM/yyyy HH:mm`, or a named form: `iso`, `unix`, `unix_ms`.
 *
 * @module
 */

import { DAY_MS, HOUR_MS, MINUTE_MS } from "../limits.ts";
import {
  ANY_OFFSET,
  digitPair,
  digitsEnd,
  halfDayHours,
  isDigit,
  milliOf,
  monthNamed,
  numberOf,
  offsetEnd,
  offsetMsOf,
} from "./time_bytes.ts";
import {
  DAY,
  FRACTION,
  HALF_DAY,
  HOUR,
  LITERAL,
  MINUTE,
  MONTH,
  OFFSET,
  PERIOD,
  readTimePattern,
  SECOND,
  type TimePattern,
  type TimeStep,
  YEAR,
} from "./time_pattern.ts";
import { daysInMonth, parseWallTime, utcMs, type WallTime } from "./time_text.ts";

/** Most digits of a Unix time before the point: more do not fit a double exactly. */
const UNIX_DIGITS_MAX = 15;
/** The end of a day in ISO 8601 (§5.3.2 of its edition of 2019): 24:00 with zeros alone. */
const MIDNIGHT_24 = /^(.{8,10}[Tt ])24((?::?00)+(?:[.,]0+)?(?![\d.,:]))/;
const ZERO = 48, COLON = 58, DASH = 45, DOT = 46, PLUS = 43, SPACE = 32;
const UPPER_T = 84, LOWER_T = 116, UPPER_Z = 90, LOWER_Z = 122;

/** Reads times of one form. It keeps the last day, because most times share it. */
export interface TimeFormat {
  /** The form in words, for an error: "a time as dd/MM/yyyy HH:mm:ss". */
  readonly rule: string;
  /** Whether times have the number of an interval of the day instead of a clock. */
  readonly isNumbered: boolean;
  /**
   * Reads the time that begins at `start` into `into`. Returns where it ends: the index of the first
   * byte that is not part of it. Returns -1 if there is no time or it does not exist (31 June, hour
   * 25, second 60); `into` is then undefined. In ISO 8601, only `parse` reads 24:00.
   */
  scan(bytes: Uint8Array, start: number, into: WallTime): number;
  /** The time that a whole text is, or null if it is none. */
  parse(text: string): WallTime | null;
}

/**
 * The reader of a form.
 *
 * Fields: `yyyy`, `yy` (1970 to 2069), `MM`, `M`, `MMM` (English short names), `dd`, `d`, `HH`,
 * `H`, `hh`, `h` with `a` (AM, PM), `mm`, `m`, `ss`, `s`, `S` to `SSSSSSSSS` (a fraction, cut off at
 * the millisecond), `X`, `XX`, `XXX` (Z, or +hh with or without mm, +hhmm, +hh:mm). A doubled letter
 * needs exactly that many digits, a single one 1 or 2. Names match in any case. Put other letters in
 * quotes; `''` is a quote. Parts of the clock that the pattern leaves out are 0. 24:00 is the next
 * midnight. `n` and `nn` are the number of an interval of the day, from 1, instead of a clock.
 *
 * @throws {SyntaxError} if the pattern is ambiguous or cannot be read; it names all faults.
 */
export function compileTimeFormat(pattern: string): TimeFormat {
  if (pattern === "iso") {
    const rule = "a date and time as in ISO 8601";
    return { rule, isNumbered: false, scan: createIsoScan(), parse: parseIso };
  }
  if (pattern === "unix") return timeFormat("a time in seconds since 1970", createUnixScan(1000));
  if (pattern === "unix_ms") {
    return timeFormat("a time in milliseconds since 1970", createUnixScan(1));
  }
  const steps = readTimePattern(pattern);
  return timeFormat(`a time as ${pattern}`, createPatternScan(steps), steps.isNumbered);
}

type Scan = TimeFormat["scan"];

/** A time in ISO 8601; 24:00 is the next midnight. */
function parseIso(text: string): WallTime | null {
  const time = parseWallTime(text);
  if (time !== null || !MIDNIGHT_24.test(text)) return time;
  const midnight = parseWallTime(text.replace(MIDNIGHT_24, "$100$2"));
  return midnight === null ? null : { ...midnight, wallMs: midnight.wallMs + DAY_MS };
}

function timeFormat(rule: string, scan: Scan, isNumbered = false): TimeFormat {
  return {
    rule,
    isNumbered,
    scan,
    parse(text) {
      const bytes = new TextEncoder().encode(text);
      const into = { wallMs: NaN, offsetMs: NaN };
      return scan(bytes, 0, into) === bytes.length ? into : null;
    },
  };
}

function createPatternScan(
  { steps, isHalfDay, isShortYear, isNumbered }: TimePattern,
): Scan {
  const values = new Int32Array(OFFSET);
  // Typed arrays: reading the steps from objects takes a third longer (measured).
  const kinds = Uint8Array.from(steps, ({ kind }) => kind);
  const mins = Uint8Array.from(steps, ({ min }) => min);
  const maxs = Uint8Array.from(steps, ({ max }) => max);
  const dayMs = createDayStarts();
  const fractionUnit = 10 ** (steps.find(({ kind }) => kind === FRACTION)?.max ?? 0);
  let offsetMs = NaN;

  /** Reads each step into its place in `values`; returns where the time ends, or -1. */
  function walk(bytes: Uint8Array, start: number): number {
    let at = start;
    for (let index = 0; index < kinds.length; index++) {
      const kind = kinds[index], max = maxs[index];
      if (kind === LITERAL) {
        if (bytes[at++] !== max) return -1;
      } else if (kind <= FRACTION) {
        const least = at + mins[index], most = at + max;
        let value = 0;
        for (; at < most && isDigit(bytes[at]); at++) value = value * 10 + bytes[at] - ZERO;
        if (at < least) return -1;
        values[kind] = value;
      } else {
        at = readName(bytes, at, steps[index]);
        if (at < 0) return -1;
      }
    }
    return at;
  }

  function readName(bytes: Uint8Array, at: number, { kind, max }: TimeStep): number {
    if (kind === OFFSET) {
      const end = offsetEnd(bytes, at, max);
      if (end >= 0) offsetMs = offsetMsOf(bytes, at, end);
      return end;
    }
    if (kind === HALF_DAY) {
      values[HALF_DAY] = halfDayHours(bytes, at);
      return values[HALF_DAY] < 0 ? -1 : at + 2;
    }
    values[MONTH] = monthNamed(bytes, at);
    return values[MONTH] > 0 ? at + 3 : -1;
  }

  return (bytes, start, into) => {
    const end = walk(bytes, start);
    if (end < 0) return -1;
    const hour = isHalfDay ? hourOfDay(values[HOUR], values[HALF_DAY]) : values[HOUR];
    const year = isShortYear ? values[YEAR] + (values[YEAR] < 70 ? 2000 : 1900) : values[YEAR];
    const isDayEnd = hour === 24 && !isHalfDay && values[MINUTE] === 0 && values[SECOND] === 0 &&
      values[FRACTION] === 0;
    const clockMs = isDayEnd ? DAY_MS : clockMsOf(hour, values[MINUTE], values[SECOND]);
    const milli = Math.floor(values[FRACTION] * 1000 / fractionUnit);
    into.wallMs = dayMs(year, values[MONTH], values[DAY]) + clockMs + milli;
    into.offsetMs = offsetMs;
    if (isNumbered) {
      into.period = values[PERIOD];
      if (into.period === 0) return -1;
    }
    return into.wallMs === into.wallMs ? end : -1;
  };
}

/** The hour of the day for an hour of 1 to 12 after midnight (0) or noon (12); NaN for others. */
function hourOfDay(hour: number, halfDayHours: number): number {
  return hour >= 1 && hour <= 12 ? hour % 12 + halfDayHours : NaN;
}

/**
 * ISO 8601, except a comma before a fraction: among bytes the comma may just as well end the field.
 */
function createIsoScan(): Scan {
  const dayMs = createDayStarts();
  return (bytes, start, into) => {
    const separator = bytes[start + 10];
    if (
      bytes[start + 4] !== DASH || bytes[start + 7] !== DASH || bytes[start + 13] !== COLON ||
      (separator !== UPPER_T && separator !== SPACE && separator !== LOWER_T)
    ) return -1;
    const century = digitPair(bytes, start), year = digitPair(bytes, start + 2);
    const month = digitPair(bytes, start + 5), day = digitPair(bytes, start + 8);
    const hour = digitPair(bytes, start + 11), minute = digitPair(bytes, start + 14);
    // One of them is negative if any is no number.
    if ((century | year | month | day | hour | minute) < 0) return -1;
    let at = start + 16, second = 0, milli = 0;
    const seconds = bytes[at] === COLON ? digitPair(bytes, at + 1) : -1;
    if (seconds >= 0) {
      second = seconds;
      at += 3;
      const end = bytes[at] === DOT ? digitsEnd(bytes, at + 1) : at;
      if (end > at + 1) {
        milli = milliOf(bytes, at + 1, end);
        at = end;
      }
    }
    into.wallMs = dayMs(century * 100 + year, month, day) + clockMsOf(hour, minute, second) + milli;
    if (bytes[at] === UPPER_Z) {
      into.offsetMs = 0;
      return into.wallMs === into.wallMs ? at + 1 : -1;
    }
    const end = isOffsetStart(bytes[at]) ? offsetEnd(bytes, at, ANY_OFFSET) : at;
    into.offsetMs = end > at ? offsetMsOf(bytes, at, end) : NaN;
    return into.wallMs === into.wallMs ? end : -1;
  };
}

function isOffsetStart(byte: number): boolean {
  return byte === UPPER_Z || byte === LOWER_Z || byte === PLUS || byte === DASH;
}

/** Unix times in seconds or milliseconds, with decimals or without. */
function createUnixScan(unitMs: 1 | 1000): Scan {
  return (bytes, start, into) => {
    const isNegative = bytes[start] === DASH;
    const first = isNegative || bytes[start] === PLUS ? start + 1 : start;
    const point = digitsEnd(bytes, first);
    if (point === first || point - first > UNIX_DIGITS_MAX) return -1;
    const last = bytes[point] === DOT ? digitsEnd(bytes, point + 1) : point;
    const end = last > point + 1 ? last : point;
    const milli = unitMs === 1 ? 0 : milliOf(bytes, point + 1, end);
    const size = numberOf(bytes, first, point) * unitMs + milli;
    into.wallMs = isNegative ? 0 - size : size;
    into.offsetMs = 0;
    return end;
  };
}

/** A function for the first moment of a day, NaN if there is no such day. It keeps the last one. */
function createDayStarts(): (year: number, month: number, day: number) => number {
  let lastDigits = -1, lastMs = NaN;
  return (year, month, day) => {
    const digits = year * 10_000 + month * 100 + day;
    if (digits === lastDigits) return lastMs;
    const isDay = month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
    lastDigits = digits;
    return lastMs = isDay ? utcMs(year, month, day) : NaN;
  };
}

function clockMsOf(hour: number, minute: number, second: number): number {
  const isClock = hour < 24 && minute < 60 && second < 60;
  return isClock ? hour * HOUR_MS + minute * MINUTE_MS + second * 1000 : NaN;
}
