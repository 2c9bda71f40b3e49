/**
 * The threads of a process besides the one that serves: workers for heavy work of all kinds, and one that
 * compresses.
 *
 * @module
 */

import type { Log } from "../data/log.ts";
import type { WorkSettings } from "../data/work_settings.ts";
import { createUploadReading } from "./imports/read_in_thread.ts";
import type { UploadReading } from "./imports/reading_contract.ts";
import { createDeflaters, type Deflaters, THREAD_KEPT_MS } from "./engine/deflaters.ts";
import { createThreads, NO_THREADS, type ThreadOptions, type Threads } from "./engine/threads.ts";

/** What does heavy work. Disposing of it stops it. */
export interface HeavyThreads extends Disposable {
  /** Open what compresses. */
  readonly deflaters: Deflaters;
  /** Workers for every kind of heavy work. */
  readonly threads: Threads;
  /** Reads uploads in the workers. */
  readonly uploads: UploadReading;
}

/** The threads of a process. They start when they are needed. */
export function openThreads(
  { workerThreads, log }: Pick<WorkSettings, "workerThreads"> & { readonly log: Log },
): HeavyThreads {
  const deflaters = createDeflaters({ keepMs: THREAD_KEPT_MS });
  // This thread reads and serves, which needs a processor too.
  const count = workerThreads ?? Math.max(1, navigator.hardwareConcurrency - 1);
  const threads = createWorkerThreads({ count, keepMs: THREAD_KEPT_MS, log });
  return {
    deflaters,
    threads,
    uploads: createUploadReading(threads),
    [Symbol.dispose]() {
      threads[Symbol.dispose]();
      deflaters[Symbol.dispose]();
    },
  };
}

/** How many there are, how long they wait, and where they log; a count of 0 for none. */
export type WorkerThreadOptions = Pick<ThreadOptions, "count" | "keepMs" | "log">;

/** Workers for every kind of heavy work. They start when they are needed. */
export function createWorkerThreads({ count, keepMs, log }: WorkerThreadOptions): Threads {
  if (count === 0) return NO_THREADS;
  return createThreads({ count, keepMs, log, startWorker: startThreadWorker });
}

/** Starts a worker that knows every kind of heavy work. */
export function startThreadWorker(): Worker {
  return new Worker(new URL("./thread_worker.ts", import.meta.url), { type: "module" });
}
