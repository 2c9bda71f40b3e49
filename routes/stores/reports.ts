/**
 * Reports on stores over HTTP: trigger one, read its status, download its file.
 *
 * @module
 */

import { type Context, Hono } from "hono";
import { AppError } from "../../data/app_error.ts";
import type { FileStore } from "../../data/files/file_store.ts";
import { HOUR_MS, JSON_BODY_MAX_BYTES } from "../../data/limits.ts";
import { rangeStopMs } from "../../data/time/range_text.ts";
import type { JobRecord, Jobs } from "../../jobs/engine/jobs.ts";
import { STORE_REPORT, type StoreReportParams } from "../../jobs/stores/report_contract.ts";
import { fileResponse, type ServedFile } from "../http/file_response.ts";
import { readIdempotencyKey } from "../http/idempotency_key.ts";
import { fieldErrors, readOptionalJson } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import { currentState } from "../jobs/job_state.ts";
import { nameApplied, waitAsPreferred } from "../jobs/preferred_wait.ts";
import { reportRequest, type ReportStatus, type ReportTriggered } from "./report_schemas.ts";
import { reportStatus } from "./report_status.ts";

/** How many seconds a client should leave between two reads of the status. */
const RETRY_AFTER_SECONDS = 1;
/** The owner of jobs until there are accounts. */
const ANYONE = "anyone";

/** What the routes need. */
export interface ReportDeps {
  /** The jobs. */
  readonly jobs: Pick<Jobs, "create" | "get" | "waitForEnd">;
  /** The files. */
  readonly files: Pick<FileStore, "read">;
  /** The age of the last poll from which a store is stale by default, milliseconds; or null. */
  readonly staleAfterMs: number | null;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** `/trigger_report`, `/get_report` and `/download_report`. */
export function reportRoutes({ jobs, files, staleAfterMs, now }: ReportDeps): Hono {
  return new Hono()
    .post("/trigger_report", async (c) => {
      const body = await readOptionalJson(c.req.raw, JSON_BODY_MAX_BYTES);
      const job = await jobs.create({
        kind: STORE_REPORT,
        params: { ...parseReport(body, staleAfterMs) },
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
  const started: ReportTriggered = {
    report_id: job.id,
    status: "triggered",
    message: `Report generation started. Use /get_report/${job.id}/ to check status.`,
  };
  const { job: waitedJob, preferences } = await waitAsPreferred(c, jobs, job);
  const isWaited = preferences.waitSeconds !== null;
  const answer = isWaited ? withMessage(reportStatus(waitedJob ?? job, now())) : started;
  const isRunning = answer.status === "triggered" || answer.status === "Running";
  const isAsync = preferences.isAsync && isRunning;
  c.header("location", `/get_report/${job.id}/`);
  nameApplied(c, { ...preferences, isAsync });
  if (isAsync || (isWaited && isRunning)) c.header("retry-after", String(RETRY_AFTER_SECONDS));
  // The id comes first, whatever the status is: scripts in shells cut it out.
  const { report_id, ...others } = answer;
  return c.json({ report_id, ...others }, isAsync ? 202 : 200);
}

/** The status of a report, always with a sentence. */
function withMessage(status: ReportStatus): ReportTriggered {
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

/** Reads the request. Throws every problem it has at once. */
function parseReport(body: unknown, staleByDefaultMs: number | null): StoreReportParams {
  const result = reportRequest.safeParse(body === undefined ? {} : body);
  if (!result.success) throw invalidRequest(fieldErrors(result.error, body));
  const { as_of: asOf, max_hold_hours: maxHold, stale_after_hours: staleAfter } = result.data;
  const staleAfterMs = staleAfter === undefined ? staleByDefaultMs : hoursMs(staleAfter);
  return {
    asOfMs: asOf === undefined ? null : rangeStopMs(asOf),
    maxHoldMs: maxHold === undefined ? null : hoursMs(maxHold),
    ...(staleAfterMs === null ? {} : { staleAfterMs }),
  };
}

/** Hours above 0 in milliseconds, at least 1. */
function hoursMs(hours: number): number {
  return Math.max(1, Math.round(hours * HOUR_MS));
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
