/**
 * The body of `GET /get_report/{report_id}`.
 *
 * @module
 */

import { HOUR_MS } from "../../data/limits.ts";
import type { PollAges } from "../../data/stores/poll_ages.ts";
import { instantText } from "../../data/time/time_text.ts";
import type { JobRecord } from "../../jobs/engine/jobs.ts";
import { storeReportParams, storeReportResult } from "../../jobs/stores/report_contract.ts";
import { currentState } from "../jobs/job_state.ts";
import type { ReportStatus } from "./report_schemas.ts";

/** The status of a report. Its file expires on time, even if the sweep has not deleted it yet. */
export function reportStatus(job: JobRecord, nowMs: number): ReportStatus {
  switch (currentState(job, nowMs)) {
    case "completed":
      return completeStatus(job);
    case "failed":
      return { status: "Failed", report_id: job.id, error: job.error?.message ?? "Report failed" };
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

function completeStatus(job: JobRecord): ReportStatus {
  const { staleAfterMs, format = "csv" } = storeReportParams.parse(job.params);
  const result = storeReportResult.parse(job.result);
  return {
    status: "Complete",
    report_id: job.id,
    csv_file: `report_data/report_${job.id}.${format}`,
    file_size_bytes: job.artifact?.sizeBytes ?? 0,
    store_count: result.storeCount,
    download_url: `/download_report/${job.id}/`,
    generated_at: instantText(job.endedMs ?? job.updatedMs),
    as_of: result.asOfMs === null ? null : instantText(result.asOfMs),
    stores_by_last_poll: result.pollAges === null ? null : agesBody(result.pollAges),
    stale_after_hours: staleAfterMs === undefined ? null : staleAfterMs / HOUR_MS,
    stale_stores: result.staleCount,
    stores_with_rejected_hours: result.rejectedHoursCount,
    ...(result.rowCount === undefined ? {} : { row_count: result.rowCount }),
    ...(result.storesWithoutPolls === undefined
      ? {}
      : { stores_without_polls: [...result.storesWithoutPolls] }),
  };
}

function agesBody({ withinHour, withinDay, withinWeek, older }: PollAges) {
  return {
    within_1_hour: withinHour,
    within_24_hours: withinDay,
    within_168_hours: withinWeek,
    older,
  };
}
