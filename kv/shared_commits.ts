/**
 * Changes that nothing ties together, in one commit: each holds under the versions that it names, and is
 * made or refused alone.
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
  type Stage,
} from "./budget.ts";
import type { Settled } from "./together.ts";

/** A change that is made whole or not at all. */
export interface CheckedChange {
  /** What must not have changed. */
  readonly checks: readonly Deno.AtomicCheck[];
  /** Adds the mutations. It may be called several times. */
  readonly stage: Stage;
}

/** A change with what it needs of a commit. */
interface Costly {
  readonly change: CheckedChange;
  readonly cost: Cost;
  readonly checks: number;
}

/**
 * Makes changes, as many as possible in one commit. Returns the version of each, or null if something
 * that it checks has changed meanwhile. A change that is refused, or fails, keeps no other one from being
 * made.
 */
export async function commitShared(
  kv: Pick<Deno.Kv, "atomic">,
  changes: readonly CheckedChange[],
  mostChecks: number = SHARED_MAX_CHECKS,
): Promise<Settled<string | null>> {
  const commits = await Promise.all(
    pack(changes, mostChecks).map((group) => commitGroup(kv, group)),
  );
  return commits.flat();
}

/** Groups changes, in order, so that each group fits one commit. */
function pack(changes: readonly CheckedChange[], mostChecks: number): CheckedChange[][] {
  if (changes.length === 1) return [[...changes]];
  const groups: CheckedChange[][] = [];
  let used: Omit<Costly, "change"> = { cost: NO_COST, checks: 0 };
  for (const { change, ...own } of changes.map(costly)) {
    const all = { cost: addCosts(used.cost, own.cost), checks: used.checks + own.checks };
    const fits = all.checks <= mostChecks && fitsCommit(all.cost);
    const open = groups.at(-1);
    if (open === undefined || !fits) groups.push([change]);
    else open.push(change);
    used = open === undefined || !fits ? own : all;
  }
  return groups;
}

/** Records the mutations, so that what is counted is what is committed. */
function costly(change: CheckedChange): Costly {
  const checks = change.checks.length;
  try {
    const { cost, stage } = recordStage(change.stage);
    return { change: { ...change, stage }, cost, checks };
  } catch {
    // It fails again when it is committed. With that many checks, it goes alone and fails no other one.
    return { change, cost: NO_COST, checks: Infinity };
  }
}

async function commitGroup(
  kv: Pick<Deno.Kv, "atomic">,
  group: readonly CheckedChange[],
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
  changes: readonly CheckedChange[],
): Promise<string | null> {
  const op = kv.atomic();
  for (const { checks, stage } of changes) {
    op.check(...checks);
    stage(op);
  }
  const result = await op.commit();
  return result.ok ? result.versionstamp : null;
}
