/**
 * Reports as far as they exist for a caller.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import { coversPatterns } from "../../data/access/visible_ids.ts";
import { AppError } from "../../data/app_error.ts";
import type { JobRecord, Jobs } from "../../jobs/engine/jobs.ts";
import { STORE_REPORT, storeReportParams } from "../../jobs/stores/report_contract.ts";
import { maySeeOwner, mayTouchAll } from "../access/visible_jobs.ts";

/**
 * A report.
 *
 * @throws {AppError} REPORT_NOT_FOUND if no report that exists for the caller has this id.
 */
export async function reportJob(
  jobs: Pick<Jobs, "get">,
  caller: Caller,
  id: string,
): Promise<JobRecord> {
  const job = await jobs.get(id);
  const isReport = job?.kind === STORE_REPORT;
  if (isReport && maySeeOwner(caller, job) && isVisibleReport(caller, job)) return job;
  throw new AppError("REPORT_NOT_FOUND", "Report not found");
}

/** Whether the caller may touch every store that a report can be about. */
export function isVisibleReport(caller: Caller, { params }: Pick<JobRecord, "params">): boolean {
  if (!caller.isRestricted.store) return true;
  const { storeIds, visible = null } = storeReportParams.parse(params);
  return storeIds === undefined
    ? coversPatterns(caller.patterns.store, visible)
    : mayTouchAll(caller, "store", storeIds);
}
