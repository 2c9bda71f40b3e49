/**
 * A gate for objects on their way to the destination, over all devices of a thread: only so many at
 * once, and only so many bytes of them in memory.
 *
 * @module
 */

import { createWaitingLine } from "../engine/waiting_line.ts";

/** What may be on its way at once. */
export interface PutRoom {
  /** Objects. */
  readonly objects: number;
  /** Their bytes together. A longer object goes alone. */
  readonly bytes: number;
}

/** Lets objects pass, first come, first served. */
export interface PutGate {
  /**
   * Resolves when there is room for an object. Call the result once, when the object has arrived. Throws
   * the reason of the signal if it is aborted before.
   */
  enter(sizeBytes: number, signal: AbortSignal): Promise<() => void>;
}

/** Room for a thread: as a disk or S3 takes much at once, but memory does not. */
const ROOM: PutRoom = { objects: 48, bytes: 33_554_432 };

/** Creates a gate. */
export function createPutGate(room: PutRoom = ROOM): PutGate {
  // A shorter object may have waited for one that left.
  const line = createWaitingLine<number, () => void>(startWaiting);
  let objects = 0, bytes = 0;

  const hasRoom = (sizeBytes: number) =>
    objects === 0 || (objects < room.objects && bytes + sizeBytes <= room.bytes);

  function take(sizeBytes: number): () => void {
    objects++;
    bytes += sizeBytes;
    return () => {
      objects--;
      bytes -= sizeBytes;
      startWaiting();
    };
  }

  function startWaiting(): void {
    for (const next of line) {
      if (!hasRoom(next.wish)) return;
      next.start(take(next.wish));
    }
  }

  return {
    async enter(sizeBytes, signal) {
      signal.throwIfAborted();
      if (line.size === 0 && hasRoom(sizeBytes)) return take(sizeBytes);
      return await line.wait(sizeBytes, signal);
    },
  };
}
