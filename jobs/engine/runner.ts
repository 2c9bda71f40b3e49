/**
 * Running one claimed job to its end.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import type { Log } from "../../data/log.ts";
import { commitJob, getJob, type JobEntry, type JobRecord } from "../../kv/jobs/jobs.ts";
import { artifactName, type JobKind, type Progress } from "./job_kind.ts";
import { MAX_ATTEMPTS, mayPass, retryDelayMs } from "./retry.ts";
import {
  beaten,
  cancelled,
  type Claim,
  completed,
  failed,
  handedBack,
  isClaimOf,
  isEnded,
  type JobError,
  LEASE_MS,
  retried,
} from "./transitions.ts";

/** How often a run looks whether it may go on, and writes its progress, milliseconds. */
const BEAT_MS = 1_000;
/** How long the lease is not extended while there is no progress to write: a third of it. */
const QUIET_LAST_SEEN_MS = LEASE_MS / 3;
/** How long is waited between tries to write what came of a run, milliseconds. */
const SETTLE_RETRY_MS = 200;

/** Why a run was aborted. */
type AbortReason = "stopping" | "cancelled" | "lease lost";

/** What a run needs. */
export interface RunnerDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "atomic">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
  /** Called with the id of a job that this process has ended. */
  readonly onEnded: (jobId: string) => void;
  /** How long files are kept, milliseconds. */
  readonly fileRetentionMs: number;
  /** How long records are kept after their job ended, milliseconds. */
  readonly jobRetentionMs: number;
}

/** A run on its way. */
export interface Run {
  /** Settles when the run has ended and what came of it is written; never rejects. */
  readonly ended: Promise<void>;
  /** Makes it end soon and hands the job back. */
  stop(): void;
}

/** Runs a job under a claim, with heartbeats, and writes what comes of it. */
export function startRun(deps: RunnerDeps, job: JobRecord, kind: JobKind): Run {
  const { now, log } = deps;
  const claim: Claim = { id: job.id, owner: job.lease?.owner ?? "", epoch: job.epoch };
  const controller = new AbortController();
  const startedMs = now();
  let progress: Progress = { done: 0, share: 0 };
  let beatMs = startedMs;
  let beatDone = 0;
  let beating: Promise<void> | null = null;

  function abort(reason: AbortReason): void {
    controller.abort(new DOMException(reason, "AbortError"));
  }

  function onBeat(): void {
    beating ??= beat().finally(() => beating = null);
  }

  async function beat(): Promise<void> {
    try {
      const entry = await getJob(deps.kv, job.id);
      if (entry === null || !isClaimOf(entry.value, claim)) return abort("lease lost");
      if (entry.value.isCancelRequested) return abort("cancelled");
      if (progress.done === beatDone && now() - beatMs < QUIET_LAST_SEEN_MS) return;
      const next = beaten(entry.value, now(), progressRecord(progress));
      if (await commitJob(deps.kv, entry, next)) {
        beatMs = now();
        beatDone = progress.done;
      }
    } catch (error) {
      log("warn", "job heartbeat failed", { jobId: job.id, error });
    }
  }

  async function run(): Promise<void> {
    const heartbeat = setInterval(onBeat, BEAT_MS);
    const told = { jobId: job.id, kind: job.kind, epoch: job.epoch, attempt: job.attempt };
    let move: (record: JobRecord) => JobRecord;
    try {
      const { artifact, result } = await kind.run({
        jobId: job.id,
        params: job.params,
        artifactName: artifactName(job.id, job.epoch),
        signal: controller.signal,
        progress: (latest) => progress = latest,
        log,
      });
      const fileExpiresMs = now() + deps.fileRetentionMs;
      move = (record) =>
        record.isCancelRequested
          ? cancelled(record, now(), now() + deps.jobRetentionMs)
          : completed(record, now(), { artifact, result, fileExpiresMs });
    } catch (error) {
      const reason = controller.signal.aborted ? abortReason(controller.signal) : null;
      log(reason === null ? "warn" : "info", "job run failed", { ...told, reason, error });
      move = (record) => afterFailure(record, { reason, error });
    } finally {
      clearInterval(heartbeat);
      await beating;
    }
    const settled = await settle(deps, claim, move);
    if (typeof settled !== "string" && isEnded(settled)) deps.onEnded(job.id);
    const ms = now() - startedMs;
    const state = typeof settled === "string" ? settled : settled.state;
    log("info", "job run ended", { ...told, state, ms });
  }

  function afterFailure(
    record: JobRecord,
    { reason, error }: { reason: AbortReason | null; error: unknown },
  ): JobRecord {
    const keptUntilMs = now() + deps.jobRetentionMs;
    if (reason === "cancelled") return cancelled(record, now(), keptUntilMs);
    if (reason !== null) return handedBack(record, now(), keptUntilMs);
    if (mayPass(error) && record.attempt < MAX_ATTEMPTS) {
      return retried(record, now(), now() + retryDelayMs(record.attempt));
    }
    return failed(record, now(), { error: jobError(error, kind), keptUntilMs });
  }

  return { ended: run(), stop: () => abort("stopping") };
}

/**
 * Writes what a claimed job has become. Nothing is written where the claim no longer holds, or the
 * database did not take it as long as the lease may hold; what the run left is swept then.
 */
export async function settle(
  deps: Pick<RunnerDeps, "kv" | "now" | "log">,
  claim: Claim,
  move: (record: JobRecord) => JobRecord,
): Promise<JobRecord | "lease lost" | "not written"> {
  const giveUpMs = deps.now() + LEASE_MS;
  for (;;) {
    try {
      const entry: JobEntry | null = await getJob(deps.kv, claim.id);
      if (entry === null || !isClaimOf(entry.value, claim)) return "lease lost";
      const next = move(entry.value);
      if (await commitJob(deps.kv, entry, next)) return next;
    } catch (error) {
      deps.log("warn", "job could not be written", { jobId: claim.id, error });
      if (deps.now() > giveUpMs) return "not written";
      await new Promise((resolve) => setTimeout(resolve, SETTLE_RETRY_MS));
    }
  }
}

function abortReason(signal: AbortSignal): AbortReason {
  const text = signal.reason instanceof Error ? signal.reason.message : "";
  return text === "cancelled" || text === "stopping" ? text : "lease lost";
}

function progressRecord({ done, share }: Progress): JobRecord["progress"] {
  const total = share > 0 ? Math.max(done, Math.round(done / share)) : null;
  return { done, total, percent: Math.min(99, Math.floor(share * 100)) };
}

function jobError(error: unknown, kind: JobKind): JobError {
  if (!(error instanceof AppError)) return kind.failure;
  return { code: error.code, message: error.message, details: error.details };
}
