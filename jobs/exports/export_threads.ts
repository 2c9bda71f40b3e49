/**
 * The workers that write exports.
 *
 * @module
 */

import type { WorkSettings } from "../../data/work_settings.ts";
import { createDeflaters, type Deflaters, THREAD_KEPT_MS } from "../engine/deflaters.ts";
import { createThreads, NO_THREADS, type Threads } from "../engine/threads.ts";

/** What does heavy work for jobs. Disposing of it stops it. */
export interface JobThreads extends Disposable {
  /** Open what compresses. */
  readonly deflaters: Deflaters;
  /** Workers that write exports. */
  readonly threads: Threads;
}

/** The threads of a service. They start when they are needed. */
export function openThreads({ workerThreads }: Pick<WorkSettings, "workerThreads">): JobThreads {
  const deflaters = createDeflaters({ keepMs: THREAD_KEPT_MS });
  // This thread reads and serves, which needs a processor too.
  const count = workerThreads ?? Math.max(1, navigator.hardwareConcurrency - 1);
  const threads = createExportThreads({ count, keepMs: THREAD_KEPT_MS });
  return {
    deflaters,
    threads,
    [Symbol.dispose]() {
      threads[Symbol.dispose]();
      deflaters[Symbol.dispose]();
    },
  };
}

/** How many there are, and how long they wait. */
export interface ExportThreadOptions {
  /** How many run at most; 0 for none. */
  readonly count: number;
  /** How long one waits for the next export, milliseconds. By default it stops at once. */
  readonly keepMs?: number;
}

/** Workers that write exports. They start when they are needed. */
export function createExportThreads({ count, keepMs }: ExportThreadOptions): Threads {
  if (count === 0) return NO_THREADS;
  const startWorker = () =>
    new Worker(new URL("./export_worker.ts", import.meta.url), { type: "module" });
  return createThreads({ count, keepMs, startWorker });
}
