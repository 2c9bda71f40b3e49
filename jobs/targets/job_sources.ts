/**
 * What jobs are about: the meters, devices and stores whose data is in their files.
 *
 * @module
 */

import type { DomainEvent, EventSource } from "../../data/events/event.ts";
import type { JobRecord } from "../../kv/jobs/jobs.ts";
import { EXPORT_KINDS, exportSpecOf } from "../exports/export_contract.ts";
import { STORE_REPORT, storeReportParams } from "../stores/report_contract.ts";
import { jobOf } from "./job_files.ts";

/** Finds all that the job of an event is about; null if there is none, or its record is gone. */
export function createFindSources(
  kv: Pick<Deno.Kv, "get">,
): (event: Pick<DomainEvent, "subject">) => Promise<readonly EventSource[] | null> {
  return async (event) => {
    const job = await jobOf(kv, event);
    return job === null ? null : jobSources(job);
  };
}

function jobSources({ kind, params }: JobRecord): EventSource[] | null {
  if (EXPORT_KINDS.includes(kind)) {
    const { sourceKind, ids } = exportSpecOf(params);
    return ids.map((id) => ({ kind: sourceKind, id }));
  }
  if (kind !== STORE_REPORT) return null;
  const { storeIds, visible } = storeReportParams.parse(params);
  return (storeIds ?? visible ?? ["*"]).map((id) => ({ kind: "store", id }));
}
