/**
 * Reports on stores over HTTP: trigger one, watch it, download its file.
 *
 * @module
 */

import { type Context, Hono } from "hono";
import { z } from "zod";
import { AppError } from "../../data/app_error.ts";
import type { FileStore } from "../../data/files/file_store.ts";
import { FIRST_TIME_MS, HOUR_MS, JSON_BODY_MAX_BYTES, MAX_HOLD_HOURS } from "../../data/limits.ts";
import { INSTANT_PATTERN, parseInstant } from "../../data/time/time_text.ts";
import type { JobRecord, Jobs } from "../../jobs/engine/jobs.ts";
import { STORE_REPORT, type StoreReportParams } from "../../jobs/stores/report_contract.ts";
import { fileResponse, type ServedFile } from "../http/file_response.ts";
import { readIdempotencyKey } from "../http/idempotency_key.ts";
import { currentState } from "../jobs/job_state.ts";
import { nameApplied, waitAsPreferred } from "../jobs/preferred_wait.ts";
import { fieldErrors, readOptionalJson } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import { reportStatus } from "./report_status.ts";

/** Seconds after which a client should ask again for a report that is not done. */
const RETRY_AFTER_SECONDS = 1;
/** Who asks, until there are accounts. */
const ANYONE = "anyone";

const asOfRule = "as_of must be an ISO 8601 date and time of the years 1970 to 9999";
const maxHoldRule = `max_hold_hours must be a number above 0, at most ${MAX_HOLD_HOURS}`;

/** What a report may be asked for with. */
export const reportRequest: z.ZodType<{
  as_of?: string | undefined;
  max_hold_hours?: number | undefined;
}> = z.strictObject({
  as_of: z.string({ error: asOfRule })
    .refine((text) => (parseInstant(text) ?? -1) >= FIRST_TIME_MS, asOfRule)
    .meta({
      description: "The end of the last hour, day and week; polls later than this do not exist " +
        "for the report. ISO 8601, UTC without an offset. By default the time of the latest poll.",
      pattern: INSTANT_PATTERN.source,
      examples: ["2024-10-03T23:00:00Z"],
    })
    .optional(),
  max_hold_hours: z.number({ error: maxHoldRule }).gt(0, maxHoldRule).max(
    MAX_HOLD_HOURS,
    maxHoldRule,
  ).meta({
    description: "Time further than this from the poll that covers it is unknown, which gives " +
      "the file three more columns. Without it a poll holds until the next one.",
    examples: [2],
  }).optional(),
}, {
  error: (issue) => issue.code === "invalid_type" ? "The body must be a JSON object" : undefined,
}).meta({ description: "What is to be reported; all of it may be missing." });

/** What the routes need. */
export interface ReportDeps {
  /** Where jobs are asked for. */
  readonly jobs: Pick<Jobs, "create" | "get" | "waitForEnd">;
  /** Where files are. */
  readonly files: Pick<FileStore, "read">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** `/trigger_report`, `/get_report` and `/download_report`. */
export function reportRoutes({ jobs, files, now }: ReportDeps): Hono {
  return new Hono()
    .post("/trigger_report", async (c) => {
      const params = parseReport(await readOptionalJson(c.req.raw, JSON_BODY_MAX_BYTES));
      const job = await jobs.create({
        kind: STORE_REPORT,
        params: { ...params },
        owner: ANYONE,
        slot: readIdempotencyKey(c.req.header("idempotency-key")),
      });
      return await answerTriggered(c, { jobs, now }, job);
    })
    .get("/get_report/:report_id", async (c) => {
      const job = await reportJob(jobs, c.req.param("report_id"));
      const { job: waitedJob, preferences } = await waitAsPreferred(c, jobs, job);
      const status = reportStatus(waitedJob ?? job, now());
      nameApplied(c, { ...preferences, isAsync: false });
      if (status.status === "Running") c.header("retry-after", String(RETRY_AFTER_SECONDS));
      c.header("cache-control", "no-store");
      return c.json(status);
    })
    .get("/download_report/:report_id", async (c) => {
      const job = await reportJob(jobs, c.req.param("report_id"));
      return await fileResponse(c.req.raw, readyFile(job, now()), files);
    });
}

/** Answers a request that created a report, after the wait that it prefers. */
async function answerTriggered(
  c: Context,
  { jobs, now }: Pick<ReportDeps, "jobs" | "now">,
  job: JobRecord,
): Promise<Response> {
  const started = {
    report_id: job.id,
    status: "triggered",
    message: `Report generation started. Use /get_report/${job.id}/ to check status.`,
  };
  const { job: waitedJob, preferences } = await waitAsPreferred(c, jobs, job);
  const isWaited = preferences.waitSeconds !== null;
  const answer = isWaited ? { ...started, ...statusWithMessage(waitedJob ?? job, now()) } : started;
  const isRunning = answer.status === "triggered" || answer.status === "Running";
  const isAsync = preferences.isAsync && isRunning;
  c.header("location", `/get_report/${job.id}/`);
  nameApplied(c, { ...preferences, isAsync });
  if (isAsync || (isWaited && isRunning)) c.header("retry-after", String(RETRY_AFTER_SECONDS));
  return c.json(answer, isAsync ? 202 : 200);
}

/** The status of a report, always with a sentence. */
function statusWithMessage(job: JobRecord, nowMs: number): Record<string, unknown> {
  const status = reportStatus(job, nowMs);
  switch (status.status) {
    case "Complete":
      return { message: `Report is complete. Download it from ${status.download_url}`, ...status };
    case "Failed":
      return { message: "Report failed", ...status };
    default:
      return status;
  }
}

async function reportJob(jobs: ReportDeps["jobs"], id: string): Promise<JobRecord> {
  const job = await jobs.get(id);
  if (job?.kind === STORE_REPORT) return job;
  throw new AppError("REPORT_NOT_FOUND", "Report not found");
}

/** What is asked for; throws with every problem there is. */
function parseReport(body: unknown): StoreReportParams {
  if (body === undefined) return { asOfMs: null, maxHoldMs: null };
  const result = reportRequest.safeParse(body);
  if (!result.success) throw invalidRequest(fieldErrors(result.error, body));
  const { as_of: asOf, max_hold_hours: maxHoldHours } = result.data;
  return {
    asOfMs: asOf === undefined ? null : parseInstant(asOf),
    maxHoldMs: maxHoldHours === undefined ? null : Math.round(maxHoldHours * HOUR_MS),
  };
}

function readyFile(job: JobRecord, nowMs: number): ServedFile {
  switch (currentState(job, nowMs)) {
    case "expired":
      throw new AppError("REPORT_EXPIRED", "Report file has expired");
    case "failed":
    case "cancelled":
      throw new AppError("REPORT_FAILED", "The report failed, so it has no file");
  }
  if (job.artifact === null) {
    throw new AppError("REPORT_NOT_READY", "Report is still being generated, it has no file yet");
  }
  return { ...job.artifact, modifiedMs: job.endedMs ?? job.updatedMs };
}
