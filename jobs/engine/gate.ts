/**
 * A gate that limits how much work runs at the same time.
 *
 * @module
 */

/** Starts work when there is room, first come, first served. */
export interface Gate {
  /** Does the work as soon as there is room. */
  enter<T>(work: () => Promise<T>): Promise<T>;
  /** How much work is waiting for room. */
  waiting(): number;
}

/** Creates a gate that lets `room` pieces of work run at the same time. */
export function createGate(room: number): Gate {
  const queue: (() => void)[] = [];
  let free = room;
  return {
    async enter(work) {
      if (free > 0) free--;
      else await new Promise<void>((resolve) => queue.push(resolve));
      try {
        return await work();
      } finally {
        // The next in the queue takes over the room.
        const next = queue.shift();
        if (next === undefined) free++;
        else next();
      }
    },
    waiting: () => queue.length,
  };
}
