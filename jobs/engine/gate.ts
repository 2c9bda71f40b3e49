/**
 * A gate that lets so many in at once.
 *
 * @module
 */

/** Lets work begin when there is room for it, in the order in which it was asked for. */
export interface Gate {
  /** Does work when there is room. */
  enter<T>(work: () => Promise<T>): Promise<T>;
  /** How many wait for room. */
  waiting(): number;
}

/** A gate with room for so many. */
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
        // Whoever waits takes the room over.
        const next = queue.shift();
        if (next === undefined) free++;
        else next();
      }
    },
    waiting: () => queue.length,
  };
}
