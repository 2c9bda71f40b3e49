/**
 * Where long runs of windows are made: in workers, and on this thread while all workers have enough. So
 * with two processors and one worker, both are busy.
 *
 * A run waits for the place that becomes free first. Each worker has a few runs at once, as each of them
 * mostly waits for the disk, and this thread has one.
 *
 * @module
 */

import { createWaitingLine } from "../engine/waiting_line.ts";

/** Runs of a worker at once. */
const RUNS_A_WORKER = 3;

/** A place that a run has taken. */
export interface RunPlace extends Disposable {
  /** Whether it is in a worker. */
  readonly isInWorker: boolean;
}

/** The places for long runs. */
export interface RunPlaces {
  /** Whether one is free. */
  isFree(mayBeHere: boolean): boolean;
  /** How many runs wait for one. */
  waiting(): number;
  /**
   * Takes a place, first come, first served. Dispose of it when the run has ended. `mayBeHere`: whether the
   * windows are short enough for this thread. Throws the reason of the signal if it is aborted before.
   */
  enter(mayBeHere: boolean, signal: AbortSignal): Promise<RunPlace>;
}

/**
 * Creates places for as many workers, and one for this thread. For no workers there are those of one, so
 * that no run waits for ever.
 */
export function createRunPlaces(workers: number): RunPlaces {
  let inWorkers = Math.max(1, workers) * RUNS_A_WORKER, isHereFree = true;
  /** Of whether a run may be on this thread. */
  const line = createWaitingLine<boolean, RunPlace>();

  function take(mayBeHere: boolean): RunPlace | null {
    if (inWorkers > 0) {
      inWorkers--;
      return { isInWorker: true, [Symbol.dispose]: () => leave(() => inWorkers++) };
    }
    if (!mayBeHere || !isHereFree) return null;
    isHereFree = false;
    return { isInWorker: false, [Symbol.dispose]: () => leave(() => isHereFree = true) };
  }

  function leave(free: () => void): void {
    free();
    for (const next of line) {
      const place = take(next.wish);
      if (place !== null) return next.start(place);
    }
  }

  return {
    isFree: (mayBeHere) => inWorkers > 0 || (mayBeHere && isHereFree),
    waiting: () => line.size,
    async enter(mayBeHere, signal) {
      signal.throwIfAborted();
      const place = line.size === 0 || (mayBeHere && isHereFree) ? take(mayBeHere) : null;
      return place ?? await line.wait(mayBeHere, signal);
    },
  };
}
