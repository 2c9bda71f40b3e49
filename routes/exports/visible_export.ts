/**
 * Exports as far as they exist for a caller.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import type { JobRecord, Jobs } from "../../jobs/engine/jobs.ts";
import { EXPORT_KINDS, exportSpecOf } from "../../jobs/exports/export_contract.ts";
import { maySeeOwner, mayTouchAll } from "../access/visible_jobs.ts";

/** An export; null if no export that exists for the caller has this id. */
export async function exportJob(
  jobs: Pick<Jobs, "get">,
  caller: Caller,
  id: string,
): Promise<JobRecord | null> {
  const job = await jobs.get(id);
  const isExport = job !== null && EXPORT_KINDS.includes(job.kind);
  return isExport && maySeeExport(caller, job) ? job : null;
}

/** Whether an export exists for the caller. */
export function maySeeExport(caller: Caller, job: JobRecord): boolean {
  return maySeeOwner(caller, job) && isVisibleExport(caller, job);
}

/** Whether the caller may touch everything that is in an export. */
export function isVisibleExport(caller: Caller, { params }: Pick<JobRecord, "params">): boolean {
  const { sourceKind, ids } = exportSpecOf(params);
  return mayTouchAll(caller, sourceKind, ids);
}
