/**
 * The median and percentiles of measurements.
 *
 * @module
 */

/** The median of some numbers; of two middle numbers the lower one. NaN without numbers. */
export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/**
 * A percentile (above 0, at most 100) by nearest rank: the smallest of the numbers that this share of
 * them does not exceed. NaN without numbers.
 */
export function percentile(values: readonly number[], percent: number): number {
  const rank = Math.ceil(values.length * percent / 100);
  return values.toSorted((a, b) => a - b)[rank - 1] ?? NaN;
}
