/**
 * What devices measured: `GET /devices/{id}/metrics` and `/summary`.
 *
 * @module
 */

import { Hono } from "hono";
import { accepts } from "hono/accepts";
import { z } from "zod";
import { createAggregator, type MetricSummary } from "../../data/readings/aggregate.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../data/limits.ts";
import { type Page, slicePage, type Span } from "../../data/readings/page.ts";
import { type Profile, PROFILES } from "../../data/readings/profile.ts";
import { rangeLastMs, rangeStartMs } from "../../data/time/range_text.ts";
import { instantText } from "../../data/time/time_text.ts";
import { isTimeZone, localDate, localDaySpan } from "../../data/time/zone.ts";
import { type DeviceRecord, getDevice } from "../../kv/devices/devices.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import { unknownDevice } from "./schemas.ts";
import { deviceId } from "../openapi/device_id.ts";
import { rangeTimeRule } from "../openapi/range_time.ts";
import { parameterErrors } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import { bucketsResponse, rowsResponse } from "../readings/response.ts";

/** Longest range of one request, days. */
const RANGE_MAX_DAYS = 8;
/** Most rows of one answer. */
const ROWS_MAX = 50_000;
/** Lengths of buckets by name, milliseconds. */
const INTERVALS = { "1m": MINUTE_MS, "15m": 15 * MINUTE_MS, "1h": HOUR_MS, "1d": DAY_MS } as const;

/** What the routes need. */
export interface DeviceReadingsDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get">;
  /** Where readings are. */
  readonly series: Pick<SeriesStore, "read">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

function rangeTime(
  name: string,
  read: (text: string) => number | null,
): z.ZodType<number, string> {
  return z.string().refine((text) => read(text) !== null, rangeTimeRule(name))
    .transform((text) => read(text) ?? NaN);
}

const metricsQuery = z.strictObject({
  start_time: rangeTime("start_time", rangeStartMs).optional(),
  end_time: rangeTime("end_time", rangeLastMs).optional(),
  interval: z.enum(["1m", "15m", "1h", "1d"], "interval must be 1m, 15m, 1h or 1d").optional(),
});

const summaryQuery = z.strictObject({
  date: z.string()
    .refine((text) => localDaySpan("UTC", text) !== null, "date must be a day as YYYY-MM-DD")
    .optional(),
  timezone: z.string().refine(isTimeZone, "timezone must be an IANA time zone").default("UTC"),
});

/** The routes. */
export function deviceReadingsRoutes({ kv, series, now }: DeviceReadingsDeps): Hono {
  return new Hono()
    .get("/devices/:device_id/metrics", async (c) => {
      const id = deviceId(c.req.param("device_id"));
      const { span, interval } = readMetricsQuery(c.req.query(), now());
      const { profile } = await knownDevice(kv, id);
      const pages = series.read({ profile, id }, span, anySignal());
      const isCsv = accepts(c, {
        header: "Accept",
        supports: ["application/json", "text/csv"],
        default: "application/json",
      }) === "text/csv";
      const form = { id, profile: PROFILES[profile], isCsv };
      if (interval !== undefined) {
        return await bucketsResponse(pages, { ...form, interval, bucketMs: INTERVALS[interval] });
      }
      const { rows, nextMs } = await firstRows(pages);
      const link = nextMs === null
        ? null
        : nextLink(c.req.url, { fromMs: nextMs, toMs: span.toMs });
      return rowsResponse(rows, { ...form, link });
    })
    .get("/devices/:device_id/summary", async (c) => {
      const id = deviceId(c.req.param("device_id"));
      const query = summaryQuery.safeParse(c.req.query());
      if (!query.success) throw invalidRequest(parameterErrors(query.error, c.req.query()));
      const { timezone, date = localDate(timezone, now()) } = query.data;
      const { profile } = await knownDevice(kv, id);
      const span = localDaySpan(timezone, date) ?? { fromMs: 0, toMs: 0 };
      const day = createAggregator(PROFILES[profile].metrics.length);
      for await (const page of series.read({ profile, id }, span, anySignal())) day.add(page);
      const summary = summaryBody(PROFILES[profile], day.metrics(), day.count());
      return c.json({ device_id: id, date, count: day.count(), summary });
    });
}

/** A signal that nobody gives: reads here are short, and Deno warns of a request's on stderr. */
function anySignal(): AbortSignal {
  return new AbortController().signal;
}

async function knownDevice(kv: Pick<Deno.Kv, "get">, id: string): Promise<DeviceRecord> {
  const entry = await getDevice(kv, id);
  if (entry === null) throw unknownDevice();
  return entry.value;
}

/** What is asked for, its span half-open; throws with everything that is wrong. */
function readMetricsQuery(
  given: Record<string, string>,
  nowMs: number,
): { span: Span; interval: keyof typeof INTERVALS | undefined } {
  const query = metricsQuery.safeParse(given);
  if (!query.success) throw invalidRequest(parameterErrors(query.error, given));
  const { interval, start_time: fromMs } = query.data;
  const latestMs = fromMs === undefined ? nowMs : Math.min(nowMs, fromMs + RANGE_MAX_DAYS * DAY_MS);
  const endMs = query.data.end_time ?? latestMs;
  const startMs = fromMs ?? endMs - DAY_MS;
  const wrong = (detail: string) =>
    invalidRequest([{ pointer: "#start_time", detail, value: given.start_time }]);
  if (startMs > endMs) throw wrong("start_time must not be after end_time");
  if (endMs - startMs > RANGE_MAX_DAYS * DAY_MS) {
    throw wrong(`start_time must be at most ${RANGE_MAX_DAYS} days before end_time`);
  }
  return { span: { fromMs: startMs, toMs: endMs + 1 }, interval };
}

/** The first rows as pages, and the time of the next one; null where there are no more. */
async function firstRows(
  pages: AsyncIterable<Page>,
): Promise<{ rows: Page[]; nextMs: number | null }> {
  const rows: Page[] = [];
  let room = ROWS_MAX;
  for await (const page of pages) {
    const { timesMs } = page;
    if (timesMs.length > room) {
      if (room > 0) rows.push(slicePage(page, 0, room));
      return { rows, nextMs: timesMs[room] };
    }
    rows.push(page);
    room -= timesMs.length;
  }
  return { rows, nextMs: null };
}

/** Where the rest of a span is; its end is told, as what stands for an absent one moves on. */
function nextLink(url: string, { fromMs, toMs }: Span): string {
  const next = new URL(url);
  next.searchParams.set("start_time", instantText(fromMs));
  next.searchParams.set("end_time", instantText(toMs - 1));
  return `<${next.pathname}${next.search}>; rel="next"`;
}

/** Zeros on a day without readings; null where none of the day's readings has the metric. */
function summaryBody(
  { metrics }: Profile,
  summaries: readonly MetricSummary[],
  count: number,
): Record<string, unknown> {
  return Object.fromEntries(metrics.map(({ name }, index) => {
    const { min, max, mean } = summaries[index];
    const known = (value: number) => count === 0 ? 0 : value === value ? value : null;
    return [name, { min: known(min), max: known(max), avg: known(mean) }];
  }));
}
