/**
 * Pages of readings summed up: least, most and mean of each metric, over all of a time or by
 * buckets of it.
 *
 * @module
 */

import { DAY_MS } from "../limits.ts";
import { lowerBound, type Page, type Span } from "./page.ts";
import { createStatistics, type MetricStatistics, type MetricSummary } from "./statistics.ts";

export type { MetricSummary };

/** Sums up pages, of whatever scales. */
export interface Aggregator {
  /** Adds the readings of a page. */
  add(page: Page): void;
  /** How many readings were added, those without any value too. */
  count(): number;
  /** What they come to so far, one entry a metric. */
  metrics(): MetricSummary[];
}

/** An aggregator for pages of so many metrics. */
export function createAggregator(columnCount: number): Aggregator {
  const group = createGroup(columnCount);
  return {
    add: (page) => group.add(page, 0, page.timesMs.length),
    count: group.count,
    metrics: group.metrics,
  };
}

/** The span of the bucket that a time lies in; those of two times are the same or do not overlap. */
export type BucketAt = (timeMs: number) => Span;

/** The readings of one bucket. */
export interface Bucket {
  /** First time inside, epoch milliseconds. */
  readonly startMs: number;
  /** How many readings there are, those without any value too. */
  readonly count: number;
  /** What they come to, one entry a metric. */
  readonly metrics: readonly MetricSummary[];
}

/** Sums up pages by buckets. */
export interface BucketAggregator {
  /** Adds the readings of a page, none of them before those of the page before. */
  add(page: Page): void;
  /** The buckets that were finished since the call before, ascending; after `end()` all of them. */
  take(): Bucket[];
  /** Finishes the last bucket. */
  end(): void;
}

/**
 * An aggregator by buckets: of a length, counted from midnight UTC, or as a function says. A bucket
 * is finished when a reading of a later one comes; buckets without readings are left out.
 *
 * @throws {RangeError} where a day is no whole number of buckets of a length.
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
    throw new RangeError(`Cannot make buckets as their length must divide a day: ${bucketMs} ms`);
  }
  return (timeMs) => {
    const fromMs = Math.floor(timeMs / bucketMs) * bucketMs;
    return { fromMs, toMs: fromMs + bucketMs };
  };
}

/** Readings that are summed up together. */
interface Group {
  /** Adds rows `start` to `end` (exclusive). */
  add(page: Page, start: number, end: number): void;
  count(): number;
  metrics(): MetricSummary[];
}

function createGroup(columnCount: number): Group {
  let count = 0;
  const tallies: MetricStatistics[] = [];
  for (let i = 0; i < columnCount; i++) tallies.push(createStatistics());
  return {
    add({ columns }, start, end) {
      count += end - start;
      for (let i = 0; i < columnCount; i++) tallies[i].add(columns[i], start, end);
    },
    count: () => count,
    metrics: () => tallies.map((tally) => tally.summary()),
  };
}
