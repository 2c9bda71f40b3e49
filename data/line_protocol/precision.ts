/**
 * Precision of timestamps: the unit of the whole numbers that lines give as their times.
 *
 * @module
 */

/** What a precision says about digits of a timestamp. */
export interface Precision {
  /** How a device gives its times that writes so; null if there is no word for it. */
  readonly form:
    | "epoch_nanoseconds"
    | "epoch_microseconds"
    | "epoch_milliseconds"
    | "epoch_seconds"
    | null;
  /** Digits that are finer than a millisecond. */
  readonly finerDigits: number;
  /** Milliseconds in a unit of the others. */
  readonly unitMs: number;
}

const NS: Precision = { form: "epoch_nanoseconds", finerDigits: 6, unitMs: 1 };
const US: Precision = { form: "epoch_microseconds", finerDigits: 3, unitMs: 1 };
const MS: Precision = { form: "epoch_milliseconds", finerDigits: 0, unitMs: 1 };
const S: Precision = { form: "epoch_seconds", finerDigits: 0, unitMs: 1_000 };

/** The precisions of InfluxDB 2 by name; without one, nanoseconds. */
export const PRECISIONS: Readonly<Record<string, Precision>> = { ns: NS, us: US, ms: MS, s: S };

/** Those of InfluxDB 1 by name; it also has minutes and hours. */
export const V1_PRECISIONS: Readonly<Record<string, Precision>> = {
  ...PRECISIONS,
  n: NS,
  u: US,
  "µ": US,
  m: { form: null, finerDigits: 0, unitMs: 60_000 },
  h: { form: null, finerDigits: 0, unitMs: 3_600_000 },
};

/** The precision of timestamps unless a request names another. */
export const DEFAULT_PRECISION: Precision = NS;

/** Digits of the largest timestamp, 2^63. */
const MAX_DIGITS = 19;
const ZERO = 48, NINE = 57, MINUS = 45;

/**
 * The timestamp at bytes `[start, end)` as epoch milliseconds; NaN if it is none. What is finer than
 * a millisecond is cut off, toward the past.
 */
export function timestampMs(
  bytes: Uint8Array,
  { start, end }: { start: number; end: number },
  { finerDigits, unitMs }: Precision,
): number {
  const isNegative = bytes[start] === MINUS;
  const first = isNegative ? start + 1 : start;
  if (end === first || end - first > MAX_DIGITS) return NaN;
  const finer = Math.max(first, end - finerDigits);
  let whole = 0, isExact = true;
  for (let at = first; at < end; at++) {
    const byte = bytes[at];
    if (byte < ZERO || byte > NINE) return NaN;
    if (at < finer) whole = whole * 10 + (byte - ZERO);
    else if (byte !== ZERO) isExact = false;
  }
  if (!isNegative) return whole * unitMs;
  // Adding 0 turns a negative zero into zero.
  return -(isExact ? whole : whole + 1) * unitMs + 0;
}
