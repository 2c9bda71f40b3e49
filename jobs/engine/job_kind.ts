/**
 * What the engine knows of a kind of job.
 *
 * @module
 */

import type { Log } from "../../data/log.ts";
import type { Artifact } from "../../kv/jobs/jobs.ts";
import type { JobError, Json } from "./transitions.ts";

/** How far a run has come. */
export interface Progress {
  /** Rows done. */
  readonly done: number;
  /** Share done, 0 to 1. */
  readonly share: number;
}

/** What a run is given. */
export interface JobContext {
  /** The job's id. */
  readonly jobId: string;
  /** What was asked for, as it was stored. */
  readonly params: Json;
  /** The name to write the artifact under: unlike that of any other run. */
  readonly artifactName: string;
  /** Aborts when the run must end: the service stops, the job is cancelled, the lease is lost. */
  readonly signal: AbortSignal;
  /** Tells how far it has come; costs nothing, so tell it often. */
  progress(progress: Progress): void;
  /** The log. */
  readonly log: Log;
}

/** What a run leaves. */
export interface JobOutcome {
  /** Its file. */
  readonly artifact: Artifact;
  /** What else to keep with the job. */
  readonly result: Json;
}

/**
 * A kind of job. A run may be cut off at any moment and run again, also while an earlier run of
 * the same job has not noticed yet that it lost its lease; each has its own artifact name.
 */
export interface JobKind {
  /** Its name in records. */
  readonly name: string;
  /** What users are told where a run ended for a reason that has no code. */
  readonly failure: JobError;
  /** Does the work. Throws AppError for what users are told, anything else for defects. */
  run(context: JobContext): Promise<JobOutcome>;
}

/** The name of the artifact of a job's run. */
export function artifactName(jobId: string, epoch: number): string {
  return `${jobId}.${epoch}`;
}

/** The run whose artifact has a name, or null where it is no artifact's. */
export function artifactRun(name: string): { jobId: string; epoch: number } | null {
  const match = /^([0-9a-f-]{36})\.(\d+)$/.exec(name);
  return match === null ? null : { jobId: match[1], epoch: Number(match[2]) };
}
