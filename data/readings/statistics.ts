/**
 * Count, least, most and mean of one metric's values, whatever the scales they come at.
 *
 * Mantissas are summed as whole numbers: as doubles while they stay below 2^53, and what does not
 * fit goes over into a BigInt. So the mean of decimals is exact until it is rounded, once. Plain
 * doubles are summed with the lost parts kept (Neumaier 1974); only their sum is inexact.
 *
 * @module
 */

import { FLOAT, powerOfTen, toNumber } from "./decimal.ts";
import type { Column } from "./page.ts";

/** What is known of a metric over some time. Of no values at all, all but the count are NaN. */
export interface MetricSummary {
  /** How many values there are; missing ones do not count. */
  readonly count: number;
  /** The smallest. */
  readonly min: number;
  /** The largest. */
  readonly max: number;
  /** The double nearest to the mean of decimals; of plain doubles it may be off by some units. */
  readonly mean: number;
}

/** Adds up values of one metric. */
export interface MetricStatistics {
  /** Adds the values of a column from row `start` to before row `end`. */
  add(column: Column, start: number, end: number): void;
  /** What they come to so far. */
  summary(): MetricSummary;
}

/** A tally of no values. */
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
    let missing = 0, least = Infinity, most = -Infinity, sum = 0;
    for (let i = start; i < end; i++) {
      const value = values[i];
      if (value !== value) {
        missing++;
        continue;
      }
      if (value < least) least = value;
      if (value > most) most = value;
      const next = sum + value;
      if (next > Number.MAX_SAFE_INTEGER || next < -Number.MAX_SAFE_INTEGER) {
        decimals.add(sum, scale);
        sum = value;
      } else sum = next;
    }
    decimals.add(sum, scale);
    count += end - start - missing;
    min = Math.min(min, toNumber(least, scale));
    max = Math.max(max, toNumber(most, scale));
  }

  return {
    add(column, start, end) {
      if (column.scale === FLOAT) addFloats(column.values, start, end);
      else addMantissas(column, start, end);
    },
    summary() {
      if (count === 0) return { count, min: NaN, max: NaN, mean: NaN };
      const sum = doubles.total();
      const mean = sum === null ? decimals.over(count) : (sum + decimals.over(1)) / count;
      return { count, min, max, mean };
    },
  };
}

/** A sum of decimals, exact. */
interface DecimalSum {
  /** Adds a mantissa below 2^53 at a scale. */
  add(mantissa: number, scale: number): void;
  /** The double nearest to the sum divided by a whole number. */
  over(count: number): number;
}

function createDecimalSum(): DecimalSum {
  // The sum is (whole + carried) / 10^scale, and whole stays below 2^53.
  let whole = 0, carried = 0n, scale = 0;

  /** Adds number × factor, or carries it over where a double cannot hold it. */
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
    over(count) {
      const divisor = count * powerOfTen(scale);
      // A quotient of exact numbers is rounded once (IEEE 754).
      if (carried === 0n && Number.isSafeInteger(divisor)) return whole / divisor;
      const exactDivisor = BigInt(count) * 10n ** BigInt(scale);
      return nearestQuotient(carried + BigInt(whole), exactDivisor);
    },
  };
}

/** A sum of doubles that keeps what each addition loses. */
interface DoubleSum {
  add(value: number): void;
  /** The sum, or null where nothing was added. */
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
 * Digits that tell a quotient from the middle between two doubles: where it is not there, it is
 * off by more than 2^-54 over the divisor, which stays below 10^31, of its size.
 */
const QUOTIENT_DIGITS = 50;

/** The double nearest to a quotient. V8 reads decimals of any length exactly. */
function nearestQuotient(dividend: bigint, divisor: bigint): number {
  const digits = String(divisor).length - String(dividend).length + QUOTIENT_DIGITS;
  const shift = Math.max(0, digits);
  return Number(`${dividend * 10n ** BigInt(shift) / divisor}e-${shift}`);
}
