/**
 * Count, minimum, maximum and mean of one metric's values, at any mix of scales.
 *
 * Mantissas are summed as whole numbers: as a double while the sum stays below 2^53, and in a BigInt
 * beyond that. So the mean of decimals is exact until it is rounded, once. Plain doubles are summed
 * with compensation for rounding errors (Neumaier 1974); only their sum is inexact.
 *
 * @module
 */

import { FLOAT, powerOfTen, toNumber } from "./decimal.ts";
import type { Column } from "./page.ts";

/** The summary of a metric over a period. Without values, everything except the count is NaN. */
export interface MetricSummary {
  /** How many values there are, missing values not counted. */
  readonly count: number;
  /** The smallest. */
  readonly min: number;
  /** The largest. */
  readonly max: number;
  /** The double nearest to the mean. For plain doubles it may be off in the last digits. */
  readonly mean: number;
}

/** Collects statistics of the values of one metric. */
export interface MetricStatistics {
  /** Adds the values of a column in rows `start` to `end` (exclusive). */
  add(column: Column, start: number, end: number): void;
  /** The summary of the values so far. */
  summary(): MetricSummary;
}

/** Creates statistics without values. */
export function createStatistics(): MetricStatistics {
  let count = 0, min = Infinity, max = -Infinity;
  const decimals = createDecimalSum();
  const doubles = createDoubleSum();

  function addFloats(values: Float64Array, start: number, end: number): void {
    for (let i = start; i < end; i++) {
      const value = values[i];
      if (value !== value) continue;
      count++;
      if (value < min) min = value;
      if (value > max) max = value;
      doubles.add(value);
    }
  }

  function addMantissas({ values, scale }: Column, start: number, end: number): void {
    let missing = 0, lowest = Infinity, highest = -Infinity, sum = 0;
    for (let i = start; i < end; i++) {
      const value = values[i];
      if (value !== value) {
        missing++;
        continue;
      }
      if (value < lowest) lowest = value;
      if (value > highest) highest = value;
      const next = sum + value;
      if (next > Number.MAX_SAFE_INTEGER || next < -Number.MAX_SAFE_INTEGER) {
        decimals.add(sum, scale);
        sum = value;
      } else sum = next;
    }
    decimals.add(sum, scale);
    count += end - start - missing;
    min = Math.min(min, toNumber(lowest, scale));
    max = Math.max(max, toNumber(highest, scale));
  }

  return {
    add(column, start, end) {
      if (column.scale === FLOAT) addFloats(column.values, start, end);
      else addMantissas(column, start, end);
    },
    summary() {
      if (count === 0) return { count, min: NaN, max: NaN, mean: NaN };
      const sum = doubles.total();
      const mean = sum === null ? decimals.dividedBy(count) : (sum + decimals.dividedBy(1)) / count;
      return { count, min, max, mean };
    },
  };
}

/** An exact sum of decimals. */
interface DecimalSum {
  /** Adds a mantissa below 2^53 at a scale. */
  add(mantissa: number, scale: number): void;
  /** The double nearest to the sum divided by a whole number. */
  dividedBy(count: number): number;
}

function createDecimalSum(): DecimalSum {
  // Invariant: the sum is (whole + carried) / 10^scale, and whole stays below 2^53.
  let whole = 0, carried = 0n, scale = 0;

  /** Adds number × factor to `whole`, or to `carried` if a double cannot hold it exactly. */
  function addProduct(number: number, factor: number): void {
    const product = number * factor;
    if (Number.isSafeInteger(whole + product) && Number.isSafeInteger(product)) whole += product;
    else carried += BigInt(number) * BigInt(factor);
  }

  return {
    add(mantissa, mantissaScale) {
      if (mantissaScale > scale) {
        const before = whole, factor = powerOfTen(mantissaScale - scale);
        whole = 0;
        if (carried !== 0n) carried *= BigInt(factor);
        addProduct(before, factor);
        scale = mantissaScale;
      }
      addProduct(mantissa, powerOfTen(scale - mantissaScale));
    },
    dividedBy(count) {
      const divisor = count * powerOfTen(scale);
      // The quotient of two exact numbers is rounded only once (IEEE 754).
      if (carried === 0n && Number.isSafeInteger(divisor)) return whole / divisor;
      const exactDivisor = BigInt(count) * 10n ** BigInt(scale);
      return nearestQuotient(carried + BigInt(whole), exactDivisor);
    },
  };
}

/** A sum of doubles that keeps track of what each addition loses by rounding. */
interface DoubleSum {
  add(value: number): void;
  /** The sum, or null if nothing was added. */
  total(): number | null;
}

function createDoubleSum(): DoubleSum {
  let isEmpty = true, sum = 0, lost = 0;
  return {
    add(value) {
      isEmpty = false;
      const next = sum + value;
      lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
      sum = next;
    },
    total: () => isEmpty ? null : sum + lost,
  };
}

/**
 * Enough digits to see on which side of the middle between two doubles a quotient lies. A quotient
 * that is not exactly in the middle differs from it by more than 2^-54 / divisor of its own size,
 * and the divisor stays below 10^31.
 */
const QUOTIENT_DIGITS = 50;

/** The double nearest to a quotient. V8 parses decimals of any length with exact rounding. */
function nearestQuotient(dividend: bigint, divisor: bigint): number {
  const digits = String(divisor).length - String(dividend).length + QUOTIENT_DIGITS;
  const shift = Math.max(0, digits);
  return Number(`${dividend * 10n ** BigInt(shift) / divisor}e-${shift}`);
}
