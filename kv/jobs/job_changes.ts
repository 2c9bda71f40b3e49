/**
 * Changing several jobs in one commit.
 *
 * @module
 */

import type { Staging } from "../budget.ts";
import { commitShared } from "../shared_commits.ts";
import type { Settled } from "../together.ts";
import { type JobEntry, type JobRecord, stageDelete, stageMove } from "./jobs.ts";
import type { CheckedStage } from "./turns.ts";

/** A change of a job. */
export interface JobChange {
  /** The record that was read. */
  readonly from: JobEntry;
  /** The next one; null to delete the job and everything that names it. */
  readonly to: JobRecord | null;
  /** What goes with it. */
  readonly more?: CheckedStage | undefined;
}

/**
 * Changes jobs, as many as possible in one commit. Returns the version of each new record, or null if
 * the job has changed meanwhile, or what goes with it. A change that is refused, or fails, keeps no other
 * one from being made.
 */
export async function commitChanges(
  kv: Pick<Deno.Kv, "atomic">,
  changes: readonly JobChange[],
): Promise<Settled<string | null>> {
  return await commitShared(
    kv,
    changes.map((change) => ({
      checks: [change.from, ...change.more?.checks ?? []],
      stage: (op) => stageChange(op, change),
    })),
  );
}

function stageChange(op: Staging, { from, to, more }: JobChange): void {
  if (to === null) stageDelete(op, from.value);
  else stageMove(op, { from, to });
  more?.stage(op);
}
