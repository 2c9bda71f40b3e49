/**
 * All kinds of jobs.
 *
 * @module
 */

import { type DeleteDeviceDeps, deleteDeviceKind } from "./deletions/delete_device.ts";
import { deleteReadings, type DeleteReadingsDeps } from "./deletions/delete_readings.ts";
import { deleteStore, type DeleteStoreDeps } from "./deletions/delete_store.ts";
import type { JobKind } from "./engine/job_kind.ts";
import { meterExport, type MeterExportDeps } from "./exports/meter_export.ts";
import { storeReport, type StoreReportDeps } from "./stores/report.ts";

/** What the kinds need together. */
export type JobKindDeps =
  & MeterExportDeps
  & StoreReportDeps
  & DeleteReadingsDeps
  & DeleteDeviceDeps
  & DeleteStoreDeps;

/** The kinds that the engine can run. */
export function jobKinds(deps: JobKindDeps): readonly JobKind[] {
  return [
    meterExport(deps),
    storeReport(deps),
    deleteReadings(deps),
    deleteDeviceKind(deps),
    deleteStore(deps),
  ];
}
