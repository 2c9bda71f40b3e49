/**
 * Exports over HTTP: create one, read its status, download its file.
 *
 * @module
 */

import { type Context, Hono } from "hono";
import { z } from "zod";
import { AppError, type FieldError } from "../../data/app_error.ts";
import type { FileStore } from "../../data/files/file_store.ts";
import {
  EXPORT_MAX_RANGE_MS,
  EXPORT_MIN_RANGE_MS,
  JSON_BODY_MAX_BYTES,
} from "../../data/limits.ts";
import { quoted } from "../../data/quoted.ts";
import { isDate, rangeLastMs, rangeStartMs } from "../../data/time/range_text.ts";
import type { JobRecord, Jobs } from "../../jobs/engine/jobs.ts";
import { METER_EXPORT } from "../../jobs/exports/meter_export_contract.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import { type ExportAccepted, exportRequest } from "./schemas.ts";
import { exportStatus, notFoundStatus } from "./status.ts";
import { fileResponse } from "../http/file_response.ts";
import { readIdempotencyKey } from "../http/idempotency_key.ts";
import { currentState } from "../jobs/job_state.ts";
import { nameApplied, waitAsPreferred } from "../jobs/preferred_wait.ts";
import { fieldErrors, readJson } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";

/** How many seconds a client should wait before it reads the status again. */
const RETRY_AFTER_SECONDS = 1;
/** The owner of every job, until there are accounts. */
const ANYONE = "anyone";

/** What the routes need. */
export interface ExportDeps {
  /** The jobs. */
  readonly jobs: Pick<Jobs, "create" | "get" | "waitForEnd">;
  /** The readings. */
  readonly series: Pick<SeriesStore, "describe">;
  /** The files. */
  readonly files: Pick<FileStore, "read">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** The routes under `/api/export`. */
export function exportRoutes(deps: ExportDeps): Hono {
  const { jobs, files, now } = deps;
  return new Hono()
    .post("/api/export/csv", async (c) => {
      const body = await readJson(c.req.raw, JSON_BODY_MAX_BYTES);
      const { meterId, fromMs, toMs } = parseExport(body, now());
      const slot = readIdempotencyKey(c.req.header("idempotency-key"));
      const warnings = await warningsOf(deps.series, meterId);
      const job = await jobs.create({
        kind: METER_EXPORT,
        params: { meterId, fromMs, toMs, format: "csv" },
        owner: ANYONE,
        slot,
      });
      return await answerCreated(c, deps, { job, warnings });
    })
    .get("/api/export/status/:job_id", async (c) => {
      const id = c.req.param("job_id");
      let job = await exportJob(jobs, id);
      if (job !== null) {
        const waited = await waitAsPreferred(c, jobs, job);
        nameApplied(c, { ...waited.preferences, isAsync: false });
        job = waited.job;
      }
      const status = job === null ? notFoundStatus(id) : exportStatus(job, now());
      if (status.status === "pending") c.header("retry-after", String(RETRY_AFTER_SECONDS));
      c.header("cache-control", "no-store");
      return c.json(status);
    })
    .get("/api/export/download/:job_id", async (c) => {
      const job = await exportJob(jobs, c.req.param("job_id"));
      const file = readyFile(job, c.req.param("job_id"), now());
      return await fileResponse(c.req.raw, file, files);
    });
}

/** Reasons why the export of a meter may fail. The job decides: readings may arrive before it runs. */
async function warningsOf(series: ExportDeps["series"], meterId: string): Promise<string[]> {
  const isKnown = await series.describe({ profile: "meter", id: meterId }) !== null;
  return isKnown ? [] : [`Smart meter '${meterId}' has no readings`];
}

/** Answers a request that created a job, after the wait that it prefers. */
async function answerCreated(
  c: Context,
  { jobs, now }: ExportDeps,
  { job, warnings }: { job: JobRecord; warnings: string[] },
): Promise<Response> {
  const { job: waitedJob, preferences } = await waitAsPreferred(c, jobs, job);
  const isWaited = preferences.waitSeconds !== null;
  const { job_id, status, message, ...rest }: ExportAccepted = isWaited
    ? exportStatus(waitedJob ?? job, now())
    : { job_id: job.id, status: "pending", message: "Export job created successfully" };
  const isAsync = preferences.isAsync && status === "pending";
  c.header("location", `/api/export/status/${job.id}`);
  nameApplied(c, { ...preferences, isAsync });
  if (isAsync || (isWaited && status === "pending")) {
    c.header("retry-after", String(RETRY_AFTER_SECONDS));
  }
  const answer: ExportAccepted = {
    job_id,
    status,
    message,
    ...(warnings.length === 0 ? {} : { warnings }),
    ...rest,
  };
  return c.json(answer, isAsync ? 202 : 200);
}

async function exportJob(jobs: ExportDeps["jobs"], id: string): Promise<JobRecord | null> {
  const job = await jobs.get(id);
  return job?.kind === METER_EXPORT ? job : null;
}

/** The export that a body requests, as a half-open span. Throws an error that lists every problem. */
function parseExport(
  body: unknown,
  nowMs: number,
): { meterId: string; fromMs: number; toMs: number } {
  const result = exportRequest.safeParse(body);
  const times = z.looseObject({ start_datetime: z.unknown(), end_datetime: z.unknown() })
    .safeParse(body);
  const start = times.success ? times.data.start_datetime : undefined;
  const end = times.success ? times.data.end_datetime : undefined;
  const errors = [
    ...(result.success ? [] : fieldErrors(result.error, body)),
    ...rangeErrors({ start, end }, nowMs),
  ];
  if (!result.success || errors.length > 0) throw invalidRequest(errors);
  return {
    meterId: result.data.smart_meter_id,
    fromMs: rangeStartMs(result.data.start_datetime) ?? NaN,
    toMs: (rangeLastMs(result.data.end_datetime) ?? NaN) + 1,
  };
}

/** What is wrong with the times that can be read. The schema reports those that cannot. */
function rangeErrors(
  { start, end }: { start: unknown; end: unknown },
  nowMs: number,
): FieldError[] {
  const startMs = typeof start === "string" ? rangeStartMs(start) : null;
  const endMs = typeof end === "string" ? rangeLastMs(end) : null;
  const errors: FieldError[] = [];
  const wrong = (name: string, value: unknown, detail: string) =>
    errors.push({ pointer: `/${name}`, detail, value: quoted(value) });
  if (startMs !== null && startMs >= nowMs) {
    wrong("start_datetime", start, "start_datetime must be in the past");
  }
  if (endMs !== null && endMs >= nowMs) {
    const day = typeof end === "string" && isDate(end) ? "; a date ends at 23:59:59.999 UTC" : "";
    wrong("end_datetime", end, `end_datetime must be in the past${day}`);
  }
  if (startMs === null || endMs === null) return errors;
  if (endMs <= startMs) {
    wrong("end_datetime", end, "end_datetime must be after start_datetime");
  } else if (endMs - startMs < EXPORT_MIN_RANGE_MS) {
    wrong("end_datetime", end, "Minimum date range is 1 minute");
  } else if (endMs - startMs > EXPORT_MAX_RANGE_MS) {
    wrong("end_datetime", end, "Maximum date range is 1 year");
  }
  return errors;
}

function readyFile(
  job: JobRecord | null,
  id: string,
  nowMs: number,
): Parameters<typeof fileResponse>[1] {
  if (job === null) throw new AppError("JOB_NOT_FOUND", `Job with ID '${id}' not found`);
  switch (currentState(job, nowMs)) {
    case "expired":
      throw new AppError("EXPORT_EXPIRED", "Export file has expired");
    case "failed":
      throw new AppError("EXPORT_FAILED", "The export job failed, so it has no file");
    case "cancelled":
      throw new AppError("EXPORT_CANCELLED", "The export job was cancelled, so it has no file");
  }
  if (job.artifact === null) {
    throw new AppError(
      "EXPORT_NOT_READY",
      "The export job is still pending, so it has no file yet",
    );
  }
  return { ...job.artifact, modifiedMs: job.endedMs ?? job.updatedMs };
}
