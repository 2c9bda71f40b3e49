/**
 * The bytes of an upload in large pieces, each with memory of its own, to hand over to a worker.
 *
 * @module
 */

/** Bytes of a piece. On a busy machine each message waits for a processor, so there should be few. */
const GROUP_BYTES = 524_288;
/** How long a piece waits for more bytes from a slow client, milliseconds. */
const PAUSE_MS = 50;
/** How long it waits in all while it is looked how long the stream is. A client is slow if it needs longer. */
const LOOK_MS = 2_000;

/** A stream in pieces. */
export interface ByteGroups {
  /** The next piece; null at the end. What has arrived is handed on if the client pauses. */
  next(): Promise<Uint8Array<ArrayBuffer> | null>;
  /**
   * Whether at least so many bytes arrive before a pause, the end or a failure. What has arrived is still to
   * be read.
   */
  hasAtLeast(count: number): Promise<boolean>;
  /** The rest of the stream. */
  rest(): AsyncGenerator<Uint8Array>;
  /** Gives up the rest. It does not wait for a client that sends nothing. */
  close(): void;
}

/**
 * Groups the chunks of a stream, each of which is valid until the next one is read. `free` is called with each
 * one that is copied.
 */
export function groupBytes(
  chunks: AsyncIterable<Uint8Array>,
  free: (chunk: Uint8Array) => void = () => {},
): ByteGroups {
  const source = chunks[Symbol.asyncIterator]();
  const held: Uint8Array<ArrayBuffer>[] = [];
  /** The read that runs, if one does: a piece need not wait for it. */
  let reading: Promise<IteratorResult<Uint8Array>> | null = null;
  /** A chunk that did not fit into the last piece. */
  let kept: Uint8Array | null = null;
  /** What went wrong after the last piece. */
  let failure: { readonly error: unknown } | null = null;
  let isEnded = false, isPaused = false;

  /** The next chunk; null at the end, or if the client pauses. */
  async function chunk(paused: Promise<null> | null): Promise<Uint8Array | null> {
    if (kept !== null) return kept;
    reading ??= source.next();
    const next = await (paused === null ? reading : Promise.race([reading, paused]));
    if (next === null) {
      isPaused = true;
      // Who asks next gets its failure.
      reading.catch(() => {});
      return null;
    }
    reading = null;
    if (next.done) isEnded = true;
    return next.done ? null : next.value;
  }

  async function fill(allMs = PAUSE_MS): Promise<Uint8Array<ArrayBuffer> | null> {
    isPaused = false;
    if (failure !== null) throw failure.error;
    const first = isEnded ? null : await chunk(null);
    if (first === null) return null;
    kept = null;
    if (first.length >= GROUP_BYTES) return first.slice();
    const piece = new Uint8Array(GROUP_BYTES);
    const wait = startWait(allMs);
    let size = 0;
    try {
      for (let next: Uint8Array | null = first; next !== null; next = await chunk(wait.over)) {
        wait.arrived();
        kept = next;
        if (size + next.length > GROUP_BYTES) break;
        piece.set(next, size);
        size += next.length;
        free(next);
        kept = null;
      }
    } catch (error) {
      // What came before is still to be read.
      failure = { error };
    } finally {
      wait.end();
    }
    // A short piece must not hold on to the memory of a long one.
    return size > GROUP_BYTES / 2 ? piece.subarray(0, size) : piece.slice(0, size);
  }

  async function next(): Promise<Uint8Array<ArrayBuffer> | null> {
    return held.shift() ?? await fill();
  }

  return {
    next,
    async hasAtLeast(count) {
      let bytes = held.reduce((sum, piece) => sum + piece.length, 0);
      while (bytes < count && !isPaused && failure === null) {
        const piece = await fill(LOOK_MS);
        if (piece === null) break;
        held.push(piece);
        bytes += piece.length;
      }
      return bytes >= count;
    },
    async *rest() {
      for (let piece = await next(); piece !== null; piece = await next()) yield piece;
    },
    close() {
      // It waits for a read that runs, which may take as long as the client is connected.
      void source.return?.().catch(() => {});
    },
  };
}

/** A wait for more bytes. It is over if none arrive for as long as a pause, or `allMs` after it began. */
function startWait(allMs: number): { over: Promise<null>; arrived(): void; end(): void } {
  const { promise: over, resolve } = Promise.withResolvers<null>();
  const all = setTimeout(resolve, allMs, null);
  let pausing = setTimeout(resolve, PAUSE_MS, null);
  return {
    over,
    arrived() {
      clearTimeout(pausing);
      pausing = setTimeout(resolve, PAUSE_MS, null);
    },
    end() {
      clearTimeout(all);
      clearTimeout(pausing);
    },
  };
}
