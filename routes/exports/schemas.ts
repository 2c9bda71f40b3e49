/**
 * What the routes under `/api/export` answer, as schemas for the OpenAPI document. The answers
 * themselves are made in `routes/exports/exports.ts` and `routes/exports/status.ts`.
 *
 * @module
 */

import { z } from "zod";
import { count, instant as time } from "../openapi/schema_parts.ts";

/** What a job may end with: everything that a run, the engine or somebody who cancels says. */
const JOB_ERRORS = [
  "SMART_METER_NOT_FOUND",
  "STORAGE_FULL",
  "STORAGE_UNAVAILABLE",
  "EXPORT_FAILED",
  "EXPORT_CANCELLED",
  "JOB_ABANDONED",
];

function text(description: string, example: string): z.ZodType<string> {
  return z.string().meta({ description, examples: [example] });
}

function instant(description: string, example = "2024-02-01T08:00:00Z"): z.ZodType<string> {
  return time(description, example);
}

const jobId = z.uuid().meta({
  description: "The job.",
  examples: ["4a9c7a4e-8f0e-4c57-9d3f-2b6f0c1d5e7a"],
});

/** The answer to a request for an export. */
export const exportAccepted: z.ZodType = z.strictObject({
  job_id: jobId,
  status: z.literal("pending").meta({ description: "What the job was when it was made." }),
  message: text("A sentence.", "Export job created successfully"),
}).meta({ description: "The job that makes the file." });

const common = {
  job_id: jobId,
  message: text("A sentence.", "Job is being processed"),
  created_at: instant("When it was asked for."),
  updated_at: instant("When anything about it changed last.", "2024-02-01T08:00:01.250Z"),
};

/** A job that waits or runs. */
export const exportPending: z.ZodType = z.strictObject({
  ...common,
  status: z.literal("pending"),
  progress: z.strictObject({
    phase: z.enum(["queued", "running"]).meta({
      description: "Whether it waits or runs.",
      examples: ["running"],
    }),
    rows_done: count("Readings written so far.", 20_000),
    rows_total: z.int().min(0).nullable().meta({
      description: "Readings in all, estimated from the time covered; null until there is one.",
      examples: [44_640],
    }),
    percent: z.int().min(0).max(99).meta({ description: "Of the time asked for.", examples: [44] }),
    attempt: z.int().min(1).meta({ description: "Which try it is.", examples: [1] }),
  }).meta({ description: "How far it is." }),
}).meta({ description: "The export waits or runs." });

/** A job with a file. */
export const exportCompleted: z.ZodType = z.strictObject({
  ...common,
  message: text("A sentence.", "Export completed successfully"),
  status: z.literal("completed"),
  file_info: z.strictObject({
    filename: text("Its name for users.", "smart_meter_123_20240101_20240131.csv"),
    download_url: z.string().regex(/^\/api\/export\/download\/[0-9a-f-]{36}$/).meta({
      description: "Where it is.",
      examples: ["/api/export/download/4a9c7a4e-8f0e-4c57-9d3f-2b6f0c1d5e7a"],
    }),
    file_size_bytes: count("Its length.", 2_235_873),
    record_count: count("How many readings it has.", 44_640),
    sha256: z.string().regex(/^[0-9a-f]{64}$/).meta({
      description: "SHA-256 of its bytes, hexadecimal.",
      examples: ["e8d187bca989bbb2fea893532aa95ddc2008269e9d5618d513e3f731dcea730d"],
    }),
    expires_at: instant("When it will be deleted.", "2024-02-08T08:00:01Z"),
    missing_intervals: z.int().min(0).nullable().meta({
      description:
        "Steps of the most common cadence without a reading; null with fewer than two readings.",
      examples: [0],
    }),
    export_period: z.strictObject({
      start: instant("First time.", "2024-01-01T00:00:00Z"),
      end: instant("Last time, included.", "2024-01-31T23:59:59Z"),
    }).meta({ description: "What was asked for." }),
  }).meta({ description: "The file." }),
}).meta({ description: "The export has a file." });

/** A job without a file, and why. */
export const exportFailed: z.ZodType = z.strictObject({
  ...common,
  message: text("A sentence.", "Export failed"),
  status: z.literal("failed"),
  error: z.strictObject({
    code: z.enum(JOB_ERRORS).meta({
      description: "The stable name to branch on.",
      examples: ["SMART_METER_NOT_FOUND"],
    }),
    message: text("What went wrong.", "Smart meter with ID '999' not found"),
    details: text(
      "A second sentence, or empty.",
      "The specified smart meter does not exist in the system",
    ),
  }).meta({ description: "Why." }),
}).meta({ description: "The export failed, or was cancelled." });

/** A job whose file was deleted. */
export const exportExpired: z.ZodType = z.strictObject({
  ...common,
  message: text("A sentence.", "Export file has expired"),
  status: z.literal("expired"),
}).meta({ description: "The file was kept as long as it is kept." });

/** No job. */
export const exportNotFound: z.ZodType = z.strictObject({
  status: z.literal("not_found"),
  message: text("A sentence.", "Job with ID '0' not found"),
}).meta({ description: "There is no export of this id, or not any more." });

/** Components that {@link exportStatus} is one of, by its `status`. */
const BY_STATUS = {
  pending: "ExportPending",
  completed: "ExportCompleted",
  failed: "ExportFailed",
  expired: "ExportExpired",
  not_found: "ExportNotFound",
};

/** A job as its status tells it. */
export const exportStatusSchema: z.ZodType = z.xor([
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
