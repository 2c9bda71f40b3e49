/**
 * Compression on another thread, so that the thread that serves stays free.
 *
 * All jobs share one thread. It starts when a file is longer than {@link INLINE_BLOCKS}, and it stops
 * when no job compresses any more. Where threads cannot be started, as on Deno Deploy, or where the
 * thread fails, blocks are compressed on this thread, with the same bytes.
 *
 * @module
 */

import {
  BLOCK_BYTES,
  deflateBlock,
  type Deflater,
  type PlainBlock,
} from "../../data/encoders/deflate.ts";
import type { PackedAnswer, PackRequest } from "./deflate_worker.ts";

/** The first blocks of a file, which are compressed sooner than a thread starts: 1 MiB. */
const INLINE_BLOCKS = 4;

/** A deflater for one file. */
export interface FileDeflater extends Deflater, Disposable {}

/** Opens deflaters that share a thread. */
export interface Deflaters {
  /** A deflater. Dispose of it after the file. */
  open(): FileDeflater;
}

/** A block that the thread has not answered yet. */
interface Asked {
  readonly block: PlainBlock;
  readonly done: (bytes: Uint8Array<ArrayBuffer>) => void;
}

/** The thread, with its blocks in the order of its answers. */
interface Thread {
  ask(block: PlainBlock): Promise<Uint8Array<ArrayBuffer>>;
  stop(): void;
}

/** Deflaters that share a thread; `startWorker` starts it, and may throw where there are none. */
export function createDeflaters(startWorker: () => Worker = startDeflateWorker): Deflaters {
  let users = 0;
  let thread: Thread | null = null;

  function started(): Thread {
    return thread ??= startThread(startWorker);
  }

  return {
    open() {
      let blocks = 0, isOpen = true;
      users++;
      return {
        deflate(block) {
          if (blocks++ < INLINE_BLOCKS && thread === null) return inline(block);
          return started().ask(block);
        },
        [Symbol.dispose]() {
          if (isOpen && --users === 0) {
            thread?.stop();
            thread = null;
          }
          isOpen = false;
        },
      };
    },
  };
}

function startDeflateWorker(): Worker {
  return new Worker(new URL("./deflate_worker.ts", import.meta.url), { type: "module" });
}

function inline(block: PlainBlock): Promise<Uint8Array<ArrayBuffer>> {
  return Promise.resolve(deflateBlock(block));
}

function startThread(startWorker: () => Worker): Thread {
  const asked: Asked[] = [];
  /** Memory that travels to the thread and back. */
  const carriers: Uint8Array<ArrayBuffer>[] = [];
  let worker: Worker | null = null;

  /** Without the thread: what it still owes, and all that follows, is done here. */
  function giveUp(): void {
    worker?.terminate();
    worker = null;
    for (const { block, done } of asked.splice(0)) done(deflateBlock(block));
  }

  try {
    worker = startWorker();
    worker.onmessage = ({ data }: MessageEvent<PackedAnswer>) => {
      carriers.push(data.carrier);
      asked.shift()?.done(data.packed);
    };
    worker.onerror = (event) => {
      // An error that is not handled here would end the process.
      event.preventDefault();
      giveUp();
    };
  } catch {
    giveUp();
  }

  return {
    ask(block) {
      if (worker === null) return inline(block);
      const { promise, resolve } = Promise.withResolvers<Uint8Array<ArrayBuffer>>();
      asked.push({ block, done: resolve });
      const request = requestOf(block, carriers.pop());
      worker.postMessage(request, [request.carrier.buffer]);
      return promise;
    },
    stop() {
      // Nobody waits any more for what it owes.
      worker?.terminate();
      worker = null;
    },
  };
}

/**
 * A block for the thread. It is copied, because this thread needs it if the other one fails; a copy into
 * memory that moves is faster than the one that messages make.
 */
function requestOf(
  { bytes, isLast }: PlainBlock,
  carrier: Uint8Array<ArrayBuffer> = new Uint8Array(BLOCK_BYTES),
): PackRequest {
  carrier.set(bytes);
  return { carrier, plainBytes: bytes.length, isLast };
}
