/**
 * The aggregates of one metric for many buckets, by column.
 *
 * Sums are whole numbers at one scale for all rows, the largest scale that came. A sum that no longer
 * fits a double (2^53) goes on as a BigInt, and is the nearest double in the end. When another value no
 * longer fits, the rows become plain doubles. Plain doubles are summed with
 * compensation for rounding errors (Neumaier 1974).
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

/** The aggregates of one metric for some rows. */
export interface MetricRows {
  /** Makes a row empty. */
  clear(row: number): void;
  /** Adds the values `start` to `end` (exclusive) of a column to a row, later than those before. */
  add(row: number, column: Column, start: number, end: number): void;
  /** An aggregate of the first rows, NaN where there is none. */
  column(aggregate: AggregateName | null, rows: number): Column;
}

/** Rows without values. Only the named aggregates can be read. */
export function createMetricRows(
  room: number,
  kinds: readonly (AggregateName | null)[],
): MetricRows {
  const newRows = () => new Float64Array(room);
  const counts = newRows(), sums = newRows(), lost = newRows();
  const lows = newRows(), highs = newRows(), firsts = newRows(), lasts = newRows();
  const atScale = [sums, lost, lows, highs, firsts, lasts];
  const hasSum = kinds.some((kind) => kind === "sum" || kind === "mean");
  const hasRange = kinds.some((kind) => kind === "min" || kind === "max");
  const hasEnds = kinds.some((kind) => kind === "first" || kind === "last");
  /** What sums have beyond 2^53, by row. */
  const carries = new Map<number, bigint>();
  let scale = 0, used = 0;

  /** Moves all rows to a larger scale, or to doubles if one of them does not fit. */
  function toScale(next: number): void {
    if (next === scale) return;
    const factor = powerOfTen(next - scale);
    const limit = Number.MAX_SAFE_INTEGER / factor;
    for (let row = 0; row < used; row++) {
      if (
        Math.abs(sums[row]) > limit || Math.abs(lows[row]) > limit ||
        Math.abs(highs[row]) > limit || Math.abs(firsts[row]) > limit ||
        Math.abs(lasts[row]) > limit
      ) return toDoubles();
    }
    for (const values of atScale) for (let row = 0; row < used; row++) values[row] *= factor;
    for (const [row, carried] of carries) carries.set(row, carried * BigInt(factor));
    scale = next;
  }

  function toDoubles(): void {
    const large = [...carries.keys()].map((row) => [row, totalOf(row)]);
    if (scale > 0) {
      const divisor = powerOfTen(scale);
      for (const values of atScale) for (let row = 0; row < used; row++) values[row] /= divisor;
    }
    for (const [row, total] of large) sums[row] = total;
    carries.clear();
    scale = FLOAT;
  }

  /** The double nearest to the sum of a row. */
  function totalOf(row: number): number {
    if (scale === FLOAT) return sums[row] + lost[row];
    const carried = carries.get(row);
    return carried === undefined
      ? toNumber(sums[row], scale)
      : Number(`${carried + BigInt(sums[row])}e-${scale}`);
  }

  function addSum(row: number, value: number): void {
    const before = sums[row], next = before + value;
    if (scale === FLOAT) {
      lost[row] += Math.abs(before) >= Math.abs(value)
        ? before - next + value
        : value - next + before;
    } else if (Math.abs(next) > Number.MAX_SAFE_INTEGER) {
      carries.set(row, (carries.get(row) ?? 0n) + BigInt(before));
      sums[row] = value;
      return;
    }
    sums[row] = next;
  }

  /** Adds values at the scale of the rows times `factor`, or plain doubles. */
  function addValues(row: number, values: Float64Array, span: Rows): void {
    const { start, end, factor } = span;
    let count = 0, sum = 0, size = 0;
    for (let i = start; i < end; i++) {
      const value = values[i];
      if (value !== value) continue;
      count++;
      sum += value;
      size += value < 0 ? -value : value;
    }
    if (count === 0) return;
    if (hasSum) {
      // Partial sums are never larger than the sum of sizes, so all of them were exact.
      if (scale !== FLOAT && size * factor <= Number.MAX_SAFE_INTEGER) addSum(row, sum * factor);
      else {for (let i = start; i < end; i++) {
          const value = values[i];
          if (value === value) addSum(row, scale === FLOAT ? value / span.divisor : value * factor);
        }}
    }
    const isFirst = counts[row] === 0;
    counts[row] += count;
    if (hasRange) addRange(row, values, { ...span, isFirst });
    if (hasEnds) addEnds(row, values, { ...span, isFirst });
  }

  function converted(value: number, { factor, divisor }: Rows): number {
    return scale === FLOAT ? value / divisor : value * factor;
  }

  function addRange(row: number, values: Float64Array, span: Rows & { isFirst: boolean }): void {
    let low = Infinity, high = -Infinity;
    for (let i = span.start; i < span.end; i++) {
      if (values[i] < low) low = values[i];
      if (values[i] > high) high = values[i];
    }
    low = converted(low, span);
    high = converted(high, span);
    lows[row] = span.isFirst ? low : Math.min(lows[row], low);
    highs[row] = span.isFirst ? high : Math.max(highs[row], high);
  }

  function addEnds(row: number, values: Float64Array, span: Rows & { isFirst: boolean }): void {
    let first = span.start, last = span.end - 1;
    while (values[first] !== values[first]) first++;
    while (values[last] !== values[last]) last--;
    if (span.isFirst) firsts[row] = converted(values[first], span);
    lasts[row] = converted(values[last], span);
  }

  return {
    clear(row) {
      used = row + 1;
      counts[row] = 0;
      carries.delete(row);
      for (const values of atScale) values[row] = 0;
    },
    add(row, column, start, end) {
      if (column.scale === FLOAT && scale !== FLOAT) toDoubles();
      if (scale !== FLOAT && column.scale > scale) toScale(column.scale);
      if (scale > column.scale && isTooLarge(column, { start, end, scale })) toDoubles();
      const isFixed = column.scale !== FLOAT && scale !== FLOAT;
      const factor = isFixed ? powerOfTen(scale - column.scale) : 1;
      const divisor = column.scale > 0 ? powerOfTen(column.scale) : 1;
      addValues(row, column.values, { start, end, factor, divisor });
    },
    column(aggregate, rows) {
      if (aggregate === "count") return { scale: 0, values: counts.slice(0, rows) };
      const known = (values: Float64Array) => {
        const copy = values.slice(0, rows);
        for (let row = 0; row < rows; row++) if (counts[row] === 0) copy[row] = NaN;
        return copy;
      };
      /** Sums at the scale of the rows, or as doubles where one of them does not fit. */
      const totals = (): Column => {
        const values = known(sums);
        if (scale !== FLOAT && carries.size === 0) return { scale, values };
        for (let row = 0; row < rows; row++) if (counts[row] > 0) values[row] = totalOf(row);
        return { scale: FLOAT, values };
      };
      const column = (values: Float64Array) => ({ scale, values });
      switch (aggregate) {
        case "min":
          return column(known(lows));
        case "max":
          return column(known(highs));
        case "first":
          return column(known(firsts));
        case "last":
          return column(known(lasts));
        case "mean":
          return means(totals(), counts);
        default:
          return totals();
      }
    },
  };
}

/** Whether a value of a column does not fit a larger scale. */
function isTooLarge(
  column: Column,
  { start, end, scale }: { start: number; end: number; scale: number },
): boolean {
  if (column.scale === FLOAT) return false;
  const limit = Number.MAX_SAFE_INTEGER / powerOfTen(scale - column.scale);
  for (let i = start; i < end; i++) if (Math.abs(column.values[i]) > limit) return true;
  return false;
}

/** Which values to add, and how they become values at the scale of the rows. */
interface Rows {
  readonly start: number;
  readonly end: number;
  /** From the scale of the column to that of the rows, if both are fixed. */
  readonly factor: number;
  /** From a mantissa of the column to its value. */
  readonly divisor: number;
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
