/**
 * What the load of a source was like over a range.
 *
 * @module
 */

import { type LoadStatistics, loadStatistics } from "../../data/charts/load_statistics.ts";
import { createBucketRows } from "../../data/exports/bucket_rows.ts";
import { COMPLETENESS } from "../../data/exports/outputs.ts";
import type { AggregateName } from "../../data/exports/spec.ts";
import { toFloats } from "../../data/readings/decimal.ts";
import { concatPages, emptyPage, type Span } from "../../data/readings/page.ts";
import {
  BUCKET_LENGTHS,
  type BucketLength,
  createCalendarBuckets,
  fixedLengthMs,
} from "../../data/time/calendar_buckets.ts";
import { sampleCadence } from "../../kv/series/sampled_cadence.ts";
import type { ChartDeps, ChartSource } from "./chart_source.ts";

/** The statistics, and the interval that they count. */
export interface ChartStatistics extends LoadStatistics {
  /** The interval. */
  readonly interval: BucketLength;
}

const KINDS: readonly AggregateName[] = ["sum", "count", "min", "max", "mean"];

/** Reads the statistics of one metric. */
export async function readStatistics(
  { series }: Pick<ChartDeps, "series">,
  { ref, profile }: ChartSource,
  { span, zone, metric, signal }: {
    span: Span;
    zone: string;
    metric: number;
    signal: AbortSignal;
  },
): Promise<ChartStatistics> {
  const cadenceMs = await sampleCadence(series, ref, { ...span, signal });
  const interval = intervalFor(cadenceMs);
  const rows = createBucketRows({
    outputs: [
      ...KINDS.map((aggregate) => ({ name: aggregate, metric, aggregate })),
      { name: COMPLETENESS, metric: -1, aggregate: null },
    ],
    bucketAt: createCalendarBuckets(zone, interval),
    span,
    cadenceMs,
    isFilled: false,
  });
  const read = { ...span, profile, only: [metric], reusesMemory: true };
  for await (const page of series.read(ref, read, signal)) rows.add(page);
  rows.end();
  const pages = rows.take();
  const { timesMs, columns } = pages.length === 0
    ? emptyPage(KINDS.length + 1)
    : concatPages(pages);
  const numbers = columns.map(({ values, scale }) => toFloats(values, scale));
  const [sums, counts, lows, highs, means, shares] = numbers;
  const isSummed = profile.metrics[metric].aggregate === "sum";
  const values = isSummed ? sums : means;
  const intervals = { timesMs, values, sums, counts, lows, highs, shares };
  return { interval, ...loadStatistics(intervals, isSummed) };
}

/** A quarter of an hour, or longer if the source measures less often. */
function intervalFor(cadenceMs: number | null): BucketLength {
  const quarter = BUCKET_LENGTHS.indexOf("15m");
  return BUCKET_LENGTHS.slice(quarter).find((length) =>
    (fixedLengthMs(length) ?? Infinity) >= (cadenceMs ?? 0)
  ) ?? "1d";
}
