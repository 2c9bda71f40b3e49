/**
 * What a kind of job provides to the engine.
 *
 * @module
 */

import type { FileStore } from "../../data/files/file_store.ts";
import type { Log } from "../../data/log.ts";
import type { Artifact } from "../../kv/jobs/jobs.ts";
import type { Checkpoints } from "./checkpoints.ts";
import type { JobError, Json } from "./transitions.ts";

/** How far a run is. */
export interface Progress {
  /** The number of rows done. */
  readonly done: number;
  /** The share of the work done, 0 to 1. */
  readonly share: number;
  /** How many rows there are; estimated from the share if it is absent. */
  readonly total?: number;
}

/** The input of a run. */
export interface JobContext {
  /** The id of the job. */
  readonly jobId: string;
  /** The parameters of the job, as stored. */
  readonly params: Json;
  /** When the job was created, epoch milliseconds. A run again sees the same. */
  readonly createdMs: number;
  /** The name under which to write the artifact; no other run has the same. */
  readonly artifactName: string;
  /** Aborts when the run must end: the service stops, the job is cancelled, or the lease is lost. */
  readonly signal: AbortSignal;
  /** Reports progress. It costs next to nothing, so call it often. */
  progress(progress: Progress): void;
  /** From where the last run of the job went, and where the next one goes on. */
  readonly checkpoints: Checkpoints;
  /**
   * Waits for what others do. Meanwhile, the run does not count as one of those that may run at the same
   * time, so that another job can start. Heartbeats and the signal continue.
   */
  waitIdle<T>(wait: () => Promise<T>): Promise<T>;
  /** The log. */
  readonly log: Log;
}

/** The outcome of a run. */
export interface JobOutcome {
  /** The file; null for a job whose outcome is its record alone. */
  readonly artifact: Artifact | null;
  /** What else to store in the record of the job. */
  readonly result: Json;
}

/**
 * Thrown by a run that has to wait for something that takes long, such as late readings: the job is
 * pending again until `atMs`. It neither counts as an attempt nor shows in the history.
 */
export class RunLater extends Error {
  /** When to run again, epoch milliseconds. */
  readonly atMs: number;

  /** Creates it with a reason for the log. */
  constructor(reason: string, atMs: number) {
    super(reason);
    this.name = "RunLater";
    this.atMs = atMs;
  }
}

/**
 * A kind of job. A run can be interrupted at any moment and repeated, even while an earlier run of
 * the same job has not noticed yet that it lost its lease. Each run has its own artifact name.
 */
export interface JobKind {
  /** Its name in records. */
  readonly name: string;
  /** The error that users see if a run fails for a reason without a code. */
  readonly failure: JobError;
  /** Whether its records are deleted when its jobs end, because what they did is recorded elsewhere. */
  readonly isTransient?: boolean;
  /** Does the work. Throws AppError for what users may see, anything else for defects. */
  run(context: JobContext): Promise<JobOutcome>;
}

/** The artifact name of a run. */
export function artifactName(jobId: string, epoch: number): string {
  return `${jobId}.${epoch}`;
}

/** The name of a file that goes with an artifact, such as `gaps`. {@link Artifact.sides} lists these. */
export function sideName(artifact: string, side: string): string {
  return `${artifact}.${side}`;
}

/** Deletes the file of a job and all that go with it. Does nothing where they are gone. */
export async function removeArtifact(
  files: Pick<FileStore, "remove">,
  { name, sides = [] }: Pick<Artifact, "name" | "sides">,
): Promise<void> {
  for (const one of [name, ...sides.map((side) => sideName(name, side))]) await files.remove(one);
}

/** The run that writes under an artifact name, or beside it; null if it is neither. */
export function artifactRun(name: string): { jobId: string; epoch: number } | null {
  const match = /^([0-9a-f-]{36})\.(\d+)(?:\.[a-z]+)?$/.exec(name);
  return match === null ? null : { jobId: match[1], epoch: Number(match[2]) };
}
