/**
 * Writing doubles as their shortest decimals, without making a text of each.
 *
 * A double stands for all numbers up to the middles to its neighbours. Of the decimals in there, `String`
 * writes one with the fewest digits, and the nearest of those. Here 17 digits of the double are
 * computed exactly, as the sum of two doubles, and as many of them dropped as that allows. What needs
 * more care is left to the caller: powers of two, whose neighbours are not equally far away, and ties.
 *
 * @module
 */

import type { AsciiText } from "./ascii_text.ts";
import { EIGHT_DIGITS, EIGHT_DIGITS_END, writeEightDigits, writeWhole } from "./digits.ts";
import { powerOfTen } from "../readings/decimal.ts";

/** The least double that is written here, besides 0, and the first one that is too large. */
const LEAST = 1e-5, END = 1e15;
/** Digits that always tell a double from its neighbours. */
const DIGITS = 17;
/** The powers of ten that doubles are multiplied with are exact up to this one. */
const EXACT_POWERS = 22;
const POWERS = Array.from({ length: EXACT_POWERS + 1 }, (_, exponent) => powerOfTen(exponent));
/** Splits a double in two halves, whose products are exact (Dekker 1971). */
const SPLITTER = 2 ** 27 + 1;
const HIGH_POWERS = POWERS.map(highHalf);
const TENTHS = [1, 0.1, 0.01, 0.001, 0.0001, 0.00001];
/** Where numbers differ by less, rounding errors (at most 2^-26) could decide. */
const DOUBT = 1e-6;
/** The bits of the fraction in the higher word of a double, and all of them with one more. */
const FRACTION_BITS = 20, HALF_STEP_BITS = 53;
const FRACTION_MASK = 2 ** FRACTION_BITS - 1;
const ZERO = 48, DASH = 45, POINT = 46;

/** The digits of a double. */
interface Digits {
  /** How many are before the point; 0 or less for numbers below 1. */
  whole: number;
  /** The first nine of 17. */
  first: number;
  /** The other eight. */
  last: number;
  /** How many of those, at the end, are not needed. */
  dropped: number;
}

/** Memory that every call uses again. */
const digits: Digits = { whole: 0, first: 0, last: 0, dropped: 0 };
const double = new Float64Array(1);
const words = new Int32Array(double.buffer);

/**
 * Writes the shortest decimal of a double and returns where it ends; -1 if this cannot write it. There
 * must be room for 32 characters.
 */
export function writeDouble({ bytes, view }: AsciiText, firstAt: number, value: number): number {
  const size = Math.abs(value);
  const isWhole = size < END && Math.floor(size) === size;
  if (!isWhole && !findDigits(size)) return -1;
  let at = firstAt;
  if (value < 0) bytes[at++] = DASH;
  if (isWhole) return writeWhole(view, at, size);
  const { whole, first, last, dropped } = digits;
  // Digits before the point are first written one place too far, so that there is room for it.
  const start = whole > 0 ? at + 1 : at + 2 - whole;
  const leading = (first / EIGHT_DIGITS_END) | 0;
  bytes[start] = ZERO + leading;
  writeEightDigits(view, start + 1, first - leading * EIGHT_DIGITS_END);
  writeEightDigits(view, start + 1 + EIGHT_DIGITS, last);
  if (whole > 0) {
    for (let place = 0; place < whole; place++) bytes[at + place] = bytes[at + place + 1];
    bytes[at + whole] = POINT;
  } else {
    bytes[at] = ZERO;
    bytes[at + 1] = POINT;
    for (let place = at + 2; place < start; place++) bytes[place] = ZERO;
  }
  return start + DIGITS - dropped;
}

/** Finds the shortest digits of a double that is not whole; false if that is left to the caller. */
function findDigits(size: number): boolean {
  // Also for NaN.
  if (!(size >= LEAST && size < END)) return false;
  double[0] = size;
  const highWord = words[1];
  if (words[0] === 0 && (highWord & FRACTION_MASK) === 0) return false;
  // Half a step in the last place is 2^-53 of the power of two below the double.
  words[0] = 0;
  words[1] = (highWord & ~FRACTION_MASK) - (HALF_STEP_BITS << FRACTION_BITS);
  const halfStep = double[0];
  const whole = digitsBeforePoint(size);
  const power = POWERS[DIGITS - whole], powerHigh = HIGH_POWERS[DIGITS - whole];
  const sizeHigh = highHalf(size);
  const sizeLow = size - sizeHigh, powerLow = power - powerHigh;
  // size × power = product + error
  const product = size * power;
  const error = sizeHigh * powerHigh - product + sizeHigh * powerLow + sizeLow * powerHigh +
    sizeLow * powerLow;
  let first = Math.floor(product / EIGHT_DIGITS_END);
  let last = product - first * EIGHT_DIGITS_END + error;
  if (last < 0) {
    first--;
    last += EIGHT_DIGITS_END;
  } else if (last >= EIGHT_DIGITS_END) {
    first++;
    last -= EIGHT_DIGITS_END;
  }
  digits.whole = whole;
  digits.first = first | 0;
  return dropDigits(last, halfStep * power);
}

/** Rounds the last eight digits to as few as lie within a distance from them. */
function dropDigits(last: number, reach: number): boolean {
  let rounded = Math.floor(last + 0.5), dropped = 0;
  let doubt = Math.abs(last - Math.floor(last) - 0.5);
  for (let unit = 10; unit <= EIGHT_DIGITS_END; unit *= 10) {
    const below = Math.floor(last / unit) * unit;
    const rest = last - below;
    const distance = Math.min(rest, unit - rest);
    if (Math.abs(distance - reach) < DOUBT) return false;
    if (distance > reach) break;
    rounded = distance === rest ? below : below + unit;
    doubt = Math.abs(rest * 2 - unit);
    dropped++;
  }
  digits.last = rounded | 0;
  digits.dropped = dropped;
  return doubt >= DOUBT && (dropped < EIGHT_DIGITS || dropMore(rounded));
}

/**
 * Drops zeros at the end of the first nine digits, after rounding the last eight up or down. False if
 * there are ten then.
 */
function dropMore(rounded: number): boolean {
  const first = digits.first + (rounded === EIGHT_DIGITS_END ? 1 : 0);
  let zeros = 0;
  for (let unit = 10; first % unit === 0 && zeros < EIGHT_DIGITS; unit *= 10) zeros++;
  digits.first = first;
  digits.last = 0;
  digits.dropped += zeros;
  return first < 10 * EIGHT_DIGITS_END;
}

/** How many digits a number has before its point: 0 from 0.1 on, -1 from 0.01 on, and so on. */
function digitsBeforePoint(size: number): number {
  let count = size < 1 ? 0 : 1;
  if (size < 1) { while (size < TENTHS[1 - count]) count--; }
  else while (size >= POWERS[count]) count++;
  return count;
}

/** The higher 26 bits of a double. */
function highHalf(value: number): number {
  const split = SPLITTER * value;
  return split - (split - value);
}
