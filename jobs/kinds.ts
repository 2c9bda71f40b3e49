/**
 * Every kind of job there is.
 *
 * @module
 */

import type { JobKind } from "./job_kind.ts";
import { meterExport, type MeterExportDeps } from "./meter_export.ts";

/** The kinds by which the engine finds what runs a job. */
export function jobKinds(deps: MeterExportDeps): readonly JobKind[] {
  return [meterExport(deps)];
}
