/**
 * The intervals of all meters of a profile: each meter has a stage of its own (`interval_stage.ts`).
 *
 * @module
 */

import { concatPages } from "../readings/page.ts";
import type { Metric } from "../readings/profile.ts";
import type { Decimal } from "../text/decimal_fields.ts";
import type { IntervalRules } from "./interval_rules.ts";
import {
  type BreakKind,
  createIntervalStage,
  type IntervalStage,
  type LeftOutKind,
} from "./interval_stage.ts";
import type { NumberedBatch } from "./meter_pages.ts";
import type { UploadBatch } from "./repeats.ts";

/** Turns the rows of meters into the readings of their intervals. */
export interface MeterIntervals {
  /** Takes rows; returns the readings whose intervals are complete; all of them at the end. */
  take(batches: readonly NumberedBatch[], isEnd: boolean): NumberedBatch[];
}

/** What is reported of a meter, which goes by its number. */
export interface MeterIntervalEvents {
  /** A register has no energy for the interval of a row. */
  onBreak(meter: number, kind: BreakKind, at: { place: number; timeMs: number }): void;
  /** A row gives no reading. */
  onLeftOut(meter: number, kind: LeftOutKind): void;
  /** The value of an interval is outside the range of its metric. */
  onOutOfRange(meter: number, metric: Metric, at: { value: Decimal; place: number }): void;
}

/** Intervals without rows. */
export function createMeterIntervals(
  metrics: readonly Metric[],
  rules: IntervalRules,
  { exponents, events }: { exponents: Int8Array; events: MeterIntervalEvents },
): MeterIntervals {
  const stages = new Map<number, IntervalStage>();

  function createStage(meter: number): IntervalStage {
    return createIntervalStage(metrics, rules, {
      exponents,
      events: {
        onBreak: (kind, place, timeMs) => events.onBreak(meter, kind, { place, timeMs }),
        onLeftOut: (kind) => events.onLeftOut(meter, kind),
        onOutOfRange: (metric, value, place) =>
          events.onOutOfRange(meter, metrics[metric], { value, place }),
      },
    });
  }

  return {
    take(batches, isEnd) {
      const taken = new Map<number, UploadBatch[]>();
      const add = (meter: number, batch: UploadBatch) => {
        if (batch.places.length > 0) taken.set(meter, [...taken.get(meter) ?? [], batch]);
      };
      for (const { meter, batch } of batches) {
        const stage = stages.get(meter) ?? createStage(meter);
        stages.set(meter, stage);
        add(meter, stage.next(batch));
      }
      if (isEnd) { for (const [meter, stage] of stages) add(meter, stage.end()); }
      return [...taken].map(([meter, parts]) => ({ meter, batch: joined(parts) }));
    },
  };
}

function joined(parts: readonly UploadBatch[]): UploadBatch {
  if (parts.length === 1) return parts[0];
  const places = parts.flatMap((part) => [...part.places]);
  return { page: concatPages(parts.map(({ page }) => page)), places: Float64Array.from(places) };
}
