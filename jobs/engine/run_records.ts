/**
 * The records of the jobs that run in this process: read together and written together, so that a
 * database far away is asked once for all of them.
 *
 * @module
 */

import { outsideRequests } from "../../data/request_context.ts";
import { commitChanges, type JobChange } from "../../kv/jobs/job_changes.ts";
import { getJobEntries, type JobEntry } from "../../kv/jobs/jobs.ts";
import { createTogether } from "../../kv/together.ts";

/**
 * How often a run checks that it may go on, milliseconds. With the polls of whoever waits for the end,
 * a job that runs in another process is seen to be cancelled within a second.
 */
const BEAT_MS = 250;
/** How many commits are in progress at most. What comes meanwhile shares the next one. */
const COMMITS_AT_ONCE = 2;

/** The records of runs. */
export interface RunRecords {
  /** Reads a record again; null if there is none that can be read. */
  read(jobId: string): Promise<JobEntry | null>;
  /**
   * Writes the next record of a job, or deletes it. Returns its version; null if it has changed meanwhile,
   * or what goes with it.
   */
  write(change: JobChange): Promise<string | null>;
  /**
   * Calls a function four times a second, at the same moments for all runs, until the result is disposed
   * of.
   */
  onBeat(beat: () => void): Disposable;
}

/** Starts without runs. */
export function createRunRecords(kv: Pick<Deno.Kv, "getMany" | "atomic">): RunRecords {
  const read = createTogether(async (ids: readonly string[]) => {
    const entries = await getJobEntries(kv, ids);
    return entries.map((value) => ({ status: "fulfilled", value }) as const);
  });
  const beats = new Set<() => void>();
  let timer: ReturnType<typeof setInterval> | undefined;

  return {
    read,
    write: createTogether(
      (changes: readonly JobChange[]) => commitChanges(kv, changes),
      COMMITS_AT_ONCE,
    ),
    onBeat(beat) {
      beats.add(beat);
      timer ??= outsideRequests(() => setInterval(() => beats.forEach((each) => each()), BEAT_MS));
      return {
        [Symbol.dispose]() {
          beats.delete(beat);
          if (beats.size > 0) return;
          clearInterval(timer);
          timer = undefined;
        },
      };
    },
  };
}
