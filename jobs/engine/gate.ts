/**
 * A gate that limits how much work runs at the same time.
 *
 * @module
 */

/** Starts work when there is room, first come, first served. */
export interface Gate {
  /** Does the work as soon as there is room. Throws the reason of the signal if it is aborted before. */
  enter<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** How much work is waiting for room. */
  waiting(): number;
}

/** Creates a gate that lets `room` pieces of work run at the same time. */
export function createGate(room: number): Gate {
  const queue = new Set<() => void>();
  let free = room;

  async function wait(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = () => {
      queue.delete(resolve);
      reject(signal?.reason);
    };
    queue.add(resolve);
    signal?.addEventListener("abort", leave);
    try {
      await promise;
    } finally {
      signal?.removeEventListener("abort", leave);
    }
  }

  return {
    async enter(work, signal) {
      signal?.throwIfAborted();
      if (free > 0) free--;
      else await wait(signal);
      try {
        return await work();
      } finally {
        // The next in the queue takes over the room.
        const [next] = queue;
        if (next === undefined) free++;
        else {
          queue.delete(next);
          next();
        }
      }
    },
    waiting: () => queue.size,
  };
}
