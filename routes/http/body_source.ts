/**
 * Where the bytes of a body come from.
 *
 * @module
 */

/** The bytes of a body, in order. Only one call may run at a time. */
export interface BodySource {
  /** The next bytes, valid until the next call; null at the end. Throws if the client is gone. */
  next(): Promise<Uint8Array | null>;
  /** Gives the rest up. Once the answer has been sent, this closes the connection. */
  cancel(): Promise<void>;
}

/** A source that takes what the stream has. Deno reads a body of known length only as we do. */
export function createPlainSource(body: ReadableStream<Uint8Array>): BodySource {
  const reader = body.getReader();
  return {
    async next() {
      const { done, value } = await reader.read();
      return done ? null : value;
    },
    cancel: () => reader.cancel(),
  };
}
