/**
 * From where the next run of a job goes on, as its current run sees it.
 *
 * A run saves a checkpoint now and then; the next heartbeat writes it in the commit that extends the
 * lease. A run that has to end soon is asked for one more.
 *
 * @module
 */

import {
  packCheckpoint,
  type PackedCheckpoint,
  readCheckpoint,
  stageCheckpoint,
} from "../../kv/jobs/checkpoints.ts";
import type { JobRecord } from "../../kv/jobs/jobs.ts";
import type { CheckedStage } from "../../kv/jobs/turns.ts";

/** How often a run is asked for a checkpoint, milliseconds. */
export const CHECKPOINT_MS = 1_000;
/** After so many times that time, a run is asked again if its checkpoint could not be saved. */
const POSTPONED = 10;

/** The checkpoints of a job, for its run. */
export interface Checkpoints {
  /** What the last run saved; null if there is nothing. */
  last(): Promise<unknown>;
  /**
   * Whether a checkpoint should be saved now. It costs next to nothing, so call it often. Unless the run
   * is about to end, the one before is written by then.
   */
  isDue(): boolean;
  /**
   * Saves from where the next run goes on, in place of what was saved before. False if it is too long to
   * be stored; what was saved before stays then, and the next one is due later than usual.
   */
  save(checkpoint: Checkpoint): boolean;
  /** Reports that none could be made: the next one is due later than usual. */
  postpone(): void;
  /** The next run begins anew, and so does this one: its progress may be less than that of the last. */
  drop(): void;
}

/** From where a run goes on. */
export interface Checkpoint {
  /** What the run must know: a value that JSON can express. */
  readonly state: unknown;
  /** The name of the unfinished file that the run needs, so that it is not swept; null for none. */
  readonly file: string | null;
}

/** What the runner does with the checkpoints of its run. */
export interface RunCheckpoints {
  /** What the run sees. */
  readonly ofRun: Checkpoints;
  /** The record with what the run saved or dropped since it was written, and what to add to the commit. */
  unwritten(record: JobRecord): { readonly record: JobRecord; readonly more: CheckedStage } | null;
  /** The commit that had `unwritten()` has succeeded. */
  written(): void;
  /** Asks for one more, because the run has to end. False if the run saves none. */
  handBack(): boolean;
  /** The names of the unfinished files of all checkpoints that this run knows. */
  files(): Iterable<string>;
  /** The progress below which the run does not go. */
  floor(): JobRecord["progress"];
}

/** What is to be written: a checkpoint, or that there is none. */
type Saved = { readonly parts: PackedCheckpoint; readonly file: string | null } | "none";

/** For runs outside the engine, which keep nothing. */
export const NO_CHECKPOINTS: Checkpoints = {
  last: () => Promise.resolve(null),
  isDue: () => false,
  save: () => false,
  postpone() {},
  drop() {},
};

const NO_PROGRESS: JobRecord["progress"] = { done: 0, total: null, percent: 0 };

/** The checkpoints of a claimed job. `onSaved` is called after each that the run saves. */
export function createRunCheckpoints(
  job: JobRecord,
  { kv, now, everyMs = CHECKPOINT_MS, onSaved }: {
    kv: Pick<Deno.Kv, "list">;
    now: () => number;
    everyMs?: number;
    onSaved: () => void;
  },
): RunCheckpoints {
  let saved: Saved | null = null;
  let staged: Saved | null = null;
  let dueMs = now() + everyMs;
  let isUsed = false, isHandingBack = false;
  const files = new Set<string>();
  if (job.checkpoint?.file) files.add(job.checkpoint.file);
  let floor = job.checkpoint === undefined ? NO_PROGRESS : job.progress;
  return {
    ofRun: {
      last: async () => job.checkpoint === undefined ? null : await readCheckpoint(kv, job.id),
      isDue() {
        isUsed = true;
        // While one waits for the database, another would only take its place.
        const isWaiting = saved !== null && saved !== "none";
        return isHandingBack || (!isWaiting && now() >= dueMs);
      },
      save({ state, file }) {
        const parts = packCheckpoint(state);
        dueMs = now() + (parts === null ? POSTPONED : 1) * everyMs;
        if (parts !== null) saved = { parts, file };
        if (file !== null) files.add(file);
        onSaved();
        return parts !== null;
      },
      postpone() {
        dueMs = now() + POSTPONED * everyMs;
        // A run that has to end does not try again and again.
        isHandingBack = false;
      },
      drop() {
        saved = "none";
        floor = NO_PROGRESS;
      },
    },
    unwritten(record) {
      staged = saved;
      if (saved === null) return null;
      const { checkpoint: before, ...rest } = record;
      if (saved === "none") return { record: rest, more: { checks: [], stage: () => {} } };
      const { parts, file } = saved;
      return {
        // What makes progress is not what ends its owners.
        record: { ...rest, abandoned: 0, checkpoint: { parts: parts.length, file } },
        more: {
          checks: [],
          stage: (op) => stageCheckpoint(op, job.id, { parts, partsBefore: before?.parts ?? 0 }),
        },
      };
    },
    written() {
      if (saved === staged) saved = null;
    },
    handBack() {
      isHandingBack = true;
      return isUsed;
    },
    files: () => files,
    floor: () => floor,
  };
}
