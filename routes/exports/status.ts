/**
 * A job as `GET /api/export/status/{job_id}` tells it.
 *
 * @module
 */

import { instantText } from "../../data/time/time_text.ts";
import type { JobRecord } from "../../jobs/engine/jobs.ts";
import { meterExportParams, meterExportResult } from "../../jobs/exports/meter_export_contract.ts";
import { currentState } from "../jobs/job_state.ts";

/** The answer for a job; past its file's expiry it is expired, swept or not. */
export function exportStatus(job: JobRecord, nowMs: number): Record<string, unknown> {
  const times = {
    created_at: instantText(job.createdMs),
    updated_at: instantText(job.updatedMs),
  };
  switch (currentState(job, nowMs)) {
    case "completed":
      return {
        job_id: job.id,
        status: "completed",
        message: "Export completed successfully",
        ...times,
        file_info: fileInfo(job),
      };
    case "failed":
      return {
        job_id: job.id,
        status: "failed",
        message: "Export failed",
        ...times,
        error: job.error,
      };
    case "cancelled":
      return {
        job_id: job.id,
        status: "failed",
        message: "Export failed",
        ...times,
        error: {
          code: "EXPORT_CANCELLED",
          message: "The export was cancelled",
          details: "It was ended before its file was complete",
        },
      };
    case "expired":
      return { job_id: job.id, status: "expired", message: "Export file has expired", ...times };
    default:
      return {
        job_id: job.id,
        status: "pending",
        message: "Job is being processed",
        ...times,
        progress: progressOf(job),
      };
  }
}

/** The answer where there is no such job. */
export function notFoundStatus(id: string): Record<string, unknown> {
  return { status: "not_found", message: `Job with ID '${id}' not found` };
}

function progressOf(job: JobRecord): Record<string, unknown> {
  return {
    phase: job.state === "running" ? "running" : "queued",
    rows_done: job.progress.done,
    rows_total: job.progress.total,
    percent: job.progress.percent,
    attempt: job.attempt,
  };
}

function fileInfo(job: JobRecord): Record<string, unknown> {
  const { fromMs, toMs } = meterExportParams.parse(job.params);
  const { recordCount, missingIntervals } = meterExportResult.parse(job.result);
  return {
    filename: job.artifact?.filename,
    download_url: `/api/export/download/${job.id}`,
    file_size_bytes: job.artifact?.sizeBytes,
    record_count: recordCount,
    sha256: job.artifact?.sha256,
    expires_at: instantText(job.fileExpiresMs ?? 0),
    missing_intervals: missingIntervals,
    // Inside, a span ends before toMs; on the wire its last millisecond is included.
    export_period: { start: instantText(fromMs), end: instantText(toMs - 1) },
  };
}
