/**
 * The worker of a process: due loop, dispatcher, duties and offline detection, started and stopped
 * together.
 *
 * @module
 */

import type { FileStore } from "../data/files/file_store.ts";
import type { Log } from "../data/log.ts";
import type { Recorder } from "../data/metrics/recorder.ts";
import type { Upkeep } from "../data/upkeep.ts";
import type { OpenedKv } from "../kv/opened_kv.ts";
import { purgedSeries } from "../kv/series/remove.ts";
import type { SeriesStore } from "../kv/series/store.ts";
import type { Lane } from "../kv/jobs/lanes.ts";
import { giveMissingTurns } from "../kv/jobs/turns.ts";
import { listenWakes } from "../kv/jobs/wake_queue.ts";
import { compactionDuty } from "./upkeep/compaction.ts";
import { createDispatcher } from "./engine/dispatcher.ts";
import { createDueLoop, type CrowdHandler } from "./engine/due_loop.ts";
import { type Duty, startDuties } from "./engine/duty_loop.ts";
import type { JobKind } from "./engine/job_kind.ts";
import { pause } from "./engine/pause.ts";
import type { EndStage } from "./engine/run_outcome.ts";
import { startPresence } from "./upkeep/presence.ts";
import { flushJournalDuty } from "./upkeep/flush_journal.ts";
import { sweepDuty } from "./engine/sweep.ts";

/** How much of the grace period is left to hand back jobs, a quarter, and at most, milliseconds. */
const HAND_BACK_SHARE = 1 / 4, HAND_BACK_MAX_MS = 1_000;
/** How long a round of a duty may go on after the grace period, milliseconds. */
const EXTRA_MS = 1_000;
/** Work counts as done after nothing has run for so long: most duties have a round in it. */
const SETTLED_MS = 2_500;
/** How often it is looked whether something runs, milliseconds. */
const SETTLE_LOOK_MS = 100;
/** If the last scan is older than this, the due loop hangs, milliseconds. */
const SCAN_TOO_OLD_MS = 15_000;

const NEVER = new AbortController().signal;

/** What a worker needs. */
export interface WorkerDeps
  extends
    Pick<OpenedKv, "kv" | "isExclusive" | "hasQueue" | "flush">,
    Partial<Pick<OpenedKv, "quietKv" | "settledKv" | "activity">> {
  /** The store of readings. */
  readonly series: SeriesStore;
  /** The store of artifacts. */
  readonly files: FileStore;
  /** All kinds of jobs. */
  readonly kinds: readonly JobKind[];
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
  /** Counts what happens; nothing by default. */
  readonly record?: Recorder;
  /** The unique id of this running process. */
  readonly owner: string;
  /** How many jobs run at the same time. */
  readonly concurrency: number;
  /** How many jobs of an account may run at the same time; null for any number. */
  readonly runningMax?: (account: string) => Promise<number | null>;
  /** Called with the id of each job that ends in this process. */
  readonly onEnded: (jobId: string) => void;
  /** What to add to the commit that ends a job; nothing by default. */
  readonly endStage?: EndStage;
  /** How often a run is asked for a checkpoint, milliseconds; each second by default. */
  readonly checkpointEveryMs?: number;
  /** How long a file is kept, milliseconds. */
  readonly fileRetentionMs: number;
  /** How long a record is kept after its job has ended, milliseconds. */
  readonly jobRetentionMs: number;
  /** When the service started, epoch milliseconds. */
  readonly startedMs: number;
  /** How long a device without its own setting stays online without a reading, milliseconds. */
  readonly offlineAfterMs: number;
  /** When live readings are folded and flushed. */
  readonly upkeep?: Upkeep;
  /** Handlers of crowds of due entries. */
  readonly crowds?: readonly CrowdHandler[];
  /** Duties besides those that every worker has. */
  readonly moreDuties?: readonly Duty[];
}

/** A running worker. */
export interface Worker {
  /** Reports that there may be a job to start, of the lane `main` by default. */
  poke(lane?: Lane): void;
  /** Aborts the run of a job whose record says that it is to be cancelled, if it runs here. */
  cancel(jobId: string): void;
  /** Whether it finds due jobs. */
  isRunning(): boolean;
  /**
   * Looks everywhere for work that is due and settles when there is none, or after `timeoutMs`. Then work
   * may still be running.
   */
  settle(timeoutMs: number): Promise<void>;
  /** Starts no more jobs, and makes those pending that do not end, all within about `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

/**
 * Starts a worker. First it makes the jobs of dead processes pending again, and gives a turn to every
 * line that has none.
 */
export async function startWorker(deps: WorkerDeps): Promise<Worker> {
  const { kv, now, log, series } = deps;
  const dispatcher = createDispatcher({ ...deps, onRoom: (lane) => loop.poke(lane) });
  const loop = createDueLoop({
    kv,
    now,
    log,
    activity: deps.activity,
    isShared: !deps.isExclusive,
    crowds: deps.crowds,
    hasRoom: dispatcher.hasRoom,
    onTurns: dispatcher.onTurns,
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
  if (deps.isExclusive) await dispatcher.requeueOthers();
  await giveMissingTurns(kv);
  // Settles when the database closes. A wake-up before the loop starts is not needed.
  const listening = deps.hasQueue ? listenWakes(kv, () => loop.poke()) : Promise.resolve();
  listening.catch((error) => log("error", "queue failed", { error }));
  loop.start();
  const duties = startDuties({ ...deps, kv: deps.quietKv ?? kv }, [
    sweepDuty(deps),
    compactionDuty({ ...deps, settledKv: deps.settledKv ?? kv }),
    flushJournalDuty(deps),
    ...deps.moreDuties ?? [],
  ]);
  const presence = startPresence(deps);
  return {
    poke: loop.poke,
    cancel: dispatcher.cancel,
    isRunning: () => loop.isResting() || now() - loop.lastScanMs() < SCAN_TOO_OLD_MS,
    async settle(timeoutMs) {
      const endAt = performance.now() + timeoutMs;
      deps.activity?.wake();
      loop.poke();
      for (let freeAt = performance.now(); performance.now() < endAt;) {
        await pause(SETTLE_LOOK_MS, NEVER);
        const isBusy = dispatcher.running() > 0 || loop.isScanning() || duties.running() > 0;
        if (isBusy) freeAt = performance.now();
        else if (performance.now() - freeAt >= SETTLED_MS) return;
      }
    },
    async stop(graceMs) {
      // A scan or a round that hangs is not waited for: both can be interrupted at any moment.
      const { promise: over, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, graceMs + EXTRA_MS);
      const ended = Promise.all([loop.stop(), duties.stop(), presence.stop()]);
      const handBackMs = Math.min(graceMs * HAND_BACK_SHARE, HAND_BACK_MAX_MS);
      await Promise.all([Promise.race([over, ended]), dispatcher.stop(graceMs - handBackMs)]);
      clearTimeout(timer);
      // A scan that was running may have started one more job.
      await dispatcher.stop(0);
    },
  };
}
