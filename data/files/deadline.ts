/**
 * A signal that aborts when another one does, or when time is up.
 *
 * @module
 */

/** A deadline. It holds a timer until it is cleared. */
export interface Deadline {
  /** Aborts with the reason of the signal above it, or with a TimeoutError. */
  readonly signal: AbortSignal;
  /** Whether time was up before it was cleared. */
  isOver(): boolean;
  /** Sets the time anew, from now on. */
  restart(): void;
  /** Stops the time until it is set anew. */
  pause(): void;
  /** Lets go of timer and signal. */
  clear(): void;
}

/** Starts a deadline of some milliseconds. */
export function startDeadline(above: AbortSignal, timeoutMs: number): Deadline {
  const aborter = new AbortController();
  const onAbort = () => aborter.abort(above.reason);
  const onOver = () => {
    isOver = true;
    aborter.abort(new DOMException(`No progress within ${timeoutMs} ms`, "TimeoutError"));
  };
  let isOver = false;
  if (above.aborted) onAbort();
  else above.addEventListener("abort", onAbort);
  let timer = setTimeout(onOver, timeoutMs);
  return {
    signal: aborter.signal,
    isOver: () => isOver,
    restart() {
      clearTimeout(timer);
      timer = setTimeout(onOver, timeoutMs);
    },
    pause: () => clearTimeout(timer),
    clear() {
      clearTimeout(timer);
      above.removeEventListener("abort", onAbort);
    },
  };
}
