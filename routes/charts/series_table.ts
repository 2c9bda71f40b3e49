/**
 * A range of a series as columns: the readings as they are, or one row for each bucket.
 *
 * @module
 */

import type { NamedColumn } from "../../data/charts/packed_columns.ts";
import { createBucketRows } from "../../data/exports/bucket_rows.ts";
import { bucketsWithin, readingsWithin } from "../../data/exports/estimate.ts";
import type { Output } from "../../data/exports/outputs.ts";
import { concatPages, emptyPage, type Page, type Span } from "../../data/readings/page.ts";
import type { Metric } from "../../data/readings/profile.ts";
import {
  BUCKET_LENGTHS,
  type BucketLength,
  createCalendarBuckets,
} from "../../data/time/calendar_buckets.ts";
import { sampleCadence } from "../../kv/series/sampled_cadence.ts";
import { invalidRequest } from "../http/problem.ts";
import type { ChartInterval } from "./query_schemas.ts";
import type { ChartDeps, ChartSource } from "./chart_source.ts";

/** Most rows of one answer: a leap year of minutes has 527,040. */
export const ROWS_MAX = 600_000;

/** What a table shows. */
export interface TableRequest {
  /** The range. */
  readonly span: Span;
  /** The zone of buckets of a day and longer. */
  readonly zone: string;
  /** The length of buckets. */
  readonly interval: ChartInterval;
  /** With the interval `auto`, about how many rows there are at most. */
  readonly points: number;
  /** The indexes of the metrics. */
  readonly metrics: readonly number[];
  /** Aborts the read. */
  readonly signal: AbortSignal;
}

/** A range of a series. */
export interface SeriesTable {
  /** The length of buckets that was chosen. */
  readonly interval: BucketLength | "raw";
  /** How often the source measures, milliseconds; null if nobody knows. */
  readonly cadenceMs: number | null;
  /** The columns: `timestamp` first, in epoch milliseconds. */
  readonly columns: readonly NamedColumn[];
}

/**
 * Reads a table. Rows of buckets have no holes: a bucket without readings has a count of 0, and its
 * values are missing.
 *
 * @throws {AppError} INVALID_REQUEST if it would have too many rows.
 */
export async function readSeriesTable(
  { series }: Pick<ChartDeps, "series">,
  source: ChartSource,
  request: TableRequest,
): Promise<SeriesTable> {
  const { span, metrics, signal } = request;
  const { ref, profile } = source;
  const interval = chosenInterval(source, request);
  const cadenceMs = await sampleCadence(series, ref, { ...span, signal });
  const described = metrics.map((metric) => ({ metric, ...profile.metrics[metric] }));
  if (interval === "raw") {
    const pages: Page[] = [];
    let rows = 0;
    for await (const page of series.read(ref, { ...span, profile, only: metrics }, signal)) {
      rows += page.timesMs.length;
      requireRows(rows, interval);
      pages.push(page);
    }
    const { timesMs, columns } = pages.length === 0
      ? emptyPage(profile.metrics.length)
      : concatPages(pages);
    const values = described.map(({ metric, name, unit }) => ({ name, unit, ...columns[metric] }));
    return { interval, cadenceMs, columns: [timeColumn(timesMs), ...values] };
  }
  requireRows(bucketsWithin({ zone: request.zone, interval }, span), interval);
  const columns = await bucketColumns({ series }, source, { ...request, interval, described });
  return { interval, cadenceMs, columns };
}

/** A metric and its index. */
type Described = Metric & { readonly metric: number };

async function bucketColumns(
  { series }: Pick<ChartDeps, "series">,
  { ref, profile }: ChartSource,
  { span, zone, interval, metrics, described, signal }: TableRequest & {
    interval: BucketLength;
    described: readonly Described[];
  },
): Promise<NamedColumn[]> {
  const outputs = described.flatMap(({ metric, name, aggregate }): Output[] => [
    { name, metric, aggregate },
    { name: `${name}_min`, metric, aggregate: "min" },
    { name: `${name}_max`, metric, aggregate: "max" },
    { name: `${name}_count`, metric, aggregate: "count" },
  ]);
  const bucketAt = createCalendarBuckets(zone, interval);
  const rows = createBucketRows({ outputs, bucketAt, span, cadenceMs: null, isFilled: true });
  const read = { ...span, profile, only: metrics, reusesMemory: true };
  for await (const page of series.read(ref, read, signal)) rows.add(page);
  if (span.fromMs < span.toMs) rows.end();
  const pages = rows.take();
  const { timesMs, columns } = pages.length === 0 ? emptyPage(outputs.length) : concatPages(pages);
  const values = outputs.map(({ name, metric, aggregate }, index) => {
    const unit = aggregate === "count" ? null : profile.metrics[metric].unit;
    return { name, unit, ...columns[index] };
  });
  return [timeColumn(timesMs), ...values];
}

function timeColumn(values: Float64Array): NamedColumn {
  return { name: "timestamp", unit: "ms", scale: 0, values };
}

/** The shortest interval with at most about so many rows. */
function chosenInterval(
  { info }: ChartSource,
  { interval, span, zone, points }: TableRequest,
): BucketLength | "raw" {
  if (interval !== "auto") return interval;
  if (info === null || readingsWithin(info, span) <= points) return "raw";
  return BUCKET_LENGTHS.find((length) =>
    bucketsWithin({ zone, interval: length }, span) <= points
  ) ??
    "1y";
}

function requireRows(rows: number, interval: BucketLength | "raw"): void {
  if (rows <= ROWS_MAX) return;
  const detail =
    `interval must be longer, or the range shorter: an answer has at most ${ROWS_MAX} rows`;
  throw invalidRequest([{ pointer: "#interval", detail, value: interval }]);
}
