/**
 * Watching jobs: their records after each change.
 *
 * Records are polled while somebody watches them, each once for all of its watchers. So it does not
 * matter which process runs a job.
 *
 * @module
 */

import type { Log } from "../../data/log.ts";
import { outsideRequests } from "../../data/request_context.ts";
import { getJobs, type JobRecord } from "../../kv/jobs/jobs.ts";
import { isEnded } from "./transitions.ts";

/** How often records are polled, milliseconds. A watcher sees at most this many changes. */
const POLL_MS = 250;
/** How many jobs one poll reads at most. With more, each has its turn every few polls. */
const POLL_JOBS = 100;

/** The watches of a process. */
export interface JobWatches {
  /**
   * The job now and after each change, until it has ended, its record is gone (null), the signal
   * aborts or {@link JobWatches.stop} is called.
   */
  watch(jobId: string, signal: AbortSignal): AsyncIterable<JobRecord | null>;
  /** Ends every watch and those to come; settles when no poll is running. */
  stop(): Promise<void>;
}

/** What watching needs. */
export interface JobWatchesDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "getMany">;
  /** The log. */
  readonly log: Log;
}

/** A job that is watched. */
interface Watched {
  /** Its record as it was read last; null if it is gone, undefined before the first read. */
  job: JobRecord | null | undefined;
  /** Wakes each watcher. */
  readonly watchers: Set<() => void>;
}

/** Starts with nobody watching. */
export function createJobWatches({ kv, log }: JobWatchesDeps): JobWatches {
  /** The watched jobs. The one that was read longest ago comes first. */
  const watched = new Map<string, Watched>();
  let timer: ReturnType<typeof setInterval> | undefined;
  let polling: Promise<void> | null = null;
  let isStopped = false;

  function poll(): Promise<void> {
    return polling ??= pollOnce()
      .catch((error) => log("warn", "jobs not polled", { error }))
      .finally(() => polling = null);
  }

  async function pollOnce(): Promise<void> {
    const turn = [...watched.entries().take(POLL_JOBS)];
    for (const [id, one] of turn) {
      watched.delete(id);
      watched.set(id, one);
    }
    const jobs = await getJobs(kv, turn.map(([id]) => id));
    for (const [index, [, one]] of turn.entries()) {
      if (one.job !== undefined && !isChanged(one.job, jobs[index])) continue;
      one.job = jobs[index];
      for (const wake of one.watchers) wake();
    }
  }

  function add(jobId: string, wake: () => void): Watched {
    const one = watched.get(jobId) ?? { job: undefined, watchers: new Set() };
    one.watchers.add(wake);
    watched.set(jobId, one);
    timer ??= outsideRequests(() => setInterval(poll, POLL_MS));
    return one;
  }

  function remove(jobId: string, one: Watched, wake: () => void): void {
    one.watchers.delete(wake);
    if (one.watchers.size === 0) watched.delete(jobId);
    if (watched.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  async function* watch(jobId: string, signal: AbortSignal): AsyncGenerator<JobRecord | null> {
    let changed = Promise.withResolvers<void>();
    const wake = () => changed.resolve();
    const isOver = () => isStopped || signal.aborted;
    if (isOver()) return;
    signal.addEventListener("abort", wake);
    const one = add(jobId, wake);
    try {
      // Somebody else's watch has read the record already.
      if (one.job === undefined) await poll();
      let seen: JobRecord | null | undefined;
      while (!isOver()) {
        const { job } = one;
        if (job !== seen && job !== undefined) {
          seen = job;
          yield job;
          if (job === null || isEnded(job)) return;
          continue;
        }
        await changed.promise;
        changed = Promise.withResolvers<void>();
      }
    } finally {
      signal.removeEventListener("abort", wake);
      remove(jobId, one, wake);
    }
  }

  return {
    watch,
    async stop() {
      isStopped = true;
      for (const { watchers } of watched.values()) for (const wake of watchers) wake();
      await polling;
    },
  };
}

/** Whether a job has changed. Every change but the extension of a lease changes one of these. */
function isChanged(from: JobRecord | null, to: JobRecord | null): boolean {
  if (from === null || to === null) return from !== to;
  return from.state !== to.state || from.epoch !== to.epoch || from.attempt !== to.attempt ||
    from.progress.done !== to.progress.done || from.progress.percent !== to.progress.percent ||
    from.isCancelRequested !== to.isCancelRequested;
}
