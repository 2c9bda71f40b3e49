/**
 * A worker that a test can kill.
 *
 * @module
 */

import { createThreads, type Threads } from "../../jobs/engine/threads.ts";
import { startThreadWorker } from "../../jobs/threads.ts";

/** One worker at a time, and all that were started. */
export interface MortalThreads extends Disposable {
  /** The workers. */
  readonly threads: Threads;
  /** How many were started. */
  started(): number;
  /** Kills the first one, as an error that nobody handles does. */
  kill(): void;
}

/** Starts nothing yet. */
export function openMortalThreads(): MortalThreads {
  const workers: Worker[] = [];
  const threads = createThreads({
    count: 1,
    log: () => {},
    startWorker() {
      workers.push(startThreadWorker());
      return workers[workers.length - 1];
    },
  });
  return {
    threads,
    started: () => workers.length,
    kill: () => void workers[0].dispatchEvent(new ErrorEvent("error", { message: "shot" })),
    [Symbol.dispose]: () => threads[Symbol.dispose](),
  };
}
