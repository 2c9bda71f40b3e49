/**
 * Which jobs exist for a caller: its own, and with the scope `manage` those of others, as long as the
 * caller may touch everything that the job is about.
 *
 * @module
 */

import type { Caller, Kind } from "../../data/access/caller.ts";
import type { JobQuery, JobRecord } from "../../jobs/engine/jobs.ts";

/** Whether a caller may see a job as far as its owner matters. */
export function maySeeOwner(caller: Caller, { owner }: Pick<JobRecord, "owner">): boolean {
  return owner === caller.owner || caller.scopes.has("manage");
}

/** Whether a caller may touch all of some ids. */
export function mayTouchAll(caller: Caller, kind: Kind, ids: readonly string[]): boolean {
  return !caller.isRestricted[kind] || ids.every((id) => caller.mayTouch(kind, id));
}

/** What a list of jobs is restricted to for a caller, if `isVisible` says whether one is visible. */
export function visibleJobs(
  caller: Caller,
  isVisible: (job: JobRecord) => boolean,
): Pick<JobQuery, "owner" | "exists"> {
  return caller.scopes.has("manage")
    ? { exists: isVisible }
    : { owner: caller.owner, exists: isVisible };
}
