/**
 * Workers for heavy work, so that the thread that serves stays free and other processors are used.
 *
 * | state of a worker | begins with | ends with |
 * |---|---|---|
 * | starting | a task, while every other worker has one and fewer than `count` run | `ready`, or it cannot start |
 * | working | `ready` | its last task ends, or it dies |
 * | idle | its last task ends | a task, or `keepMs` later it stops |
 *
 * A worker that dies fails its tasks, and nothing else: the next task starts another one. The caller does
 * the work on its own thread where workers cannot start, as on Deno Deploy, and if a task comes again
 * whose worker has died: it may be what kills workers, and would fail others with it. If a worker had
 * several tasks, nobody knows which one has killed it, so callers may go on at once on their own thread.
 *
 * @module
 */

import type { Log } from "../../data/log.ts";
import {
  type Patience,
  startThread,
  type Thread,
  type ThreadResult,
  type ThreadTask,
} from "./thread.ts";

/** Runs tasks in workers. Disposing of it stops them; tasks that still run fail. */
export interface Threads extends Disposable {
  /** How many workers run at most. */
  readonly count: number;
  /**
   * Runs a task to its end, and returns what it returned; null if nothing was done, as no worker can start,
   * a worker died with the task before, or all are disposed of. Throws what the task or an answer threw,
   * the reason of the signal, or {@link DeadWorkerError}.
   */
  run(task: ThreadTask): Promise<ThreadResult | null>;
}

/** How workers run. */
export interface ThreadOptions {
  /** How many workers run at most. */
  readonly count: number;
  /** Starts one; it may throw where there are none. Its module calls `serveTasks()`. */
  readonly startWorker: () => Worker;
  /** How long a worker waits for the next task, milliseconds. By default it stops at once. */
  readonly keepMs?: number;
  /** Where it is logged that a worker does not start. */
  readonly log: Log;
  /** How long a worker may take to start, and to end a task that is aborted; for tests. */
  readonly patience?: Patience;
}

/** How long to wait by default. */
export const PATIENCE: Patience = {
  startMs: 10_000,
  abortMs: 5_000,
  endMs: 60_000,
  retryMs: 60_000,
};
/** The most tasks that are remembered because their worker has died. */
const DIED_MAX = 1_000;

/** For settings without workers. */
export const NO_THREADS: Threads = {
  count: 0,
  run: () => Promise.resolve(null),
  [Symbol.dispose]() {},
};

/** Workers that start when there is something to do. */
export function createThreads(
  { count, startWorker, keepMs = 0, log, patience = PATIENCE }: ThreadOptions,
): Threads {
  const threads = new Set<Thread>();
  /** The tasks with which workers have died, and which have not come again. */
  const died = new Set<string>();
  let retryMs = -Infinity;
  let isDisposed = false;

  /** The worker with the fewest tasks, or a new one if all have some. */
  function choose(): Thread | null {
    const [best] = [...threads].sort((a, b) => a.taskCount() - b.taskCount());
    if (best !== undefined && (best.taskCount() === 0 || threads.size >= count)) return best;
    return start() ?? best ?? null;
  }

  function start(): Thread | null {
    if (performance.now() < retryMs) return null;
    try {
      const thread = startThread(startWorker(), {
        keepMs,
        patience,
        onUnready: unstarted,
        onEnd: () => threads.delete(thread),
        onDeath(id) {
          died.add(id);
          // Those that never come again are forgotten, the oldest first.
          const [oldest] = died;
          if (died.size > DIED_MAX) died.delete(oldest);
        },
      });
      threads.add(thread);
      return thread;
    } catch (error) {
      unstarted(error);
      return null;
    }
  }

  function unstarted(error: unknown): void {
    const nowMs = performance.now();
    // Workers that start together fail together.
    if (nowMs >= retryMs) log("warn", "thread not started", { error });
    retryMs = nowMs + patience.retryMs;
  }

  return {
    count,
    async run(task) {
      task.signal.throwIfAborted();
      if (count === 0 || isDisposed || died.delete(task.id)) return null;
      return await choose()?.run(task) ?? null;
    },
    [Symbol.dispose]() {
      isDisposed = true;
      for (const thread of threads) thread.stop("it was stopped");
    },
  };
}
