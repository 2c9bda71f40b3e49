/**
 * What a load was like over a range: total, mean, peak, base load, and the load duration curve.
 *
 * All of it counts intervals of a quarter of an hour or longer, as bills do: the value of an interval is
 * the sum of its readings if the metric is summed, and their mean otherwise. A sum of only some of the
 * readings of an interval says nothing about its load, so such intervals are left out of the peak, the
 * base load and the curve.
 *
 * @module
 */

/** One value for each interval. NaN is an interval without a value. */
export interface IntervalValues {
  /** The starts of the intervals, epoch milliseconds. */
  readonly timesMs: Float64Array;
  /** The value of each: the sum of its readings, or their mean. */
  readonly values: Float64Array;
  /** The sums of their readings. */
  readonly sums: Float64Array;
  /** How many readings with a value each has. */
  readonly counts: Float64Array;
  /** The smallest readings. */
  readonly lows: Float64Array;
  /** The largest readings. */
  readonly highs: Float64Array;
  /** The share of the readings each should have that are there; NaN where nobody knows. */
  readonly shares: Float64Array;
}

/** A value and the interval that has it. */
export interface ValueAt {
  /** The value. */
  readonly value: number;
  /** The start of the interval, epoch milliseconds. */
  readonly atMs: number;
}

/** A point of the load duration curve. */
export interface CurvePoint {
  /** A share of the intervals with a value, 0 to 1. */
  readonly share: number;
  /** The value that this share of the intervals reaches. */
  readonly value: number;
}

/** The statistics. */
export interface LoadStatistics {
  /** How many readings have a value. */
  readonly readings: number;
  /** How many intervals have one; of a metric that is summed, how many have all their readings. */
  readonly intervals: number;
  /** The sum of the readings; null if the metric is not summed, or has no values. */
  readonly total: number | null;
  /** The mean of the readings; null without values, like the rest. */
  readonly mean: number | null;
  /** The smallest reading. */
  readonly min: number | null;
  /** The largest reading. */
  readonly max: number | null;
  /** The interval with the largest value, the first of several. */
  readonly peak: ValueAt | null;
  /** The value that 95 % of the intervals reach. */
  readonly baseLoad: number | null;
  /** The curve, from the largest value to the smallest. */
  readonly curve: readonly CurvePoint[];
}

/** The share of the intervals that reach the base load. */
const BASE_SHARE = 0.95;
/** How many steps the curve has. */
const CURVE_STEPS = 200;

/** Computes the statistics. */
export function loadStatistics(
  intervals: IntervalValues,
  isSummed: boolean,
): LoadStatistics {
  const { timesMs, values, sums, counts, lows, highs } = intervals;
  const usual = isSummed ? usualCount(intervals) : 1;
  let readings = 0, total = 0, min = Infinity, max = -Infinity;
  let peak: ValueAt | null = null;
  const present: number[] = [];
  for (let row = 0; row < timesMs.length; row++) {
    if (counts[row] === 0) continue;
    readings += counts[row];
    total += sums[row];
    min = Math.min(min, lows[row]);
    max = Math.max(max, highs[row]);
    if (isSummed && (intervals.shares[row] < 1 || counts[row] < usual)) continue;
    const value = values[row];
    present.push(value);
    if (peak === null || value > peak.value) peak = { value, atMs: timesMs[row] };
  }
  if (readings === 0) {
    const none = { total: null, mean: null, min: null, max: null, peak, baseLoad: null };
    return { readings, intervals: 0, ...none, curve: [] };
  }
  if (present.length === 0) {
    const sums = { total: isSummed ? total : null, mean: total / readings, min, max };
    return { readings, intervals: 0, ...sums, peak, baseLoad: null, curve: [] };
  }
  const falling = Float64Array.from(present).sort().reverse();
  const reachedBy = (share: number) => falling[Math.max(0, Math.ceil(share * falling.length) - 1)];
  return {
    readings,
    intervals: present.length,
    total: isSummed ? total : null,
    mean: total / readings,
    min,
    max,
    peak,
    baseLoad: reachedBy(BASE_SHARE),
    curve: Array.from({ length: CURVE_STEPS + 1 }, (_, step) => {
      const share = step / CURVE_STEPS;
      return { share, value: reachedBy(share) };
    }),
  };
}

/**
 * How many values an interval has in which no reading is missing, in most of them. A metric may have a
 * value in some readings only, such as an energy each quarter of an hour next to a power each minute.
 */
function usualCount({ counts, shares }: IntervalValues): number {
  const whole = counts.filter((count, row) => count > 0 && !(shares[row] < 1)).sort();
  return whole[Math.floor(whole.length / 2)] ?? 1;
}
