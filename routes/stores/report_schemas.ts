/**
 * What the routes of reports answer, as schemas for the OpenAPI document. The answers themselves are
 * made in `routes/stores/reports.ts` and `routes/stores/report_status.ts`.
 *
 * @module
 */

import { z } from "zod";
import { count, instant } from "../openapi/schema_parts.ts";

const EXAMPLE_ID = "b2d0a6c4-5f1e-4d38-8a77-0c9e3f6b1d24";

function text(description: string, example: string): z.ZodType<string> {
  return z.string().meta({ description, examples: [example] });
}

const reportId = z.uuid().meta({ description: "The report.", examples: [EXAMPLE_ID] });

const progress = z.strictObject({
  phase: z.enum(["queued", "running"]).meta({
    description: "Whether it waits or runs.",
    examples: ["running"],
  }),
  stores_done: count("Stores reported so far.", 1_200),
  percent: z.int().min(0).max(99).meta({ description: "Of all stores.", examples: [30] }),
  attempt: z.int().min(1).meta({ description: "Which try it is.", examples: [1] }),
}).meta({ description: "How far it is." });

const csvFile = z.string().regex(/^report_data\/report_[0-9a-f-]{36}\.csv$/).meta({
  description: "The name of the file.",
  examples: [`report_data/report_${EXAMPLE_ID}.csv`],
});

const downloadUrl = z.string().regex(/^\/download_report\/[0-9a-f-]{36}\/$/).meta({
  description: "Where it is.",
  examples: [`/download_report/${EXAMPLE_ID}/`],
});

const generatedAt = instant("When it was done.", "2024-10-03T23:00:01Z");

function onlyComplete(description: string): string {
  return `${description} Only with \`Prefer: wait\`, if the report is \`Complete\`.`;
}

/** The answer to the request that triggers a report. */
export const reportTriggered: z.ZodType = z.strictObject({
  report_id: reportId,
  status: z.enum(["triggered", "Running", "Complete", "Failed", "Expired"]).meta({
    description: "`triggered`. With `Prefer: wait` the status after the wait.",
    examples: ["triggered"],
  }),
  message: text(
    "A sentence for people.",
    `Report generation started. Use /get_report/${EXAMPLE_ID}/ to check status.`,
  ),
  progress: progress.optional().meta({
    description: "How far it is. Only with `Prefer: wait`, while it is `Running`.",
  }),
  csv_file: csvFile.optional().meta({ description: onlyComplete("The name of the file.") }),
  file_size_bytes: z.int().min(0).optional().meta({
    description: onlyComplete("The size of the file in bytes."),
  }),
  store_count: z.int().min(0).optional().meta({
    description: onlyComplete("How many stores the file has."),
  }),
  download_url: downloadUrl.optional().meta({
    description: onlyComplete("The path of the download."),
  }),
  generated_at: generatedAt.optional().meta({
    description: onlyComplete("When the report was completed."),
  }),
  error: z.string().optional().meta({
    description: "Why it failed. Only with `Prefer: wait`, if it is `Failed`.",
  }),
}).meta({ description: "The job that makes the report." });

/** A report that waits or runs. */
export const reportRunning: z.ZodType = z.strictObject({
  status: z.literal("Running"),
  report_id: reportId,
  message: text(
    "A sentence.",
    "Report is still being generated. Please check again in a few moments.",
  ),
  progress,
}).meta({ description: "The report waits or is being made." });

/** A report with a file. */
export const reportComplete: z.ZodType = z.strictObject({
  status: z.literal("Complete"),
  report_id: reportId,
  csv_file: csvFile,
  file_size_bytes: count("Its length.", 231_904),
  store_count: count("How many stores it has.", 4_000),
  download_url: downloadUrl,
  generated_at: generatedAt,
}).meta({ description: "The report has a file." });

/** A report without a file, and why. */
export const reportFailed: z.ZodType = z.strictObject({
  status: z.literal("Failed"),
  report_id: reportId,
  error: text("Why, in a sentence.", "The report could not be completed"),
}).meta({ description: "The report failed, or was cancelled." });

/** A report whose file was deleted. */
export const reportExpired: z.ZodType = z.strictObject({
  status: z.literal("Expired"),
  report_id: reportId,
  message: text("A sentence.", "Report file has expired"),
}).meta({ description: "The file was kept as long as it is kept." });

/** A report as its status tells it. */
export const reportStatusSchema: z.ZodType = z.xor([
  reportRunning,
  reportComplete,
  reportFailed,
  reportExpired,
]).meta({
  description: "A report, by its `status`.",
  discriminator: {
    propertyName: "status",
    mapping: {
      Running: "#/components/schemas/ReportRunning",
      Complete: "#/components/schemas/ReportComplete",
      Failed: "#/components/schemas/ReportFailed",
      Expired: "#/components/schemas/ReportExpired",
    },
  },
});
