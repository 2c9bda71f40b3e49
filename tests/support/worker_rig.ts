/**
 * Workers on one database in this process, with a clock that tests move.
 *
 * @module
 */

import type { FileStore } from "../../data/files/file_store.ts";
import { openDiskFileStore } from "../../data/files/disk.ts";
import type { Log } from "../../data/log.ts";
import type { CrowdHandler } from "../../jobs/engine/due_loop.ts";
import { createDeflaters, type Deflaters } from "../../jobs/engine/deflaters.ts";
import { createJobEnds, type JobEnds } from "../../jobs/engine/job_ends.ts";
import { createJobWatches } from "../../jobs/engine/job_watches.ts";
import type { Duty } from "../../jobs/engine/duty_loop.ts";
import type { JobKind } from "../../jobs/engine/job_kind.ts";
import { createJobs, type JobRecord, type JobRequest, type Jobs } from "../../jobs/engine/jobs.ts";
import type { EndStage } from "../../jobs/engine/run_outcome.ts";
import { LANES } from "../../kv/jobs/lanes.ts";
import { startWorker, type Worker } from "../../jobs/worker.ts";
import { createSeriesStore, type SeriesStore } from "../../kv/series/store.ts";
import { makeTempFolder } from "./temp_folder.ts";

/** A database, files, a clock and any number of workers. Disposing of it stops and closes all. */
export interface WorkerRig extends AsyncDisposable {
  /** The database. */
  readonly kv: Deno.Kv;
  /** The store of artifacts. */
  readonly files: FileStore;
  /** The store of readings. */
  readonly series: SeriesStore;
  /** Compressors of files. */
  readonly deflaters: Deflaters;
  /** The jobs. */
  readonly jobs: Jobs;
  /** The ends of the jobs that the workers run. */
  readonly ends: JobEnds;
  /** Events logged so far. */
  readonly logged: string[];
  /** Epoch milliseconds of the rig. */
  now(): number;
  /** Moves the clock forward and pokes every worker. */
  advance(ms: number): void;
  /** Starts a worker. The workers of a rig do not know each other. */
  addWorker(
    owner: string,
    kinds: readonly JobKind[],
    concurrency?: number,
    moreDuties?: readonly Duty[],
  ): Promise<Worker>;
  /** Creates a job, by default of the kind `test` and of the owner `anyone`. */
  ask(request?: Partial<JobRequest>): Promise<JobRecord>;
  /** Waits until a job is in a state. */
  until(id: string, state: JobRecord["state"]): Promise<JobRecord>;
}

/** Creates a rig without workers, on a database in memory unless one is given. */
export async function createWorkerRig(
  kv?: Deno.Kv,
  { hasQueue = true, crowds = () => [], runningMax, endStage, checkpointEveryMs }: {
    hasQueue?: boolean;
    checkpointEveryMs?: number;
    crowds?: () => readonly CrowdHandler[];
    runningMax?: (account: string) => Promise<number | null>;
    endStage?: EndStage;
  } = {},
): Promise<WorkerRig> {
  const database = kv ?? await Deno.openKv(":memory:");
  const folder = await makeTempFolder();
  const files = await openDiskFileStore(folder.path);
  const workers: Worker[] = [];
  const logged: string[] = [];
  const log: Log = (_level, event) => logged.push(event);
  let offsetMs = 0;
  const now = () => Date.now() + offsetMs;
  const pokeAll = () => workers.forEach((worker) => LANES.forEach((lane) => worker.poke(lane)));
  const series = createSeriesStore({ kv: database, now });
  const ends = createJobEnds({ kv: database, log });
  const watches = createJobWatches({ kv: database, log });
  const jobs = createJobs({
    kv: database,
    hasQueue,
    now,
    newId: () => crypto.randomUUID(),
    poke: pokeAll,
    onCancelled: (jobId) => workers.forEach((worker) => worker.cancel(jobId)),
    files,
    ends,
    watches,
    endStage,
    log,
    jobRetentionMs: 86_400_000,
  });
  return {
    kv: database,
    files,
    series,
    deflaters: createDeflaters(),
    jobs,
    ends,
    logged,
    now,
    advance(ms) {
      offsetMs += ms;
      pokeAll();
    },
    async addWorker(owner, kinds, concurrency = 4, moreDuties = []) {
      const worker = await startWorker({
        kv: database,
        isExclusive: false,
        flush: () => Promise.resolve(),
        // A database has one queue listener. The other workers are poked instead.
        hasQueue: hasQueue && workers.length === 0,
        series,
        files,
        kinds,
        now,
        log,
        owner,
        concurrency,
        crowds: crowds(),
        moreDuties,
        runningMax,
        endStage,
        checkpointEveryMs,
        onEnded: ends.report,
        fileRetentionMs: 3_600_000,
        jobRetentionMs: 86_400_000,
        startedMs: now(),
        offlineAfterMs: 600_000,
      });
      workers.push(worker);
      return worker;
    },
    ask: (request = {}) =>
      jobs.create({ kind: "test", params: "", owner: "anyone", slot: null, ...request }),
    async until(id, state) {
      for (let waitedMs = 0; waitedMs < 25_000; waitedMs += 5) {
        const job = await jobs.get(id);
        if (job?.state === state) return job;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      throw new Error(`Job is not ${state}: ${JSON.stringify(await jobs.get(id))}`);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map((worker) => worker.stop(0)));
      await Promise.all([ends.stop(), watches.stop()]);
      database.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** A kind named `test` whose artifact is a text. */
export function textKind(files: FileStore, text: (attempt: number) => Promise<string>): JobKind {
  let attempts = 0;
  return {
    name: "test",
    failure: { code: "EXPORT_FAILED", message: "It failed", details: "" },
    async run({ artifactName, signal }) {
      const content = await text(++attempts);
      const body = ReadableStream.from([new TextEncoder().encode(content)]);
      const written = await files.write(artifactName, body, signal);
      const artifact = { name: artifactName, filename: "a.txt", contentType: "text/plain" };
      return { artifact: { ...artifact, ...written }, result: null };
    },
  };
}

/** A gate: `passed` settles when `open` is called. */
export function createGate(): { passed: Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { passed: promise, open: resolve };
}
