/**
 * The dispatcher: claims jobs that are due, runs as many at once as there are slots, hands back
 * what others left, and ends what has been kept long enough.
 *
 * @module
 */

import type { FileStore } from "../data/files/file_store.ts";
import type { Log } from "../data/log.ts";
import { type Due, listDue } from "../kv/due.ts";
import { commitJob, deleteJob, dropStaleDue, getJob, type JobEntry } from "../kv/jobs.ts";
import type { JobKind } from "./job_kind.ts";
import { MAX_ABANDONED } from "./retry.ts";
import { type Run, type RunnerDeps, startRun } from "./runner.ts";
import { claimed, expired, failed, handedBack, LEASE_MS, rearmed } from "./transitions.ts";

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
  /** Where artifacts are. */
  readonly files: Pick<FileStore, "remove">;
  /** How many jobs run at once. */
  readonly concurrency: number;
  /** Called when a run has ended and there is room again. */
  readonly onRoom: () => void;
}

/** Does what the due index says of jobs. */
export interface Dispatcher {
  /** Whether another job could begin. */
  hasRoom(): boolean;
  /** A job's time to begin has come. */
  onWaiting(due: Due): Promise<void>;
  /** A running job's lease may have run out. */
  onLease(due: Due): Promise<void>;
  /** A job's file or record may have been kept long enough. */
  onKept(due: Due): Promise<void>;
  /** Hands back every job of another owner; only where all of those are dead. */
  handBackOthers(): Promise<number>;
  /** Begins nothing more, lets runs end for `graceMs`, then hands their jobs back. */
  stop(graceMs: number): Promise<void>;
}

/** A dispatcher that runs nothing yet. */
export function createDispatcher(deps: DispatcherDeps): Dispatcher {
  const { kv, now, log, owner } = deps;
  const runs = new Map<string, Run>();
  let isStopping = false;

  /** The job that an entry is about, or null (and the entry is gone) where it is about none. */
  async function jobOf(due: Due): Promise<JobEntry | null> {
    const entry = await getJob(kv, due.id);
    if (entry?.value.due.atMs === due.atMs && entry.value.due.kind === due.kind) return entry;
    await dropStaleDue(kv, due, entry);
    return null;
  }

  async function onWaiting(due: Due): Promise<void> {
    const entry = await jobOf(due);
    if (entry === null || isStopping || runs.has(due.id)) return;
    const kind = deps.kinds.find(({ name }) => name === entry.value.kind);
    if (kind === undefined) return log("error", "job of unknown kind", { jobId: due.id });
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
    if (lease !== null && lease.untilMs > now()) await commitJob(kv, entry, rearmed(entry.value));
    else await handBack(entry, "lease ran out");
  }

  async function handBack(entry: JobEntry, reason: string): Promise<boolean> {
    const { id, abandoned, epoch } = entry.value;
    log("warn", "job abandoned", { jobId: id, epoch, abandoned: abandoned + 1, reason });
    if (abandoned < MAX_ABANDONED) {
      return await commitJob(kv, entry, handedBack(entry.value, now()));
    }
    const error = {
      code: "JOB_ABANDONED",
      message: "The job was given up",
      details: `It was left unfinished ${abandoned + 1} times`,
    };
    const keptUntilMs = now() + deps.jobRetentionMs;
    return await commitJob(kv, entry, failed(entry.value, now(), { error, keptUntilMs }));
  }

  async function onKept(due: Due): Promise<void> {
    const entry = await jobOf(due);
    if (entry === null) return;
    const { id, state, artifact, fileExpiresMs, endedMs } = entry.value;
    const keptUntilMs = Math.max((endedMs ?? 0) + deps.jobRetentionMs, fileExpiresMs ?? 0);
    if (state === "completed") {
      // The record says so first: then nobody is promised a file that is gone.
      if (!await commitJob(kv, entry, expired(entry.value, now(), keptUntilMs))) return;
      log("info", "job file expired", { jobId: id });
    } else if (await deleteJob(kv, entry)) log("info", "job record deleted", { jobId: id });
    if (artifact !== null) await deps.files.remove(artifact.name);
  }

  return {
    hasRoom: () => !isStopping && runs.size < deps.concurrency,
    onWaiting,
    onLease,
    onKept,
    async handBackOthers() {
      let count = 0;
      for await (const due of listDue(kv, { upToMs: now() + 2 * LEASE_MS })) {
        if (due.kind !== "job_lease") continue;
        const entry = await jobOf(due);
        if (entry === null || entry.value.lease?.owner === owner) continue;
        if (await handBack(entry, "owner dead")) count++;
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
