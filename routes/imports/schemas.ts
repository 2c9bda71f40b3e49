/**
 * What all imports answer alike, as schemas for the OpenAPI document.
 *
 * @module
 */

import { z } from "zod";
import { count, instant } from "../openapi/schema_parts.ts";

const problemOfRecord = {
  field: z.string().nullable().meta({
    description: "The column or property that is wrong; null where the whole record is.",
    examples: ["voltage_v"],
  }),
  value: z.string().max(100).meta({ description: "What stands there.", examples: ["-1"] }),
  rule: z.string().meta({ description: "The rule it breaks.", examples: ["0 to 1000000 V"] }),
};

/** A record of an upload that was not taken. */
export const rejectSchema: z.ZodType = z.union([
  z.strictObject({
    line: z.int().min(1).meta({
      description: "Its line, of CSV and NDJSON. The first is 1; of CSV that is the header.",
      examples: [5],
    }),
    ...problemOfRecord,
  }).meta({ id: "RejectedLine", description: "A line of CSV or NDJSON that was not stored." }),
  z.strictObject({
    index: z.int().min(0).meta({
      description: "Its place in a JSON array. The first is 0.",
      examples: [3],
    }),
    ...problemOfRecord,
  }).meta({ id: "RejectedElement", description: "An element of JSON that was not stored." }),
]).meta({ description: "A record that was not taken." });

/** The counts of an import. */
export const importCounts = {
  received: count("Records of the upload.", 4),
  inserted: count("Times that were new.", 1),
  updated: count("Times that had other values.", 1),
  unchanged: count("Records that changed nothing.", 1),
  rejected: count("Records that were not taken.", 1),
};
/** Whether an import writes. */
export const isDryRun = z.boolean().meta({
  description: "Whether nothing is written: the counts are what an import would do.",
  examples: [false],
});

/** An import that runs. */
export const runningImport: z.ZodType = z.strictObject({
  started_at: instant("When it began.", "2024-05-01T12:00:00Z"),
  dry_run: isDryRun,
  ...importCounts,
  bytes_received: count("Bytes that came in so far, as they are sent.", 1_048_576),
  bytes_total: count("Bytes of the whole body; null where the request does not say.", 26_323_485)
    .nullable(),
  percent: z.int().min(0).max(99).nullable().meta({
    description: "How much of it came in; null where that is not known.",
    examples: [3],
  }),
}).meta({
  description: "An import on its way; what it counts as taken is durable, but of a dry run.",
});
