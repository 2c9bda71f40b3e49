/**
 * The query of the routes that return readings: a range of time, and the buckets to aggregate by.
 *
 * @module
 */

import { z } from "zod";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../data/limits.ts";
import type { BucketAt } from "../../data/readings/aggregate.ts";
import type { Span } from "../../data/readings/page.ts";
import { createLocalBuckets } from "../../data/time/local_buckets.ts";
import { plusHint, restorePlus, restoreZonePlus } from "../../data/time/query_plus.ts";
import { isDate, rangeLastMs, rangeStartMs, yearsRule } from "../../data/time/range_text.ts";
import { isTimeZone } from "../../data/time/zone.ts";
import { parameterErrors } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import type { Answer, Parameter } from "../openapi/operation.ts";
import { rangeTimeMeta, rangeTimeRule } from "../openapi/range_time.ts";

/** Longest range of one request, days. */
const RANGE_MAX_DAYS = 8;
/** Lengths of buckets by name, milliseconds. A day is as long as its zone makes it. */
const INTERVALS = { "1m": MINUTE_MS, "15m": 15 * MINUTE_MS, "1h": HOUR_MS, "1d": DAY_MS } as const;

/** The name of a bucket length. */
export type IntervalName = keyof typeof INTERVALS;

/** A bucket length by name. */
export const intervalText: z.ZodType<IntervalName> = z.enum(
  ["1m", "15m", "1h", "1d"],
  "interval must be 1m, 15m, 1h or 1d",
).meta({ id: "Interval", description: "The length of a bucket." });

/** An IANA zone or an offset from UTC. */
export const timezoneText: z.ZodType<string> = z.string().min(1).refine(
  (text) => isTimeZone(restoreZonePlus(text)),
  "timezone must be an IANA time zone or an offset such as +05:30 (%2B05:30 in a query)",
);

/** Which readings a request is about, and how it wants them. */
export interface ReadingsQuery {
  /** The range, half-open. */
  readonly span: Span;
  /** Whether the request named both ends of the range. */
  readonly isWhole: boolean;
  /**
   * The first moment after which later readings are no concern of the request: the end of the range,
   * or now if the request named no end.
   */
  readonly limitMs: number;
  /** The buckets to aggregate by; null for the readings as they are. */
  readonly buckets: { readonly interval: IntervalName; readonly bucketAt: BucketAt } | null;
}

function rangeTime(name: string): z.ZodType<string> {
  return z.string().refine((text) => rangeStartMs(restorePlus(text)) !== null, {
    error: ({ input }) => rangeTimeRule(name) + plusHint(input),
  });
}

const querySchema = z.strictObject({
  start_time: rangeTime("start_time").optional(),
  end_time: rangeTime("end_time").optional(),
  interval: intervalText.optional(),
  timezone: timezoneText.optional(),
});

/**
 * Reads the query of a request received at `nowMs`. Without `end_time`, the range ends now, or at
 * most 8 days after its start; without `start_time`, it begins a day before its end, or
 * with the day of an end that is a date.
 *
 * @throws {AppError} INVALID_REQUEST with everything that is wrong.
 */
export function readReadingsQuery(given: Record<string, string>, nowMs: number): ReadingsQuery {
  const query = querySchema.safeParse(given);
  if (!query.success) throw invalidRequest(parameterErrors(query.error, given));
  const { start_time: start, end_time: end, interval, timezone } = query.data;
  const zone = restoreZonePlus(timezone ?? "UTC");
  const buckets = interval === undefined
    ? null
    : { interval, bucketAt: createLocalBuckets(zone, INTERVALS[interval]) };
  const fromMs = start === undefined ? null : rangeStartMs(restorePlus(start), zone) ?? NaN;
  const lastMs = end === undefined
    ? openEndMs(fromMs, nowMs, buckets?.bucketAt)
    : rangeLastMs(restorePlus(end), zone) ?? NaN;
  const startMs = fromMs ?? defaultStartMs(end, lastMs, zone);
  requireRange(given, { fromMs: startMs, toMs: lastMs }, zone);
  return {
    span: { fromMs: startMs, toMs: lastMs + 1 },
    isWhole: start !== undefined && end !== undefined,
    limitMs: (end === undefined ? nowMs : lastMs) + 1,
    buckets,
  };
}

/** The start of a range whose request names none: that of the day, if the end is a date. */
function defaultStartMs(end: string | undefined, lastMs: number, zone: string): number {
  const startMs = end !== undefined && isDate(end) ? rangeStartMs(end, zone) : null;
  return startMs ?? lastMs - DAY_MS;
}

/** The end of a range whose request names none. Buckets are not split between two answers. */
function openEndMs(fromMs: number | null, nowMs: number, bucketAt?: BucketAt): number {
  if (fromMs === null) return nowMs;
  const longestMs = fromMs + RANGE_MAX_DAYS * DAY_MS;
  if (longestMs >= nowMs) return nowMs;
  return bucketAt === undefined ? longestMs : bucketAt(longestMs).fromMs - 1;
}

function requireRange(
  given: Record<string, string>,
  { fromMs, toMs }: Span,
  zone: string,
): void {
  const outside = [["start_time", fromMs], ["end_time", toMs]] as const;
  const errors = outside.filter(([name, timeMs]) => given[name] !== undefined && timeMs !== timeMs)
    .map(([name]) => (
      { pointer: `#${name}`, detail: `${name} ${yearsRule(zone)}`, value: given[name] }
    ));
  if (errors.length > 0) throw invalidRequest(errors);
  const wrong = (detail: string) =>
    invalidRequest([{ pointer: "#start_time", detail, value: given.start_time }]);
  if (!(fromMs <= toMs)) {
    const end = given.end_time === undefined
      ? "now, where a range without end_time ends"
      : "end_time";
    throw wrong(`start_time must not be after ${end}`);
  }
  // Eight days of a zone have an hour more when its clocks go back.
  const spareMs = zone === "UTC" ? 0 : HOUR_MS;
  if (toMs - fromMs > RANGE_MAX_DAYS * DAY_MS + spareMs) {
    throw wrong(`start_time must be at most ${RANGE_MAX_DAYS} days before end_time`);
  }
}

/** `timezone`, documented, with what it does. */
export function timezoneParameter(description: string): Parameter {
  return {
    in: "query",
    name: "timezone",
    description: `${description} An IANA zone or an offset such as \`+05:30\` (in a query, ` +
      "`%2B05:30`); UTC by default.",
    schema: timezoneText,
    example: "Europe/Paris",
  };
}

/** The parameters of a request for readings, documented. */
export const readingsParameters: readonly Parameter[] = [
  {
    in: "query",
    name: "start_time",
    description:
      "ISO 8601, inclusive. A bare date is its midnight, a time without an offset is on " +
      "the clock of `timezone`. By default a day before `end_time`, or the start of that day " +
      "if `end_time` is a date.",
    schema: rangeTime("start_time")
      .meta(rangeTimeMeta("The start of the range.", "2026-02-01T00:00:00Z")),
    example: "2026-02-01T00:00:00Z",
  },
  {
    in: "query",
    name: "end_time",
    description: "ISO 8601, inclusive. A bare date is that whole day. By default now, or 8 days " +
      "after `start_time` if that is earlier; the answer then says which range it has, and where " +
      "later readings begin.",
    schema: rangeTime("end_time")
      .meta(rangeTimeMeta("The end of the range.", "2026-11-01T00:00:00Z")),
    example: "2026-11-01T00:00:00Z",
  },
  {
    in: "query",
    name: "interval",
    description: "The length of a bucket: 1 minute, 15 minutes, 1 hour or 1 day.",
    schema: intervalText,
    example: "15m",
  },
  timezoneParameter("The zone of the buckets, and of dates and times without an offset."),
  {
    in: "header",
    name: "Accept",
    description: "`application/json` (default) or `text/csv`.",
    schema: z.string(),
    example: "text/csv",
  },
];

/** The answer with readings, as JSON of a schema or as CSV. */
export function readingsAnswer(schema: z.ZodType): Answer {
  return {
    status: 200,
    description: "The readings.",
    headers: ["Cache-Control", "Vary"],
    mayHave: ["Link", "Start-Time", "End-Time"],
    content: [
      { mediaType: "application/json", schema },
      { mediaType: "text/csv", schema: z.string() },
    ],
  };
}
