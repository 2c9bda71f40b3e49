/**
 * Waiting for jobs to end.
 *
 * A job that ends in this process is reported at once. A job that another process runs is found by
 * polling its record, which happens only while somebody waits.
 *
 * @module
 */

import type { Log } from "../../data/log.ts";
import { outsideRequests } from "../../data/request_context.ts";
import { getJobs } from "../../kv/jobs/jobs.ts";
import { isEnded } from "./transitions.ts";

/** How often records are polled, milliseconds. */
const POLL_MS = 250;
/**
 * How many jobs one poll reads at most, so that its cost does not grow with the number of waits. With
 * more jobs, each has its turn every few polls. Measured: 3,000 waits cost no more CPU with polling
 * than without.
 */
const POLL_JOBS = 100;

/** Limits of a wait. */
export interface WaitLimits {
  /** The longest wait, milliseconds. */
  readonly timeoutMs: number;
  /** Ends the wait when it aborts. */
  readonly signal: AbortSignal;
}

/** Listens for the end of one job. Dispose of it when done. */
export interface EndListener extends Disposable {
  /** Settles when the job has ended, the limits are reached or the process stops. Never rejects. */
  ended(limits: WaitLimits): Promise<void>;
}

/** The ends of jobs. */
export interface JobEnds {
  /** Reports that a job has ended. */
  report(jobId: string): void;
  /** Listens from now on: read the record after this call, and no end can be missed. */
  listen(jobId: string): EndListener;
  /** Ends every wait and those to come; settles when no poll is running. */
  stop(): Promise<void>;
}

/** What polling needs. */
export interface JobEndsDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "getMany">;
  /** The log. */
  readonly log: Log;
}

/** Starts with nobody waiting. */
export function createJobEnds({ kv, log }: JobEndsDeps): JobEnds {
  /** The waits of each job. The job that was polled longest ago comes first. */
  const waiting = new Map<string, Set<() => void>>();
  let timer: ReturnType<typeof setInterval> | undefined;
  let polling: Promise<void> | null = null;
  let isStopped = false;

  function report(jobId: string): void {
    for (const wake of waiting.get(jobId) ?? []) wake();
  }

  function poll(): void {
    polling ??= pollOnce()
      .catch((error) => log("warn", "jobs not polled", { error }))
      .finally(() => polling = null);
  }

  async function pollOnce(): Promise<void> {
    const ids = [...waiting.keys().take(POLL_JOBS)];
    for (const id of ids) moveToEnd(waiting, id);
    const jobs = await getJobs(kv, ids);
    for (const [index, job] of jobs.entries()) {
      if (job === null || isEnded(job)) report(ids[index]);
    }
  }

  function add(jobId: string, wake: () => void): void {
    const others = waiting.get(jobId);
    if (others === undefined) waiting.set(jobId, new Set([wake]));
    else others.add(wake);
    timer ??= outsideRequests(() => setInterval(poll, POLL_MS));
  }

  function remove(jobId: string, wake: () => void): void {
    const others = waiting.get(jobId);
    others?.delete(wake);
    if (others?.size === 0) waiting.delete(jobId);
    if (waiting.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  return {
    report,
    listen(jobId) {
      const { promise, resolve } = Promise.withResolvers<void>();
      if (isStopped) resolve();
      else add(jobId, resolve);
      return {
        async ended({ timeoutMs, signal }) {
          if (signal.aborted) return;
          const timeout = setTimeout(resolve, timeoutMs);
          const onAbort = () => resolve();
          signal.addEventListener("abort", onAbort);
          await promise;
          clearTimeout(timeout);
          signal.removeEventListener("abort", onAbort);
        },
        [Symbol.dispose]: () => remove(jobId, resolve),
      };
    },
    async stop() {
      isStopped = true;
      for (const jobId of waiting.keys()) report(jobId);
      await polling;
    },
  };
}

function moveToEnd<Value>(map: Map<string, Value>, key: string): void {
  const value = map.get(key);
  if (value === undefined) return;
  map.delete(key);
  map.set(key, value);
}
