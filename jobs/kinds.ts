/**
 * Every kind of job there is.
 *
 * @module
 */

import type { JobKind } from "./job_kind.ts";
import { meterExport, type MeterExportDeps } from "./meter_export.ts";
import { storeReport, type StoreReportDeps } from "./store_report.ts";

/** The kinds by which the engine finds what runs a job. */
export function jobKinds(deps: MeterExportDeps & StoreReportDeps): readonly JobKind[] {
  return [meterExport(deps), storeReport(deps)];
}
