/**
 * Reading a stream of chunks by numbers of bytes.
 *
 * @module
 */

/** Reads the bytes of a stream in order. */
export interface ChunkReader {
  /** The next bytes without reading them: at least `count`, or all that are left. */
  peek(count: number): Promise<Uint8Array>;
  /** Reads bytes that `peek()` showed. */
  skip(count: number): void;
  /** Reads the next bytes, at most `count`; none at the end. */
  read(count: number): Promise<Uint8Array>;
  /** Makes bytes the next ones again. */
  unread(bytes: Uint8Array): void;
}

/** A reader at the beginning of a stream. */
export function createChunkReader(chunks: AsyncIterator<Uint8Array>): ChunkReader {
  let waiting: Uint8Array = new Uint8Array(0);
  let isEnded = false;

  async function pull(): Promise<Uint8Array> {
    while (!isEnded) {
      const { done, value } = await chunks.next();
      if (done) isEnded = true;
      else if (value.length > 0) return value;
    }
    return new Uint8Array(0);
  }

  async function peek(count: number): Promise<Uint8Array> {
    if (waiting.length >= count) return waiting;
    const parts = [waiting];
    let length = waiting.length;
    while (length < count) {
      const chunk = await pull();
      if (chunk.length === 0) break;
      parts.push(chunk);
      length += chunk.length;
    }
    waiting = parts.length === 1 ? waiting : joined(parts, length);
    return waiting;
  }

  return {
    peek,
    skip(count) {
      waiting = waiting.subarray(count);
    },
    async read(count) {
      if (waiting.length === 0) waiting = await pull();
      const bytes = waiting.subarray(0, count);
      waiting = waiting.subarray(bytes.length);
      return bytes;
    },
    unread(bytes) {
      waiting = joined([bytes, waiting], bytes.length + waiting.length);
    },
  };
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
