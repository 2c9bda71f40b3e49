/**
 * A gate for objects on their way to the destination, over all devices of a thread: only so many at
 * once, and only so many bytes of them in memory.
 *
 * @module
 */

/** What may be on its way at once. */
export interface PutRoom {
  /** Objects. */
  readonly objects: number;
  /** Their bytes together. A longer object goes alone. */
  readonly bytes: number;
}

/** Lets objects pass, first come, first served. */
export interface PutGate {
  /** Resolves when there is room for an object. Call the result once, when the object has arrived. */
  enter(sizeBytes: number): Promise<() => void>;
}

/** Room for a thread: as a disk or S3 takes much at once, but memory does not. */
const ROOM: PutRoom = { objects: 48, bytes: 33_554_432 };

/** Creates a gate. */
export function createPutGate(room: PutRoom = ROOM): PutGate {
  const waiting: { sizeBytes: number; start: () => void }[] = [];
  let objects = 0, bytes = 0;

  const hasRoom = (sizeBytes: number) =>
    objects === 0 || (objects < room.objects && bytes + sizeBytes <= room.bytes);

  function take(sizeBytes: number): () => void {
    objects++;
    bytes += sizeBytes;
    return () => {
      objects--;
      bytes -= sizeBytes;
      while (waiting.length > 0 && hasRoom(waiting[0].sizeBytes)) waiting.shift()?.start();
    };
  }

  return {
    enter(sizeBytes) {
      if (waiting.length === 0 && hasRoom(sizeBytes)) return Promise.resolve(take(sizeBytes));
      return new Promise((resolve) => {
        waiting.push({ sizeBytes, start: () => resolve(take(sizeBytes)) });
      });
    },
  };
}
