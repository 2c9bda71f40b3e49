/**
 * The dispatcher: claims due jobs and runs them, up to the concurrency limit; makes abandoned jobs
 * pending again; deletes files and records after their retention time.
 *
 * @module
 */

import type { Log } from "../../data/log.ts";
import { type Due, listDue } from "../../kv/jobs/due.ts";
import {
  commitJob,
  deleteJob,
  dropStaleDue,
  getJob,
  type JobEntry,
  type JobRecord,
} from "../../kv/jobs/jobs.ts";
import { type JobKind, removeArtifact } from "./job_kind.ts";
import { type Run, type RunnerDeps, startRun } from "./runner.ts";
import {
  cancelled,
  claimed,
  expired,
  isEnded,
  LEASE_MS,
  postponed,
  requeued,
  rescheduled,
} from "./transitions.ts";

/** When a job of an unknown kind is due again. A downgrade to an older release leaves such jobs. */
const UNKNOWN_KIND_MS = 60_000;
/** How long the status of an expired job stays readable at least, milliseconds: a day. */
const EXPIRED_KEPT_MS = 86_400_000;

/** What the dispatcher needs. */
export interface DispatcherDeps extends RunnerDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list" | "atomic">;
  /** The log. */
  readonly log: Log;
  /** This running process, unlike any other that ever was. */
  readonly owner: string;
  /** Every kind of job. */
  readonly kinds: readonly JobKind[];
  /** How many jobs run at the same time. */
  readonly concurrency: number;
  /** Called when a run has ended, so that another can start. */
  readonly onRoom: () => void;
}

/** Handles the due entries of jobs. */
export interface Dispatcher {
  /** Whether another job can start. */
  hasRoom(): boolean;
  /** Handles a pending job that is due. */
  onWaiting(due: Due): Promise<void>;
  /** Handles a running job whose lease may have expired. */
  onLease(due: Due): Promise<void>;
  /** Handles an ended job whose file or record may have expired. */
  onKept(due: Due): Promise<void>;
  /** Aborts the run of a job whose record says that it is to be cancelled, if it runs here. */
  cancel(jobId: string): void;
  /** Makes the running jobs of all other owners pending; call it only if all of those are dead. */
  requeueOthers(): Promise<number>;
  /** Starts no more jobs, gives the running ones `graceMs` to end, then makes the rest pending. */
  stop(graceMs: number): Promise<void>;
}

/** Creates a dispatcher that runs nothing yet. */
export function createDispatcher(deps: DispatcherDeps): Dispatcher {
  const { kv, now, log, owner } = deps;
  const runs = new Map<string, Run>();
  let isStopping = false;

  /** The job of a due entry. Null for a stale entry, which is deleted. */
  async function jobOf(due: Due): Promise<JobEntry | null> {
    const entry = await getJob(kv, due.id);
    if (entry?.value.due.atMs === due.atMs && entry.value.due.kind === due.kind) return entry;
    await dropStaleDue(kv, due, entry);
    return null;
  }

  async function commit(entry: JobEntry, next: JobRecord): Promise<boolean> {
    if (!await commitJob(kv, entry, next)) return false;
    if (isEnded(next)) deps.onEnded(next.id);
    return true;
  }

  async function onWaiting(due: Due): Promise<void> {
    const entry = await jobOf(due);
    if (entry === null || isStopping || runs.has(due.id)) return;
    if (entry.value.isCancelRequested) {
      await commit(entry, cancelled(entry.value, now(), now() + deps.jobRetentionMs));
      return;
    }
    const kind = deps.kinds.find(({ name }) => name === entry.value.kind);
    if (kind === undefined) {
      log("error", "job of unknown kind", { jobId: due.id, kind: entry.value.kind });
      await commitJob(kv, entry, postponed(entry.value, now() + UNKNOWN_KIND_MS));
      return;
    }
    const job = claimed(entry.value, owner, now());
    if (!await commitJob(kv, entry, job)) return;
    const run = startRun(deps, job, kind);
    runs.set(job.id, run);
    run.ended.finally(() => {
      runs.delete(job.id);
      if (!isStopping) deps.onRoom();
    });
  }

  async function onLease(due: Due): Promise<void> {
    const entry = await jobOf(due);
    if (entry === null) return;
    const { lease } = entry.value;
    if (lease !== null && lease.untilMs > now()) {
      await commitJob(kv, entry, rescheduled(entry.value));
    } else await requeue(entry, "lease ran out");
  }

  async function requeue(entry: JobEntry, reason: string): Promise<boolean> {
    const job = requeued(entry.value, now(), now() + deps.jobRetentionMs);
    const { id, epoch, state, abandoned } = job;
    log("warn", "job abandoned", { jobId: id, epoch, state, abandoned, reason });
    return await commit(entry, job);
  }

  async function onKept(due: Due): Promise<void> {
    const entry = await jobOf(due);
    if (entry === null) return;
    const { id, state, artifact, fileExpiresMs, endedMs } = entry.value;
    const keptUntilMs = Math.max(
      (endedMs ?? 0) + deps.jobRetentionMs,
      (fileExpiresMs ?? 0) + EXPIRED_KEPT_MS,
    );
    if (state === "completed" && artifact !== null) {
      // The record changes first, so that it never names a file that is gone.
      if (!await commitJob(kv, entry, expired(entry.value, now(), keptUntilMs))) return;
      log("info", "job file expired", { jobId: id });
    } else if (await deleteJob(kv, entry)) log("info", "job record deleted", { jobId: id });
    if (artifact !== null) await removeArtifact(deps.files, artifact);
  }

  return {
    hasRoom: () => !isStopping && runs.size < deps.concurrency,
    onWaiting,
    onLease,
    onKept,
    cancel: (jobId) => runs.get(jobId)?.cancel(),
    async requeueOthers() {
      let count = 0;
      for await (const due of listDue(kv, { upToMs: now() + 2 * LEASE_MS })) {
        if (due.kind !== "job_lease") continue;
        try {
          const entry = await jobOf(due);
          if (entry === null || entry.value.lease?.owner === owner) continue;
          if (await requeue(entry, "owner dead")) count++;
        } catch (error) {
          log("error", "job not requeued", { jobId: due.id, error });
        }
      }
      return count;
    },
    async stop(graceMs) {
      isStopping = true;
      const ended = Promise.all([...runs.values()].map((run) => run.ended));
      const timer = setTimeout(() => runs.forEach((run) => run.stop()), graceMs);
      await ended;
      clearTimeout(timer);
    },
  };
}
