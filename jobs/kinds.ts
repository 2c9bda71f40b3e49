/**
 * All kinds of jobs.
 *
 * @module
 */

import type { JobKind } from "./engine/job_kind.ts";
import { meterExport, type MeterExportDeps } from "./exports/meter_export.ts";
import { storeReport, type StoreReportDeps } from "./stores/report.ts";

/** The kinds that the engine can run. */
export function jobKinds(deps: MeterExportDeps & StoreReportDeps): readonly JobKind[] {
  return [meterExport(deps), storeReport(deps)];
}
