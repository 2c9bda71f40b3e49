/**
 * The file of an export.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import type { JobRecord } from "../../jobs/engine/jobs.ts";
import type { ServedFile } from "../http/file_response.ts";
import { currentState } from "../jobs/job_state.ts";

/**
 * The file of an export.
 *
 * @throws {AppError} JOB_NOT_FOUND for null, and EXPORT_… for an export without a file.
 */
export function readyFile(job: JobRecord | null, id: string, nowMs: number): ServedFile {
  if (job === null) throw jobNotFound(id);
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

/** The error for an id without an export. */
export function jobNotFound(id: string): AppError {
  return new AppError("JOB_NOT_FOUND", `Job with ID '${id}' not found`);
}
