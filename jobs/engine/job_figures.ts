/**
 * What is counted of jobs for `GET /metrics`.
 *
 * @module
 */

import type { Recorder } from "../../data/metrics/recorder.ts";
import type { JobRecord } from "../../kv/jobs/jobs.ts";
import { isEnded } from "./transitions.ts";

/** Where figures go. */
type Into = Pick<Recorder, "add" | "shift" | "observe">;

/** Counts the start of a run; the first one also says how long the job waited. */
export function noteStart(into: Into, job: JobRecord, nowMs: number): void {
  into.shift("openwatts_jobs_running", [job.kind], 1);
  // The first run: neither a retry nor the second process to try.
  if (job.epoch !== 1) return;
  const waitedMs = Math.max(0, nowMs - job.createdMs);
  into.observe("openwatts_job_queue_wait_seconds", [job.kind], waitedMs / 1_000);
}

/** How a run went that has ended: the record after it, or why there is none. */
export interface EndedRun {
  /** What was written at its end. */
  readonly written: JobRecord | "lease lost" | "not written";
  /** Whether it only waits for a later time. */
  readonly isPostponed: boolean;
  /** Whether the process that is stopping handed the job back. */
  readonly isHandedBack: boolean;
  /** How long it took, milliseconds. */
  readonly ms: number;
}

/** Counts the end of a run. */
export function noteAttempt(into: Into, kind: string, run: EndedRun): void {
  into.shift("openwatts_jobs_running", [kind], -1);
  into.add("openwatts_job_attempts_total", [kind, outcomeOf(run)]);
  into.observe("openwatts_job_attempt_duration_seconds", [kind], run.ms / 1_000);
  if (run.written === "lease lost") into.add("openwatts_job_lease_losses_total", [kind]);
  if (typeof run.written !== "string") noteEnd(into, run.written);
}

/** Counts a job that has ended; nothing for one that goes on. */
export function noteEnd(into: Pick<Recorder, "add">, job: JobRecord): void {
  if (isEnded(job)) into.add("openwatts_jobs_ended_total", [job.kind, job.state]);
}

function outcomeOf({ written, isPostponed, isHandedBack }: EndedRun): string {
  if (typeof written === "string") return written.replace(" ", "_");
  if (written.state !== "pending") return written.state;
  return isPostponed ? "postponed" : isHandedBack ? "handed_back" : "retried";
}
