/**
 * A gate that limits how much work runs at the same time.
 *
 * @module
 */

import { createWaitingLine } from "./waiting_line.ts";

/** Starts work when there is room, first come, first served. */
export interface Gate {
  /** Does the work as soon as there is room. Throws the reason of the signal if it is aborted before. */
  enter<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** How much work is waiting for room. */
  waiting(): number;
}

/** Creates a gate that lets `room` pieces of work run at the same time. */
export function createGate(room: number): Gate {
  const line = createWaitingLine<void, void>();
  let free = room;

  return {
    async enter(work, signal) {
      signal?.throwIfAborted();
      if (free > 0) free--;
      else await line.wait(undefined, signal);
      try {
        return await work();
      } finally {
        // The next in the line takes over the room.
        const [next] = line;
        if (next === undefined) free++;
        else next.start();
      }
    },
    waiting: () => line.size,
  };
}
