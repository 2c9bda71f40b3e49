/**
 * All kinds of jobs.
 *
 * @module
 */

import { type DeleteDeviceDeps, deleteDeviceKind } from "./deletions/delete_device.ts";
import { deleteReadings, type DeleteReadingsDeps } from "./deletions/delete_readings.ts";
import { deleteStore, type DeleteStoreDeps } from "./deletions/delete_store.ts";
import type { JobKind } from "./engine/job_kind.ts";
import { type ExportJobDeps, exportKinds } from "./exports/export_job.ts";
import { storeReport, type StoreReportDeps } from "./stores/report.ts";

/** What the kinds need together. */
export type JobKindDeps =
  & ExportJobDeps
  & StoreReportDeps
  & DeleteReadingsDeps
  & DeleteDeviceDeps
  & DeleteStoreDeps;

/** The kinds that the engine can run. */
export function jobKinds(deps: JobKindDeps): readonly JobKind[] {
  return [
    ...exportKinds(deps),
    storeReport(deps),
    deleteReadings(deps),
    deleteDeviceKind(deps),
    deleteStore(deps),
  ];
}
