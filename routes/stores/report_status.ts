/**
 * A job as `GET /get_report/{report_id}` tells it.
 *
 * @module
 */

import { instantText } from "../../data/time/time_text.ts";
import type { JobRecord } from "../../jobs/engine/jobs.ts";
import { storeReportResult } from "../../jobs/stores/report_contract.ts";
import { currentState } from "../jobs/job_state.ts";

/** The answer for a report; past its file's expiry it is expired, swept or not. */
export function reportStatus(job: JobRecord, nowMs: number): Record<string, unknown> {
  switch (currentState(job, nowMs)) {
    case "completed":
      return {
        status: "Complete",
        report_id: job.id,
        csv_file: `report_data/${job.artifact?.filename}`,
        file_size_bytes: job.artifact?.sizeBytes,
        store_count: storeReportResult.parse(job.result).storeCount,
        download_url: `/download_report/${job.id}/`,
        generated_at: instantText(job.endedMs ?? job.updatedMs),
      };
    case "failed":
      return { status: "Failed", report_id: job.id, error: job.error?.message };
    case "cancelled":
      return { status: "Failed", report_id: job.id, error: "The report was cancelled" };
    case "expired":
      return { status: "Expired", report_id: job.id, message: "Report file has expired" };
    default:
      return {
        status: "Running",
        report_id: job.id,
        message: "Report is still being generated. Please check again in a few moments.",
        progress: {
          phase: job.state === "running" ? "running" : "queued",
          stores_done: job.progress.done,
          percent: job.progress.percent,
          attempt: job.attempt,
        },
      };
  }
}
