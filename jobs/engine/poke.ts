/**
 * Reporting work to a loop that otherwise looks for it now and then.
 *
 * @module
 */

import { pause } from "./pause.ts";

/** Says that there may be work. Pokes while the loop works are not lost. */
export interface Pokes {
  /** Reports that there may be work. */
  poke(): void;
  /** Whether there was a poke since the last call. */
  take(): boolean;
  /** Waits for `ms` milliseconds, or until a poke or the signal. Returns at once if there was a poke. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
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
    async wait(ms, signal) {
      if (isPoked) return;
      const controller = new AbortController();
      wake = () => controller.abort();
      await pause(ms, AbortSignal.any([signal, controller.signal]));
      wake = () => {};
    },
  };
}
