/**
 * The main job over HTTP: ask for an export, watch it, download its file.
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
  METER_ID_PATTERN,
  METER_ID_RULE,
} from "../../data/limits.ts";
import { quoted } from "../../data/quoted.ts";
import { isDate, rangeLastMs, rangeStartMs } from "../../data/time/range_text.ts";
import type { JobRecord, Jobs } from "../../jobs/engine/jobs.ts";
import { METER_EXPORT } from "../../jobs/exports/meter_export_contract.ts";
import { exportStatus, notFoundStatus } from "./status.ts";
import { fileResponse } from "../http/file_response.ts";
import { readIdempotencyKey } from "../http/idempotency_key.ts";
import { currentState } from "../jobs/job_state.ts";
import { fieldErrors, readJson } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import { rangeTimeMeta } from "../openapi/range_time.ts";

/** Seconds after which a client should ask for the status of a job that has not ended. */
const RETRY_AFTER_SECONDS = 1;
/** Who asks, until there are accounts. */
const ANYONE = "anyone";

function required(name: string, rule: string): { error: (issue: { input?: unknown }) => string } {
  return { error: ({ input }) => input === undefined ? `${name} is required` : rule };
}

const datetimeRule = "Invalid datetime format. Use ISO 8601.";

function datetime(name: string, description: string, example: string): z.ZodType<string> {
  return z.string(required(name, datetimeRule))
    .refine((text) => rangeStartMs(text) !== null, datetimeRule)
    .meta(rangeTimeMeta(description, example));
}

/** What an export is asked for with; the handler looks at the times together. */
export const exportRequest: z.ZodType<{
  smart_meter_id: string;
  start_datetime: string;
  end_datetime: string;
  format: "csv";
}> = z.strictObject({
  smart_meter_id: z.string(required("smart_meter_id", `smart_meter_id must be ${METER_ID_RULE}`))
    .regex(METER_ID_PATTERN, `smart_meter_id must be ${METER_ID_RULE}`)
    .meta({ description: `The meter: ${METER_ID_RULE}.`, examples: ["123"] }),
  start_datetime: datetime(
    "start_datetime",
    "First time, included: ISO 8601, in the past. Without an offset it is UTC. A bare date is its " +
      "midnight.",
    "2024-01-01T00:00:00Z",
  ),
  end_datetime: datetime(
    "end_datetime",
    "Last time, included, in the past; 1 minute to 366 days after `start_datetime`. A bare date " +
      "is its last millisecond, so `2024-01-31` includes that whole day.",
    "2024-01-31T23:59:59Z",
  ),
  format: z.literal("csv", required("format", "format must be csv"))
    .meta({ description: "The form of the file." }),
}, {
  error: (issue) => issue.code === "invalid_type" ? "The body must be a JSON object" : undefined,
}).meta({ description: "What is to be exported." });

/** What the routes need. */
export interface ExportDeps {
  /** Where jobs are asked for. */
  readonly jobs: Pick<Jobs, "create" | "get">;
  /** Where files are. */
  readonly files: Pick<FileStore, "read">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** The routes under `/api/export`. */
export function exportRoutes({ jobs, files, now }: ExportDeps): Hono {
  return new Hono()
    .post("/api/export/csv", async (c) => {
      const body = await readJson(c.req.raw, JSON_BODY_MAX_BYTES);
      const { meterId, fromMs, toMs } = parseExport(body, now());
      const job = await jobs.create({
        kind: METER_EXPORT,
        params: { meterId, fromMs, toMs, format: "csv" },
        owner: ANYONE,
        slot: readIdempotencyKey(c.req.header("idempotency-key")),
      });
      return created(c, job);
    })
    .get("/api/export/status/:job_id", async (c) => {
      const id = c.req.param("job_id");
      const job = await exportJob(jobs, id);
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

function created(c: Context, job: JobRecord): Response {
  const answer = {
    job_id: job.id,
    status: "pending",
    message: "Export job created successfully",
  };
  c.header("location", `/api/export/status/${job.id}`);
  if (!prefersAsync(c.req.header("prefer"))) return c.json(answer);
  c.header("preference-applied", "respond-async");
  c.header("retry-after", String(RETRY_AFTER_SECONDS));
  return c.json(answer, 202);
}

/** RFC 7240 §2 and §4.1: a list of preferences with parameters; an empty value is as none. */
function prefersAsync(prefer = ""): boolean {
  const preferences = prefer.match(/(?:[^,"]|"(?:\\.|[^"\\])*")+/g) ?? [];
  return preferences.some((text) => /^\s*respond-async\s*(=\s*(""\s*)?)?(;|$)/i.test(text));
}

async function exportJob(jobs: ExportDeps["jobs"], id: string): Promise<JobRecord | null> {
  const job = await jobs.get(id);
  return job?.kind === METER_EXPORT ? job : null;
}

/** What is asked for, its span half-open; throws with every problem there is. */
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

/** What is wrong with the times as far as they can be read; the schema speaks of the others. */
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
