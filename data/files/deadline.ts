/**
 * A signal that aborts when another signal does, or when time is up.
 *
 * @module
 */

/** A deadline. It keeps a timer running until you clear it. */
export interface Deadline {
  /** Aborts with the reason of the parent signal, or with a TimeoutError. */
  readonly signal: AbortSignal;
  /** Whether time was up before the deadline was cleared. */
  isOver(): boolean;
  /** Restarts the time from now. */
  restart(): void;
  /** Stops the time until you restart it. */
  pause(): void;
  /** Releases the timer and the parent signal. */
  clear(): void;
}

/** Starts a deadline of `timeoutMs` milliseconds. */
export function startDeadline(parent: AbortSignal, timeoutMs: number): Deadline {
  const aborter = new AbortController();
  const onAbort = () => aborter.abort(parent.reason);
  const onOver = () => {
    isOver = true;
    aborter.abort(new DOMException(`No progress within ${timeoutMs} ms`, "TimeoutError"));
  };
  let isOver = false;
  if (parent.aborted) onAbort();
  else parent.addEventListener("abort", onAbort);
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
      parent.removeEventListener("abort", onAbort);
    },
  };
}
