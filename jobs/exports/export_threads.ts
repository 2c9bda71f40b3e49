/**
 * The workers that write exports.
 *
 * @module
 */

import type { Log } from "../../data/log.ts";
import type { WorkSettings } from "../../data/work_settings.ts";
import { createDeflaters, type Deflaters, THREAD_KEPT_MS } from "../engine/deflaters.ts";
import { createThreads, NO_THREADS, type ThreadOptions, type Threads } from "../engine/threads.ts";

/** What does heavy work for jobs. Disposing of it stops it. */
export interface JobThreads extends Disposable {
  /** Open what compresses. */
  readonly deflaters: Deflaters;
  /** Workers that write exports. */
  readonly threads: Threads;
}

/** The threads of a service. They start when they are needed. */
export function openThreads(
  { workerThreads, log }: Pick<WorkSettings, "workerThreads"> & { readonly log: Log },
): JobThreads {
  const deflaters = createDeflaters({ keepMs: THREAD_KEPT_MS });
  // This thread reads and serves, which needs a processor too.
  const count = workerThreads ?? Math.max(1, navigator.hardwareConcurrency - 1);
  const threads = createExportThreads({ count, keepMs: THREAD_KEPT_MS, log });
  return {
    deflaters,
    threads,
    [Symbol.dispose]() {
      threads[Symbol.dispose]();
      deflaters[Symbol.dispose]();
    },
  };
}

/** How many there are, how long they wait, and where they log; a count of 0 for none. */
export type ExportThreadOptions = Pick<ThreadOptions, "count" | "keepMs" | "log">;

/** Workers that write exports. They start when they are needed. */
export function createExportThreads({ count, keepMs, log }: ExportThreadOptions): Threads {
  if (count === 0) return NO_THREADS;
  const startWorker = () =>
    new Worker(new URL("./export_worker.ts", import.meta.url), { type: "module" });
  return createThreads({ count, keepMs, log, startWorker });
}
