/**
 * Aggregating pages of readings: the count, minimum, maximum and mean of each metric, over a whole
 * period or by buckets.
 *
 * @module
 */

import { DAY_MS } from "../limits.ts";
import { lowerBound, type Page, type Span } from "./page.ts";
import { createStatistics, type MetricStatistics, type MetricSummary } from "./statistics.ts";

export type { MetricSummary };

/** Aggregates pages. Their columns may have different scales. */
export interface Aggregator {
  /** Adds the readings of a page. */
  add(page: Page): void;
  /** How many readings were added, including readings without any value. */
  count(): number;
  /** The summaries so far, one per metric. */
  metrics(): MetricSummary[];
}

/** Creates an aggregator for pages of `columnCount` metrics. */
export function createAggregator(columnCount: number): Aggregator {
  const group = createGroup(columnCount);
  return {
    add: (page) => group.add(page, 0, page.timesMs.length),
    count: group.count,
    metrics: group.metrics,
  };
}

/** The span of the bucket that contains a time. Buckets must not overlap. */
export type BucketAt = (timeMs: number) => Span;

/** The summary of the readings of one bucket. */
export interface Bucket {
  /** Start of the bucket, epoch milliseconds. */
  readonly startMs: number;
  /** How many readings it has, including readings without any value. */
  readonly count: number;
  /** The summaries, one per metric. */
  readonly metrics: readonly MetricSummary[];
}

/** Aggregates pages by buckets. */
export interface BucketAggregator {
  /** Adds the readings of a page. All of them must be later than those of the previous page. */
  add(page: Page): void;
  /** Returns the buckets that were finished since the previous call, ascending. */
  take(): Bucket[];
  /** Finishes the last bucket, so that the next `take()` returns all that are left. */
  end(): void;
}

/**
/**
 * Creates an aggregator by buckets: of a fixed length, counted from midnight UTC, or as a function
 * defines them. A bucket is finished when the first reading of a later bucket arrives. Buckets
 * without readings are left out.
 *
 * @throws {RangeError} when a day is not a whole number of buckets of a fixed length.
 */
export function createBucketAggregator(
  columnCount: number,
  buckets: number | BucketAt,
): BucketAggregator {
  const bucketAt = typeof buckets === "number" ? utcBuckets(buckets) : buckets;
  let startMs = NaN;
  let group = createGroup(columnCount);
  let finished: Bucket[] = [];

  function finish(): void {
    if (group.count() === 0) return;
    finished.push({ startMs, count: group.count(), metrics: group.metrics() });
    group = createGroup(columnCount);
  }

  return {
    add(page) {
      const { timesMs } = page;
      for (let row = 0; row < timesMs.length;) {
        const { fromMs, toMs } = bucketAt(timesMs[row]);
        if (fromMs !== startMs) finish();
        startMs = fromMs;
        const end = lowerBound(timesMs, toMs);
        group.add(page, row, end);
        row = end;
      }
    },
    take() {
      const taken = finished;
      finished = [];
      return taken;
    },
    end: finish,
  };
}

function utcBuckets(bucketMs: number): BucketAt {
  if (!(bucketMs > 0 && DAY_MS % bucketMs === 0)) {
    throw new RangeError(
      `Cannot aggregate by buckets as their length must divide a day: ${bucketMs} ms`,
    );
  }
  return (timeMs) => {
    const fromMs = Math.floor(timeMs / bucketMs) * bucketMs;
    return { fromMs, toMs: fromMs + bucketMs };
  };
}

/** Readings that are aggregated together. */
interface Group {
  /** Adds rows `start` to `end` (exclusive). */
  add(page: Page, start: number, end: number): void;
  count(): number;
  metrics(): MetricSummary[];
}

function createGroup(columnCount: number): Group {
  let count = 0;
  const statistics: MetricStatistics[] = [];
  for (let i = 0; i < columnCount; i++) statistics.push(createStatistics());
  return {
    add({ columns }, start, end) {
      count += end - start;
      for (let i = 0; i < columnCount; i++) statistics[i].add(columns[i], start, end);
    },
    count: () => count,
    metrics: () => statistics.map((metric) => metric.summary()),
  };
}
