/**
 * Requests about reports on stores. The OpenAPI document comes from these schemas.
 *
 * @module
 */

import { z } from "zod";
import {
  isStoreId,
  MAX_HOLD_HOURS,
  REPORT_STORES_MAX,
  STALE_MAX_HOURS,
  STORE_ID_RULE,
} from "../../data/limits.ts";
import { REPORT_BUCKETS } from "../../data/stores/report_range.ts";
import { PERIODS } from "../../data/time/period.ts";
import { rangeStartMs, rangeStopMs } from "../../data/time/range_text.ts";
import { isTimeZone } from "../../data/time/zone.ts";
import { REPORT_FORMATS } from "../../jobs/stores/report_contract.ts";
import { targetFields } from "../notify/target_schemas.ts";
import { rangeTimeMeta, rangeTimeRule } from "../openapi/range_time.ts";

const asOfRule = "as_of must be an ISO 8601 date or time of the years 1970 to 9999";

/** A number of hours above 0. */
function hours(name: string, max: number, description: string, example: number): z.ZodType<number> {
  const rule = `${name} must be a number above 0, at most ${max}`;
  return z.number(rule).gt(0, rule).max(max, rule).meta({ description, examples: [example] });
}

const zoneRule = "timezone must be an IANA time zone or an offset such as +01:00";
const storesRule = `stores must be a list of 1 to ${REPORT_STORES_MAX} different store ids`;

/** An end of the range. */
function rangeEnd(name: string, description: string, example: string): z.ZodType<string> {
  const rule = `${rangeTimeRule(name)}, of the years 1970 to 9999`;
  return z.string({ error: rule }).refine((text) => (rangeStopMs(text) ?? -1) >= 0, rule)
    .meta(rangeTimeMeta(description, example));
}

/** The body of the request that triggers a report. */
export const reportRequest = z.strictObject({
  as_of: z.string({ error: asOfRule })
    .refine((text) => (rangeStopMs(text) ?? -1) >= 0, asOfRule)
    .meta(rangeTimeMeta(
      "The end of the last hour, day and week. Later polls do not exist for the report. UTC unless " +
        "it has an offset; a bare date is the end of that day. By default the time of the latest " +
        "poll that is not in the future. Years 1970 to 9999.",
      "2024-10-03T23:00:00Z",
    ))
    .optional(),
  max_hold_hours: hours(
    "max_hold_hours",
    MAX_HOLD_HOURS,
    "Time further than this from the poll that covers it is unknown, which adds three columns to " +
      "the file. Without it a poll holds until the next one.",
    2,
  ).optional(),
  stale_after_hours: hours(
    "stale_after_hours",
    STALE_MAX_HOURS,
    "A store whose last poll is older than this is stale, which adds the columns `last_poll` and " +
      "`stale` to the file. By default the setting `STALE_AFTER_HOURS`; without it, no store is " +
      "marked.",
    6,
  ).optional(),
  from: rangeEnd(
    "from",
    "The first moment of a range to report on, with `to`. Dates, and times without an offset, are on " +
      "the clock of `timezone`, or without it on that of each store.",
    "2024-09-01",
  ).optional(),
  to: rangeEnd(
    "to",
    "The end of the range, exclusive; a bare date means the end of that day. The report ends when " +
      "it is requested if that is earlier.",
    "2024-09-30",
  ).optional(),
  period: z.enum(PERIODS, `period must be one of ${PERIODS.join(", ")}`).meta({
    description:
      "The range by name, instead of `from` and `to`. `today` and `this_month` end now, " +
      "the others are whole days.",
    examples: ["last_month"],
  }).optional(),
  timezone: z.string({ error: zoneRule }).refine(isTimeZone, zoneRule).meta({
    description: "The zone of dates, periods and buckets. By default that of each store.",
    examples: ["America/New_York"],
  }).optional(),
  bucket: z.enum(REPORT_BUCKETS, `bucket must be ${REPORT_BUCKETS.join(" or ")}`).meta({
    description:
      "A row for each store and local hour or day of the range, instead of one for each " +
      "store.",
    examples: ["day"],
  }).optional(),
  stores: z.array(
    z.string({ error: storesRule }).refine(isStoreId, `A store's id must be ${STORE_ID_RULE}`),
    { error: storesRule },
  ).min(1, storesRule).max(REPORT_STORES_MAX, storesRule)
    .refine((ids) => new Set(ids).size === ids.length, storesRule)
    .meta({ description: "The stores to report on. By default all.", examples: [["101", "102"]] })
    .optional(),
  format: z.enum(REPORT_FORMATS, `format must be one of ${REPORT_FORMATS.join(", ")}`).meta({
    description: "The format of the file. By default `csv`.",
    examples: ["xlsx"],
  }).optional(),
  ...targetFields,
}, {
  error: (issue) => issue.code === "invalid_type" ? "The body must be a JSON object" : undefined,
}).meta({ description: "What to report. Everything is optional." });

/** The body of the request that triggers a report. */
export type ReportRequest = z.infer<typeof reportRequest>;

/** The cursor of the history: when the last report of a page was requested, and its id. */
export const REPORT_CURSOR: RegExp = /^(\d{1,15})_([0-9a-f-]{36})$/;

const STATUSES = ["Running", "Complete", "Failed", "Expired"] as const;

function listTime(name: string, description: string): z.ZodOptional<z.ZodString> {
  const rule = rangeTimeRule(name);
  return z.string().refine((text) => rangeStartMs(text) !== null, rule)
    .meta(rangeTimeMeta(description, "2024-02-01")).optional();
}

/** The query of the history. */
export const reportListQuery = z.strictObject({
  limit: z.string().regex(/^\d{1,3}$/, "limit must be a whole number of 1 to 100").transform(Number)
    .pipe(z.int().min(1, "limit must be at least 1").max(100, "limit must be at most 100"))
    .default(20),
  cursor: z.string().regex(REPORT_CURSOR, "cursor must be that of a next page").optional(),
  status: z.enum(STATUSES, `status must be one of ${STATUSES.join(", ")}`).optional(),
  from: listTime("from", "The first time, inclusive."),
  to: listTime("to", "The end, exclusive; a date means the end of that day."),
}).refine(
  ({ from, to }) =>
    from === undefined || to === undefined ||
    (rangeStartMs(from) ?? NaN) < (rangeStopMs(to) ?? NaN),
  { path: ["to"], error: "to must be after from" },
);

/** The query of the history. */
export type ReportListQuery = z.infer<typeof reportListQuery>;
