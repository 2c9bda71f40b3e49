/**
 * A line of those that wait for room, first come, first served. Whoever is aborted leaves it.
 *
 * @module
 */

/** One that waits. */
export interface Waiting<Wish, Place> {
  /** What it needs. */
  readonly wish: Wish;
  /** Ends its wait with its place, and takes it out of the line. */
  start(place: Place): void;
}

/** A line. Whoever frees a place iterates over those that wait, in the order of their arrival. */
export interface WaitingLine<Wish, Place> extends Iterable<Waiting<Wish, Place>> {
  /** How many wait. */
  readonly size: number;
  /** Waits for a place. Throws the reason of the signal if it is aborted before. */
  wait(wish: Wish, signal: AbortSignal | undefined): Promise<Place>;
}

/**
 * Creates an empty line.
 *
 * @param onLeave Called after an abort, when others may need less than the one that left.
 */
export function createWaitingLine<Wish, Place>(onLeave = () => {}): WaitingLine<Wish, Place> {
  const line = new Set<Waiting<Wish, Place>>();
  return {
    get size() {
      return line.size;
    },
    [Symbol.iterator]: () => line.values(),
    async wait(wish, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<Place>();
      const one: Waiting<Wish, Place> = {
        wish,
        start(place) {
          line.delete(one);
          resolve(place);
        },
      };
      const leave = () => {
        line.delete(one);
        reject(signal?.reason);
        onLeave();
      };
      line.add(one);
      signal?.addEventListener("abort", leave);
      try {
        return await promise;
      } finally {
        signal?.removeEventListener("abort", leave);
      }
    },
  };
}
