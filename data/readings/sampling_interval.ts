/**
 * The sampling interval of a series, and how many readings it lacks at that interval.
 *
 * @module
 */

import type { Span } from "./page.ts";

/** Measures the distances between times that arrive in ascending order. */
export interface IntervalMeter {
  /** Counts the distances between these times, and from the last time of the previous call. */
  add(timesMs: Float64Array): void;
  /**
   * How many steps of the most common interval in a span have no reading: before the first reading,
   * in the gaps, and after the last. If several intervals are equally common, the shortest one
   * applies. Null with fewer than two readings.
   */
  missingIntervals(span: Span): number | null;
  /** What it has measured so far, for another meter that goes on; null without times. */
  measured(): MeasuredIntervals | null;
}

/** What a meter has measured, as a value that can be stored. */
export interface MeasuredIntervals {
  /** The first time, epoch milliseconds. */
  readonly firstMs: number;
  /** The last time. */
  readonly lastMs: number;
  /** Each distance in milliseconds, and how often it occurred. */
  readonly counts: readonly (readonly [distanceMs: number, count: number])[];
}

/** A meter without times, or one that goes on after what another has measured. */
export function createIntervalMeter(before: MeasuredIntervals | null = null): IntervalMeter {
  const counts = new Map<number, number>(before?.counts);
  let firstMs = before?.firstMs ?? NaN, lastMs = before?.lastMs ?? NaN;
  /** The current distance and how often it has repeated in a row, not yet in `counts`. */
  let currentMs = 0, repeats = 0;

  function addCount(distanceMs: number, count: number): void {
    if (count > 0) counts.set(distanceMs, (counts.get(distanceMs) ?? 0) + count);
  }

  function countRepeats(): void {
    addCount(currentMs, repeats);
    repeats = 0;
  }

  return {
    add(timesMs) {
      if (timesMs.length === 0) return;
      if (firstMs !== firstMs) firstMs = timesMs[0];
      // Local copies: a loop over variables of the closure is slower.
      let beforeMs = lastMs, sameMs = currentMs, count = repeats;
      for (let i = 0; i < timesMs.length; i++) {
        const distanceMs = timesMs[i] - beforeMs;
        beforeMs = timesMs[i];
        if (distanceMs === sameMs) {
          // Most distances repeat the one before.
          const first = i;
          while (i + 1 < timesMs.length && timesMs[i + 1] - timesMs[i] === sameMs) i++;
          beforeMs = timesMs[i];
          count += 1 + i - first;
        } else if (distanceMs === distanceMs) {
          addCount(sameMs, count);
          sameMs = distanceMs;
          count = 1;
        }
      }
      lastMs = beforeMs;
      currentMs = sameMs;
      repeats = count;
    },
    measured() {
      countRepeats();
      return firstMs !== firstMs ? null : { firstMs, lastMs, counts: [...counts] };
    },
    missingIntervals(span) {
      countRepeats();
      if (counts.size === 0) return null;
      const intervalMs = mostCommon(counts);
      let missing = Math.floor((firstMs - span.fromMs) / intervalMs) +
        Math.floor((span.toMs - 1 - lastMs) / intervalMs);
      for (const [distanceMs, count] of counts) {
        missing += Math.max(0, Math.round(distanceMs / intervalMs) - 1) * count;
      }
      return missing;
    },
  };
}

function mostCommon(counts: ReadonlyMap<number, number>): number {
  let best = Infinity, bestCount = 0;
  for (const [distanceMs, count] of counts) {
    if (count > bestCount || (count === bestCount && distanceMs < best)) {
      best = distanceMs;
      bestCount = count;
    }
  }
  return best;
}
