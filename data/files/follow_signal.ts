/**
 * A controller that also aborts when another signal does.
 *
 * `AbortSignal.any()` does the same, but Deno up to 2.7 keeps a reference to each signal that it has made
 * of one that lasts.
 *
 * @module
 */

/** Such a controller. Dispose of it when what it controls has ended. */
export interface Follower extends Disposable {
  /** Aborts with the reason of the other signal, or with that of {@link Follower.abort}. */
  readonly signal: AbortSignal;
  /** Aborts. */
  abort(reason?: unknown): void;
}

/** Starts to follow a signal. */
export function followSignal(parent: AbortSignal): Follower {
  const controller = new AbortController();
  const { signal } = controller;
  const follow = () => controller.abort(parent.reason);
  if (parent.aborted) follow();
  else parent.addEventListener("abort", follow);
  return {
    signal,
    abort: (reason) => controller.abort(reason),
    [Symbol.dispose]: () => parent.removeEventListener("abort", follow),
  };
}
