/**
 * Values of fields as line protocol writes them.
 *
 * @module
 */

import { powerOfTen } from "../readings/decimal.ts";

const ZERO = 48, NINE = 57, POINT = 46, MINUS = 45, PLUS = 43;
const UPPER_E = 69, LOWER_E = 101, LOWER_I = 105, LOWER_U = 117;
/** Mantissas of so many digits are exact doubles. */
const MAX_DIGITS = 15;
/** Powers of ten up to this one are exact doubles. */
const MAX_POWER = 22;
const INTEGER_MAX = 2n ** 63n - 1n;
const INTEGER_MIN = -(2n ** 63n);
const UNSIGNED_MAX = 2n ** 64n - 1n;

const decoder = new TextDecoder();

/** A number that was read. */
export interface NumberInto {
  /** The nearest double. */
  value: number;
}

/**
 * Reads a float (`-1.5e3`), an integer (`-3i`) or an unsigned integer (`3u`) that begins at `start`.
 * Returns where it ends, at the first byte that is not part of it; -1 if it is no number or out of
 * range (64 bits; for floats, those of a double).
 */
export function readNumber(bytes: Uint8Array, start: number, into: NumberInto): number {
  const isNegative = bytes[start] === MINUS;
  let at = isNegative ? start + 1 : start;
  let mantissa = 0, digits = 0, scale = 0;
  let byte = bytes[at];
  for (; byte >= ZERO && byte <= NINE; byte = bytes[++at], digits++) {
    mantissa = mantissa * 10 + (byte - ZERO);
  }
  if (byte === LOWER_I || byte === LOWER_U) {
    if (digits === 0) return -1;
    if (digits > MAX_DIGITS || byte === LOWER_U) {
      return readInteger(bytes, { start, end: at }, into);
    }
    into.value = isNegative ? -mantissa + 0 : mantissa;
    return at + 1;
  }
  if (byte === POINT) {
    byte = bytes[++at];
    for (; byte >= ZERO && byte <= NINE; byte = bytes[++at], scale++) {
      mantissa = mantissa * 10 + (byte - ZERO);
    }
  }
  if (digits + scale === 0) return -1;
  const isLong = digits + scale > MAX_DIGITS;
  if (byte === LOWER_E || byte === UPPER_E || isLong) {
    const decimal = { mantissa: isLong ? NaN : mantissa, scale };
    return readLongFloat(bytes, { start, end: at }, decimal, into);
  }
  if (scale > 0) mantissa /= powerOfTen(scale);
  // Adding 0 turns a negative zero into zero.
  into.value = isNegative ? -mantissa + 0 : mantissa;
  return at;
}

/** An integer whose sign and digits are known; its letter follows. */
function readInteger(
  bytes: Uint8Array,
  { start, end }: { start: number; end: number },
  into: NumberInto,
): number {
  // Leading zeros are allowed, and BigInt accepts them.
  const integer = BigInt(decoder.decode(bytes.subarray(start, end)));
  const isUnsigned = bytes[end] === LOWER_U;
  if (isUnsigned ? bytes[start] === MINUS || integer > UNSIGNED_MAX : !isSigned64(integer)) {
    return -1;
  }
  into.value = Number(integer);
  return end + 1;
}

function isSigned64(integer: bigint): boolean {
  return integer >= INTEGER_MIN && integer <= INTEGER_MAX;
}

/**
 * A float with an exponent or many digits; its mantissa, at a scale, is known to be one. NaN as the
 * mantissa says that it has too many digits.
 */
function readLongFloat(
  bytes: Uint8Array,
  { start, end }: { start: number; end: number },
  { mantissa, scale }: { mantissa: number; scale: number },
  into: NumberInto,
): number {
  let at = end, exponent = -scale;
  if (bytes[at] === LOWER_E || bytes[at] === UPPER_E) {
    at++;
    const isNegative = bytes[at] === MINUS;
    if (isNegative || bytes[at] === PLUS) at++;
    const firstDigit = at;
    let digits = 0;
    for (; bytes[at] >= ZERO && bytes[at] <= NINE; at++) digits = digits * 10 + (bytes[at] - ZERO);
    if (at === firstDigit) return -1;
    exponent += isNegative ? -digits : digits;
  }
  // One product or quotient of exact doubles is rounded correctly (IEEE 754).
  if (Math.abs(exponent) <= MAX_POWER && mantissa === mantissa) {
    const power = powerOfTen(Math.abs(exponent));
    const value = exponent < 0 ? mantissa / power : mantissa * power;
    into.value = bytes[start] === MINUS ? -value + 0 : value;
    return at;
  }
  const value = Number(decoder.decode(bytes.subarray(start, at)));
  if (!Number.isFinite(value)) return -1;
  into.value = value + 0;
  return at;
}

const TRUE_TEXTS = ["t", "T", "true", "True", "TRUE"].map(bytesOf);
const FALSE_TEXTS = ["f", "F", "false", "False", "FALSE"].map(bytesOf);

/** The boolean at bytes `[start, end)` as 1 or 0; -1 if it is none. */
export function booleanOf(bytes: Uint8Array, start: number, end: number): number {
  const isText = (text: Uint8Array) =>
    text.length === end - start && text.every((byte, index) => bytes[start + index] === byte);
  if (TRUE_TEXTS.some(isText)) return 1;
  return FALSE_TEXTS.some(isText) ? 0 : -1;
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
