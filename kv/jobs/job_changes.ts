/**
 * Changing several jobs in one commit.
 *
 * @module
 */

import {
  addCosts,
  type Cost,
  fitsCommit,
  NO_COST,
  recordStage,
  SHARED_MAX_CHECKS,
  type Staging,
} from "../budget.ts";
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

/** A change with what it needs of a commit. */
interface Costly {
  readonly change: JobChange;
  readonly cost: Cost;
  readonly checks: number;
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
  const commits = await Promise.all(pack(changes).map((group) => commitGroup(kv, group)));
  return commits.flat();
}

/** Groups changes, in order, so that each group fits one commit. */
function pack(changes: readonly JobChange[]): JobChange[][] {
  if (changes.length === 1) return [[...changes]];
  const groups: JobChange[][] = [];
  let used: Omit<Costly, "change"> = { cost: NO_COST, checks: 0 };
  for (const { change, ...own } of changes.map(costly)) {
    const all = { cost: addCosts(used.cost, own.cost), checks: used.checks + own.checks };
    const fits = all.checks <= SHARED_MAX_CHECKS && fitsCommit(all.cost);
    const open = groups.at(-1);
    if (open === undefined || !fits) groups.push([change]);
    else open.push(change);
    used = open === undefined || !fits ? own : all;
  }
  return groups;
}

function costly(change: JobChange): Costly {
  try {
    const { cost } = recordStage((op) => stageChange(op, change));
    return { change, cost, checks: 1 + (change.more?.checks.length ?? 0) };
  } catch {
    // It fails again when it is committed. With that many checks, it goes alone and fails no other one.
    return { change, cost: NO_COST, checks: Infinity };
  }
}

async function commitGroup(
  kv: Pick<Deno.Kv, "atomic">,
  group: readonly JobChange[],
): Promise<Settled<string | null>> {
  if (group.length > 1) {
    const version = await commitTogether(kv, group).catch(() => null);
    if (version !== null) return group.map(() => ({ status: "fulfilled", value: version }));
  }
  // If there were several, this shows which of them is refused or fails.
  return await Promise.allSettled(group.map((change) => commitTogether(kv, [change])));
}

async function commitTogether(
  kv: Pick<Deno.Kv, "atomic">,
  changes: readonly JobChange[],
): Promise<string | null> {
  const op = kv.atomic();
  for (const change of changes) {
    op.check(change.from, ...change.more?.checks ?? []);
    stageChange(op, change);
  }
  const result = await op.commit();
  return result.ok ? result.versionstamp : null;
}

function stageChange(op: Staging, { from, to, more }: JobChange): void {
  if (to === null) stageDelete(op, from.value);
  else stageMove(op, { from, to });
  more?.stage(op);
}
