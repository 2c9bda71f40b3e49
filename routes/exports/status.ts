/**
 * The body of `GET /api/export/status/{job_id}`.
 *
 * @module
 */

import { instantText } from "../../data/time/time_text.ts";
import type { JobRecord } from "../../jobs/engine/jobs.ts";
import { exportResultOf, exportSpecOf } from "../../jobs/exports/export_contract.ts";
import { currentState } from "../jobs/job_state.ts";
import type { ExportJobStatus, ExportNotFound } from "./schemas.ts";

/** The status of a job. Its file expires on time, even if the sweep has not deleted it yet. */
export function exportStatus(job: JobRecord, nowMs: number): ExportJobStatus {
  const common = {
    created_at: instantText(job.createdMs),
    updated_at: instantText(job.updatedMs),
  };
  const job_id = job.id;
  switch (currentState(job, nowMs)) {
    case "completed":
      return {
        job_id,
        status: "completed",
        message: "Export completed successfully",
        ...common,
        file_info: fileInfo(job),
      };
    case "failed":
    case "cancelled":
      return {
        job_id,
        status: "failed",
        message: "Export failed",
        ...common,
        error: job.error ?? CANCELLED,
      };
    case "expired":
      return { job_id, status: "expired", message: "Export file has expired", ...common };
    default:
      return {
        job_id,
        status: "pending",
        message: "Job is being processed",
        ...common,
        progress: progressOf(job),
      };
  }
}

/** The answer for an id without a job. */
export function notFoundStatus(id: string): ExportNotFound {
  return { status: "not_found", message: `Job with ID '${id}' not found` };
}

type FileInfo = Extract<ExportJobStatus, { status: "completed" }>["file_info"];
type Progress = Extract<ExportJobStatus, { status: "pending" }>["progress"];

/** The error of a cancelled job, whose record has none: clients of the contract know no `cancelled`. */
const CANCELLED = {
  code: "EXPORT_CANCELLED",
  message: "The export was cancelled",
  details: "It was ended before its file was complete",
};

function progressOf(job: JobRecord): Progress {
  return {
    phase: job.state === "running" ? "running" : "queued",
    rows_done: job.progress.done,
    rows_total: job.progress.total,
    percent: job.progress.percent,
    attempt: job.attempt,
  };
}

function fileInfo({ id, params, result, artifact, fileExpiresMs }: JobRecord): FileInfo {
  if (artifact === null) throw new TypeError(`Cannot describe the file of job ${id}: it has none`);
  const { fromMs, toMs } = exportSpecOf(params);
  const { recordCount, missingIntervals } = exportResultOf(result);
  return {
    filename: artifact.filename,
    download_url: `/api/export/download/${id}`,
    file_size_bytes: artifact.sizeBytes,
    record_count: recordCount,
    sha256: artifact.sha256,
    expires_at: instantText(fileExpiresMs ?? 0),
    missing_intervals: missingIntervals,
    // The stored span ends before toMs; the wire names its last millisecond.
    export_period: { start: instantText(fromMs), end: instantText(toMs - 1) },
  };
}
