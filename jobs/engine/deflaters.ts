/**
 * Compression on another thread, so that the thread that serves stays free.
 *
 * All jobs share one thread. It starts when a file is longer than {@link INLINE_BLOCKS}, and it stops
 * some time after the last job that compresses, because starting it holds up this thread for 10 to 20 ms.
 * Where threads cannot be started, as on Deno Deploy, or where the thread fails, blocks are compressed on
 * this thread, with the same bytes. Each block here, and the start, have a turn of the event loop of their
 * own, so that requests are answered in between.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import {
  BLOCK_BYTES,
  deflateBlock,
  type Deflater,
  type PlainBlock,
} from "../../data/encoders/deflate.ts";
import type { PackedAnswer, PackRequest } from "./deflate_worker.ts";

/** The first blocks of a file, which are compressed sooner than a thread starts: 1 MiB. */
const INLINE_BLOCKS = 4;
/** How long a service keeps the thread for the next job, milliseconds. */
export const THREAD_KEPT_MS = 10_000;

/** A deflater for one file. */
export interface FileDeflater extends Deflater, Disposable {}

/** Opens deflaters that share a thread. Disposing of it stops the thread. */
export interface Deflaters extends Disposable {
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

/** How deflaters run. */
export interface DeflaterOptions {
  /** Starts the thread; it may throw where there are none. */
  readonly startWorker?: () => Worker;
  /** How long the thread waits for the next job, milliseconds. By default it stops at once. */
  readonly keepMs?: number;
}

/** Deflaters that share a thread. */
export function createDeflaters(
  { startWorker = startDeflateWorker, keepMs = 0 }: DeflaterOptions = {},
): Deflaters {
  let users = 0;
  let thread: Promise<Thread> | null = null;
  let stopping: ReturnType<typeof setTimeout> | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  /** Does work in a turn of the event loop of its own. */
  function inTurn<T>(work: () => T): Promise<T> {
    const done = turn.then(nextTurn).then(work);
    turn = done.catch(() => {});
    return done;
  }

  function stop(): void {
    clearTimeout(stopping);
    thread?.then((started) => started.stop());
    thread = null;
  }

  return {
    open() {
      let blocks = 0, isOpen = true;
      users++;
      clearTimeout(stopping);
      return {
        async deflate(block) {
          if (blocks++ < INLINE_BLOCKS && thread === null) {
            return await inTurn(() => deflateBlock(block));
          }
          thread ??= inTurn(() => startThread(startWorker));
          return await (await thread).ask(block);
        },
        [Symbol.dispose]() {
          if (isOpen && --users === 0) {
            if (keepMs === 0) stop();
            else stopping = setTimeout(stop, keepMs);
          }
          isOpen = false;
        },
      };
    },
    [Symbol.dispose]: stop,
  };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
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
