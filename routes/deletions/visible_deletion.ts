/**
 * Deletions as far as they exist for a caller.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import { deletionOf, isDeletionKind, scopeOf } from "../../jobs/deletions/deletion_contract.ts";
import type { JobRecord } from "../../jobs/engine/jobs.ts";
import { maySeeOwner, mayTouchAll } from "../access/visible_jobs.ts";

/** Whether a job is a deletion that exists for the caller. */
export function isVisibleDeletion(caller: Caller, job: JobRecord): boolean {
  const { kind, params } = job;
  if (!isDeletionKind(kind) || !maySeeOwner(caller, job)) return false;
  const { subject, ids } = scopeOf(deletionOf(kind, params));
  return mayTouchAll(caller, subject, ids);
}
