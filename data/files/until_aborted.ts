/**
 * Reads a stream until a signal aborts.
 *
 * @module
 */

/** The chunks of a stream. Stops waiting for the next one when the signal aborts. */
export async function* untilAborted<T>(
  body: ReadableStream<T>,
  signal: AbortSignal,
): AsyncGenerator<T> {
  const reader = body.getReader();
  const onAbort = () => reader.cancel(signal.reason).catch(() => {});
  signal.addEventListener("abort", onAbort);
  try {
    for (;;) {
      signal.throwIfAborted();
      const { done, value } = await reader.read();
      signal.throwIfAborted();
      if (done) return;
      yield value;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    reader.releaseLock();
  }
}
