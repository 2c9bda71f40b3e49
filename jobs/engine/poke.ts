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
      wake = () => controller.abort();
      await rest(AbortSignal.any([signal, controller.signal]));
      wake = () => {};
    },
  };
}
