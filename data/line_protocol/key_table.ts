/**
 * A table from bytes to what they mean, so that the same key of many lines is read once.
 *
 * @module
 */

/** Entries by their bytes. */
export interface KeyTable<T> {
  /**
   * The entry of bytes `[start, end)`, made with `make` at the first time. `hash` is any number that
   * the caller computed from the bytes, always in the same way.
   */
  get(bytes: Uint8Array, start: number, end: number, hash: number): T;
}

interface Slot<T> {
  readonly bytes: Uint8Array;
  readonly hash: number;
  readonly entry: T;
  readonly next: Slot<T> | undefined;
}

/** Most entries of a table; one that is full starts again, so that endless new keys fill no memory. */
const MAX_ENTRIES = 65_536;
const BUCKETS = 8_192;
/** Most entries of a bucket: keys chosen to share one cannot make a look-up long. */
const BUCKET_ENTRIES = 64;

/** Creates an empty table. */
export function createKeyTable<T>(
  make: (bytes: Uint8Array, start: number, end: number) => T,
): KeyTable<T> {
  let buckets: (Slot<T> | undefined)[] = [];
  let count = 0;
  return {
    get(bytes, start, end, hash) {
      const bucket = hash & (BUCKETS - 1);
      let length = 0;
      for (let slot = buckets[bucket]; slot !== undefined; slot = slot.next, length++) {
        if (slot.hash === hash && isSame(slot.bytes, bytes, start, end)) return slot.entry;
      }
      if (count === MAX_ENTRIES || buckets.length === 0) {
        buckets = new Array(BUCKETS).fill(undefined);
        count = 0;
      }
      const entry = make(bytes, start, end);
      if (length >= BUCKET_ENTRIES) return entry;
      count++;
      buckets[bucket] = { bytes: bytes.slice(start, end), hash, entry, next: buckets[bucket] };
      return entry;
    },
  };
}

/** Whether bytes `[start, end)` are those of a key. */
export function isSame(key: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (key.length !== end - start) return false;
  for (let at = 0; at < key.length; at++) if (key[at] !== bytes[start + at]) return false;
  return true;
}
