/**
 * What requests and answers about smart meters look like.
 *
 * @module
 */

import { z } from "zod";
import { METER_ID_PATTERN, METER_ID_RULE, PROFILE_NAME_PATTERN } from "../../data/limits.ts";
import { PROFILES } from "../../data/readings/profile.ts";
import { runningImport } from "../imports/schemas.ts";
import { limitText } from "../openapi/list_query.ts";
import type { Parameter } from "../openapi/operation.ts";
import { count, instant } from "../openapi/schema_parts.ts";
import { timezoneText } from "../readings/query.ts";
import {
  bucketSchema,
  intervalField,
  ownBucketSchema,
  ownRowSchema,
  rangeFields,
  rowSchema,
} from "../readings/schemas.ts";

/** A meter's id in a body. */
export const meterIdText = z.string().regex(METER_ID_PATTERN)
  .meta({ description: "The meter.", examples: ["123"] });

/** A meter's id in a path. */
export const meterId: Parameter = {
  in: "path",
  name: "id",
  description: `The meter's id: ${METER_ID_RULE}.`,
  schema: z.string().regex(METER_ID_PATTERN),
  example: "123",
};

/** The query of a list of meters. */
export const listQuery = z.strictObject({
  limit: limitText,
  after: z.string().regex(METER_ID_PATTERN, `after must be ${METER_ID_RULE}`).optional(),
});

const nullWithout = "null if it has none.";

const shared = {
  smart_meter_id: meterIdText,
  profile: z.string().regex(PROFILE_NAME_PATTERN).meta({
    description: "What it measures: `meter`, or a profile that you defined.",
    examples: ["meter"],
  }),
  label: z.string().nullable().meta({ description: "What you call it, or null." }),
  timezone: z.string().nullable().meta({
    description: "The zone of its times; null for UTC.",
    examples: ["Europe/Paris"],
  }),
  count: count("How many readings it has.", 44_640),
  first_reading: instant(`Time of the first reading; ${nullWithout}`, "2024-01-01T00:00:00Z")
    .nullable(),
  last_reading: instant(`Time of the last reading; ${nullWithout}`, "2024-01-31T23:59:00Z")
    .nullable(),
};

/** A smart meter in a list. */
export const meterSchema = z.strictObject(shared)
  .meta({ description: "A smart meter that has readings, or that you set up." });

/** {@link meterSchema} as a type. */
export type MeterBody = z.infer<typeof meterSchema>;

/** A smart meter with its running imports. */
export const meterDetail = z.strictObject({
  ...shared,
  imports: z.array(runningImport).meta({
    description: "Imports into it that are running in the process that answers, the oldest first.",
  }),
}).meta({
  description:
    "A smart meter that has readings, that you set up, or whose first import is running.",
});

/** Most characters of a label. */
const LABEL_MAX = 200;
const labelRule = `label must be null or a text of 1 to ${LABEL_MAX} characters`;

/** The body of `PUT /api/meters/{id}`. Members that are absent stay as they are. */
export const meterChange = z.strictObject({
  profile: z.string("profile must be the name of a profile").optional().meta({
    description: "What it measures. It is fixed once there are readings.",
    examples: ["three_phase"],
  }),
  label: z.string(labelRule).min(1, labelRule).max(LABEL_MAX, labelRule).nullable().optional()
    .meta({ description: "What you call it." }),
  timezone: timezoneText.nullable().optional().meta({
    description: "The zone of times without an offset in its uploads, and of days and buckets of " +
      "its readings, unless a request names another one; null for UTC.",
    examples: ["Europe/Paris"],
  }),
}, {
  error: (issue) => issue.code === "invalid_type" ? "The body must be a JSON object" : undefined,
}).meta({ description: "What to change about a smart meter." });

/** {@link meterDetail} as a type. */
export type MeterDetailBody = z.infer<typeof meterDetail>;

/** A page of smart meters. */
export const meterList = z.strictObject({
  meters: z.array(meterSchema).meta({ description: "In the order of their ids." }),
  next: z.string().regex(/^\/api\/meters\?limit=\d+&after=[A-Za-z0-9_.%-]+$/).nullable().meta({
    description: "The next page; null on the last.",
    examples: ["/api/meters?limit=100&after=123"],
  }),
}).meta({ description: "A page of smart meters." });

/** {@link meterList} as a type. */
export type MeterListBody = z.infer<typeof meterList>;

/** Readings of a meter as they are. */
export const meterRows = z.strictObject({
  smart_meter_id: meterIdText,
  data: z.array(z.union([rowSchema(PROFILES.meter), ownRowSchema]))
    .meta({ description: "Ascending by time. Null is a missing value." }),
  ...rangeFields,
}).meta({ description: "Readings of a smart meter." });

/** Readings of a meter by buckets. */
export const meterBuckets = z.strictObject({
  smart_meter_id: meterIdText,
  ...intervalField,
  data: z.array(z.union([bucketSchema(PROFILES.meter), ownBucketSchema]))
    .meta({ description: "Ascending by time. Buckets without readings are left out." }),
  ...rangeFields,
}).meta({ description: "Readings of a smart meter by buckets." });

/** The answer with 200 to a request for readings. */
export const meterReadings = z.union([meterRows, meterBuckets])
  .meta({ description: "Readings of a smart meter, as they are or by buckets." });
