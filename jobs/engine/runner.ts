/**
 * Runs one claimed job to its end.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import type { FileStore } from "../../data/files/file_store.ts";
import type { Log } from "../../data/log.ts";
import { NO_RECORDER, type Recorder } from "../../data/metrics/recorder.ts";
import { inSpan, type Span } from "../../data/tracing.ts";
import type { Artifact, JobEntry, JobRecord } from "../../kv/jobs/jobs.ts";
import { createRunCheckpoints } from "./checkpoints.ts";
import {
  artifactName,
  type JobKind,
  type JobOutcome,
  type Progress,
  removeArtifact,
  RunLater,
} from "./job_kind.ts";
import { noteAttempt, noteStart } from "./job_figures.ts";
import { MAX_ATTEMPTS, mayPass, retryDelayMs } from "./retry.ts";
import type { RunRecords } from "./run_records.ts";
import { type EndStage, writeOutcome } from "./run_outcome.ts";
import type { NextStart } from "./starter.ts";
import {
  cancelled,
  type Claim,
  completed,
  completedWithoutFile,
  extended,
  failed,
  isClaimOf,
  isEnded,
  type JobError,
  LEASE_MS,
  requeued,
  retried,
  waited,
} from "./transitions.ts";

/** How often a run writes new progress at most, milliseconds. */
const PROGRESS_MS = 1_000;
/** Without new progress the lease is extended only this often, milliseconds: a third of the lease. */
const IDLE_HEARTBEAT_MS = LEASE_MS / 3;
/** How long a run that has to end may take to save a checkpoint, milliseconds. */
const HAND_BACK_MS = 500;

/** Why a run was aborted. */
type AbortReason = "stopping" | "cancelled" | "lease lost";

/** What a run needs. */
export interface RunnerDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "list">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
  /** Counts what happens; nothing by default. */
  readonly record?: Recorder;
  /** Called with the id of each job that ends in this process. */
  readonly onEnded: (jobId: string) => void;
  /** What to add to the commit that ends a job; nothing by default. */
  readonly endStage?: EndStage;
  /** Where artifacts are. */
  readonly files: Pick<FileStore, "remove" | "discard">;
  /** How often a run is asked for a checkpoint, milliseconds; each second by default. */
  readonly checkpointEveryMs?: number;
  /** How long a file is kept, milliseconds. */
  readonly fileRetentionMs: number;
  /** How long a record is kept after its job has ended, milliseconds. */
  readonly jobRetentionMs: number;
}

/** A run in progress. */
export interface Run {
  /** Settles when the run has ended and its outcome is written. Never rejects. */
  readonly ended: Promise<void>;
  /** Whether the run only waits for what others do. */
  isIdle(): boolean;
  /** Aborts the run after one more checkpoint, so that it ends soon and its job is pending again. */
  stop(): void;
  /** Aborts the run of a job whose record says that it is to be cancelled. */
  cancel(): void;
}

/** What one run needs, too. */
export interface RunDeps extends RunnerDeps {
  /** The records of all runs of the process. */
  readonly records: RunRecords;
  /** Called when the run gets idle. */
  readonly onIdle: () => void;
  /** A job that can start in the commit that ends the run; null for none. */
  readonly nextStart: () => NextStart | null;
}

/** Runs a claimed job with heartbeats, and writes the outcome. `claimedEntry` is the record as it was claimed. */
export function startRun(deps: RunDeps, claimedEntry: JobEntry, kind: JobKind): Run {
  const { now, log, records, record: recorder = NO_RECORDER } = deps;
  const job = claimedEntry.value;
  const claim: Claim = { id: job.id, owner: job.lease?.owner ?? "", epoch: job.epoch };
  const controller = new AbortController();
  const startedMs = now();
  let progress: Progress = { done: 0, share: 0 };
  let writtenMs = startedMs;
  let writtenDone = 0;
  let beating: Promise<void> | null = null;
  /** The record as this run knows it. */
  let known = claimedEntry;
  let idleWaits = 0;
  let stopTimer: ReturnType<typeof setTimeout> | undefined;
  const checkpoints = createRunCheckpoints(job, {
    kv: deps.kv,
    now,
    everyMs: deps.checkpointEveryMs,
    onSaved: () => stopTimer === undefined ? onHeartbeat() : abort("stopping"),
  });

  async function waitIdle<T>(wait: () => Promise<T>): Promise<T> {
    idleWaits++;
    deps.onIdle();
    try {
      return await wait();
    } finally {
      idleWaits--;
    }
  }

  function abort(reason: AbortReason): void {
    controller.abort(new DOMException(reason, "AbortError"));
  }

  function onHeartbeat(): void {
    beating ??= heartbeat().finally(() => beating = null);
  }

  async function heartbeat(): Promise<void> {
    try {
      const entry = await records.read(job.id);
      if (entry === null || !isClaimOf(entry.value, claim)) return abort("lease lost");
      known = entry;
      if (entry.value.isCancelRequested) return abort("cancelled");
      const everyMs = progress.done === writtenDone ? IDLE_HEARTBEAT_MS : PROGRESS_MS;
      const saved = checkpoints.unwritten(entry.value);
      if (saved === null && now() - writtenMs < everyMs) return;
      const { done } = progress;
      const shown = progressRecord(progress, checkpoints.floor());
      const next = extended(saved?.record ?? entry.value, now(), shown);
      const versionstamp = await records.write({ from: entry, to: next, more: saved?.more });
      if (versionstamp !== null) {
        known = { ...entry, value: next, versionstamp };
        checkpoints.written();
        writtenMs = now();
        writtenDone = done;
      }
    } catch (error) {
      log("warn", "job heartbeat failed", { jobId: job.id, error });
    }
  }

  async function run(span: Span): Promise<void> {
    const beat = records.onBeat(onHeartbeat);
    const fields = { jobId: job.id, kind: job.kind, epoch: job.epoch, attempt: job.attempt };
    let move: (record: JobRecord) => JobRecord;
    let left: Artifact | null = null;
    let isPostponed = false;
    noteStart(recorder, job, startedMs);
    try {
      const { artifact, result } = await kind.run({
        jobId: job.id,
        params: job.params,
        createdMs: job.createdMs,
        artifactName: artifactName(job.id, job.epoch),
        signal: controller.signal,
        progress: (latest) => progress = latest,
        checkpoints: checkpoints.ofRun,
        waitIdle,
        log,
      });
      left = artifact;
      move = (record) => afterSuccess(record, { artifact, result });
    } catch (error) {
      const reason = controller.signal.aborted ? abortReason(controller.signal) : null;
      isPostponed = reason === null && error instanceof RunLater;
      if (reason === null && error instanceof RunLater) {
        const { message, atMs } = error;
        log("info", "job run waits", { jobId: job.id, kind: job.kind, reason: message, atMs });
      } else {
        log(reason === null ? "warn" : "info", "job run failed", { ...fields, reason, error });
      }
      move = (record) => afterFailure(record, { reason, error });
    } finally {
      beat[Symbol.dispose]();
      clearTimeout(stopTimer);
      await beating;
    }
    const written = await writeOutcome(deps, { claim, known, move, kind, checkpoints });
    if (typeof written !== "string") {
      if (written.state === "cancelled" && left !== null) await discard(left);
      if (isEnded(written)) {
        deps.onEnded(job.id);
        await discardKept();
      }
    }
    const ms = now() - startedMs;
    const isHandedBack = controller.signal.aborted;
    noteAttempt(recorder, job.kind, { written, isPostponed, isHandedBack, ms });
    const state = typeof written === "string" ? written : written.state;
    span.set({ "openwatts.job.state": state });
    log("info", "job run ended", { ...fields, state, ms });
  }

  /** Deletes the unfinished files of checkpoints. The sweep gets what stays. */
  async function discardKept(): Promise<void> {
    for (const file of checkpoints.files()) await deps.files.discard(file).catch(() => {});
  }

  /** Deletes the files of a job that was cancelled at the last moment. The sweep gets what stays. */
  async function discard(artifact: Artifact): Promise<void> {
    await removeArtifact(deps.files, artifact).catch(() => {});
  }

  function afterSuccess(record: JobRecord, { artifact, result }: JobOutcome): JobRecord {
    const nowMs = now(), keptUntilMs = nowMs + deps.jobRetentionMs;
    if (artifact === null) return completedWithoutFile(record, nowMs, { result, keptUntilMs });
    if (record.isCancelRequested) return cancelled(record, nowMs, keptUntilMs);
    const fileExpiresMs = nowMs + deps.fileRetentionMs;
    return completed(record, nowMs, { artifact, result, fileExpiresMs });
  }

  function afterFailure(
    record: JobRecord,
    { reason, error }: { reason: AbortReason | null; error: unknown },
  ): JobRecord {
    const keptUntilMs = now() + deps.jobRetentionMs;
    if (reason === "cancelled") return cancelled(record, now(), keptUntilMs);
    if (reason !== null) return requeued(record, now(), keptUntilMs);
    if (error instanceof RunLater) {
      return record.isCancelRequested
        ? cancelled(record, now(), keptUntilMs)
        : waited(record, now(), error.atMs);
    }
    if (mayPass(error) && record.attempt < MAX_ATTEMPTS) {
      const next = retried(record, now(), now() + retryDelayMs(record.attempt));
      // If the checkpoint is what fails, the next attempt does without it.
      return error instanceof AppError ? next : { ...next, checkpoint: undefined };
    }
    return failed(record, now(), { error: jobError(error, kind), keptUntilMs });
  }

  const start = {
    kind: "consumer",
    parent: job.traceparent ?? null,
    fields: {
      "openwatts.job.kind": job.kind,
      "openwatts.job.id": job.id,
      "openwatts.job.attempt": job.attempt,
      "openwatts.job.epoch": job.epoch,
    },
  } as const;
  return {
    // A stop may come after the work has ended, while its outcome is written.
    ended: inSpan(`job ${job.kind} attempt`, start, run).finally(() => clearTimeout(stopTimer)),
    isIdle: () => idleWaits > 0,
    stop() {
      if (!checkpoints.handBack()) abort("stopping");
      else stopTimer ??= setTimeout(() => abort("stopping"), HAND_BACK_MS);
    },
    cancel: () => abort("cancelled"),
  };
}

function abortReason(signal: AbortSignal): AbortReason {
  const text = signal.reason instanceof Error ? signal.reason.message : "";
  return text === "cancelled" || text === "stopping" ? text : "lease lost";
}

/** The progress to show; that of an earlier run until this one is further. */
function progressRecord(
  { done, share, total }: Progress,
  floor: JobRecord["progress"],
): JobRecord["progress"] {
  if (done < floor.done) return floor;
  const estimate = share > 0 ? Math.max(done, Math.round(done / share)) : null;
  const percent = Math.min(99, Math.floor(share * 100));
  return { done, total: total ?? estimate, percent: Math.max(percent, floor.percent) };
}

function jobError(error: unknown, kind: JobKind): JobError {
  if (!(error instanceof AppError)) return kind.failure;
  return { code: error.code, message: error.message, details: error.details };
}
