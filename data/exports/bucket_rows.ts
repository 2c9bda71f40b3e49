/**
 * Aggregating the readings of one source to rows, one for each bucket.
 *
 * Values are summed as whole numbers (`metric_rows.ts`). Without a value, a sum, mean, minimum and
 * maximum are missing, and a count is 0.
 *
 * @module
 */

import type { BucketAt } from "../readings/aggregate.ts";
import type { Page, Span } from "../readings/page.ts";
import { createMetricRows, type MetricRows } from "./metric_rows.ts";
import type { Output } from "./outputs.ts";
import { expectedReadings } from "./cadence.ts";

/** Rows of a page: few enough for memory, enough for an encoder. */
const PAGE_ROWS = 2_048;
/** The scale of completeness: four decimals. */
const COMPLETENESS_SCALE = 4;

/** How to aggregate. */
export interface BucketOptions {
  /** The columns of the rows. */
  readonly outputs: readonly Output[];
  /** The bucket of a time. */
  readonly bucketAt: BucketAt;
  /** The span that the rows cover. */
  readonly span: Span;
  /** How often the source measures, milliseconds; null if unknown. */
  readonly cadenceMs: number | null;
  /** Whether there is a row for every bucket of the span, or only for those with readings. */
  readonly isFilled: boolean;
}

/** Aggregates the readings of one source. */
export interface BucketRows {
  /** Adds readings, all later than those before. */
  add(page: Page): void;
  /** The rows that are finished, in pages, since the last call. */
  take(): Page[];
  /** Finishes the last bucket. */
  end(): void;
}

/** Creates the rows of one source. The time of a row is the start of its bucket. */
export function createBucketRows(options: BucketOptions): BucketRows {
  const { outputs, bucketAt, span, isFilled } = options;
  const metrics = new Map<number, MetricRows>();
  for (const { metric } of outputs) {
    if (metric >= 0 && !metrics.has(metric)) {
      const kinds = outputs.filter((output) => output.metric === metric);
      metrics.set(metric, createMetricRows(PAGE_ROWS, kinds.map(({ aggregate }) => aggregate)));
    }
  }
  const startMs = new Float64Array(PAGE_ROWS), endMs = new Float64Array(PAGE_ROWS);
  const counts = new Float64Array(PAGE_ROWS);
  /** Where the readings of each row end in the page that is being added. */
  const ends = new Int32Array(PAGE_ROWS);
  /** How many rows there are; the last one may still grow. */
  let rows = 0;
  /** The page that is being added, from which row on and which reading on, and how far it is read. */
  let current: Page | null = null, fromRow = 0, start = 0, at = 0;
  let finished: Page[] = [];

  function open(bucket: Span): void {
    if (rows === PAGE_ROWS) flush();
    startMs[rows] = bucket.fromMs;
    endMs[rows] = bucket.toMs;
    counts[rows] = 0;
    ends[rows] = at;
    rows++;
  }

  /** Opens the bucket of a time, and empty ones before it if there is a row for every bucket. */
  function openAt(timeMs: number): void {
    const bucket = bucketAt(timeMs);
    if (isFilled) fillTo(bucket.fromMs);
    open(bucket);
  }

  function fillTo(fromMs: number): void {
    for (let atMs = rows > 0 ? endMs[rows - 1] : bucketAt(span.fromMs).fromMs; atMs < fromMs;) {
      const bucket = bucketAt(atMs);
      open(bucket);
      atMs = bucket.toMs;
    }
  }

  /** Adds the values of the rows so far. */
  function addValues(): void {
    if (current === null || rows === 0) return;
    for (const [metric, into] of metrics) {
      into.add(current.columns[metric], { fromRow, toRow: rows, start, ends });
    }
    fromRow = rows - 1;
    start = ends[fromRow];
  }

  function flush(): void {
    if (rows === 0) return;
    addValues();
    finished.push({
      timesMs: startMs.slice(0, rows),
      columns: outputs.map(({ metric, aggregate }) =>
        metrics.get(metric)?.column(aggregate, rows) ??
          {
            scale: COMPLETENESS_SCALE,
            values: completeness(options, { startMs, endMs, counts }, rows),
          }
      ),
    });
    for (const metric of metrics.values()) metric.clear();
    rows = fromRow = 0;
  }

  return {
    add(page) {
      const { timesMs } = page;
      current = page;
      fromRow = Math.max(0, rows - 1);
      start = at = 0;
      if (rows > 0) ends[fromRow] = 0;
      /** How many readings the last bucket had: the next one will have as many, mostly. */
      let usual = 1;
      while (at < timesMs.length) {
        if (rows === 0 || timesMs[at] >= endMs[rows - 1]) openAt(timesMs[at]);
        const last = rows - 1, toMs = endMs[last];
        const first = at;
        let end = first + usual <= timesMs.length && timesMs[first + usual - 1] < toMs
          ? first + usual
          : first;
        while (end < timesMs.length && timesMs[end] < toMs) end++;
        usual = end - first;
        counts[last] += usual;
        ends[last] = at = end;
      }
      addValues();
      current = null;
      at = 0;
    },
    take() {
      const taken = finished;
      finished = [];
      return taken;
    },
    end() {
      if (isFilled) fillTo(span.toMs);
      flush();
    },
  };
}

/** The share of the expected readings that each bucket has, rounded down, at most 1. */
function completeness(
  { cadenceMs }: BucketOptions,
  { startMs, endMs, counts }: Record<"startMs" | "endMs" | "counts", Float64Array>,
  rows: number,
): Float64Array {
  const shares = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    if (cadenceMs === null) shares[row] = NaN;
    else {
      const expected = expectedReadings({ fromMs: startMs[row], toMs: endMs[row] }, cadenceMs);
      shares[row] = Math.floor(Math.min(1, counts[row] / expected) * 10 ** COMPLETENESS_SCALE);
    }
  }
  return shares;
}
