/**
 * The times of the rows of all meters in an upload, each meter's in its own order.
 *
 * @module
 */

import { HOUR_MS } from "../limits.ts";
import type { WallTime } from "../time/time_text.ts";
import {
  createTimeSequence,
  numberedStart,
  type TimeRules,
  type TimeSequence,
} from "./time_sequence.ts";

/** The times of the rows of meters, which go by their numbers. */
export interface MeterTimes {
  /**
   * The start of the interval of a meter's next row, epoch milliseconds; NaN if there is no such time.
   * It may be settled later; see `TimeSequence.next`.
   */
  next(meter: number, time: WallTime, row: number): number;
  /** Says that the row of the last `next()` of a meter is not kept. */
  drop(meter: number): void;
  /** Whether any row may still be settled. */
  isOpen(): boolean;
  /** The first row of a meter that may still be settled; Infinity if there is none. */
  openRow(meter: number): number;
  /** Settles the open rows of all meters. */
  settle(): void;
  /** How many rows of a meter had two instants and nothing that told which it was. */
  ambiguous(meter: number): number;
}

/** Times without rows. `rulesOf` is asked once, with the first row; null means UTC. */
export function createMeterTimes(
  rulesOf: () => TimeRules | null,
  settle: (row: number, timeMs: number) => void,
): MeterTimes {
  const sequences: (TimeSequence | undefined)[] = [];
  let rules: TimeRules | null | undefined;

  function instantOf(rules: TimeRules, meter: number, time: WallTime, row: number): number {
    const { wallMs, offsetMs, period } = time;
    if (period !== undefined) {
      const intervalMs = rules.intervalMs || HOUR_MS;
      return numberedStart(rules, { midnightMs: wallMs, period, intervalMs });
    }
    if (offsetMs === offsetMs) {
      return wallMs - offsetMs - (rules.stamp === "end" ? rules.intervalMs : 0);
    }
    return (sequences[meter] ??= createTimeSequence(rules, settle)).next(wallMs, row);
  }

  return {
    next(meter, time, row) {
      rules ??= rulesOf();
      if (rules !== null) return instantOf(rules, meter, time, row);
      return time.offsetMs === time.offsetMs ? time.wallMs - time.offsetMs : time.wallMs;
    },
    drop: (meter) => sequences[meter]?.drop(),
    isOpen: () => sequences.some((one) => one !== undefined && one.openRow() < Infinity),
    openRow: (meter) => sequences[meter]?.openRow() ?? Infinity,
    settle() {
      for (const sequence of sequences) sequence?.end();
    },
    ambiguous: (meter) => sequences[meter]?.ambiguous() ?? 0,
  };
}
