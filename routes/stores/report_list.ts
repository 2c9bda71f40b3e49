/**
 * The history of reports, page by page.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import { rangeStartMs, rangeStopMs } from "../../data/time/range_text.ts";
import { instantText } from "../../data/time/time_text.ts";
import type { JobRecord, Jobs } from "../../jobs/engine/jobs.ts";
import { STORE_REPORT, storeReportParams } from "../../jobs/stores/report_contract.ts";
import { visibleJobs } from "../access/visible_jobs.ts";
import { currentState } from "../jobs/job_state.ts";
import { requestBody } from "./report_request.ts";
import { REPORT_CURSOR, type ReportListQuery } from "./report_request_schemas.ts";
import type { ReportList } from "./report_schemas.ts";
import { isVisibleReport } from "./visible_report.ts";
import { reportStatus } from "./report_status.ts";

/** Lists the reports that exist for the caller, the newest first. A page may be short if few of many reports have the status. */
export async function listReports(
  { jobs, caller }: { readonly jobs: Pick<Jobs, "list">; readonly caller: Caller },
  query: ReportListQuery,
  nowMs: number,
): Promise<ReportList> {
  const { limit, cursor, status, from, to } = query;
  const place = cursor === undefined ? null : REPORT_CURSOR.exec(cursor);
  const found = await jobs.list({
    ...visibleJobs(caller, (job) => isVisibleReport(caller, job)),
    kind: STORE_REPORT,
    limit,
    matches: (job) => status === undefined || reportStatus(job, nowMs).status === status,
    ...(place === null ? {} : { before: { createdMs: Number(place[1]), id: place[2] } }),
    ...(from === undefined ? {} : { fromMs: rangeStartMs(from) ?? 0 }),
    ...(to === undefined ? {} : { toMs: rangeStopMs(to) ?? 0 }),
  });
  return {
    reports: found.jobs.map((job) => listedReport(job, nowMs)),
    next: found.next === null ? null : nextPath(query, `${found.next.createdMs}_${found.next.id}`),
  };
}

function nextPath({ limit, status, from, to }: ReportListQuery, cursor: string): string {
  const next = new URLSearchParams({ limit: String(limit), cursor });
  for (const [name, value] of Object.entries({ status, from, to })) {
    if (value !== undefined) next.set(name, value);
  }
  return `/reports?${next}`;
}

function listedReport(job: JobRecord, nowMs: number): ReportList["reports"][number] {
  const { status } = reportStatus(job, nowMs);
  const file = currentState(job, nowMs) === "completed" ? job.artifact : null;
  return {
    report_id: job.id,
    status,
    created_at: instantText(job.createdMs),
    ended_at: job.endedMs === null ? null : instantText(job.endedMs),
    request: requestBody(storeReportParams.parse(job.params), job.targets),
    file_size_bytes: file?.sizeBytes ?? null,
    download_url: file === null ? null : `/download_report/${job.id}/`,
    error: status === "Failed" ? job.error?.message ?? "The report was cancelled" : null,
  };
}
