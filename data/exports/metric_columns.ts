/**
 * The values that aggregates are made of, and the aggregates as columns.
 *
 * @module
 */

import { FLOAT, MAX_SCALE, powerOfTen, toNumber } from "../readings/decimal.ts";
import type { Column } from "../readings/page.ts";
import type { AggregateName } from "./spec.ts";

/** Decimals of means at least. */
const MEAN_DECIMALS = 9;
/** Decimals of means beyond those of the values. */
const MORE_DECIMALS = 6;

/** The values of rows at one scale, and what is needed to go on. */
export interface MetricState {
  /** How many values each row has. */
  readonly counts: Float64Array;
  /** The sum of each row. */
  readonly sums: Float64Array;
  /** What plain doubles lost by rounding. */
  readonly lost: Float64Array;
  /** The least value of each row. */
  readonly lows: Float64Array;
  /** The greatest value of each row. */
  readonly highs: Float64Array;
  /** The first value of each row. */
  readonly firsts: Float64Array;
  /** The last value of each row. */
  readonly lasts: Float64Array;
  /** What sums have beyond 2^53, by row. */
  readonly carries: Map<number, bigint>;
  /** The scale of all of them, or `FLOAT`. */
  scale: number;
  /** How many rows there are. */
  used: number;
  /** Whether sums are needed. */
  readonly hasSum: boolean;
  /** Whether the least and greatest values are needed. */
  readonly hasRange: boolean;
  /** Whether the first and last values are needed. */
  readonly hasEnds: boolean;
}

/** An aggregate of the first rows, NaN where there is none. */
export function columnOf(
  state: MetricState,
  aggregate: AggregateName | null,
  rows: number,
): Column {
  const { scale, counts } = state;
  switch (aggregate) {
    case "count":
      return { scale: 0, values: counts.slice(0, rows) };
    case "min":
      return { scale, values: known(state, state.lows, rows) };
    case "max":
      return { scale, values: known(state, state.highs, rows) };
    case "first":
      return { scale, values: known(state, state.firsts, rows) };
    case "last":
      return { scale, values: known(state, state.lasts, rows) };
    case "mean":
      return means(totals(state, rows), counts);
    default:
      return totals(state, rows);
  }
}

/** A copy of the first rows, NaN for rows without values. */
function known({ counts }: MetricState, values: Float64Array, rows: number): Float64Array {
  const copy = values.slice(0, rows);
  for (let row = 0; row < rows; row++) if (counts[row] === 0) copy[row] = NaN;
  return copy;
}

/** Sums at the scale of the rows, or as doubles where one of them does not fit. */
function totals(state: MetricState, rows: number): Column {
  const values = known(state, state.sums, rows);
  if (state.scale !== FLOAT && state.carries.size === 0) return { scale: state.scale, values };
  for (let row = 0; row < rows; row++) {
    if (state.counts[row] > 0) values[row] = totalOf(state, row);
  }
  return { scale: FLOAT, values };
}

/**
 * The means, rounded to {@link MEAN_DECIMALS} decimals, or to {@link MORE_DECIMALS} more than the values
 * have if that is more. Means that are too large for that are the nearest doubles.
 */
function means({ scale, values: sums }: Column, counts: Float64Array): Column {
  const unit = scale > 0 ? powerOfTen(scale) : 1;
  const meanScale = Math.min(MAX_SCALE, Math.max(MEAN_DECIMALS, scale + MORE_DECIMALS));
  const factor = powerOfTen(meanScale);
  const limit = Number.MAX_SAFE_INTEGER / factor;
  const values = new Float64Array(sums.length), rounded = new Float64Array(sums.length);
  let isFixed = scale !== FLOAT;
  for (let row = 0; row < sums.length; row++) {
    // Of two exact numbers the quotient is rounded only once.
    const value = sums[row] / (counts[row] * unit);
    values[row] = value;
    rounded[row] = Math.round(value * factor) + 0;
    if (value > limit || value < -limit) isFixed = false;
  }
  return isFixed ? { scale: meanScale, values: rounded } : { scale: FLOAT, values };
}

/** The double nearest to the sum of a row. */
export function totalOf({ scale, sums, lost, carries }: MetricState, row: number): number {
  if (scale === FLOAT) return sums[row] + lost[row];
  const carried = carries.get(row);
  return carried === undefined
    ? toNumber(sums[row], scale)
    : Number(`${carried + BigInt(sums[row])}e-${scale}`);
}
