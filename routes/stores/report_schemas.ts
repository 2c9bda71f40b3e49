/**
 * Answers about reports. The OpenAPI document and the types of the answers come from
 * these schemas.
 *
 * @module
 */

import { z } from "zod";
import { deliveryStates } from "../notify/target_schemas.ts";
import { count, instant } from "../openapi/schema_parts.ts";
import { reportRequest } from "./report_request_schemas.ts";

const EXAMPLE_ID = "b2d0a6c4-5f1e-4d38-8a77-0c9e3f6b1d24";

function text(description: string, example: string): z.ZodString {
  return z.string().min(1).meta({ description, examples: [example] });
}

const reportId = z.uuid().meta({ description: "The id of the report.", examples: [EXAMPLE_ID] });

const progress = z.strictObject({
  phase: z.enum(["queued", "running"]).meta({
    description: "Whether the report is waiting or running.",
    examples: ["running"],
  }),
  stores_done: count("Stores written so far.", 1_200),
  percent: z.int().min(0).max(99)
    .meta({ description: "Share of the stores that is done.", examples: [30] }),
  attempt: z.int().min(1).meta({ description: "The number of this attempt.", examples: [1] }),
}).meta({ id: "ReportProgress", description: "How far the report is." });

/** What a complete report has besides its id and status. */
const complete = {
  csv_file: z.string().regex(/^report_data\/report_[0-9a-f-]{36}\.(csv|json|xlsx|parquet)$/).meta({
    description: "The name of the file. It ends with the format.",
    examples: [`report_data/report_${EXAMPLE_ID}.csv`],
  }),
  file_size_bytes: count("The size of the file in bytes.", 231_904),
  store_count: count("How many stores the file has.", 4_000),
  download_url: z.string().regex(/^\/download_report\/[0-9a-f-]{36}\/$/).meta({
    description: "The path of the download.",
    format: "uri-reference",
    examples: [`/download_report/${EXAMPLE_ID}/`],
  }),
  generated_at: instant("When the report was completed.", "2024-10-03T23:00:01Z"),
  as_of: instant(
    "The end of the last hour, day and week; null if there were no polls, or if an older version " +
      "made the report.",
    "2024-10-03T23:55:01.605Z",
  ).nullable().meta({ examples: ["2024-10-03T23:55:01.605Z"] }),
  stores_by_last_poll: z.strictObject({
    within_1_hour: count("At most 1 hour before `as_of`.", 3_950),
    within_24_hours: count("More than 1 hour, at most 24 hours before it.", 31),
    within_168_hours: count("More than 24 hours, at most 168 hours before it.", 12),
    older: count("More than 168 hours before it.", 7),
  }).meta({ id: "StoresByLastPoll", description: "Stores by the age of their last poll." })
    .nullable().meta({
      description:
        "How many stores had their last poll how long before `as_of`; null if an older " +
        "version made the report.",
    }),
  stale_after_hours: z.number().positive().nullable().meta({
    description: "The age of the last poll from which stores are marked as stale; null if stores " +
      "are not marked.",
    examples: [6],
  }),
  stale_stores: z.int().min(0).nullable().meta({
    description: "How many stores are stale; null if stores are not marked.",
    examples: [22],
  }),
  stores_with_rejected_hours: z.int().min(0).nullable().meta({
    description: "How many stores of the file had all rows of their latest upload of hours " +
      "rejected. They keep earlier hours, or count as always open. Null if an older version made " +
      "the report.",
    examples: [0],
  }),
};

/** What a complete report has besides, depending on the request. */
const requested = {
  row_count: z.int().min(0).optional().meta({
    description: "How many rows the file has. Only for reports on a range of time.",
    examples: [124_000],
  }),
  stores_without_polls: z.array(z.string()).max(100).optional().meta({
    description:
      "Stores of the request that have no poll up to the end of the range, at most 100. " +
      "Only if the request names `stores`.",
    examples: [["42"]],
  }),
};

/** The fields of a complete report, for an answer that has them only after a wait. */
function afterWait(): { [Name in keyof typeof complete]: z.ZodOptional<typeof complete[Name]> } {
  const fields = Object.entries(complete).map(([name, schema]) => {
    const { description } = schema.meta() ?? {};
    const condition = "Only with `Prefer: wait`, if the report is `Complete`.";
    return [name, schema.optional().meta({ description: `${description} ${condition}` })];
  });
  // The entries are those of `complete`, each made optional.
  return Object.fromEntries(fields) as ReturnType<typeof afterWait>;
}

/** The answer to the request that triggers a report. */
export const reportTriggered = z.strictObject({
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
    description: "How far the report is. Only with `Prefer: wait`, while it is `Running`.",
  }),
  ...afterWait(),
  ...requested,
  error: z.string().optional().meta({
    description: "Why the report failed. Only with `Prefer: wait`, if it is `Failed`.",
  }),
}).meta({ description: "The job that makes the report." });

const deliveries = deliveryStates.optional();

/** A report that is waiting or running. */
export const reportRunning = z.strictObject({
  status: z.literal("Running"),
  report_id: reportId,
  message: text(
    "A sentence for people.",
    "Report is still being generated. Please check again in a few moments.",
  ),
  progress,
  deliveries,
}).meta({ description: "The report is waiting or running." });

/** A report with a file. */
export const reportComplete = z.strictObject({
  status: z.literal("Complete"),
  report_id: reportId,
  ...complete,
  ...requested,
  deliveries,
}).meta({ description: "The report has a file." });

/** A report without a file, and why. */
export const reportFailed = z.strictObject({
  status: z.literal("Failed"),
  report_id: reportId,
  error: text("Why the report failed, in a sentence.", "The report could not be completed"),
  deliveries,
}).meta({ description: "The report failed or was cancelled." });

/** A report whose file was deleted. */
export const reportExpired = z.strictObject({
  status: z.literal("Expired"),
  report_id: reportId,
  message: text("A sentence for people.", "Report file has expired"),
  deliveries,
}).meta({ description: "The file was deleted after its retention time." });

/** The status of a report. */
export const reportStatusSchema = z.xor([
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

/** The answer to the request that triggers a report. */
export type ReportTriggered = z.infer<typeof reportTriggered>;

/** The status of a report. */
export type ReportStatus = z.infer<typeof reportStatusSchema>;

/** A report in the history. */
export const listedReport = z.strictObject({
  report_id: reportId,
  status: z.enum(["Running", "Complete", "Failed", "Expired"])
    .meta({ description: "Its status.", examples: ["Complete"] }),
  created_at: instant("When it was requested.", "2024-10-03T23:00:00Z"),
  ended_at: instant("When it ended; null while it is `Running`.", "2024-10-03T23:00:01Z").nullable()
    .meta({ examples: ["2024-10-03T23:00:01Z"] }),
  request: reportRequest,
  file_size_bytes: z.int().min(0).nullable()
    .meta({ description: "The size of its file; null without a file.", examples: [231_904] }),
  download_url: complete.download_url.nullable()
    .meta({ description: "The path of the download; null without a file." }),
  error: z.string().nullable()
    .meta({ description: "Why it failed; null if it did not.", examples: [null] }),
}).meta({ id: "ListedReport", description: "A report." });

/** A page of the history of reports. */
export const reportList = z.strictObject({
  reports: z.array(listedReport).meta({ description: "The reports, the newest first." }),
  next: z.string().regex(/^\/reports\?/).nullable().meta({
    description: "The next page, or null on the last page.",
    examples: [`/reports?limit=20&cursor=1727996400000_${EXAMPLE_ID}`],
  }),
}).meta({ description: "A page of the history of reports." });

/** A page of the history of reports. */
export type ReportList = z.infer<typeof reportList>;
