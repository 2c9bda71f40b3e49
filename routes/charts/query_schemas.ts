/**
 * The queries of charts: a range of time, a zone, and what to draw.
 *
 * @module
 */

import { z } from "zod";
import type { Span } from "../../data/readings/page.ts";
import type { Metric } from "../../data/readings/profile.ts";
import { BUCKET_LENGTHS, type BucketLength } from "../../data/time/calendar_buckets.ts";
import { plusHint, restorePlus, restoreZonePlus } from "../../data/time/query_plus.ts";
import { rangeLastMs, rangeStartMs, yearsRule } from "../../data/time/range_text.ts";
import { parameterErrors } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import { rangeTimeMeta, rangeTimeRule } from "../openapi/range_time.ts";
import { timezoneText } from "../readings/query.ts";
import type { ChartSource } from "./chart_source.ts";

/** Most metrics of one answer. */
const METRICS_MAX = 64;
/** The first and the last year that readings can have, whole. */
const FIRST_YEAR = 1970, LAST_YEAR = 9998;

function rangeTime(name: string): z.ZodType<string> {
  return z.string().refine((text) => rangeStartMs(restorePlus(text)) !== null, {
    error: ({ input }) => rangeTimeRule(name) + plusHint(input),
  });
}

/** The length of a bucket, `raw` for readings as they are, or `auto`. */
export type ChartInterval = BucketLength | "raw" | "auto";

const SLOTS = ["auto", "1m", "5m", "10m", "15m", "30m", "1h"] as const;
const INTERVALS = ["auto", "raw", ...BUCKET_LENGTHS] as const;
const intervalRule = `interval must be one of ${INTERVALS.join(", ")}`;

function wholeNumber(name: string, [low, high]: readonly [number, number]): z.ZodType<string> {
  const rule = `${name} must be a whole number from ${low} to ${high}`;
  return z.string().regex(/^\d{1,7}$/, rule)
    .refine((text) => Number(text) >= low && Number(text) <= high, rule);
}

/** The members of a range. */
const rangeShape = {
  start_time: rangeTime("start_time").optional()
    .meta(rangeTimeMeta("The start of the range.", "2024-01-01T00:00:00Z")),
  end_time: rangeTime("end_time").optional()
    .meta(rangeTimeMeta("The end of the range.", "2024-01-31T23:59:59Z")),
  timezone: timezoneText.optional(),
};
const metricText = z.string().min(1, "metric must be the name of a metric");

/** The query for a series. */
export const seriesQuery = z.strictObject({
  ...rangeShape,
  interval: z.enum(INTERVALS, intervalRule).default("auto"),
  metrics: z.string().min(1, "metrics must be names of metrics, separated by commas").optional(),
  points: wholeNumber("points", [100, 50_000]).default("2000"),
});

/** The query for a heat map. */
export const heatMapQuery = z.strictObject({
  year: wholeNumber("year", [FIRST_YEAR, LAST_YEAR]).optional(),
  metric: metricText.optional(),
  slot: z.enum(SLOTS, `slot must be one of ${SLOTS.join(", ")}`).default("auto"),
  timezone: timezoneText.optional(),
});

/** The query for gaps. */
export const gapsQuery = z.strictObject({
  ...rangeShape,
  limit: wholeNumber("limit", [1, 1_000]).default("100"),
});

/** The query for statistics. */
export const statisticsQuery = z.strictObject({ ...rangeShape, metric: metricText.optional() });

/** Reads a query. Throws AppError INVALID_REQUEST with everything that is wrong. */
export function readQuery<Schema extends z.ZodType>(
  schema: Schema,
  given: Record<string, string>,
): z.infer<Schema> {
  const query = schema.safeParse(given);
  if (!query.success) throw invalidRequest(parameterErrors(query.error, given));
  return query.data;
}

/** The zone of a request: the one that it names, or that of the source. */
export function zoneOf({ timezone }: { timezone?: string }, source: ChartSource): string {
  return timezone === undefined ? source.zone : restoreZonePlus(timezone);
}

/**
 * The range of a request, half-open. An end that it leaves out is that of the readings; a source
 * without readings has an empty range.
 *
 * @throws {AppError} INVALID_REQUEST if the range ends before it begins.
 */
export function spanOf(
  { start_time, end_time }: { start_time?: string; end_time?: string },
  source: ChartSource,
  zone: string,
): Span {
  const first = source.info?.firstMs ?? 0, last = source.info?.lastMs ?? first - 1;
  const startMs = start_time === undefined ? null : rangeStartMs(restorePlus(start_time), zone);
  const lastMs = end_time === undefined ? null : rangeLastMs(restorePlus(end_time), zone);
  const outside = [
    ...(start_time !== undefined && startMs === null ? ["start_time"] : []),
    ...(end_time !== undefined && lastMs === null ? ["end_time"] : []),
  ];
  if (outside.length > 0) {
    throw invalidRequest(outside.map((name) => (
      { pointer: `#${name}`, detail: `${name} ${yearsRule(zone)}` }
    )));
  }
  if (startMs !== null && lastMs !== null && startMs > lastMs) {
    const detail = "start_time must not be after end_time";
    throw invalidRequest([{ pointer: "#start_time", detail, value: start_time }]);
  }
  const fromMs = startMs ?? Math.min(first, (lastMs ?? Infinity) + 1);
  return { fromMs, toMs: Math.max(fromMs, (lastMs ?? last) + 1) };
}

/** The indexes of the metrics that a request names, all of them if it names none. */
export function metricsOf(names: string | undefined, { profile }: ChartSource): number[] {
  if (names === undefined) return profile.metrics.slice(0, METRICS_MAX).map((_, index) => index);
  const indexes = names.split(",").map((name) => metricNamed("metrics", name, profile.metrics));
  return [...new Set(indexes)];
}

/**
 * The index of the metric of a name.
 *
 * @throws {AppError} INVALID_REQUEST if there is none. It names the parameter.
 */
export function metricNamed(parameter: string, name: string, metrics: readonly Metric[]): number {
  const index = metrics.findIndex((metric) => metric.name === name);
  if (index >= 0) return index;
  const known = metrics.slice(0, METRICS_MAX).map((metric) => metric.name).join(", ");
  const detail = `${parameter} must be metrics of the source: ${known}`;
  throw invalidRequest([{ pointer: `#${parameter}`, detail, value: name.slice(0, 100) }]);
}
