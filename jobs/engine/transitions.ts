/**
 * The states of a job and every move between them. Pure: each move makes the record that follows.
 *
 * | from | to | move | when |
 * |---|---|---|---|
 * | — | pending | {@link newJob} | created |
 * | pending | running | {@link claimed} | epoch +1, lease taken; due at the lease's end |
 * | running | running | {@link beaten} | heartbeat: progress, lease extended; the due entry stays |
 * | running | running | {@link rearmed} | the due entry fired while the lease still holds |
 * | running | completed | {@link completed} | due at the file's expiry |
 * | running | failed | {@link failed} | due at the record's expiry |
 * | running, pending | cancelled | {@link cancelled} | due at the record's expiry |
 * | running | pending | {@link retried} | a fault that may pass: attempt +1, due later |
 * | running | pending | {@link handedBack} | stop, lease run out, owner dead: abandoned +1, due now |
 * | running | failed | {@link handedBack} | the same for the 21st time |
 * | pending | pending | {@link postponed} | its kind is not known here; due later |
 * | completed | expired | {@link expired} | file deleted; due at the record's expiry |
 *
 * A move out of `running` holds only under the claim that made it so: {@link isClaimOf}.
 *
 * @module
 */

import type { ErrorCode } from "../../data/app_error.ts";
import type { Artifact, JobRecord } from "../../kv/jobs/jobs.ts";
import { MAX_ABANDONED } from "./retry.ts";

/** What a job fails with that too many owners left. */
const ABANDONED: ErrorCode = "JOB_ABANDONED";

/** How long a claim holds without a heartbeat, milliseconds. */
export const LEASE_MS = 30_000;

/** A JSON value. */
export type Json = JobRecord["result"];

/** What a job failed with, as users see it. */
export type JobError = NonNullable<JobRecord["error"]>;

/** The right to move a running job: whose, and under which epoch (fencing). */
export interface Claim {
  /** The job. */
  readonly id: string;
  /** The process that runs it. */
  readonly owner: string;
  /** The epoch that its claim began. */
  readonly epoch: number;
}

/** What a new job is made of. */
export interface NewJob {
  /** Its id. */
  readonly id: string;
  /** What does it. */
  readonly kind: string;
  /** What its kind needs. */
  readonly params: Json;
  /** Who asked. */
  readonly owner: string;
  /** The idempotency key they gave, or null. */
  readonly slot: string | null;
}

/** A job that waits from now on. */
export function newJob({ id, kind, params, owner, slot }: NewJob, nowMs: number): JobRecord {
  return {
    v: 1,
    id,
    kind,
    params,
    owner,
    slot,
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

/** Taken by a process. */
export function claimed(job: JobRecord, owner: string, nowMs: number): JobRecord {
  const untilMs = nowMs + LEASE_MS;
  return moved(job, nowMs, {
    state: "running",
    epoch: job.epoch + 1,
    lease: { owner, untilMs },
    due: { kind: "job_lease", atMs: untilMs },
    progress: { done: 0, total: null, percent: 0 },
  });
}

/** Still being run. */
export function beaten(
  job: JobRecord,
  nowMs: number,
  progress: JobRecord["progress"],
): JobRecord {
  const lease = job.lease && { ...job.lease, untilMs: nowMs + LEASE_MS };
  return { ...job, updatedMs: nowMs, progress, lease };
}

/** Looked at while its lease holds. */
export function rearmed(job: JobRecord): JobRecord {
  return job.lease === null ? job : { ...job, due: { kind: "job_lease", atMs: job.lease.untilMs } };
}

/** Done: with a file that is kept until `fileExpiresMs`. */
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

/** Ended without a file; the record is kept until `keptUntilMs`. */
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

/** Ended because somebody asked for that. */
export function cancelled(job: JobRecord, nowMs: number, keptUntilMs: number): JobRecord {
  return moved(job, nowMs, {
    state: "cancelled",
    lease: null,
    endedMs: nowMs,
    due: { kind: "job_keep", atMs: keptUntilMs },
  });
}

/** To be tried once more at `atMs`. */
export function retried(job: JobRecord, nowMs: number, atMs: number): JobRecord {
  return moved(job, nowMs, {
    state: "pending",
    lease: null,
    attempt: job.attempt + 1,
    due: { kind: "job_wait", atMs },
  });
}

/**
 * To be run again, at once, by whoever comes: its owner left it. One that too many owners left is
 * taken for what ends them, and failed.
 */
export function handedBack(job: JobRecord, nowMs: number, keptUntilMs: number): JobRecord {
  const abandoned = job.abandoned + 1;
  if (abandoned > MAX_ABANDONED) {
    const details = `It was left unfinished ${abandoned} times`;
    const error = { code: ABANDONED, message: "The job was given up", details };
    return failed(job, nowMs, { error, keptUntilMs });
  }
  const due = { kind: "job_wait", atMs: nowMs } as const;
  return moved(job, nowMs, { state: "pending", lease: null, abandoned, due });
}

/** To be looked at later by a process that can run it. */
export function postponed(job: JobRecord, atMs: number): JobRecord {
  return { ...job, due: { kind: "job_wait", atMs } };
}

/** Its file is gone; the record is kept until `keptUntilMs`. */
export function expired(job: JobRecord, nowMs: number, keptUntilMs: number): JobRecord {
  return moved(job, nowMs, { state: "expired", due: { kind: "job_keep", atMs: keptUntilMs } });
}

/** Whether a job is still run under a claim. */
export function isClaimOf(job: JobRecord, { owner, epoch }: Claim): boolean {
  return job.state === "running" && job.epoch === epoch && job.lease?.owner === owner;
}

/** Whether nothing but its expiry will move a job any more. */
export function isEnded({ state }: JobRecord): boolean {
  return state !== "pending" && state !== "running";
}

function moved(job: JobRecord, nowMs: number, change: Partial<JobRecord>): JobRecord {
  const next = { ...job, ...change, updatedMs: nowMs };
  const step = { atMs: nowMs, state: next.state, epoch: next.epoch };
  return { ...next, history: [...job.history, step] };
}
