/**
 * Times and decimals read straight from the bytes of a CSV field.
 *
 * @module
 */

import { FLOAT, MAX_SCALE } from "./decimal.ts";
import { DAY_MS } from "./limits.ts";
import { daysInMonth, utcMs } from "./time_text.ts";

const ZERO = 48, NINE = 57, DOT = 46, MINUS = 45;
const MAX_DIGITS = 15;
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/;

/** A decimal as read: a mantissa at a scale, or a double at scale `FLOAT`. */
export interface Decimal {
  /** The mantissa or double. */
  value: number;
  /** 0 to 15, or `FLOAT`. */
  scale: number;
}

/**
 * Reads a plain decimal (`-12.50`) of up to 15 digits that ends at the first byte which is part of
 * none. Returns where it ends, or -1 where the bytes are anything else; then the text has to be
 * looked at by {@link parseDecimal}.
 */
export function scanDecimal(bytes: Uint8Array, start: number, into: Decimal): number {
  let at = start;
  const isNegative = bytes[at] === MINUS;
  if (isNegative) at++;
  let mantissa = 0, digits = 0, scale = 0;
  let byte = bytes[at];
  for (; byte >= ZERO && byte <= NINE; byte = bytes[++at], digits++) {
    mantissa = mantissa * 10 + (byte - ZERO);
  }
  if (digits === 0) return -1;
  if (byte === DOT) {
    byte = bytes[++at];
    for (; byte >= ZERO && byte <= NINE; byte = bytes[++at], scale++) {
      mantissa = mantissa * 10 + (byte - ZERO);
    }
  }
  if (digits + scale > MAX_DIGITS) return -1;
  into.value = isNegative && mantissa !== 0 ? -mantissa : mantissa;
  into.scale = scale;
  return at;
}

/**
 * The decimal a text names, or null where it names none (`NaN`, `1,5`, `0x1`). Up to 15 significant
 * digits are exact; more, and exponents that leave no short form, become the nearest double.
 */
export function parseDecimal(text: string): Decimal | null {
  if (!DECIMAL.test(text)) return null;
  const [base, exponent = "0"] = text.toLowerCase().split("e");
  const [whole, fraction = ""] = base.replace(/^[+-]/, "").split(".");
  const kept = fraction.replace(/0+$/, "");
  const scale = kept.length - Number(exponent);
  const digits = (whole + kept).replace(/^0+/, "");
  if (digits.length <= MAX_DIGITS && scale >= 0 && scale <= MAX_SCALE) {
    // Number("") is 0; adding 0 makes a negative zero a plain one.
    return { value: Number(digits) * (base.startsWith("-") ? -1 : 1) + 0, scale };
  }
  const value = Number(text) + 0;
  return Number.isFinite(value) ? { value, scale: FLOAT } : null;
}

/** Reads `YYYY-MM-DDTHH:MM:SSZ`; keeps the day of the call before, as most times share it. */
export interface TimeScanner {
  /** Epoch milliseconds of the 20 bytes at `start`; -1 where they have any other form. */
  scan(bytes: Uint8Array, start: number): number;
}

/** A scanner that has seen no day yet. */
export function createTimeScanner(): TimeScanner {
  let dayDigits = -1;
  let dayMs = 0;
  return {
    scan(bytes, start) {
      if (
        bytes[start + 4] !== 45 || bytes[start + 7] !== 45 || bytes[start + 10] !== 84 ||
        bytes[start + 13] !== 58 || bytes[start + 16] !== 58 || bytes[start + 19] !== 90
      ) return -1;
      const digits = twoDigits(bytes, start) * 1_000_000 + twoDigits(bytes, start + 2) * 10_000 +
        twoDigits(bytes, start + 5) * 100 + twoDigits(bytes, start + 8);
      if (digits !== dayDigits) {
        const found = dayOf(digits);
        if (found !== found) return -1;
        dayDigits = digits;
        dayMs = found;
      }
      const hour = twoDigits(bytes, start + 11);
      const minute = twoDigits(bytes, start + 14);
      const second = twoDigits(bytes, start + 17);
      const isClock = hour < 24 && minute < 60 && second < 60;
      return isClock ? dayMs + (hour * 3600 + minute * 60 + second) * 1000 : -1;
    },
  };
}

/** Epoch milliseconds of a day given as the number 20240131, or NaN. */
function dayOf(digits: number): number {
  const year = Math.floor(digits / 10_000);
  const month = Math.floor(digits / 100) % 100;
  const day = digits % 100;
  const isDay = month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
  const dayMs = isDay ? utcMs(year, month, day) : NaN;
  return dayMs >= 0 && dayMs % DAY_MS === 0 ? dayMs : NaN;
}

/** Two digits as a number; NaN where either is none, which no comparison lets through. */
function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = bytes[at] - ZERO;
  const ones = bytes[at + 1] - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NaN;
}
