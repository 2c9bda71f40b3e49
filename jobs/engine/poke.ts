/**
 * Reporting work to a loop that otherwise looks for it now and then.
 *
 * @module
 */

/** Says that there may be work. Pokes while the loop works are not lost. */
export interface Pokes {
  /** Reports that there may be work. */
  poke(): void;
  /** Whether there was a poke since the last call. */
  take(): boolean;
  /**
   * Waits for the end of a rest, such as a pause, or for a poke or the signal. Returns at once if there
   * was a poke.
   */
  wait(rest: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void>;
}

/** Starts without a poke. */
export function createPokes(): Pokes {
  let isPoked = false;
  let wake: () => void = () => {};
  return {
    poke() {
      isPoked = true;
      wake();
    },
    take() {
      const was = isPoked;
      isPoked = false;
      return was;
    },
    async wait(rest, signal) {
      if (isPoked) return;
      const controller = new AbortController();
      const end = () => controller.abort();
      wake = end;
      if (signal.aborted) end();
      // Not AbortSignal.any(): Deno up to 2.7 keeps a reference to each signal made of a lasting one.
      signal.addEventListener("abort", end);
      try {
        await rest(controller.signal);
      } finally {
        signal.removeEventListener("abort", end);
        wake = () => {};
      }
    },
  };
}
