/**
 * The duty that deletes orphan files: those that killed runs, and runs that lost their lease, left. It
 * also ends deletions that a crash interrupted.
 *
 * A file is kept if its job names it, as its artifact or as the unfinished file with which it goes on, or
 * if its job runs under the epoch that wrote it. A store may move the unfinished file to a later run,
 * which may die before it saves a checkpoint. So if the named one is not there, those of later runs are
 * kept. Files are listed before records are read, so the record that decides on a file is never older
 * than the file.
 *
 * @module
 */

import type { FileStore, ListedFile } from "../../data/files/file_store.ts";
import type { Log } from "../../data/log.ts";
import { getJob } from "../../kv/jobs/jobs.ts";
import type { Duty } from "./duty_loop.ts";
import { artifactRun, sideName } from "./job_kind.ts";

/** The name of the duty. */
export const SWEEP = "sweep";

/** What the sweep needs. */
export interface SweepDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get">;
  /** The store of artifacts. */
  readonly files: Pick<FileStore, "list" | "remove" | "discard" | "tidy">;
  /** The log. */
  readonly log: Log;
}

/** The duty. Its first round runs at start. */
export function sweepDuty(deps: SweepDeps): Duty {
  return {
    name: SWEEP,
    everyMs: 60_000,
    // Processes that only answer requests see by it whether a worker runs.
    keepsLease: true,
    async round({ signal }) {
      await sweepFiles(deps, signal);
    },
  };
}

/** Deletes every orphan file. Returns how many. */
export async function sweepFiles(
  { kv, files, log }: SweepDeps,
  signal: AbortSignal,
): Promise<number> {
  let count = 0;
  const unfinished = new Set<string>();
  async function sweep({ name, isWhole }: ListedFile): Promise<void> {
    const run = artifactRun(name);
    try {
      if (run === null || await isNeeded(kv, { ...run, name, isWhole, unfinished })) return;
      await (isWhole ? files.remove(name) : files.discard(name));
      count++;
      log("info", "orphan file deleted", { name, isWhole });
    } catch (error) {
      log("error", "file not swept", { name, error });
    }
  }

  for await (const file of files.list()) {
    if (signal.aborted) break;
    if (file.isWhole) await sweep(file);
    else unfinished.add(file.name);
  }
  // What to do with one depends on the others.
  for (const name of unfinished) {
    if (signal.aborted) break;
    await sweep({ name, isWhole: false });
  }
  await files.tidy?.(signal);
  return count;
}

async function isNeeded(
  kv: Pick<Deno.Kv, "get">,
  { jobId, epoch, name, isWhole, unfinished }: ListedFile & {
    jobId: string;
    epoch: number;
    unfinished: ReadonlySet<string>;
  },
): Promise<boolean> {
  const job = (await getJob(kv, jobId))?.value;
  if (job === undefined) return false;
  if (job.state === "running" && job.epoch === epoch) return true;
  const next = job.checkpoint?.file ?? null;
  if (!isWhole && next !== null) {
    return name === next || !unfinished.has(next) && epoch > (artifactRun(next)?.epoch ?? 0);
  }
  // A run may go on in the file of the run before, under its name, and show it before the job has ended.
  if (next !== null && (name === next || name.startsWith(sideName(next, "")))) return true;
  if (!isWhole || job.state !== "completed" || job.artifact === null) return false;
  return name === job.artifact.name || name.startsWith(sideName(job.artifact.name, ""));
}
