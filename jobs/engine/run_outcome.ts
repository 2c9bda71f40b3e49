/**
 * Writing the outcome of a run, together with the start of a job that takes its place.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import type { Log } from "../../data/log.ts";
import type { Stage } from "../../kv/budget.ts";
import type { JobEntry, JobRecord } from "../../kv/jobs/jobs.ts";
import type { CheckedStage } from "../../kv/jobs/turns.ts";
import type { RunCheckpoints } from "./checkpoints.ts";
import type { JobKind } from "./job_kind.ts";
import type { RunRecords } from "./run_records.ts";
import type { NextStart } from "./starter.ts";
import { type Claim, isClaimOf, isEnded, LEASE_MS } from "./transitions.ts";

/** What to add to the commit that ends a job; null for nothing. The record is the one that ended. */
export type EndStage = (ended: JobRecord) => Stage | null;

/** What writing an outcome needs. */
interface OutcomeDeps {
  readonly records: RunRecords;
  readonly now: () => number;
  readonly log: Log;
  readonly endStage?: EndStage;
  readonly nextStart: () => NextStart | null;
}

/** The pause between two attempts to write the outcome of a run, milliseconds. */
const WRITE_RETRY_MS = 200;

/**
 * Writes the outcome of a run. Nothing is written if the claim no longer holds, or if the database
 * refuses it for as long as the lease may hold. The sweep then deletes what the run left.
 */
export async function writeOutcome(
  deps: OutcomeDeps,
  { claim, known, move, kind, checkpoints }: {
    claim: Claim;
    /** The record as the run knows it. */
    known: JobEntry;
    move: (record: JobRecord) => JobRecord;
    kind: Pick<JobKind, "isTransient">;
    checkpoints: RunCheckpoints;
  },
): Promise<JobRecord | "lease lost" | "not written"> {
  const { records } = deps;
  const giveUpMs = deps.now() + LEASE_MS;
  const start = deps.nextStart();
  let entry: JobEntry | null = known, started: JobEntry | null = null;
  try {
    for (let tried = 0;; tried++) {
      try {
        if (tried > 0) {
          // The answer to the first try may have been lost. Then both jobs show whether it was made.
          [entry, started] = await Promise.all([
            records.read(claim.id),
            start === null ? null : records.read(start.jobId),
          ]);
        }
        if (entry === null || !isClaimOf(entry.value, claim)) return "lease lost";
        const saved = checkpoints.unwritten(entry.value);
        const next = move(saved?.record ?? entry.value);
        const more = next.checkpoint === undefined ? endOf(deps, next) : saved?.more;
        const isDropped = kind.isTransient === true && isEnded(next);
        const version = await records.write({
          from: entry,
          to: isDropped ? null : next,
          // If it is refused, the start may be why.
          more: tried === 0 && start !== null ? both(start.stage, more) : more,
        });
        if (version === null) continue;
        if (tried === 0) start?.started(version);
        return next;
      } catch (error) {
        deps.log("warn", "job could not be written", { jobId: claim.id, error });
        if (deps.now() > giveUpMs || isGivenUp(error)) return "not written";
        await new Promise((resolve) => setTimeout(resolve, WRITE_RETRY_MS));
      }
    }
  } finally {
    start?.settle(started);
  }
}

/** Two stages in one commit. */
function both(one: CheckedStage, other?: CheckedStage): CheckedStage {
  if (other === undefined) return one;
  return {
    checks: [...one.checks, ...other.checks],
    stage(op) {
      one.stage(op);
      other.stage(op);
    },
  };
}

/** Whether the database has been given up, as the process stops: no later call can succeed. */
function isGivenUp(error: unknown): boolean {
  return error instanceof AppError && error.code === "DATABASE_UNAVAILABLE";
}

/** What to add to a commit that moves a job, if it ends the job. */
export function endOf(
  { endStage }: { readonly endStage?: EndStage },
  next: JobRecord,
): CheckedStage | undefined {
  const stage = isEnded(next) ? endStage?.(next) ?? null : null;
  return stage === null ? undefined : { checks: [], stage };
}
