/**
 * The dispatcher: claims jobs that are due, runs as many at once as there are slots, hands back
 * what others left, and ends what has been kept long enough.
 *
 * @module
 */

import type { FileStore } from "../../data/files/file_store.ts";
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
import type { JobKind } from "./job_kind.ts";
import { type Run, type RunnerDeps, startRun } from "./runner.ts";
import {
  cancelled,
  claimed,
  expired,
  handedBack,
  isEnded,
  LEASE_MS,
  postponed,
  rearmed,
} from "./transitions.ts";

/** When a job is looked at again whose kind is not known, as after a step back to an older release. */
const UNKNOWN_KIND_MS = 60_000;
/** How long an expired job can at least be asked for, milliseconds: a day. */
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
    if (lease !== null && lease.untilMs > now()) await commitJob(kv, entry, rearmed(entry.value));
    else await handBack(entry, "lease ran out");
  }

  async function handBack(entry: JobEntry, reason: string): Promise<boolean> {
    const job = handedBack(entry.value, now(), now() + deps.jobRetentionMs);
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
        try {
          const entry = await jobOf(due);
          if (entry === null || entry.value.lease?.owner === owner) continue;
          if (await handBack(entry, "owner dead")) count++;
        } catch (error) {
          log("error", "job not handed back", { jobId: due.id, error });
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
