/**
 * Readings as the body of an answer: rows or buckets, JSON or CSV.
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
import type { Page } from "../../data/readings/page.ts";
import type { Profile } from "../../data/readings/profile.ts";
import { createRowsJsonWriter } from "../../data/text/rows_json.ts";
import { instantText } from "../../data/time/time_text.ts";

const CSV_TYPE = "text/csv; charset=utf-8; header=present";
const STATISTICS = ["min", "max", "avg", "count"] as const;

/** How readings are to be told. */
export interface ReadingsForm {
  /** The device. */
  readonly id: string;
  /** What it measures. */
  readonly profile: Profile;
  /** Whether as CSV, else as JSON. */
  readonly isCsv: boolean;
}

/** Rows as they are; `link` is where they go on, or null. */
export function rowsResponse(
  pages: readonly Page[],
  { id, profile, isCsv, link }: ReadingsForm & { link: string | null },
): Response {
  const text = isCsv ? csvText(pages, { id, profile }) : jsonText(pages, { id, profile });
  return answer(ReadableStream.from(text).pipeThrough(new TextEncoderStream()), { isCsv, link });
}

/** Readings by buckets of a length. */
export async function bucketsResponse(
  pages: AsyncIterable<Page>,
  { id, profile, isCsv, interval, bucketMs }: ReadingsForm & {
    interval: string;
    bucketMs: number;
  },
): Promise<Response> {
  const aggregator = createBucketAggregator(profile.metrics.length, bucketMs);
  for await (const page of pages) aggregator.add(page);
  aggregator.end();
  const buckets = aggregator.take();
  const body = isCsv ? bucketsCsv(buckets, { id, profile }) : JSON.stringify({
    device_id: id,
    interval,
    data: buckets.map((one) => bucketBody(one, profile)),
  });
  return answer(body, { isCsv, link: null });
}

function answer(
  body: BodyInit,
  { isCsv, link }: { isCsv: boolean; link: string | null },
): Response {
  const headers = new Headers({
    "content-type": isCsv ? CSV_TYPE : "application/json",
    "vary": "accept",
    "cache-control": "no-store",
  });
  if (link !== null) headers.set("link", link);
  return new Response(body, { headers });
}

function* jsonText(
  pages: readonly Page[],
  { id, profile }: Omit<ReadingsForm, "isCsv">,
): Generator<string> {
  const writer = createRowsJsonWriter(profile);
  yield `{"device_id":${JSON.stringify(id)},"data":[`;
  for (const page of pages) yield writer.rows(page);
  yield "]}";
}

function* csvText(
  pages: readonly Page[],
  { id, profile }: Omit<ReadingsForm, "isCsv">,
): Generator<string> {
  const writer = createCsvWriter(profile, id);
  yield writer.header();
  for (const page of pages) yield writer.lines(page);
}

function bucketBody({ startMs, count, metrics }: Bucket, profile: Profile): unknown {
  const told = profile.metrics.map(({ name }, index) => [name, statisticsOf(metrics[index])]);
  return { timestamp: instantText(startMs), count, ...Object.fromEntries(told) };
}

/** What is told of a metric; null where no reading of the bucket has it. */
function statisticsOf({ min, max, mean, count }: MetricSummary): Record<string, number | null> {
  const known = (value: number) => count === 0 ? null : value;
  return { min: known(min), max: known(max), avg: known(mean), count };
}

function bucketsCsv(
  buckets: readonly Bucket[],
  { id, profile }: Omit<ReadingsForm, "isCsv">,
): string {
  const names = profile.metrics.flatMap(({ name }) =>
    STATISTICS.map((statistic) => `${name}_${statistic}`)
  );
  const lines = buckets.map(({ startMs, count, metrics }) => {
    const values = metrics.flatMap(({ min, max, mean, count }) =>
      [min, max, mean, count].map(plainText)
    );
    return [instantText(startMs), id, count, ...values].join(",");
  });
  return [`timestamp,${profile.idColumn},count,${names.join(",")}`, ...lines, ""].join("\n");
}
