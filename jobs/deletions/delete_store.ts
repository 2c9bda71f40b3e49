/**
 * The kind of job that deletes a store: its polls, business hours and time zone.
 *
 * Polls are removed first. If the process is killed, the job runs again, and what was uploaded for
 * the store in between is deleted too.
 *
 * @module
 */

import type { SeriesStore } from "../../kv/series/store.ts";
import { deleteStoreSettings } from "../../kv/stores/delete.ts";
import type { JobContext, JobKind, JobOutcome } from "../engine/job_kind.ts";
import { DELETE_STORE, deleteStoreParams, type DeletionResult } from "./deletion_contract.ts";
import { DELETION_FAILED } from "./deletion_failed.ts";

/** What the deletion needs. */
export interface DeleteStoreDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "atomic">;
  /** The polls. */
  readonly series: Pick<SeriesStore, "describe" | "remove">;
}

/** Creates the kind. */
export function deleteStore(deps: DeleteStoreDeps): JobKind {
  return {
    name: DELETE_STORE,
    failure: DELETION_FAILED,
    run: (context) => runDeletion(deps, context),
  };
}

async function runDeletion(
  { kv, series }: DeleteStoreDeps,
  { params }: JobContext,
): Promise<JobOutcome> {
  const { id } = deleteStoreParams.parse(params);
  const ref = { profile: "site", id } as const;
  const polls = await series.describe(ref);
  await series.remove(ref);
  await deleteStoreSettings(kv, id);
  const result: DeletionResult = { readingCount: polls?.count ?? 0 };
  return { artifact: null, result: { ...result } };
}
