/**
 * The part of a process that works: due loop, dispatcher, duties and the look for silent devices,
 * started and stopped together.
 *
 * @module
 */

import type { FileStore } from "../data/files/file_store.ts";
import type { Log } from "../data/log.ts";
import type { Upkeep } from "../data/upkeep.ts";
import type { OpenedKv } from "../kv/opened_kv.ts";
import { purgedSeries } from "../kv/series/remove.ts";
import type { SeriesStore } from "../kv/series/store.ts";
import { listenWakes } from "../kv/jobs/wake_queue.ts";
import { compactionDuty } from "./upkeep/compaction.ts";
import { createDispatcher } from "./engine/dispatcher.ts";
import { createDueLoop } from "./engine/due_loop.ts";
import { type Duty, startDuties } from "./engine/duty_loop.ts";
import type { JobKind } from "./engine/job_kind.ts";
import { startPresence } from "./upkeep/presence.ts";
import { flushJournalDuty } from "./upkeep/flush_journal.ts";
import { sweepDuty } from "./engine/sweep.ts";

/** How long a round of a duty may take after the grace, milliseconds. */
const LEFT_MS = 1_000;
/** A look older than this means that the loop hangs, milliseconds. */
const LOOK_TOO_OLD_MS = 15_000;

/** What a worker needs. */
export interface WorkerDeps extends Pick<OpenedKv, "kv" | "isExclusive" | "hasQueue" | "flush"> {
  /** Where readings are. */
  readonly series: SeriesStore;
  /** Where artifacts are. */
  readonly files: FileStore;
  /** Every kind of job. */
  readonly kinds: readonly JobKind[];
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
  /** This running process, unlike any other that ever was. */
  readonly owner: string;
  /** How many jobs run at once. */
  readonly concurrency: number;
  /** Called with the id of a job that this process has ended. */
  readonly onEnded: (jobId: string) => void;
  /** How long files are kept, milliseconds. */
  readonly fileRetentionMs: number;
  /** How long records are kept after their job ended, milliseconds. */
  readonly jobRetentionMs: number;
  /** When the service started, epoch milliseconds. */
  readonly startedMs: number;
  /** After how long devices are offline that have no such time of their own, milliseconds. */
  readonly offlineAfterMs: number;
  /** When what live ingest wrote is folded and flushed. */
  readonly upkeep?: Upkeep;
  /** Duties beside those that every worker has. */
  readonly moreDuties?: readonly Duty[];
}

/** A worker that runs. */
export interface Worker {
  /** Says that there may be a job to begin. */
  poke(): void;
  /** Whether it looks for jobs. */
  isRunning(): boolean;
  /** Begins nothing more, lets jobs end for `graceMs`, hands the others back. */
  stop(graceMs: number): Promise<void>;
}

/** Starts working. Jobs that dead processes left are handed back first. */
export async function startWorker(deps: WorkerDeps): Promise<Worker> {
  const { kv, now, log, series } = deps;
  const dispatcher = createDispatcher({ ...deps, onRoom: () => loop.poke() });
  const loop = createDueLoop({
    kv,
    now,
    log,
    hasRoom: dispatcher.hasRoom,
    handlers: {
      job_wait: dispatcher.onWaiting,
      job_lease: dispatcher.onLease,
      job_keep: dispatcher.onKept,
      series_purge: async ({ id }) => {
        const ref = purgedSeries(id);
        if (ref !== null) await series.purge(ref);
      },
    },
  });
  if (deps.isExclusive) await dispatcher.handBackOthers();
  // Settles when the database closes; a wake-up that comes before the loop starts is not needed.
  const listening = deps.hasQueue ? listenWakes(kv, loop.poke) : Promise.resolve();
  listening.catch((error) => log("error", "queue not listened to", { error }));
  loop.start();
  const duties = startDuties(deps, [
    sweepDuty(deps),
    compactionDuty(deps),
    flushJournalDuty(deps),
    ...deps.moreDuties ?? [],
  ]);
  const presence = startPresence(deps);
  return {
    poke: loop.poke,
    isRunning: () => now() - loop.lastLookMs() < LOOK_TOO_OLD_MS,
    async stop(graceMs) {
      // A look or a duty's round that hangs is left: both may be cut off at any moment.
      const { promise: over, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, graceMs + LEFT_MS);
      const ended = Promise.all([loop.stop(), duties.stop(), presence.stop()]);
      const looked = Promise.race([over, ended]);
      await Promise.all([looked, dispatcher.stop(graceMs)]);
      clearTimeout(timer);
      // A look that was on its way may have begun one more job.
      await dispatcher.stop(0);
    },
  };
}
