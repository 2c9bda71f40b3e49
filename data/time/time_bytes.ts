/**
 * Parts of times read from bytes: digits, offsets, names.
 *
 * A byte past the end is undefined, which is neither a digit nor a letter.
 *
 * @module
 */

import { HOUR_MS, MINUTE_MS } from "../limits.ts";

/** An offset in any of the forms Z, z, +hh, +hhmm and +hh:mm. */
export const ANY_OFFSET = 0;

const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
const ZERO = 48, NINE = 57, COLON = 58, DASH = 45, PLUS = 43;
const UPPER_Z = 90, LOWER_A = 97, LOWER_M = 109, LOWER_P = 112;
/** Or-ed with the byte of a letter, it makes the small letter. */
const SMALL = 32;

/**
 * Where the offset that begins at `at` ends, or -1. Its form is {@link ANY_OFFSET} or that of 1 to 3
 * letters X of TR35 (Z, +hh or +hhmm; Z, +hhmm; Z, +hh:mm).
 */
export function offsetEnd(bytes: Uint8Array, at: number, form: number): number {
  const sign = bytes[at];
  if (sign === UPPER_Z || (form === ANY_OFFSET && sign === (UPPER_Z | SMALL))) return at + 1;
  if ((sign !== PLUS && sign !== DASH) || !(twoDigits(bytes, at + 1) < 24)) return -1;
  const hasColon = bytes[at + 3] === COLON && (form === 3 || form === ANY_OFFSET);
  if (form === 3 && !hasColon) return -1;
  const minuteAt = hasColon ? at + 4 : at + 3;
  const minute = twoDigits(bytes, minuteAt);
  if (minute < 60) return minuteAt + 2;
  return minute !== minute && (form === 1 || form === ANY_OFFSET) ? at + 3 : -1;
}

/** The offset from `at` to `end`, milliseconds ahead of UTC. */
export function offsetMsOf(bytes: Uint8Array, at: number, end: number): number {
  if (end === at + 1) return 0;
  const minute = end > at + 3 ? twoDigits(bytes, end - 2) : 0;
  const size = twoDigits(bytes, at + 1) * HOUR_MS + minute * MINUTE_MS;
  return bytes[at] === DASH ? 0 - size : size;
}

/** The month, from 1, whose short name is at `at`; 0 if there is none. */
export function monthNamed(bytes: Uint8Array, at: number): number {
  const first = bytes[at] | SMALL, second = bytes[at + 1] | SMALL, third = bytes[at + 2] | SMALL;
  return MONTHS.findIndex((name) =>
    name.charCodeAt(0) === first && name.charCodeAt(1) === second && name.charCodeAt(2) === third
  ) + 1;
}

/** The hours to add for AM or PM, 0 or 12; -1 if neither is at `at`. */
export function halfDayHours(bytes: Uint8Array, at: number): number {
  if ((bytes[at + 1] | SMALL) !== LOWER_M) return -1;
  const letter = bytes[at] | SMALL;
  if (letter === LOWER_A) return 0;
  return letter === LOWER_P ? 12 : -1;
}

/** Where the digits from `start` on end, at most `limit`. */
export function digitsEnd(bytes: Uint8Array, start: number, limit: number = bytes.length): number {
  let at = start;
  while (at < limit && isDigit(bytes[at])) at++;
  return at;
}

/** The digits from `start` to `end` as a number. */
export function numberOf(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) value = value * 10 + bytes[at] - ZERO;
  return value;
}

/** The digits of a fraction of a second as milliseconds; finer digits are cut off. */
export function milliOf(bytes: Uint8Array, start: number, end: number): number {
  let milli = 0;
  for (let at = start, unit = 100; at < end && unit >= 1; at++, unit /= 10) {
    milli += (bytes[at] - ZERO) * unit;
  }
  return milli;
}

/** Two digits as a number; less than 0 if either is not a digit. It stays an integer, which is faster. */
export function digitPair(bytes: Uint8Array, at: number): number {
  const tens = bytes[at] - ZERO, ones = bytes[at + 1] - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1;
}

/** Two digits as a number; NaN if either is not a digit. */
export function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = bytes[at] - ZERO;
  const ones = bytes[at + 1] - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NaN;
}

/** Whether a byte is a digit. */
export function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}
