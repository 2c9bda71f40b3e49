/**
 * What devices measured, as the OpenAPI document describes it.
 *
 * @module
 */

import { z } from "zod";
import { DEVICE_PROFILES, type DeviceProfileName, PROFILES } from "../../data/readings/profile.ts";
import { RANGE_PATTERN } from "../../data/time/range_text.ts";
import { count, instant } from "../openapi/schema_parts.ts";
import { deviceIdParameter, deviceIdText } from "../openapi/device_id.ts";
import type { Operation } from "../openapi/operation.ts";

/** An object with something for each metric of a profile. */
function ofMetrics(profile: DeviceProfileName, one: z.ZodType): Record<string, z.ZodType> {
  return Object.fromEntries(PROFILES[profile].metrics.map(({ name }) => [name, one]));
}

function ofProfiles(make: (profile: DeviceProfileName) => z.ZodType): z.ZodType {
  return z.union(DEVICE_PROFILES.map(make));
}

const time = instant("When it was measured; the start of a bucket.", "2026-02-01T14:23:45Z");
const value = z.number().nullable();

/** Rows as they are. */
export const metricRows: z.ZodType = z.strictObject({
  device_id: deviceIdText,
  data: z.array(
    ofProfiles((profile) => z.strictObject({ timestamp: time, ...ofMetrics(profile, value) })),
  ).meta({ description: "Ascending; null is a missing value." }),
}).meta({ description: "Readings of a device." });

const statistics = z.strictObject({
  min: value,
  max: value,
  avg: value,
  count: count("Readings that have the metric.", 1),
});

/** Readings by buckets. */
export const metricBuckets: z.ZodType = z.strictObject({
  device_id: deviceIdText,
  interval: z.enum(["1m", "15m", "1h", "1d"]),
  data: z.array(ofProfiles((profile) =>
    z.strictObject({
      timestamp: time,
      count: count("Readings of the bucket.", 1),
      ...ofMetrics(profile, statistics),
    })
  )).meta({ description: "Ascending; buckets without readings are left out." }),
}).meta({ description: "Readings of a device by buckets of UTC." });

/** What is answered with 200. */
export const metricsAnswer: z.ZodType = z.union([metricRows, metricBuckets])
  .meta({ description: "Readings of a device as they are, or by buckets." });

const minMaxAvg = z.strictObject({ min: value, max: value, avg: value });

/** A day. */
export const daySummary: z.ZodType = z.strictObject({
  device_id: deviceIdText,
  date: z.string().regex(/^\d{4}-\d\d-\d\d$/).meta({ description: "The day." }),
  count: count("Readings of the day.", 1),
  summary: ofProfiles((profile) => z.strictObject(ofMetrics(profile, minMaxAvg)))
    .meta({ description: "Zeros on a day without readings." }),
}).meta({ description: "A day of a device." });

const metrics: Operation = {
  method: "get",
  path: "/devices/{device_id}/metrics",
  id: "getDeviceMetrics",
  tag: "Devices",
  summary: "Read what a device measured",
  description: "Readings of at most 8 days, both ends included, at most 50,000 rows an answer; " +
    "`Link` says where they go on. With `interval`, minimum, maximum, mean and count of each " +
    "bucket, aligned to UTC. `Accept: text/csv` gives CSV.",
  parameters: [
    deviceIdParameter,
    {
      in: "query",
      name: "start_time",
      description: "ISO 8601; a bare date is its midnight UTC. A day before `end_time` by default.",
      schema: z.string().regex(RANGE_PATTERN),
      example: "2026-02-01T00:00:00Z",
    },
    {
      in: "query",
      name: "end_time",
      description: "ISO 8601; a bare date is that whole UTC day. By default now, or 8 days after " +
        "`start_time` if that is earlier.",
      schema: z.string().regex(RANGE_PATTERN),
      example: "2026-11-01T00:00:00Z",
    },
    {
      in: "query",
      name: "interval",
      description: "The length of a bucket.",
      schema: z.enum(["1m", "15m", "1h", "1d"]),
      example: "15m",
    },
    {
      in: "header",
      name: "Accept",
      description: "`application/json` (default) or `text/csv`.",
      schema: z.string(),
      example: "text/csv",
    },
  ],
  answers: [{
    status: 200,
    description: "The readings.",
    headers: ["Cache-Control", "Vary"],
    mayHave: ["Link"],
    content: [
      { mediaType: "application/json", schema: metricsAnswer },
      { mediaType: "text/csv", schema: z.string() },
    ],
  }],
  problems: ["INVALID_REQUEST", "DEVICE_NOT_FOUND"],
};

const summary: Operation = {
  method: "get",
  path: "/devices/{device_id}/summary",
  id: "getDeviceSummary",
  tag: "Devices",
  summary: "Sum a day of a device up",
  description:
    "Minimum, maximum and mean of each metric over a calendar day of a zone, which may " +
    "have 23 or 25 hours.",
  parameters: [
    deviceIdParameter,
    {
      in: "query",
      name: "date",
      description: "The day; today by default.",
      schema: z.string().regex(/^\d{4}-\d\d-\d\d$/),
      example: "2026-02-01",
    },
    {
      in: "query",
      name: "timezone",
      description: "IANA zone, UTC by default.",
      schema: z.string(),
      example: "Europe/Paris",
    },
  ],
  answers: [{
    status: 200,
    description: "The day.",
    content: [{ mediaType: "application/json", schema: daySummary }],
  }],
  problems: ["INVALID_REQUEST", "DEVICE_NOT_FOUND"],
};

/** All of them. */
export const deviceReadingsOperations: readonly Operation[] = [
  metrics,
  summary,
];
