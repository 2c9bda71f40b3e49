/**
 * How regularly readings come, and how many are missing.
 *
 * @module
 */

import type { Span } from "./page.ts";

/** Takes times in ascending order and tells what is missing among them. */
export interface CadenceMeter {
  /** Counts the distances between the times, the last one of the call before included. */
  add(timesMs: Float64Array): void;
  /**
   * Steps of the most common cadence within a span that have no reading: before the first one,
   * in the gaps, and after the last one. Of cadences equally common the shortest counts.
   * Null with fewer than two readings.
   */
  missingIntervals(span: Span): number | null;
}

/** A meter that has seen nothing yet. */
export function createCadenceMeter(): CadenceMeter {
  const distances = new Map<number, number>();
  let firstMs = NaN, lastMs = NaN;
  let currentMs = 0, run = 0;

  function tally(distanceMs: number, count: number): void {
    if (count > 0) distances.set(distanceMs, (distances.get(distanceMs) ?? 0) + count);
  }

  return {
    add(timesMs) {
      if (timesMs.length === 0) return;
      if (firstMs !== firstMs) firstMs = timesMs[0];
      // Copies, as a loop over what a closure holds takes longer.
      let beforeMs = lastMs, sameMs = currentMs, count = run;
      for (let i = 0; i < timesMs.length; i++) {
        const distanceMs = timesMs[i] - beforeMs;
        beforeMs = timesMs[i];
        if (distanceMs === sameMs) count++;
        else if (distanceMs === distanceMs) {
          tally(sameMs, count);
          sameMs = distanceMs;
          count = 1;
        }
      }
      lastMs = beforeMs;
      currentMs = sameMs;
      run = count;
    },
    missingIntervals(span) {
      tally(currentMs, run);
      run = 0;
      if (distances.size === 0) return null;
      const cadenceMs = mostCommon(distances);
      let missing = Math.floor((firstMs - span.fromMs) / cadenceMs) +
        Math.floor((span.toMs - 1 - lastMs) / cadenceMs);
      for (const [distanceMs, count] of distances) {
        missing += Math.max(0, Math.round(distanceMs / cadenceMs) - 1) * count;
      }
      return missing;
    },
  };
}

function mostCommon(distances: ReadonlyMap<number, number>): number {
  let best = Infinity, bestCount = 0;
  for (const [distanceMs, count] of distances) {
    if (count > bestCount || (count === bestCount && distanceMs < best)) {
      best = distanceMs;
      bestCount = count;
    }
  }
  return best;
}
