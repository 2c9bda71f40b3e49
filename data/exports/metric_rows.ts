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

import { FLOAT, powerOfTen } from "../readings/decimal.ts";
import type { Column } from "../readings/page.ts";
import { columnOf, type MetricState, totalOf } from "./metric_columns.ts";
import type { AggregateName } from "./spec.ts";

/** The aggregates of one metric for some rows. */
export interface MetricRows {
  /** Makes all rows empty. */
  clear(): void;
  /** Adds values of a column to rows, later than those before. */
  add(column: Column, into: RowRanges): void;
  /** An aggregate of the first rows, NaN where there is none. */
  column(aggregate: AggregateName | null, rows: number): Column;
  /** The scale of the rows, which later rows keep at least. */
  scale(): number;
}

/** Which values of a column belong to which row: each row continues where the one before ends. */
export interface RowRanges {
  /** The first row. */
  readonly fromRow: number;
  /** The row after the last one. */
  readonly toRow: number;
  /** Where the values of the first row begin. */
  readonly start: number;
  /** Where the values of each row end (exclusive), by row. */
  readonly ends: Int32Array;
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

/** Rows without values, at a scale. Only the named aggregates can be read. */
export function createMetricRows(
  room: number,
  kinds: readonly (AggregateName | null)[],
  scale = 0,
): MetricRows {
  const newRows = () => new Float64Array(room);
  const has = (...names: AggregateName[]) => names.some((name) => kinds.includes(name));
  const state: MetricState = {
    counts: newRows(),
    sums: newRows(),
    lost: newRows(),
    lows: newRows(),
    highs: newRows(),
    firsts: newRows(),
    lasts: newRows(),
    carries: new Map(),
    scale,
    used: 0,
    hasSum: has("sum", "mean"),
    hasRange: has("min", "max"),
    hasEnds: has("first", "last"),
  };
  return {
    clear() {
      for (const values of [state.counts, ...scaledOf(state)]) values.fill(0, 0, state.used);
      state.carries.clear();
      state.used = 0;
    },
    add(column, into) {
      const { fromRow, toRow, ends } = into;
      let { start } = into;
      for (let row = fromRow; row < toRow; row++) {
        if (column.scale === state.scale && canAddSums(state)) {
          state.used = Math.max(state.used, toRow);
          row = addSums(state, column.values, { ...into, fromRow: row, start });
          if (row === toRow) return;
          start = row > fromRow ? ends[row - 1] : start;
        }
        state.used = Math.max(state.used, row + 1);
        if (ends[row] > start) addColumn(state, row, column, { start, end: ends[row] });
        start = ends[row];
      }
    },
    column: (aggregate, rows) => columnOf(state, aggregate, rows),
    scale: () => state.scale,
  };
}

/** Whether the rows are sums of whole numbers and nothing else, as they are most of the time. */
function canAddSums({ scale, hasSum, hasRange, hasEnds }: MetricState): boolean {
  return hasSum && !hasRange && !hasEnds && scale !== FLOAT;
}

/**
 * Adds values of the scale of the rows to their sums. Returns the first row that has missing values, or
 * whose sum is too large for this, and leaves it as it is; the row after the last one without any.
 */
function addSums(
  { sums, counts }: MetricState,
  values: Float64Array,
  { fromRow, toRow, start, ends }: RowRanges,
): number {
  let at = start;
  for (let row = fromRow; row < toRow; row++) {
    const first = at, end = ends[row];
    let sum = 0, size = Math.abs(sums[row]);
    for (; at < end; at++) {
      sum += values[at];
      size += Math.abs(values[at]);
    }
    // A missing value makes the size NaN. Partial sums are never larger than it, so all were exact.
    if (!(size <= Number.MAX_SAFE_INTEGER)) return row;
    sums[row] += sum;
    counts[row] += end - first;
  }
  return toRow;
}

/** Adds the values `start` to `end` (exclusive) of a column to a row. */
function addColumn(
  state: MetricState,
  row: number,
  column: Column,
  { start, end }: { start: number; end: number },
): void {
  const { scale, values } = column;
  if (scale === FLOAT && state.scale !== FLOAT) toDoubles(state);
  if (state.scale !== FLOAT && scale > state.scale) toScale(state, scale);
  if (state.scale > scale && isTooLarge(column, { start, end, scale: state.scale })) {
    toDoubles(state);
  }
  const isFixed = scale !== FLOAT && state.scale !== FLOAT;
  const factor = isFixed ? powerOfTen(state.scale - scale) : 1;
  const divisor = scale > 0 ? powerOfTen(scale) : 1;
  addValues(state, row, values, { start, end, factor, divisor });
}

/** Everything that has the scale of the rows. */
function scaledOf({ sums, lost, lows, highs, firsts, lasts }: MetricState): Float64Array[] {
  return [sums, lost, lows, highs, firsts, lasts];
}

/** Moves all rows to a larger scale, or to doubles if one of them does not fit. */
function toScale(state: MetricState, scale: number): void {
  const factor = powerOfTen(scale - state.scale);
  const limit = Number.MAX_SAFE_INTEGER / factor;
  const isLarge = (values: Float64Array) =>
    values.subarray(0, state.used).some((value) => Math.abs(value) > limit);
  const scaled = scaledOf(state);
  if (scaled.some(isLarge)) return toDoubles(state);
  for (const values of scaled) for (let row = 0; row < state.used; row++) values[row] *= factor;
  for (const [row, carried] of state.carries) state.carries.set(row, carried * BigInt(factor));
  state.scale = scale;
}

function toDoubles(state: MetricState): void {
  const { carries, sums, used, scale } = state;
  const large = [...carries.keys()].map((row) => [row, totalOf(state, row)]);
  if (scale > 0) {
    const divisor = powerOfTen(scale);
    for (const values of scaledOf(state)) {
      for (let row = 0; row < used; row++) values[row] /= divisor;
    }
  }
  for (const [row, total] of large) sums[row] = total;
  carries.clear();
  state.scale = FLOAT;
}

function addSum({ scale, sums, lost, carries }: MetricState, row: number, value: number): void {
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

/** Adds values to a row. */
function addValues(state: MetricState, row: number, values: Float64Array, part: Rows): void {
  const { start, end, factor } = part;
  let count = 0, sum = 0, size = 0;
  for (let i = start; i < end; i++) {
    const value = values[i];
    if (value !== value) continue;
    count++;
    sum += value;
    size += value < 0 ? -value : value;
  }
  if (count === 0) return;
  // Partial sums are never larger than the sum of sizes, so all of them were exact.
  const isExact = state.scale !== FLOAT && size * factor <= Number.MAX_SAFE_INTEGER;
  if (state.hasSum && isExact) addSum(state, row, sum * factor);
  else if (state.hasSum) addEach(state, row, values, part);
  const isFirst = state.counts[row] === 0;
  state.counts[row] += count;
  if (state.hasRange) addRange(state, row, values, { ...part, isFirst });
  if (state.hasEnds) addEnds(state, row, values, { ...part, isFirst });
}

function addEach(state: MetricState, row: number, values: Float64Array, part: Rows): void {
  for (let i = part.start; i < part.end; i++) {
    if (values[i] === values[i]) addSum(state, row, converted(state, values[i], part));
  }
}

function converted({ scale }: MetricState, value: number, { factor, divisor }: Rows): number {
  return scale === FLOAT ? value / divisor : value * factor;
}

function addRange(
  state: MetricState,
  row: number,
  values: Float64Array,
  part: Rows & { isFirst: boolean },
): void {
  let low = Infinity, high = -Infinity;
  for (let i = part.start; i < part.end; i++) {
    if (values[i] < low) low = values[i];
    if (values[i] > high) high = values[i];
  }
  low = converted(state, low, part);
  high = converted(state, high, part);
  const { lows, highs } = state;
  lows[row] = part.isFirst ? low : Math.min(lows[row], low);
  highs[row] = part.isFirst ? high : Math.max(highs[row], high);
}

function addEnds(
  state: MetricState,
  row: number,
  values: Float64Array,
  part: Rows & { isFirst: boolean },
): void {
  let first = part.start, last = part.end - 1;
  while (values[first] !== values[first]) first++;
  while (values[last] !== values[last]) last--;
  if (part.isFirst) state.firsts[row] = converted(state, values[first], part);
  state.lasts[row] = converted(state, values[last], part);
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
