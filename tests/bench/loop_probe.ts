/**
 * How late the event loop of this process comes to what is due: a timer of a few milliseconds that
 * looks how late it fires. The histogram of `node:perf_hooks` is no help: in Deno 2.9 its greatest
 * delay was 1 ms after a stall of 50 ms.
 *
 * A stall holds up all that comes meanwhile, not just one timer. So every moment of a fixed beat
 * counts once, with the time from there until the timer fired, as an event of that moment waits.
 *
 * @module
 */

/** The beat, milliseconds. */
export const STEP_MS = 2;

/** The probe. */
export interface LoopProbe {
  /** Begins to look, with no delays yet. */
  begin(): void;
  /** Looks no more; the delays since the begin, one a beat, milliseconds. */
  end(): readonly number[];
}

/** A probe that does not look yet. */
export function createLoopProbe(): LoopProbe {
  let delaysMs: number[] = [];
  let dueMs = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function look(): void {
    const late = lastSeenSince(dueMs, performance.now());
    delaysMs.push(...late);
    dueMs += late.length * STEP_MS;
  }

  function arm(): void {
    timer = setTimeout(() => {
      look();
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
      look();
      return delaysMs;
    },
  };
}

/** How long each beat from the first due one on has waited now, milliseconds; none before it. */
export function lastSeenSince(dueMs: number, nowMs: number): number[] {
  const count = Math.max(0, 1 + Math.floor((nowMs - dueMs) / STEP_MS));
  return Array.from({ length: count }, (_, beat) => nowMs - dueMs - beat * STEP_MS);
}
