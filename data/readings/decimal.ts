/**
 * Fixed-point decimals: a value is an integer mantissa at a scale. 230.1 is 2301 at scale 1.
 *
 * Mantissas are exact up to 2^53, so every decimal of up to 15 significant digits fits. Any other
 * value is kept as the nearest double, at the scale {@link FLOAT}. The two forms of a decimal agree:
 * dividing an exact mantissa by an exact power of ten (up to 10^22) rounds correctly (IEEE 754).
 *
 * @module
 */

/** The scale of plain doubles, which are not mantissas. */
export const FLOAT: number = -1;
/** Largest scale of a fixed-point value. */
export const MAX_SCALE = 15;

const POWERS = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
/** Doubles distinguish all decimals of 15 digits (IEEE 754 §5.12.2), but not all of 16. */
const EXACT_DIGITS = 1e15;

/** 10 to the power of 0 to 22, exact. */
export function powerOfTen(exponent: number): number {
  return POWERS[exponent];
}

/** The double nearest to a mantissa at a scale; NaN stays NaN. */
export function toNumber(mantissa: number, scale: number): number {
  return scale <= 0 ? mantissa : mantissa / POWERS[scale];
}

/** Converts mantissas to a larger scale. Null if one of them would exceed 2^53. */
export function rescale(values: Float64Array, from: number, to: number): Float64Array | null {
  const factor = POWERS[to - from];
  const limit = Number.MAX_SAFE_INTEGER / factor;
  const scaled = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value > limit || value < -limit) return null;
    scaled[i] = value * factor;
  }
  return scaled;
}

/** Converts mantissas to plain doubles. */
export function toFloats(values: Float64Array, scale: number): Float64Array {
  if (scale <= 0) return values;
  const power = POWERS[scale];
  const floats = new Float64Array(values.length);
  // Not `map`: the calls take several times as long as the divisions.
  for (let i = 0; i < values.length; i++) floats[i] = values[i] / power;
  return floats;
}

/**
 * Converts doubles to mantissas of at most 15 digits, at the smallest scale that holds all of them
 * exactly. Null if no scale from 0 to 15 does. NaN stays NaN and fits any scale.
 */
export function toFixed(values: Float64Array): { scale: number; values: Float64Array } | null {
  let scale = 0;
  for (const value of values) {
    while (!fitsScale(value, scale)) if (++scale > MAX_SCALE) return null;
  }
  const mantissas = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    if (!fitsScale(values[i], scale)) return null;
    mantissas[i] = Math.round(values[i] * POWERS[scale]) + 0;
  }
  return { scale, values: mantissas };
}

/** The scale that {@link toFixed} finds for one double; `FLOAT` if none fits, 0 for NaN. */
export function scaleOf(value: number): number {
  for (let scale = 0; scale <= MAX_SCALE; scale++) if (fitsScale(value, scale)) return scale;
  return FLOAT;
}

/** Converts a double to a mantissa at a scale that holds it. At `FLOAT` it stays a double. */
export function mantissaOf(value: number, scale: number): number {
  return scale === FLOAT ? value : Math.round(value * POWERS[scale]) + 0;
}

/**
 * A value at a scale as the shortest exact decimal: no exponent, no trailing zeros, "" for NaN.
 * `data/text/decimal_words.ts` writes many values faster.
 */
export function decimalText(value: number, scale: number): string {
  if (value !== value) return "";
  return scale === FLOAT ? plainText(value) : fixedText(value, scale);
}

/** A mantissa at a scale as the shortest exact decimal. */
export function fixedText(mantissa: number, scale: number): string {
  if (mantissa < 0) return `-${fixedText(-mantissa, scale)}`;
  const digits = String(mantissa);
  if (scale === 0) return digits;
  const padded = digits.padStart(scale + 1, "0");
  const point = padded.length - scale;
  let end = padded.length;
  while (end > point && padded.charCodeAt(end - 1) === 48) end--;
  return end === point
    ? padded.slice(0, point)
    : `${padded.slice(0, point)}.${padded.slice(point, end)}`;
}

/** The shortest decimal that parses to the same double, without an exponent; "" for NaN. */
export function plainText(value: number): string {
  if (value !== value) return "";
  const text = String(value);
  const at = text.indexOf("e");
  if (at < 0) return text;
  const sign = value < 0 ? "-" : "";
  const [whole, fraction = ""] = text.slice(sign.length, at).split(".");
  const point = whole.length + Number(text.slice(at + 1));
  const digits = whole + fraction;
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  return sign + digits.padEnd(point, "0");
}

function fitsScale(value: number, scale: number): boolean {
  if (value !== value) return true;
  const mantissa = Math.round(value * POWERS[scale]);
  return Math.abs(mantissa) < EXACT_DIGITS && mantissa / POWERS[scale] === value;
}
