/**
 * The states of a job and every move between them. Pure: each move returns the next record.
 *
 * | from | to | move | when |
 * |---|---|---|---|
 * | — | pending | {@link newJob} | created |
 * | pending | running | {@link claimed} | epoch +1, lease taken; due at the lease's end |
 * | running | running | {@link extended} | heartbeat: progress, lease extended; the due entry stays |
 * | running | running | heartbeat with a checkpoint (`checkpoints.ts`): `abandoned` is 0 again |
 * | running | running | {@link rescheduled} | the due entry fired while the lease still holds |
 * | running | completed | {@link completed} | due at the file's expiry |
 * | running | completed | {@link completedWithoutFile} | due at the record's expiry |
 * | running | failed | {@link failed} | due at the record's expiry |
 * | running, pending | cancelled | {@link cancelled} | due at the record's expiry |
 * | running | pending | {@link retried} | a fault that may pass: attempt +1, due later |
 * | running | pending | {@link waited} | the run waits for something that takes long; due later |
 * | running | pending | {@link requeued} | stop, lease expired, owner dead: abandoned +1, due now |
 * | running | failed | {@link requeued} | the same for the 21st time |
 * | pending | pending | {@link postponed} | this process does not know the kind; due later |
 * | completed | expired | {@link expired} | file deleted; due at the record's expiry |
 *
 * A move out of `running` is valid only under the claim that started the run: {@link isClaimOf}.
 *
 * @module
 */

import type { ErrorCode } from "../../data/app_error.ts";
import type { JobTargets } from "../../data/notify/targets.ts";
import type { Artifact, JobRecord } from "../../kv/jobs/jobs.ts";
import { MAX_ABANDONED } from "./retry.ts";

/** The error of a job that too many owners abandoned. */
const ABANDONED: ErrorCode = "JOB_ABANDONED";

/** The most steps of a history: the first, and the last ones. A job that goes on may have many runs. */
const HISTORY_STEPS = 100;

/** How long a claim holds without a heartbeat, milliseconds. */
export const LEASE_MS = 30_000;

/** A JSON value. */
export type Json = JobRecord["result"];

/** Why a job failed, as users see it. */
export type JobError = NonNullable<JobRecord["error"]>;

/** The right of an owner to move a running job, under one epoch (fencing). */
export interface Claim {
  /** The job. */
  readonly id: string;
  /** The process that runs it. */
  readonly owner: string;
  /** The epoch that the claim started. */
  readonly epoch: number;
}

/** The fields of a new job. */
export interface NewJob {
  /** Its id. */
  readonly id: string;
  /** The name of its kind. */
  readonly kind: string;
  /** The parameters of its kind. */
  readonly params: Json;
  /** Who requested it. */
  readonly owner: string;
  /** Whose limits it counts for; absent if it is the owner. */
  readonly account?: string;
  /** The idempotency key of the request, or null. */
  readonly slot: string | null;
  /** Who hears of its end, and where its file goes; absent for nobody and nowhere. */
  readonly targets?: JobTargets;
  /** The span that created it; undefined while nothing is traced. */
  readonly traceparent?: string | undefined;
}

/** Creates a pending job that is due now. */
export function newJob(
  { id, kind, params, owner, account, slot, targets, traceparent }: NewJob,
  nowMs: number,
): JobRecord {
  return {
    v: 1,
    id,
    kind,
    params,
    owner,
    ...(account === undefined || account === owner ? {} : { account }),
    slot,
    ...(targets === undefined ? {} : { targets }),
    ...(traceparent === undefined ? {} : { traceparent }),
    state: "pending",
    epoch: 0,
    attempt: 1,
    abandoned: 0,
    lease: null,
    due: { kind: "job_wait", atMs: nowMs },
    createdMs: nowMs,
    updatedMs: nowMs,
    endedMs: null,
    fileExpiresMs: null,
    progress: { done: 0, total: null, percent: 0 },
    artifact: null,
    result: null,
    error: null,
    isCancelRequested: false,
    history: [{ atMs: nowMs, state: "pending", epoch: 0 }],
  };
}

/** A process has claimed the job. */
export function claimed(job: JobRecord, owner: string, nowMs: number): JobRecord {
  const untilMs = nowMs + LEASE_MS;
  return moved(job, nowMs, {
    state: "running",
    epoch: job.epoch + 1,
    lease: { owner, untilMs },
    due: { kind: "job_lease", atMs: untilMs },
    progress: job.checkpoint === undefined ? { done: 0, total: null, percent: 0 } : job.progress,
  });
}

/** A heartbeat: the job still runs. */
export function extended(
  job: JobRecord,
  nowMs: number,
  progress: JobRecord["progress"],
): JobRecord {
  const lease = job.lease && { ...job.lease, untilMs: nowMs + LEASE_MS };
  return { ...job, updatedMs: nowMs, progress, lease };
}

/** The due entry fired, but the lease still holds: due again at the end of the lease. */
export function rescheduled(job: JobRecord): JobRecord {
  return job.lease === null ? job : { ...job, due: { kind: "job_lease", atMs: job.lease.untilMs } };
}

/** Completed, with a file that is kept until `fileExpiresMs`. */
export function completed(
  job: JobRecord,
  nowMs: number,
  { artifact, result, fileExpiresMs }: { artifact: Artifact; result: Json; fileExpiresMs: number },
): JobRecord {
  return moved(job, nowMs, {
    state: "completed",
    lease: null,
    endedMs: nowMs,
    artifact,
    result,
    fileExpiresMs,
    due: { kind: "job_keep", atMs: fileExpiresMs },
  });
}

/** Completed, without a file. The record is kept until `keptUntilMs`. */
export function completedWithoutFile(
  job: JobRecord,
  nowMs: number,
  { result, keptUntilMs }: { result: Json; keptUntilMs: number },
): JobRecord {
  return moved(job, nowMs, {
    state: "completed",
    lease: null,
    endedMs: nowMs,
    result,
    due: { kind: "job_keep", atMs: keptUntilMs },
  });
}

/** Failed, without a file. The record is kept until `keptUntilMs`. */
export function failed(
  job: JobRecord,
  nowMs: number,
  { error, keptUntilMs }: { error: JobError; keptUntilMs: number },
): JobRecord {
  return moved(job, nowMs, {
    state: "failed",
    lease: null,
    endedMs: nowMs,
    error,
    due: { kind: "job_keep", atMs: keptUntilMs },
  });
}

/** Ended by a request to cancel it. The record is kept until `keptUntilMs`. */
export function cancelled(job: JobRecord, nowMs: number, keptUntilMs: number): JobRecord {
  return moved(job, nowMs, {
    state: "cancelled",
    lease: null,
    endedMs: nowMs,
    due: { kind: "job_keep", atMs: keptUntilMs },
  });
}

/** Due for its next attempt at `atMs`. */
export function retried(job: JobRecord, nowMs: number, atMs: number): JobRecord {
  return moved(job, nowMs, {
    state: "pending",
    lease: null,
    attempt: job.attempt + 1,
    due: { kind: "job_wait", atMs },
  });
}

/** Its run waits for something: due again at `atMs`. The history forgets the run, of which there may be many. */
export function waited(job: JobRecord, nowMs: number, atMs: number): JobRecord {
  const { history } = job;
  return {
    ...job,
    state: "pending",
    lease: null,
    updatedMs: nowMs,
    due: { kind: "job_wait", atMs },
    history: history.at(-1)?.state === "running" ? history.slice(0, -1) : history,
  };
}

/**
 * Its owner abandoned it: any process may run it again at once. A job that too many owners abandoned
 * fails, since it is probably what ends them.
 */
export function requeued(job: JobRecord, nowMs: number, keptUntilMs: number): JobRecord {
  const abandoned = job.abandoned + 1;
  if (abandoned > MAX_ABANDONED) {
    const details = `It was left unfinished ${abandoned} times`;
    const error = { code: ABANDONED, message: "The job was given up", details };
    return failed(job, nowMs, { error, keptUntilMs });
  }
  const due = { kind: "job_wait", atMs: nowMs } as const;
  return moved(job, nowMs, { state: "pending", lease: null, abandoned, due });
}

/** Due later, for a process that knows its kind. */
export function postponed(job: JobRecord, atMs: number): JobRecord {
  return { ...job, due: { kind: "job_wait", atMs } };
}

/** Its file is deleted. The record is kept until `keptUntilMs`. */
export function expired(job: JobRecord, nowMs: number, keptUntilMs: number): JobRecord {
  return moved(job, nowMs, { state: "expired", due: { kind: "job_keep", atMs: keptUntilMs } });
}

/** Whether a job still runs under a claim. */
export function isClaimOf(job: JobRecord, { owner, epoch }: Claim): boolean {
  return job.state === "running" && job.epoch === epoch && job.lease?.owner === owner;
}

/** Whether a job has ended, so that only its expiry can still move it. */
export function isEnded({ state }: JobRecord): boolean {
  return state !== "pending" && state !== "running";
}

function moved(job: JobRecord, nowMs: number, change: Partial<JobRecord>): JobRecord {
  const { checkpoint, ...next } = { ...job, ...change, updatedMs: nowMs };
  const step = { atMs: nowMs, state: next.state, epoch: next.epoch };
  const [created, ...steps] = job.history;
  return {
    ...next,
    // What has ended does not go on.
    ...(checkpoint === undefined || isEnded(next) ? {} : { checkpoint }),
    history: [created, ...steps.slice(2 - HISTORY_STEPS), step],
  };
}
