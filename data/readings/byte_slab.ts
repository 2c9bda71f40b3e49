/**
 * Memory for many small arrays of bytes.
 *
 * An array buffer of its own costs more than the encoding of a short block, and the garbage collector
 * has to free each of them. So short arrays share a buffer. It stays until none of them is used.
 *
 * @module
 */

/** Returns so many zero bytes that nobody else uses. They begin at a multiple of 8 in their buffer. */
export type AllocateBytes = (sizeBytes: number) => Uint8Array<ArrayBuffer>;

/** Size of a shared buffer. */
const SLAB_BYTES = 65_536;
/** Longer arrays get a buffer of their own. */
const SHARED_MAX_BYTES = 4_096;

/** Bytes with a buffer of their own. */
export function ownBytes(sizeBytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(sizeBytes);
}

/** Short arrays of one writer, which share buffers. */
export function createByteSlab(): AllocateBytes {
  let buffer = new ArrayBuffer(0);
  let at = 0;
  return (sizeBytes) => {
    if (sizeBytes > SHARED_MAX_BYTES) return ownBytes(sizeBytes);
    if (at + sizeBytes > buffer.byteLength) {
      buffer = new ArrayBuffer(SLAB_BYTES);
      at = 0;
    }
    const bytes = new Uint8Array(buffer, at, sizeBytes);
    at += sizeBytes + 7 & ~7;
    return bytes;
  };
}
