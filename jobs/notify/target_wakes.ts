/**
 * Wakes: entries of the due index that say when a target has deliveries to send. A wake that is due
 * gives the target a job, unless it has one.
 *
 * A wake is dropped without a job only if the target has a job that has not signed off. Such a job
 * looks at the queue once more after it has signed off (`delivery_job.ts`), and so sees every delivery
 * whose wake was dropped.
 *
 * @module
 */

import { packStages, type Staging } from "../../kv/budget.ts";
import { getTargets, stageTarget, type TargetEntry } from "../../kv/events/targets.ts";
import { readAccount } from "../../kv/jobs/accounts.ts";
import { type Due, listCrowd, stageDue, stageDueDelete } from "../../kv/jobs/due.ts";
import { getJobs, inLine, stageJob } from "../../kv/jobs/jobs.ts";
import { deliveryAccount } from "../../kv/jobs/lanes.ts";
import { waitForTurn } from "../../kv/jobs/turns.ts";
import { isEnded, newJob } from "../engine/transitions.ts";

/** The name of the kind of jobs that deliver. */
export const DELIVERY = "delivery";
/** What is between the target and the job in the id of a wake. */
const BETWEEN = "|";
/** How many wakes are handled together. */
const WAKES_AT_ONCE = 500;

/** A target, and when to wake it. */
export interface TargetWake {
  /** The target. */
  readonly target: string;
  /** When, epoch milliseconds. */
  readonly atMs: number;
  /** The job that signs off with it: the wakes of a job are never those of others. */
  readonly jobId?: string;
}

type WakeDue = Due<"delivery_wake">;

/** What handling wakes needs. */
export interface TargetWakeDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "getMany" | "list" | "atomic">;
  /** Returns a new UUID. */
  readonly newId: () => string;
}

/** Adds a wake. */
export function stageTargetWake(op: Staging, { target, atMs, jobId }: TargetWake): void {
  const id = jobId === undefined ? target : target + BETWEEN + jobId;
  stageDue(op, { kind: "delivery_wake", atMs, id });
}

/** Handles the wakes that are due. Returns how many jobs it created. */
export async function wakeTargets(deps: TargetWakeDeps, nowMs: number): Promise<number> {
  let created = 0;
  for (;;) {
    const dues = await listCrowd(deps.kv, "delivery_wake", { upToMs: nowMs, limit: WAKES_AT_ONCE });
    created += await wakeEach(deps, dues, nowMs);
    if (dues.length < WAKES_AT_ONCE) return created;
  }
}

async function wakeEach(
  deps: TargetWakeDeps,
  dues: readonly WakeDue[],
  nowMs: number,
): Promise<number> {
  const byTarget = Map.groupBy(dues, ({ id }) => id.split(BETWEEN)[0]);
  const targets = await getTargets(deps.kv, [...byTarget.keys()]);
  const jobs = await getJobs(deps.kv, targets.map(({ value }) => value.jobId ?? ""));
  const dropped: WakeDue[] = [];
  let created = 0;
  for (const [index, target] of targets.entries()) {
    const own = byTarget.get(target.target) ?? [];
    const job = jobs[index];
    if (job !== null && !isEnded(job)) dropped.push(...own);
    else if (await createJob(deps, { target, wakes: own, nowMs })) created++;
  }
  for (const group of packStages(dropped.map((due) => (op) => stageDueDelete(op, due)))) {
    const op = deps.kv.atomic();
    group.forEach((stage) => stage(op));
    await op.commit();
  }
  return created;
}

/** Creates the job of a target. False if another process did, or changed something: the wakes stay. */
async function createJob(
  { kv, newId }: TargetWakeDeps,
  { target, wakes, nowMs }: {
    target: TargetEntry;
    wakes: readonly WakeDue[];
    nowMs: number;
  },
): Promise<boolean> {
  const name = target.target;
  const owner = deliveryAccount(name, target.value.failures > 0);
  const id = newId();
  const params = { target: name };
  const job = inLine(newJob({ id, kind: DELIVERY, params, owner, slot: null }, nowMs));
  const turn = waitForTurn(await readAccount(kv, owner));
  const op = kv.atomic().check(target, ...turn.checks);
  stageTarget(op, target, { ...target.value, jobId: id });
  stageJob(op, job);
  turn.stage(op);
  for (const wake of wakes) stageDueDelete(op, wake);
  return (await op.commit()).ok;
}
