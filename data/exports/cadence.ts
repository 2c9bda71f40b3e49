/**
 * How often a source measures, and what is missing at that cadence.
 *
 * @module
 */

import type { FileGap } from "../encoders/encoder.ts";
import type { Page, Span } from "../readings/page.ts";

/** The most distances that count as one cadence, so that a broken clock cannot fill memory. */
const DISTANCES_MAX = 10_000;

/** Finds how often a source measures. */
export interface CadenceMeter {
  /** Adds ascending times that continue the stretch. */
  add(timesMs: Float64Array): void;
  /** Begins another stretch, which need not join the one before. */
  beginStretch(): void;
  /** The most common distance, milliseconds, of several the shortest; null without any. */
  cadenceMs(): number | null;
}

/** A meter without times. */
export function createCadenceMeter(): CadenceMeter {
  const counts = new Map<number, number>();
  let lastMs = NaN;
  return {
    add(timesMs) {
      for (let i = 0; i < timesMs.length && counts.size < DISTANCES_MAX; i++) {
        const distanceMs = timesMs[i] - lastMs;
        lastMs = timesMs[i];
        if (distanceMs === distanceMs) counts.set(distanceMs, (counts.get(distanceMs) ?? 0) + 1);
      }
    },
    beginStretch() {
      lastMs = NaN;
    },
    cadenceMs() {
      let best: number | null = null, bestCount = 0;
      for (const [distanceMs, count] of counts) {
        if (count > bestCount || (count === bestCount && distanceMs < (best ?? Infinity))) {
          best = distanceMs;
          bestCount = count;
        }
      }
      return best;
    },
  };
}

/** How many readings a span should have at a cadence, at least 1. */
export function expectedReadings({ fromMs, toMs }: Span, cadenceMs: number): number {
  return Math.max(1, Math.round((toMs - fromMs) / cadenceMs));
}

/** Finds the stretches without readings. */
export interface GapFinder {
  /** Adds ascending times, all later than those before. Returns whether one of them ends a gap. */
  add(timesMs: Float64Array): void;
  /** Ends the span, and returns the number of readings that are missing. */
  end(): number;
  /** The last time so far, epoch milliseconds; null without any. */
  lastMs(): number | null;
}

/** How to find gaps. */
export interface GapOptions {
  /** The span that should have readings. */
  readonly span: Span;
  /** How often the source measures, milliseconds. */
  readonly cadenceMs: number;
  /** Called for each gap, in the order of time. `toMs` is where readings go on, or would. */
  readonly onGap: (gap: Omit<FileGap, "source">) => void;
  /** The last time that another finder of the span has seen, where this one goes on. */
  readonly afterMs?: number | null;
}

/**
 * Finds gaps as `IntervalMeter` counts them: before the first reading, between two readings that are
 * further apart than the cadence, and after the last. Without a reading, the whole span is a gap.
 */
export function createGapFinder({ span, cadenceMs, onGap, afterMs }: GapOptions): GapFinder {
  let lastMs = afterMs ?? NaN, total = 0;

  function found(fromMs: number, toMs: number, missing: number): void {
    if (missing <= 0) return;
    total += missing;
    onGap({ fromMs, toMs, missing });
  }

  return {
    add(timesMs) {
      if (timesMs.length === 0) return;
      if (lastMs !== lastMs) {
        const missing = Math.floor((timesMs[0] - span.fromMs) / cadenceMs);
        found(timesMs[0] - missing * cadenceMs, timesMs[0], missing);
        lastMs = timesMs[0];
      }
      const most = cadenceMs * 1.5;
      let beforeMs = lastMs;
      for (let i = 0; i < timesMs.length; i++) {
        const timeMs = timesMs[i];
        if (timeMs - beforeMs >= most) {
          found(beforeMs + cadenceMs, timeMs, Math.round((timeMs - beforeMs) / cadenceMs) - 1);
        }
        beforeMs = timeMs;
      }
      lastMs = beforeMs;
    },
    end() {
      const hasNone = lastMs !== lastMs;
      const fromMs = hasNone ? span.fromMs : lastMs + cadenceMs;
      const missing = Math.floor((span.toMs - 1 - fromMs + cadenceMs) / cadenceMs);
      found(fromMs, fromMs + missing * cadenceMs, missing);
      return total;
    },
    lastMs: () => lastMs !== lastMs ? null : lastMs,
  };
}

/** The most rows of a page of missing readings. */
const FILL_ROWS = 8_192;

/** The rows of a gap, without values, in pages of a moderate length. */
export function* gapPages(
  { fromMs, missing }: Omit<FileGap, "source">,
  { cadenceMs, columnCount }: { cadenceMs: number; columnCount: number },
): Generator<Page> {
  for (let at = 0; at < missing; at += FILL_ROWS) {
    const rows = Math.min(FILL_ROWS, missing - at);
    const timesMs = new Float64Array(rows);
    for (let row = 0; row < rows; row++) timesMs[row] = fromMs + (at + row) * cadenceMs;
    const values = new Float64Array(rows).fill(NaN);
    yield { timesMs, columns: Array.from({ length: columnCount }, () => ({ scale: 0, values })) };
  }
}
