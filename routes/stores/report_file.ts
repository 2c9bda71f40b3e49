/**
 * The file of a report.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import type { JobRecord } from "../../jobs/engine/jobs.ts";
import type { ServedFile } from "../http/file_response.ts";
import { currentState } from "../jobs/job_state.ts";

/**
 * The file of a report.
 *
 * @throws {AppError} REPORT_… for a report without a file.
 */
export function readyFile(job: JobRecord, nowMs: number): ServedFile {
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
