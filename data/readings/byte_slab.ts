/**
 * Memory for many small arrays of bytes.
 *
 * An array buffer of its own costs more than the encoding of a short block, and the garbage collector
 * has to free each of them. So short arrays share a buffer.
 *
 * @module
 */

/** Returns so many zero bytes that nobody else uses. They begin at a multiple of 8 in their buffer. */
export type AllocateBytes = (sizeBytes: number) => Uint8Array<ArrayBuffer>;

/** Memory for the arrays of one writer. */
export interface ByteSlab {
  /** Returns an array. A short one shares its buffer with others. */
  readonly allocate: AllocateBytes;
  /**
   * Frees all arrays, which nobody uses any more. The garbage collector would free them too, but looks at the
   * whole heap after some megabytes of them.
   */
  free(): void;
}

/** Size of the first shared buffer: a few arrays are made sooner than a large buffer. */
const FIRST_BYTES = 1_024;
/** Each next one is so many times as large … */
const GROWTH = 4;
/** … up to this size. */
const SLAB_BYTES = 65_536;
/** Longer arrays get a buffer of their own. */
const SHARED_MAX_BYTES = 4_096;

/** Bytes with a buffer of their own. */
export function ownBytes(sizeBytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(sizeBytes);
}

/** Creates memory for the arrays of one writer. */
export function createByteSlab(): ByteSlab {
  const buffers: ArrayBuffer[] = [];
  let shared = new ArrayBuffer(0);
  let at = 0;
  let nextBytes = FIRST_BYTES;

  function newBuffer(sizeBytes: number): ArrayBuffer {
    const buffer = new ArrayBuffer(sizeBytes);
    buffers.push(buffer);
    return buffer;
  }

  return {
    allocate(sizeBytes) {
      if (sizeBytes > SHARED_MAX_BYTES) return new Uint8Array(newBuffer(sizeBytes));
      if (at + sizeBytes > shared.byteLength) {
        while (nextBytes < sizeBytes) nextBytes *= GROWTH;
        shared = newBuffer(nextBytes);
        nextBytes = Math.min(SLAB_BYTES, nextBytes * GROWTH);
        at = 0;
      }
      const bytes = new Uint8Array(shared, at, sizeBytes);
      at += sizeBytes + 7 & ~7;
      return bytes;
    },
    free() {
      for (const buffer of buffers) buffer.transfer(0);
      buffers.length = 0;
      shared = new ArrayBuffer(0);
    },
  };
}
