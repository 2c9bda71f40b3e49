/**
 * Measures the delay of the event loop of this process with a timer of a few milliseconds. The
 * histogram of `node:perf_hooks` cannot be used: in Deno 2.9 its maximum was 1 ms after a stall of
 * 50 ms.
 *
 * A stall delays everything that arrives during it, not just one timer. So every moment of a fixed
 * interval counts once, with the time until the timer fired: that long an event at that moment waits.
 *
 * @module
 */

/** The interval, milliseconds. */
export const STEP_MS = 2;

/** A probe. */
export interface LoopProbe {
  /** Starts measuring, without delays yet. */
  begin(): void;
  /** Stops measuring. Returns the delays, one per interval, milliseconds. */
  end(): readonly number[];
}

/** Creates a probe that is not measuring yet. */
export function createLoopProbe(): LoopProbe {
  let delaysMs: number[] = [];
  let dueMs = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function measure(): void {
    const late = delaysSince(dueMs, performance.now());
    delaysMs.push(...late);
    dueMs += late.length * STEP_MS;
  }

  function arm(): void {
    timer = setTimeout(() => {
      measure();
      arm();
    }, dueMs - performance.now());
  }

  return {
    begin() {
      delaysMs = [];
      dueMs = performance.now() + STEP_MS;
      arm();
    },
    end() {
      clearTimeout(timer);
      measure();
      return delaysMs;
    },
  };
}

/** How long each moment from the first due one on has waited now, milliseconds. None if none is due. */
export function delaysSince(dueMs: number, nowMs: number): number[] {
  const count = Math.max(0, 1 + Math.floor((nowMs - dueMs) / STEP_MS));
  return Array.from({ length: count }, (_, step) => nowMs - dueMs - step * STEP_MS);
}
