/**
 * All kinds of jobs.
 *
 * @module
 */

import { type DeletionDeps, deletionKinds } from "./deletions/deletion_job.ts";
import type { JobKind } from "./engine/job_kind.ts";
import { type ExportJobDeps, exportKinds } from "./exports/export_job.ts";
import { storeReport, type StoreReportDeps } from "./stores/report.ts";

/** What the kinds need together. */
export type JobKindDeps =
  & ExportJobDeps
  & StoreReportDeps
  & DeletionDeps;

/** The kinds that the engine can run. */
export function jobKinds(deps: JobKindDeps): readonly JobKind[] {
  return [...exportKinds(deps), storeReport(deps), ...deletionKinds(deps)];
}
