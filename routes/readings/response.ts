/**
 * Readings as the body of a response: rows or buckets, JSON or CSV, at most 50,000 rows.
 *
 * A response that does not cover all the request is about links to the rest. If the service chose a
 * part of the range, or the response links on, it says which range it covers: `start_time`,
 * `end_time` and `next` in JSON, the headers `Start-Time`, `End-Time` and `Link` in both formats.
 *
 * @module
 */

import {
  type Bucket,
  createBucketAggregator,
  type MetricSummary,
} from "../../data/readings/aggregate.ts";
import { createCsvWriter } from "../../data/text/csv_write.ts";
import { plainText } from "../../data/readings/decimal.ts";
import { type Page, slicePage, type Span } from "../../data/readings/page.ts";
import type { Profile } from "../../data/readings/profile.ts";
import { createRowsJsonWriter } from "../../data/text/rows_json.ts";
import { instantText } from "../../data/time/time_text.ts";
import type { SeriesRef } from "../../kv/series/ref.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import type { IntervalName, ReadingsQuery } from "./query.ts";
import type { BucketHeadBody, RangeBody, StatisticsBody } from "./schemas.ts";

/** Most rows of one response. */
const ROWS_MAX = 50_000;
const CSV_TYPE = "text/csv; charset=utf-8; header=present";
const STATISTICS = ["min", "max", "avg", "count"] as const;

/** The readings to return. */
export interface ReadingsRequest {
  /** The series. */
  readonly ref: SeriesRef;
  /** Its profile. */
  readonly profile: Profile;
  /** The query of the request. */
  readonly query: ReadingsQuery;
  /** The URL of the request, for the link to the next page. */
  readonly url: string;
  /** Whether to answer in CSV instead of JSON. */
  readonly isCsv: boolean;
}

/** Which readings a response covers. */
interface Coverage {
  /** The range. */
  readonly span: Span;
  /** Where the readings go on, epoch milliseconds; null if there are no more. */
  readonly nextMs: number | null;
}

/** What a response has, and how it is written. */
interface Content extends Coverage {
  /** The body, which names the range unless that is empty. */
  text(range: RangeBody): Iterable<string>;
}

/** The response to a request for readings. */
export async function readingsResponse(
  series: Pick<SeriesStore, "read">,
  request: ReadingsRequest,
): Promise<Response> {
  const { query, url, isCsv } = request;
  const { text, span, nextMs } = query.buckets === null
    ? await rowsContent(series, request)
    : await bucketsContent(series, request, query.buckets);
  const headers = new Headers({
    "content-type": isCsv ? CSV_TYPE : "application/json",
    "vary": "accept",
    "cache-control": "no-store",
  });
  const next = nextMs === null ? null : nextPath(url, nextMs, query);
  if (next !== null) headers.set("link", `<${next}>; rel="next"`);
  let range: RangeBody = {};
  if (next !== null || !query.isWhole) {
    range = { start_time: instantText(span.fromMs), end_time: instantText(span.toMs - 1), next };
    headers.set("start-time", instantText(span.fromMs));
    headers.set("end-time", instantText(span.toMs - 1));
  }
  const body = ReadableStream.from(text(range)).pipeThrough(new TextEncoderStream());
  return new Response(body, { headers });
}

async function rowsContent(
  series: Pick<SeriesStore, "read">,
  request: ReadingsRequest,
): Promise<Content> {
  const { ref, profile, query: { span }, isCsv } = request;
  const { rows, cutMs } = await firstRows(series.read(ref, { ...span, profile }, anySignal()));
  return {
    text: (range) => isCsv ? csvRows(rows, request) : jsonRows(rows, request, range),
    span: { fromMs: span.fromMs, toMs: cutMs ?? span.toMs },
    nextMs: cutMs ?? await laterMs(series, request),
  };
}

async function bucketsContent(
  series: Pick<SeriesStore, "read">,
  request: ReadingsRequest,
  { interval, bucketAt }: NonNullable<ReadingsQuery["buckets"]>,
): Promise<Content> {
  const { ref, profile, query: { span }, isCsv } = request;
  const aggregator = createBucketAggregator(profile.metrics.length, bucketAt);
  const pages = series.read(ref, { ...span, profile }, anySignal());
  for await (const page of pages) aggregator.add(page);
  aggregator.end();
  const buckets = aggregator.take();
  return {
    text: (
      range,
    ) => [
      isCsv ? csvBuckets(buckets, request) : jsonBuckets(buckets, request, { interval, ...range }),
    ],
    span,
    nextMs: await laterMs(series, request),
  };
}

/** A signal that never fires: reads are short. */
function anySignal(): AbortSignal {
  return new AbortController().signal;
}

/** The time of the first reading after the range, up to the limit of the request. */
async function laterMs(
  series: Pick<SeriesStore, "read">,
  { ref, query: { span, limitMs, buckets } }: ReadingsRequest,
): Promise<number | null> {
  const later = { fromMs: span.toMs, toMs: limitMs };
  for await (const { timesMs } of series.read(ref, later, anySignal())) {
    return buckets === null ? timesMs[0] : buckets.bucketAt(timesMs[0]).fromMs;
  }
  return null;
}

/** The first rows as pages, and the time of the row after them, if there is one. */
async function firstRows(
  pages: AsyncIterable<Page>,
): Promise<{ rows: Page[]; cutMs: number | null }> {
  const rows: Page[] = [];
  let room = ROWS_MAX;
  for await (const page of pages) {
    const { timesMs } = page;
    if (timesMs.length > room) {
      if (room > 0) rows.push(slicePage(page, 0, room));
      return { rows, cutMs: timesMs[room] };
    }
    rows.push(page);
    room -= timesMs.length;
  }
  return { rows, cutMs: null };
}

/** Where the readings go on. If the request left the end open, it stays open. */
function nextPath(url: string, nextMs: number, { limitMs }: ReadingsQuery): string {
  const next = new URL(url);
  next.searchParams.set("start_time", instantText(nextMs));
  if (next.searchParams.has("end_time")) {
    next.searchParams.set("end_time", instantText(limitMs - 1));
  }
  return next.pathname + next.search;
}

function* jsonRows(
  pages: readonly Page[],
  { profile, ref: { id } }: ReadingsRequest,
  range: RangeBody,
): Generator<string> {
  const writer = createRowsJsonWriter(profile);
  yield `{"${profile.idColumn}":${JSON.stringify(id)},"data":[`;
  for (const page of pages) yield writer.rows(page);
  const members = Object.entries(range).map((member) => `,${member.map(jsonText).join(":")}`);
  yield `]${members.join("")}}`;
}

function jsonText(value: unknown): string {
  return JSON.stringify(value);
}

function* csvRows(
  pages: readonly Page[],
  { profile, ref: { id } }: ReadingsRequest,
): Generator<string> {
  const writer = createCsvWriter(profile, id);
  yield writer.header();
  for (const page of pages) yield writer.lines(page);
}

function jsonBuckets(
  buckets: readonly Bucket[],
  { profile: { idColumn, metrics }, ref: { id } }: ReadingsRequest,
  { interval, ...range }: RangeBody & { interval: IntervalName },
): string {
  const data = buckets.map((bucket) => {
    const head: BucketHeadBody = { timestamp: instantText(bucket.startMs), count: bucket.count };
    const named = metrics.map(({ name }, index) => [name, statisticsBody(bucket.metrics[index])]);
    return { ...head, ...Object.fromEntries(named) };
  });
  return JSON.stringify({ [idColumn]: id, interval, data, ...range });
}

/** The statistics of a metric; null if no reading of the bucket has it. */
function statisticsBody({ min, max, mean, count }: MetricSummary): StatisticsBody {
  const known = (value: number) => count === 0 ? null : value;
  return { min: known(min), max: known(max), avg: known(mean), count };
}

function csvBuckets(
  buckets: readonly Bucket[],
  { profile: { idColumn, metrics }, ref: { id } }: ReadingsRequest,
): string {
  const names = metrics.flatMap(({ name }) =>
    STATISTICS.map((statistic) => `${name}_${statistic}`)
  );
  const lines = buckets.map(({ startMs, count, metrics }) => {
    const values = metrics.flatMap(({ min, max, mean, count }) =>
      [min, max, mean, count].map(plainText)
    );
    return [instantText(startMs), id, count, ...values].join(",");
  });
  return [`timestamp,${idColumn},count,${names.join(",")}`, ...lines, ""].join("\n");
}
