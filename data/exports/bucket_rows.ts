/**
 * Aggregating the readings of one source to rows, one for each bucket.
 *
 * Values are summed as whole numbers (`metric_rows.ts`). Without a value, a sum, mean, minimum and
 * maximum are missing, and a count is 0.
 *
 * @module
 */

import type { BucketAt } from "../readings/aggregate.ts";
import { type Page, slicePage, type Span } from "../readings/page.ts";
import { createMetricRows, type MetricRows } from "./metric_rows.ts";
import type { Output } from "./outputs.ts";
import { expectedReadings } from "./cadence.ts";

/** The most rows of a page: few enough for memory, enough for an encoder. */
export const PAGE_ROWS = 2_048;
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
  /** How many rows a page has, at most and by default {@link PAGE_ROWS}. */
  readonly pageRows?: number;
  /** The scales of other rows of the source, after which these rows come. */
  readonly scales?: readonly number[];
}

/** Aggregates the readings of one source. */
export interface BucketRows {
  /** Adds readings, all later than those before. */
  add(page: Page): void;
  /**
   * Adds readings up to the end of the next page of rows, and returns how many. All of them are in
   * finished rows then, unless the readings ended first.
   */
  addSome(page: Page): number;
  /** The rows that are finished, in pages, since the last call. */
  take(): Page[];
  /** Finishes the last bucket. */
  end(): void;
  /** The scales of the rows so far, for rows that come after them. */
  scales(): number[];
}

/** Creates the rows of one source. The time of a row is the start of its bucket. */
export function createBucketRows(options: BucketOptions): BucketRows {
  const { outputs, bucketAt, span, isFilled, pageRows = PAGE_ROWS, scales = [] } = options;
  const metrics = new Map<number, MetricRows>();
  for (const { metric } of outputs) {
    if (metric >= 0 && !metrics.has(metric)) {
      const kinds = outputs.filter((output) => output.metric === metric)
        .map(({ aggregate }) => aggregate);
      metrics.set(metric, createMetricRows(pageRows, kinds, scales[metrics.size]));
    }
  }
  const startMs = new Float64Array(pageRows), endMs = new Float64Array(pageRows);
  const counts = new Float64Array(pageRows);
  /** Where the readings of each row end in the page that is being added. */
  const ends = new Int32Array(pageRows);
  /** How many rows there are; the last one may still grow. */
  let rows = 0;
  /** The page that is being added, from which row on and which reading on, and how far it is read. */
  let current: Page | null = null, fromRow = 0, start = 0, at = 0;
  let finished: Page[] = [];

  function open(bucket: Span): void {
    if (rows === pageRows) flush();
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

  function addSome(page: Page): number {
    const { timesMs } = page;
    const pages = finished.length;
    current = page;
    fromRow = Math.max(0, rows - 1);
    start = at = 0;
    if (rows > 0) ends[fromRow] = 0;
    /** How many readings the last bucket had: the next one will have as many, mostly. */
    let usual = 1;
    while (at < timesMs.length) {
      if (rows === 0 || timesMs[at] >= endMs[rows - 1]) {
        openAt(timesMs[at]);
        if (finished.length > pages) break;
      }
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
    const added = at;
    current = null;
    at = 0;
    return added;
  }

  return {
    add(page) {
      for (let first = 0; first < page.timesMs.length;) {
        first += addSome(first === 0 ? page : slicePage(page, first, page.timesMs.length));
      }
    },
    addSome,
    take() {
      const taken = finished;
      finished = [];
      return taken;
    },
    end() {
      if (isFilled) fillTo(span.toMs);
      flush();
    },
    scales: () => [...metrics.values()].map((metric) => metric.scale()),
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
