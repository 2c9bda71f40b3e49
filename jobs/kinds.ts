/**
 * All kinds of jobs.
 *
 * @module
 */

import { type DeletionDeps, deletionKinds } from "./deletions/deletion_job.ts";
import type { JobKind } from "./engine/job_kind.ts";
import { type ExportJobDeps, exportKinds } from "./exports/export_job.ts";
import { type CompleteDeps, waitsForReadings } from "./schedules/complete_readings.ts";
import { storeReport, type StoreReportDeps } from "./stores/report.ts";

/** What the kinds need together. */
export type JobKindDeps =
  & ExportJobDeps
  & StoreReportDeps
  & CompleteDeps
  & DeletionDeps;

/** The kinds that the engine can run. */
export function jobKinds(deps: JobKindDeps): readonly JobKind[] {
  const exports = exportKinds(deps).map((kind) => waitsForReadings(deps, kind));
  return [...exports, storeReport(deps), ...deletionKinds(deps)];
}
