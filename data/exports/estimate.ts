/**
 * How many readings and rows an export has, estimated from what is known about its series.
 *
 * @module
 */

import type { Span } from "../readings/page.ts";
import { createCalendarBuckets, fixedLengthMs } from "../time/calendar_buckets.ts";
import type { ExportSpec } from "./spec.ts";

/** A series as a whole: how many readings it has, and the times of the first and the last. */
export interface Extent {
  /** The number of readings. */
  readonly count: number;
  /** The first time, epoch milliseconds. */
  readonly firstMs: number;
  /** The last time, epoch milliseconds. */
  readonly lastMs: number;
}

/** The readings of a series in a span if they are spread evenly; exact if the span has all. */
export function readingsWithin({ count, firstMs, lastMs }: Extent, { fromMs, toMs }: Span): number {
  if (fromMs <= firstMs && lastMs < toMs) return count;
  const commonMs = Math.min(lastMs + 1, toMs) - Math.max(firstMs, fromMs);
  if (commonMs <= 0) return 0;
  return Math.max(1, Math.round(count * commonMs / (lastMs + 1 - firstMs)));
}

/** How many buckets a span touches, at most so many as it has readings. */
export function bucketsWithin(
  { zone, interval }: Pick<ExportSpec, "zone" | "interval">,
  { fromMs, toMs }: Span,
  readings = Infinity,
): number {
  if (interval === "raw") throw new TypeError("Cannot count buckets as the interval is raw");
  const lengthMs = fixedLengthMs(interval);
  const bucketAt = createCalendarBuckets(zone, interval);
  const startMs = bucketAt(fromMs).fromMs;
  if (lengthMs !== null) return Math.min(Math.ceil((toMs - startMs) / lengthMs), readings);
  let buckets = 0;
  for (let atMs = startMs; atMs < toMs; buckets++) atMs = bucketAt(atMs).toMs;
  return Math.min(buckets, readings);
}
