/**
 * What is said of many measurements of one thing.
 *
 * @module
 */

/** The middle of some numbers; the lower one of two middles. NaN where there are none. */
export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/**
 * The least of some numbers that so many percent of them (above 0, at most 100) do not exceed: the
 * nearest rank, so always one of them. NaN where there are none.
 */
export function percentile(values: readonly number[], percent: number): number {
  const rank = Math.ceil(values.length * percent / 100);
  return values.toSorted((a, b) => a - b)[rank - 1] ?? NaN;
}
