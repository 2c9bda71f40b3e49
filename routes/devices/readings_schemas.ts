/**
 * Readings of devices in responses. The OpenAPI document and the types of the bodies come from these
 * schemas.
 *
 * @module
 */

import { z } from "zod";
import type { Profile } from "../../data/readings/profile.ts";
import { BUILT_IN_PROFILES } from "../../data/readings/profiles.ts";
import { deviceIdText } from "../openapi/device_id.ts";
import { count, pascalName } from "../openapi/schema_parts.ts";
import {
  bucketSchema,
  intervalField,
  metricName,
  metricValue,
  ofMetrics,
  ownBucketSchema,
  ownRowSchema,
  rangeFields,
  rowSchema,
} from "../readings/schemas.ts";

function ofProfiles<Schema extends z.ZodType, Own extends z.ZodType>(
  make: (profile: Profile) => Schema,
  own: Own,
): z.ZodUnion<(Schema | Own)[]> {
  return z.union([...BUILT_IN_PROFILES.ofDevices().map(make), own]);
}

/** Readings as they are. */
export const metricRows = z.strictObject({
  device_id: deviceIdText,
  data: z.array(ofProfiles(rowSchema, ownRowSchema))
    .meta({ description: "Ascending by time. Null is a missing value." }),
  ...rangeFields,
}).meta({ description: "Readings of a device." });

/** Readings by buckets. */
export const metricBuckets = z.strictObject({
  device_id: deviceIdText,
  ...intervalField,
  data: z.array(ofProfiles(bucketSchema, ownBucketSchema))
    .meta({ description: "Ascending by time. Buckets without readings are left out." }),
  ...rangeFields,
}).meta({ description: "Readings of a device by buckets." });

/** The answer with 200 to a request for metrics. */
export const metricsAnswer = z.union([metricRows, metricBuckets])
  .meta({ description: "Readings of a device, as they are or by buckets." });

const minMaxAvg = z.strictObject({ min: metricValue, max: metricValue, avg: metricValue })
  .meta({ id: "MetricRange", description: "Minimum, maximum and mean of a metric." });

/** A day of a device. */
export const daySummary = z.strictObject({
  device_id: deviceIdText,
  date: z.string().regex(/^\d{4}-\d\d-\d\d$/)
    .meta({ format: "date", description: "The day.", examples: ["2026-02-01"] }),
  count: count("Readings of the day.", 1),
  summary: ofProfiles(
    (profile) =>
      z.strictObject(ofMetrics(profile, minMaxAvg)).meta({
        id: pascalName(profile.name, "Summary"),
        description: `The metrics of the profile ${profile.name}, summarized.`,
      }),
    z.record(metricName, minMaxAvg).meta({
      id: "ProfileSummary",
      description: "The metrics of a profile that you defined, summarized.",
    }),
  )
    .meta({ description: "Zeros on a day without readings." }),
}).meta({ description: "A day of a device." });

/** A day of a device. */
export type DaySummaryBody = z.infer<typeof daySummary>;
