/**
 * What the routes under `/api/export` take and answer: schemas for the OpenAPI document, and the
 * types that the routes build by.
 *
 * @module
 */

import { z } from "zod";
import { METER_ID_PATTERN, METER_ID_RULE } from "../../data/limits.ts";
import { rangeStartMs } from "../../data/time/range_text.ts";
import { rangeTimeMeta } from "../openapi/range_time.ts";
import { count, instant as time } from "../openapi/schema_parts.ts";

const datetimeRule = "Invalid datetime format. Use ISO 8601.";

function required(name: string, rule: string): { error: (issue: { input?: unknown }) => string } {
  return { error: ({ input }) => input === undefined ? `${name} is required` : rule };
}

function datetime(name: string, description: string, example: string): z.ZodType<string> {
  return z.string(required(name, datetimeRule))
    .refine((text) => rangeStartMs(text) !== null, datetimeRule)
    .meta(rangeTimeMeta(description, example));
}

/** The body that creates an export. The handler checks the times against each other. */
export const exportRequest = z.strictObject({
  smart_meter_id: z.string(required("smart_meter_id", `smart_meter_id must be ${METER_ID_RULE}`))
    .regex(METER_ID_PATTERN, `smart_meter_id must be ${METER_ID_RULE}`)
    .meta({ description: `The meter: ${METER_ID_RULE}.`, examples: ["123"] }),
  start_datetime: datetime(
    "start_datetime",
    "First time, inclusive: ISO 8601, in the past. UTC unless it has an offset. A bare date is " +
      "its midnight.",
    "2024-01-01T00:00:00Z",
  ),
  end_datetime: datetime(
    "end_datetime",
    "Last time, inclusive: ISO 8601, in the past, 1 minute to 366 days after `start_datetime`. " +
      "UTC unless it has an offset. A bare date is its last millisecond, so `2024-01-31` includes " +
      "that whole day.",
    "2024-01-31T23:59:59Z",
  ),
  format: z.literal("csv", required("format", "format must be csv"))
    .meta({ description: "The file format." }),
}, {
  error: (issue) => issue.code === "invalid_type" ? "The body must be a JSON object" : undefined,
}).meta({ description: "What to export." });

/** Every code that a job can fail with: from its run, from the engine, or by cancellation. */
const JOB_ERRORS = [
  "SMART_METER_NOT_FOUND",
  "DEVICE_NOT_FOUND",
  "STORED_DATA_DAMAGED",
  "STORAGE_FULL",
  "STORAGE_UNAVAILABLE",
  "EXPORT_FAILED",
  "EXPORT_CANCELLED",
  "JOB_ABANDONED",
];

function text(description: string, example: string): z.ZodString {
  return z.string().min(1).meta({ description, examples: [example] });
}

function instant(description: string, example = "2024-02-01T08:00:00Z"): z.ZodType<string> {
  return time(description, example);
}

const jobId = z.uuid().meta({
  description: "The id of the job.",
  examples: ["4a9c7a4e-8f0e-4c57-9d3f-2b6f0c1d5e7a"],
});
const createdAt = instant("When the job was created.");
const updatedAt = instant("When the job last changed.", "2024-02-01T08:00:01.250Z");

const progress = z.strictObject({
  phase: z.enum(["queued", "running"]).meta({
    description: "Whether the job is waiting or running.",
    examples: ["running"],
  }),
  rows_done: count("Readings written so far.", 20_000),
  rows_total: z.int().min(0).nullable().meta({
    description: "Estimated number of readings; null until there is an estimate.",
    examples: [44_640],
  }),
  percent: z.int().min(0).max(99).meta({
    description: "Share of the time range that is done.",
    examples: [44],
  }),
  attempt: z.int().min(1).meta({ description: "The number of this attempt.", examples: [1] }),
}).meta({ id: "ExportProgress", description: "How far the job is." });

const fileInfo = z.strictObject({
  filename: text(
    "The name under which the download is saved.",
    "smart_meter_123_20240101_20240131.csv",
  ),
  download_url: z.string().regex(/^\/api\/export\/download\/[0-9a-f-]{36}$/).meta({
    description: "The path of the download.",
    format: "uri-reference",
    examples: ["/api/export/download/4a9c7a4e-8f0e-4c57-9d3f-2b6f0c1d5e7a"],
  }),
  file_size_bytes: count("The size of the file in bytes.", 2_235_873),
  record_count: count("The number of readings in the file.", 44_640),
  sha256: z.string().regex(/^[0-9a-f]{64}$/).meta({
    description: "SHA-256 of the file, hexadecimal.",
    examples: ["e8d187bca989bbb2fea893532aa95ddc2008269e9d5618d513e3f731dcea730d"],
  }),
  expires_at: instant("When the file will be deleted.", "2024-02-08T08:00:01Z"),
  missing_intervals: z.int().min(0).nullable().meta({
    description: "How many steps of the meter's usual interval have no reading; null with fewer " +
      "than two readings.",
    examples: [0],
  }),
  export_period: z.strictObject({
    start: instant("First time, inclusive.", "2024-01-01T00:00:00Z"),
    end: instant("Last time, inclusive.", "2024-01-31T23:59:59Z"),
  }).meta({ id: "ExportPeriod", description: "The time range of the export." }),
}).meta({ id: "ExportFile", description: "The file of an export." });

/** Why an export failed. */
export const jobError = z.strictObject({
  code: z.enum(JOB_ERRORS).meta({
    description: "A stable name for programs.",
    examples: ["SMART_METER_NOT_FOUND"],
  }),
  message: text("What went wrong.", "Smart meter with ID '999' not found"),
  details: z.string().meta({
    description: "A second sentence, or empty.",
    examples: ["The specified smart meter does not exist in the system"],
  }),
}).meta({ id: "ExportError", description: "Why the export failed." });

/** The answer to the request that creates an export. */
export const exportAccepted = z.strictObject({
  job_id: jobId,
  status: z.enum(["pending", "completed", "failed", "expired"]).meta({
    description: "`pending` when the job is new. With `Prefer: wait` the status after the wait.",
    examples: ["pending"],
  }),
  message: text("A sentence for people.", "Export job created successfully"),
  warnings: z.array(z.string().min(1)).min(1).optional().meta({
    description: "Reasons why the export may fail. Absent if there are none.",
    examples: [["Smart meter '999' has no readings"]],
  }),
  created_at: createdAt.optional().meta({
    description: "When the job was created. Only with `Prefer: wait`.",
  }),
  updated_at: updatedAt.optional().meta({
    description: "When the job last changed. Only with `Prefer: wait`.",
  }),
  progress: progress.optional().meta({
    description: "How far the job is. Only with `Prefer: wait`, while it is `pending`.",
  }),
  file_info: fileInfo.optional().meta({
    description: "The file. Only with `Prefer: wait`, if the job is `completed`.",
  }),
  error: jobError.optional().meta({
    description: "Why the export failed. Only with `Prefer: wait`, if the job is `failed`.",
  }),
}).meta({ description: "The job that writes the file." });

/** The answer to the request that creates an export. */
export type ExportAccepted = z.infer<typeof exportAccepted>;

const common = {
  job_id: jobId,
  message: text("A sentence for people.", "Job is being processed"),
  created_at: createdAt,
  updated_at: updatedAt,
};

/** A job that is waiting or running. */
export const exportPending = z.strictObject({ ...common, status: z.literal("pending"), progress })
  .meta({ description: "The export is waiting or running." });

/** A job with a file. */
export const exportCompleted = z.strictObject({
  ...common,
  message: text("A sentence for people.", "Export completed successfully"),
  status: z.literal("completed"),
  file_info: fileInfo,
}).meta({ description: "The export has a file." });

/** A job without a file, and why. */
export const exportFailed = z.strictObject({
  ...common,
  message: text("A sentence for people.", "Export failed"),
  status: z.literal("failed"),
  error: jobError,
}).meta({ description: "The export failed or was cancelled." });

/** A job whose file was deleted. */
export const exportExpired = z.strictObject({
  ...common,
  message: text("A sentence for people.", "Export file has expired"),
  status: z.literal("expired"),
}).meta({ description: "The file was deleted after its retention time." });

/** No job. */
export const exportNotFound = z.strictObject({
  status: z.literal("not_found"),
  message: text("A sentence for people.", "Job with ID '0' not found"),
}).meta({ description: "No export has this id, or its record was deleted." });

/** The component of each status. */
const BY_STATUS = {
  pending: "ExportPending",
  completed: "ExportCompleted",
  failed: "ExportFailed",
  expired: "ExportExpired",
  not_found: "ExportNotFound",
};

/** The status of a job that exists. */
export type ExportJobStatus =
  | z.infer<typeof exportPending>
  | z.infer<typeof exportCompleted>
  | z.infer<typeof exportFailed>
  | z.infer<typeof exportExpired>;

/** The status where there is no job. */
export type ExportNotFound = z.infer<typeof exportNotFound>;

/** The status of an export. */
export const exportStatusSchema = z.xor([
  exportPending,
  exportCompleted,
  exportFailed,
  exportExpired,
  exportNotFound,
]).meta({
  description: "An export, by its `status`.",
  discriminator: {
    propertyName: "status",
    mapping: Object.fromEntries(
      Object.entries(BY_STATUS).map(([status, name]) => [status, `#/components/schemas/${name}`]),
    ),
  },
});
