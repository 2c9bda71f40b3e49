/**
 * Readings in responses. The OpenAPI document and the types of the bodies come from these schemas.
 *
 * @module
 */

import { z } from "zod";
import { METRIC_NAME_PATTERN } from "../../data/limits.ts";
import type { Profile } from "../../data/readings/profile.ts";
import { count, instant, pascalName } from "../openapi/schema_parts.ts";
import { intervalText } from "./query.ts";

/** The name of a metric. */
export const metricName = z.string().regex(METRIC_NAME_PATTERN);
/** A value of a metric, or null if it is missing. */
export const metricValue = z.number().nullable();

/** The members of an object with the same for every metric of a profile. */
export function ofMetrics<Schema extends z.ZodType>(
  { metrics }: Profile,
  schema: Schema,
): Record<string, Schema> {
  return Object.fromEntries(metrics.map(({ name }) => [name, schema]));
}

/** The range that a response covers. Its members are there together or not at all. */
export const rangeFields = {
  start_time: instant(
    "The start of the range that this response covers. Present with `end_time` and `next` if the " +
      "request left an end of the range open, or if there is more.",
    "2026-02-01T00:00:00Z",
  ).optional(),
  end_time: instant("The end of the range that this response covers.", "2026-02-09T00:00:00Z")
    .optional(),
  next: z.string().regex(/^\/(devices|api\/meters)\/[^?]+\?/).nullable().optional().meta({
    description: "Where the readings go on, or null if there are no later ones.",
    examples: ["/devices/test-001/metrics?start_time=2026-02-09T00%3A00%3A01Z"],
  }),
};

const rangeSchema = z.strictObject(rangeFields);

const statistics = z.strictObject({
  min: metricValue,
  max: metricValue,
  avg: metricValue,
  count: count("Readings that have the metric.", 1),
}).meta({
  id: "MetricStatistics",
  description: "Minimum, maximum and mean of a metric; null without readings that have it.",
});

/** A row of a profile. */
export function rowSchema(profile: Profile): z.ZodType {
  const timestamp = instant("When it was measured.", "2026-02-01T14:23:45Z");
  return z.strictObject({ timestamp, ...ofMetrics(profile, metricValue) })
    .meta({
      id: pascalName(profile.name, "Reading"),
      description: `A reading of the profile ${profile.name}.`,
    });
}

/** A row of a profile that a user defined. */
export const ownRowSchema = z.object({
  timestamp: instant("When it was measured.", "2026-02-01T14:23:45Z"),
}).catchall(metricValue).meta({
  id: "ProfileReading",
  description: "A reading of a profile that you defined: a value or null for each metric.",
});

const bucketHead = {
  timestamp: instant("The start of the bucket.", "2026-02-01T14:15:00Z"),
  count: count("Readings in the bucket.", 1),
};

/** A bucket of a profile. */
export function bucketSchema(profile: Profile): z.ZodType {
  return z.strictObject({ ...bucketHead, ...ofMetrics(profile, statistics) })
    .meta({
      id: pascalName(profile.name, "Bucket"),
      description: `A bucket of the profile ${profile.name}.`,
    });
}

/** A bucket of a profile that a user defined. */
export const ownBucketSchema = z.object(bucketHead).catchall(statistics).meta({
  id: "ProfileBucket",
  description: "A bucket of a profile that you defined: the statistics of each metric.",
});

/** The members that go with buckets. */
export const intervalField = { interval: intervalText };

const bucketHeadSchema = z.strictObject(bucketHead);

/** The range that a response covers. */
export type RangeBody = z.infer<typeof rangeSchema>;
/** Minimum, maximum, mean and count of a metric. */
export type StatisticsBody = z.infer<typeof statistics>;
/** The time and the count of a bucket. Its metrics follow by name. */
export type BucketHeadBody = z.infer<typeof bucketHeadSchema>;
