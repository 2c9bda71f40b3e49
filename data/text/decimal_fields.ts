/**
 * Decimals of an upload, read directly from bytes or from text.
 *
 * @module
 */

import { FLOAT, MAX_SCALE } from "../readings/decimal.ts";

const ZERO = 48, NINE = 57, PLUS = 43, MINUS = 45;
const MAX_DIGITS = 15;
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/;

/** A decimal: a mantissa at a scale, or a double at scale `FLOAT`. */
export interface Decimal {
  /** The mantissa or double. */
  value: number;
  /** 0 to 15, or `FLOAT`. */
  scale: number;
}

/**
 * Reads a plain decimal (`-12.50`, `+7`) of up to 15 digits. It ends at the first byte that is not
 * part of it. Returns where it ends, or -1 for anything else, which {@link parseDecimal} may read.
 */
export type DecimalScanner = (bytes: Uint8Array, start: number, into: Decimal) => number;

/** A scanner of decimals with a given decimal point. */
export function createDecimalScanner(point: string): DecimalScanner {
  const pointByte = point.charCodeAt(0);
  return (bytes, start, into) => {
    let at = start;
    const isNegative = bytes[at] === MINUS;
    if (isNegative || bytes[at] === PLUS) at++;
    let mantissa = 0, digits = 0, scale = 0;
    let byte = bytes[at];
    for (; byte >= ZERO && byte <= NINE; byte = bytes[++at], digits++) {
      mantissa = mantissa * 10 + (byte - ZERO);
    }
    if (digits === 0) return -1;
    if (byte === pointByte) {
      byte = bytes[++at];
      for (; byte >= ZERO && byte <= NINE; byte = bytes[++at], scale++) {
        mantissa = mantissa * 10 + (byte - ZERO);
      }
    }
    if (digits + scale > MAX_DIGITS) return -1;
    into.value = isNegative && mantissa !== 0 ? -mantissa : mantissa;
    into.scale = scale;
    return at;
  };
}

/**
 * The decimal that a text is, or null if it is none (`NaN`, `0x1`, another decimal point). Up to 15
 * significant digits are exact. More digits, and exponents that leave no short form, become the
 * nearest double.
 */
export function parseDecimal(given: string, point = "."): Decimal | null {
  if (point !== "." && given.includes(".")) return null;
  const text = given.replace(point, ".");
  if (!DECIMAL.test(text)) return null;
  const [base, exponent = "0"] = text.toLowerCase().split("e");
  const [whole, fraction = ""] = base.replace(/^[+-]/, "").split(".");
  const kept = fraction.replace(/0+$/, "");
  const scale = kept.length - Number(exponent);
  const digits = (whole + kept).replace(/^0+/, "");
  if (digits.length <= MAX_DIGITS && scale >= 0 && scale <= MAX_SCALE) {
    // Number("") is 0. Adding 0 turns a negative zero into a positive one.
    return { value: Number(digits) * (base.startsWith("-") ? -1 : 1) + 0, scale };
  }
  const value = Number(text) + 0;
  return Number.isFinite(value) ? { value, scale: FLOAT } : null;
}

/**
 * The decimal that a text is, whose digits may be grouped by one of some characters: `1.234.567,8`,
 * `1 234,5`, `12,34,567.8`. Null if it is none, or if its groups are not of 3 digits (2 before the
 * last one, as in India). The minus may be the mathematical one.
 */
export function parseGroupedDecimal(
  given: string,
  { point, thousands }: { point: string; thousands: string },
): Decimal | null {
  const text = given.replace("\u2212", "-");
  if (thousands === "") return parseDecimal(text, point);
  const whole = text.split(point, 1)[0];
  const [separator] = Array.from(whole).filter((character) => thousands.includes(character));
  if (separator === undefined) return parseDecimal(text, point);
  const [first, ...groups] = whole.split(separator);
  const isGrouped = /^[+-]?\d{1,3}$/.test(first) && /^\d{3}$/.test(groups[groups.length - 1]) &&
    groups.every((group) => /^\d{2,3}$/.test(group));
  return isGrouped ? parseDecimal(first + groups.join("") + text.slice(whole.length), point) : null;
}
