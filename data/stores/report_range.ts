/**
 * The range of a report, and its parts, on the clock of each store.
 *
 * @module
 */

import type { Span } from "../readings/page.ts";
import { createCalendarBuckets } from "../time/calendar_buckets.ts";
import { type PeriodName, periodSpan } from "../time/period.ts";
import { rangeStartMs, rangeStopMs } from "../time/range_text.ts";

/** The parts of a range that have a row each. */
export const REPORT_BUCKETS = ["hour", "day"] as const;

/** One of {@link REPORT_BUCKETS}. */
export type ReportBucket = typeof REPORT_BUCKETS[number];

/** What a report covers: a named period, or the time from one moment or day to another. */
export type ReportRange =
  & {
    /** The zone of dates and periods; null for that of each store. */
    readonly zone: string | null;
  }
  & (
    | { readonly period: PeriodName }
    | {
      /** An ISO 8601 time or date. */
      readonly from: string;
      /** The end, exclusive; a date means the end of that day. */
      readonly to: string;
    }
  );

/**
 * The span of a range on the clock of a zone, for a report that is made at `nowMs`. It ends at
 * `nowMs` at the latest. Null if it would be empty.
 */
export function reportRangeSpan(range: ReportRange, zone: string, nowMs: number): Span | null {
  const { fromMs, toMs } = "period" in range ? periodSpan(range.period, zone, nowMs) : {
    fromMs: rangeStartMs(range.from, zone) ?? NaN,
    toMs: rangeStopMs(range.to, zone) ?? NaN,
  };
  const endMs = Math.min(toMs, nowMs);
  return fromMs < endMs ? { fromMs, toMs: endMs } : null;
}

/**
 * The parts of a span that have a row each: local hours or days, cut at the ends of the span; the
 * span itself without a bucket.
 */
export function reportParts(span: Span, bucket: ReportBucket | null, zone: string): Span[] {
  if (bucket === null) return [span];
  const bucketAt = createCalendarBuckets(zone, bucket === "hour" ? "1h" : "1d");
  const parts: Span[] = [];
  for (let atMs = span.fromMs; atMs < span.toMs;) {
    const { toMs } = bucketAt(atMs);
    parts.push({ fromMs: atMs, toMs: Math.min(toMs, span.toMs) });
    atMs = toMs;
  }
  return parts;
}
