/**
 * How much of bodies in chunks may be in memory (`routes/http/chunked_source.ts`).
 *
 * @module
 */

/** What one body may have in memory. */
export interface ReadAheadShare {
  /** The runtime may keep so many bytes more of it. */
  add(bytes: number): void;
  /** The runtime keeps none of it. */
  clear(): void;
  /** How many bytes the runtime may keep. */
  keptBytes(): number;
  /** We hold so many bytes more of it, or fewer. */
  hold(bytes: number): void;
  /** Whether there is room to hold more. */
  hasRoom(): boolean;
  /** Whether the runtime may keep more than it should. */
  isTooMuch(): boolean;
  /** Nothing of it is in memory any more. */
  close(): void;
}

/** What all bodies of the process may have in memory. */
export interface ReadAhead {
  /** Counts another body. */
  open(): ReadAheadShare;
}

/** The bounds. */
export interface ReadAheadBounds {
  /** Bytes of one body that the runtime may keep. */
  readonly keptBytes: number;
  /** Bytes of one body that we may hold. */
  readonly heldBytes: number;
  /** Bytes of all bodies. Then those with more than an equal part have too much. */
  readonly totalBytes: number;
}

/** Counts from zero. */
export function createReadAhead(bounds: ReadAheadBounds): ReadAhead {
  let total = 0;
  /** How many bodies have any. */
  let holders = 0;
  return {
    open() {
      let kept = 0, held = 0;
      const set = (newKept: number, newHeld: number) => {
        holders += Number(newKept + newHeld > 0) - Number(kept + held > 0);
        total += newKept + newHeld - kept - held;
        kept = newKept;
        held = newHeld;
      };
      return {
        add: (bytes) => set(kept + bytes, held),
        clear: () => set(0, held),
        keptBytes: () => kept,
        hold: (bytes) => set(kept, held + bytes),
        hasRoom: () => held < bounds.heldBytes && total < bounds.totalBytes,
        isTooMuch: () =>
          kept > bounds.keptBytes ||
          (total > bounds.totalBytes && (kept + held) * holders > bounds.totalBytes),
        close: () => set(0, 0),
      };
    },
  };
}
