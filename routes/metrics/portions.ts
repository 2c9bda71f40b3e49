/**
 * Sums over key spaces that may be large, at a fixed cost: every look reads one portion and goes on where
 * the last one ended.
 *
 * @module
 */

/** A portion of a key space, and where the next one begins; null at the end. */
export interface Portion<Sum, Place> {
  /** What its entries add. */
  readonly sum: Sum;
  /** Where to go on; null if this was the last portion. */
  readonly next: Place | null;
}

/** How to read and to add up portions. */
export interface PortionSumOptions<Sum, Place> {
  /** Reads a portion: from a place, or from the beginning. */
  read(from: Place | null): Promise<Portion<Sum, Place>>;
  /** Adds two sums. */
  plus(one: Sum, other: Sum): Sum;
}

/** A sum over a key space. */
export interface PortionSum<Sum> {
  /**
   * Reads one portion. Returns the sum over the whole space, as of the last time that its end was
   * reached; null if that was never.
   */
  look(): Promise<Sum | null>;
}

/** Creates a sum that has read nothing. If a read fails, the next look reads the same portion again. */
export function createPortionSum<Sum, Place>(
  { read, plus }: PortionSumOptions<Sum, Place>,
): PortionSum<Sum> {
  let whole: Sum | null = null;
  let partial: Sum | null = null;
  let place: Place | null = null;
  return {
    async look() {
      const { sum, next } = await read(place);
      partial = partial === null ? sum : plus(partial, sum);
      place = next;
      if (next === null) {
        whole = partial;
        partial = null;
      }
      return whole;
    },
  };
}
