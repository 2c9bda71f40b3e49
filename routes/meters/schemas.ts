/**
 * What requests and answers about smart meters look like.
 *
 * @module
 */

import { z } from "zod";
import { METER_ID_PATTERN, METER_ID_RULE } from "../../data/limits.ts";
import { PROFILES } from "../../data/readings/profile.ts";
import { runningImport } from "../imports/schemas.ts";
import { limitText } from "../openapi/list_query.ts";
import type { Parameter } from "../openapi/operation.ts";
import { count, instant } from "../openapi/schema_parts.ts";
import { bucketSchema, intervalField, rangeFields, rowSchema } from "../readings/schemas.ts";

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

/** A smart meter in a list. */
export const meterSchema = z.strictObject({
  smart_meter_id: meterIdText,
  count: z.int().min(1).meta({ description: "How many readings it has.", examples: [44_640] }),
  first_reading: instant("Time of the first reading.", "2024-01-01T00:00:00Z"),
  last_reading: instant("Time of the last reading.", "2024-01-31T23:59:00Z"),
}).meta({ description: "A smart meter that has readings." });

/** {@link meterSchema} as a type. */
export type MeterBody = z.infer<typeof meterSchema>;

const nullWithout = "null if it has none.";

/** A smart meter with its running imports. */
export const meterDetail = z.strictObject({
  smart_meter_id: meterIdText,
  count: count("How many readings it has.", 44_640),
  first_reading: instant(`Time of the first reading; ${nullWithout}`, "2024-01-01T00:00:00Z")
    .nullable(),
  last_reading: instant(`Time of the last reading; ${nullWithout}`, "2024-01-31T23:59:00Z")
    .nullable(),
  imports: z.array(runningImport).meta({
    description: "Imports into it that are running in the process that answers, the oldest first.",
  }),
}).meta({ description: "A smart meter that has readings, or whose first import is running." });

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
  data: z.array(rowSchema(PROFILES.meter))
    .meta({ description: "Ascending by time. Null is a missing value." }),
  ...rangeFields,
}).meta({ description: "Readings of a smart meter." });

/** Readings of a meter by buckets. */
export const meterBuckets = z.strictObject({
  smart_meter_id: meterIdText,
  ...intervalField,
  data: z.array(bucketSchema(PROFILES.meter))
    .meta({ description: "Ascending by time. Buckets without readings are left out." }),
  ...rangeFields,
}).meta({ description: "Readings of a smart meter by buckets." });

/** The answer with 200 to a request for readings. */
export const meterReadings = z.union([meterRows, meterBuckets])
  .meta({ description: "Readings of a smart meter, as they are or by buckets." });
