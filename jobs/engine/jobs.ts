/**
 * The interface of the job engine to its clients: create, read, list, watch, cancel and remove jobs.
 *
 * @module
 */

import { type AccountLimits, accountLimits, NO_ACCOUNT_LIMITS } from "../../data/access/account.ts";
import type { KeyLimits } from "../../data/access/key_limits.ts";
import { AppError } from "../../data/app_error.ts";
import type { FileStore } from "../../data/files/file_store.ts";
import type { Log } from "../../data/log.ts";
import { NO_RECORDER, type Recorder } from "../../data/metrics/recorder.ts";
import type { JobTargets } from "../../data/notify/targets.ts";
import { inSpan } from "../../data/tracing.ts";
import { readAccount } from "../../kv/jobs/accounts.ts";
import {
  accountOf,
  commitJob,
  deleteJob,
  getJob,
  inLine,
  type JobEntry,
  type JobRecord,
  stageJob,
} from "../../kv/jobs/jobs.ts";
import { createTurns } from "../../kv/in_turn.ts";
import { getSlot, stageSlot } from "../../kv/jobs/slots.ts";
import { type CheckedStage, commitChecked, hasChanged, waitForTurn } from "../../kv/jobs/turns.ts";
import { stageWake } from "../../kv/jobs/wake_queue.ts";
import { checkJobLimits } from "./job_limits.ts";
import type { JobEnds, WaitLimits } from "./job_ends.ts";
import { noteEnd } from "./job_figures.ts";
import { removeArtifact } from "./job_kind.ts";
import type { JobWatches } from "./job_watches.ts";
import { type JobList, type JobQuery, listJobs } from "./list_jobs.ts";
import { endOf, type EndStage } from "./run_outcome.ts";
import { cancelled, isEnded, type Json, newJob } from "./transitions.ts";

export type { HistoryPlace } from "../../kv/jobs/history.ts";
export type { JobRecord } from "../../kv/jobs/jobs.ts";
export type { JobList, JobQuery } from "./list_jobs.ts";

/** Job ids are UUIDs (RFC 9562). */
const JOB_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A request for a job. */
export interface JobRequest {
  /** The name of the kind. */
  readonly kind: string;
  /** The parameters of the kind. */
  readonly params: Json;
  /** Who requests it. */
  readonly owner: string;
  /** Whose limits it counts for, and whose turn it waits for; the owner by default. */
  readonly account?: string;
  /** The limits of the account itself; null or absent if only those of the service hold. */
  readonly limits?: KeyLimits | null;
  /** Whether the job may make a file, which counts for its account; true by default. */
  readonly makesFile?: boolean;
  /** The idempotency key of the request, or null. */
  readonly slot: string | null;
  /** Who hears of its end, and where its file goes; absent for nobody and nowhere. */
  readonly targets?: JobTargets;
  /** Whether stored parameters are those of the same request; by default if they are equal. */
  readonly isSame?: (params: Json) => boolean;
}

/** What goes with a new job, or with the earlier job that a slot has; null for nothing. */
export type MoreStage = (job: JobRecord, isEarlier: boolean) => CheckedStage | null;

/** The jobs. */
export interface Jobs {
  /**
   * Creates a job: record, due entry, idempotency slot and wake-up in one commit. The same request
   * with the same slot again returns the same job.
   *
   * @throws {AppError} IDEMPOTENCY_KEY_REUSED if the slot belongs to a different request; JOBS_LIMITED
   * or QUOTA_EXCEEDED if the account has reached a limit.
   */
  create(request: JobRequest): Promise<JobRecord>;
  /**
   * The same, with what `more` adds in the same commit. If the slot has a job already, what it adds to
   * an earlier job is committed alone. Null if something that it checks has changed meanwhile.
   */
  createWith(request: JobRequest, more: MoreStage): Promise<JobRecord | null>;
  /** Reads a job; null if no job has this id. Any text may be given. */
  get(id: string): Promise<JobRecord | null>;
  /**
   * Waits until a job has ended, at most as long as the limits say. Returns the job as it is then,
   * or null if its record is gone.
   */
  waitForEnd(job: JobRecord, limits: WaitLimits): Promise<JobRecord | null>;
  /**
   * The job now and after each change, until it has ended, its record is gone (null), the signal
   * aborts or the process stops. A slow reader misses states between the ones it reads.
   */
  watch(id: string, signal: AbortSignal): AsyncIterable<JobRecord | null>;
  /** Lists jobs of a kind. A query reads at most 1,000 records that exist for whoever asks. */
  list(query: JobQuery): Promise<JobList>;
  /**
   * Cancels a job: at once if it is pending, at once if it runs in this process, and within about a
   * second if it runs in another one. False if it has ended.
   */
  cancel(id: string): Promise<boolean>;
  /** Deletes the record and the files of a job that has ended. False if there is no such job. */
  remove(id: string): Promise<boolean>;
}

/** What the jobs need. */
export interface JobsDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "getMany" | "list" | "atomic">;
  /** The files of jobs. */
  readonly files: Pick<FileStore, "remove">;
  /** Whether the database has queues. */
  readonly hasQueue: boolean;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** Returns a new UUID. */
  readonly newId: () => string;
  /** Wakes the dispatcher of this process, if it has one. */
  readonly poke: () => void;
  /** Aborts a run in this process of a job that was cancelled. */
  readonly onCancelled: (jobId: string) => void;
  /** What to add to the commit that ends a job; nothing by default. */
  readonly endStage?: EndStage;
  /** Reports the ends of jobs. */
  readonly ends: Pick<JobEnds, "listen" | "report">;
  /** Watches jobs. */
  readonly watches: Pick<JobWatches, "watch">;
  /** The log. */
  readonly log: Log;
  /** Counts what happens; nothing by default. */
  readonly record?: Recorder;
  /** How long a record is kept after its job has ended, milliseconds. */
  readonly jobRetentionMs: number;
  /** The limits of each account that has none of its own; none by default. */
  readonly accountLimits?: AccountLimits;
  /** The longest wait for the end of a job, milliseconds; as long as is asked by default. */
  readonly maxWaitMs?: number;
}

/** The jobs of a database. */
export function createJobs(deps: JobsDeps): Jobs {
  const { kv, now, record: recorder = NO_RECORDER } = deps;

  /** Upper case is accepted (RFC 9562 §4). */
  async function entryOf(id: string): Promise<JobEntry | null> {
    const lower = id.toLowerCase();
    return JOB_ID.test(lower) ? await getJob(kv, lower) : null;
  }

  async function get(id: string): Promise<JobRecord | null> {
    return (await entryOf(id))?.value ?? null;
  }

  /**
   * Reads a job for somebody who asks for it. If it waits, this process looks for work at once: over a
   * shared database, nobody else may run.
   */
  async function ask(id: string): Promise<JobRecord | null> {
    const job = await get(id);
    if (job?.state === "pending" && !deps.hasQueue) deps.poke();
    return job;
  }

  async function create(
    request: JobRequest,
    { limits, more, traceparent }: {
      limits: AccountLimits;
      more: MoreStage | null;
      traceparent: string | undefined;
    },
  ): Promise<JobRecord | null> {
    const slot = request.slot === null ? null : { owner: request.owner, slot: request.slot };
    for (;;) {
      const held = slot && await getSlot(kv, slot);
      const earlier = held?.jobId ? await get(held.jobId) : null;
      if (earlier !== null) {
        const same = sameRequest(earlier, request);
        const added = more?.(same, true) ?? null;
        return added === null || await commitChecked(kv, added) ? same : null;
      }
      const record = inLine(newJob({ ...request, id: deps.newId(), traceparent }, now()));
      const account = await readAccount(kv, accountOf(record));
      const turn = waitForTurn(account);
      const within = checkJobLimits(account, limits, request.makesFile ?? true);
      const op = kv.atomic().check(...turn.checks, ...within);
      if (slot !== null && held !== null) {
        op.check(held);
        stageSlot(op, slot, record.id);
      }
      stageJob(op, record);
      turn.stage(op);
      if (deps.hasQueue) stageWake(op);
      const added = more?.(record, false) ?? null;
      if (added !== null) {
        op.check(...added.checks);
        added.stage(op);
      }
      if ((await op.commit()).ok) {
        recorder.add("openwatts_jobs_created_total", [record.kind]);
        deps.poke();
        return record;
      }
      if (added !== null && await hasChanged(kv, added)) return null;
    }
  }

  const inTurn = createTurns();

  /** Creates a job under the limits of its account. */
  function createLimited(
    request: JobRequest,
    more: MoreStage | null,
  ): Promise<JobRecord | null> {
    const limits = accountLimits(request.limits ?? null, deps.accountLimits ?? NO_ACCOUNT_LIMITS);
    const fields = { "openwatts.job.kind": request.kind };
    return inSpan(`job ${request.kind}`, { kind: "producer", fields }, async (span) => {
      const how = { limits, more, traceparent: span.traceparent };
      // Each checks the number of jobs that wait: at the same time, one would succeed at a time.
      const job = await (limits.jobsWaiting === null
        ? create(request, how)
        : inTurn(accountOf(request), () =>
          create(request, how)));
      if (job !== null) span.set({ "openwatts.job.id": job.id });
      return job;
    });
  }

  return {
    get: ask,
    async create(request) {
      const job = await createLimited(request, null);
      if (job === null) {
        throw new TypeError("Cannot lose a job as nothing else is committed with it");
      }
      return job;
    },
    createWith: createLimited,
    async waitForEnd(job, { timeoutMs, signal }) {
      if (isEnded(job)) return job;
      using listener = deps.ends.listen(job.id);
      try {
        const latest = await ask(job.id);
        if (latest === null || isEnded(latest)) return latest;
        await listener.ended({
          timeoutMs: Math.min(timeoutMs, deps.maxWaitMs ?? Infinity),
          signal,
        });
        return await get(job.id);
      } catch (error) {
        // The job was accepted. A read that fails must not make the caller create it again.
        deps.log("warn", "job not read", { jobId: job.id, error });
        return job;
      }
    },
    async cancel(id) {
      for (;;) {
        const entry = await entryOf(id);
        if (entry === null || isEnded(entry.value)) return false;
        const next = entry.value.state === "pending"
          ? cancelled(entry.value, now(), now() + deps.jobRetentionMs)
          : { ...entry.value, isCancelRequested: true };
        if (!await commitJob(kv, entry, next, endOf(deps, next))) continue;
        noteEnd(recorder, next);
        if (isEnded(next)) deps.ends.report(next.id);
        else deps.onCancelled(next.id);
        return true;
      }
    },
    watch: (id, signal) => deps.watches.watch(id.toLowerCase(), signal),
    list: (query) => listJobs(kv, query),
    async remove(id) {
      for (;;) {
        const entry = await entryOf(id);
        if (entry === null || !isEnded(entry.value)) return false;
        // The record goes first, so that it never names a file that is gone. If the process dies in
        // between, the sweep deletes the files.
        if (!await deleteJob(kv, entry)) continue;
        const { artifact } = entry.value;
        if (artifact !== null) await removeArtifact(deps.files, artifact);
        return true;
      }
    },
  };
}

function sameRequest(job: JobRecord, { kind, params, targets, isSame }: JobRequest): JobRecord {
  const isEqual = isSame?.(job.params) ?? JSON.stringify(job.params) === JSON.stringify(params);
  const isSameWay = JSON.stringify(job.targets) === JSON.stringify(targets);
  if (job.kind === kind && isEqual && isSameWay) return job;
  throw new AppError(
    "IDEMPOTENCY_KEY_REUSED",
    "This Idempotency-Key was used before with another request",
  );
}
