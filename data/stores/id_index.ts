/**
 * Numbers store ids 0, 1, 2 … straight from their bytes, without creating a string for each one.
 *
 * A hash table with open addressing (FNV-1a, 32 bits) finds the number of an id that occurred
 * before.
 *
 * @module
 */

import { isStoreId } from "../limits.ts";

const FIRST_SLOTS = 1_024;
/** The longest id, in bytes. */
const ID_MAX_BYTES = 64;
const FNV_OFFSET = 0x811c9dc5, FNV_PRIME = 0x01000193;
/** 1 for each byte that an id may contain. */
const IS_ID_BYTE: Uint8Array = Uint8Array.from(
  { length: 256 },
  (_, byte) => /[A-Za-z0-9_.:-]/.test(String.fromCharCode(byte)) && byte < 128 ? 1 : 0,
);

/** Assigns numbers to ids. */
export interface IdIndex {
  /** Reads the id that begins at `start`. Returns where it ends, or -1 if it is not accepted. */
  scan(bytes: Uint8Array, start: number): number;
  /** The number of the id scanned last. */
  scannedNumber(): number;
  /**
   * The number of an id.
   *
   * @throws {RangeError} if it is not accepted.
   */
  numberOf(id: string): number;
  /** How many ids have a number. */
  size(): number;
  /** Returns the ids by their numbers, and empties the index. */
  take(): string[];
}

/** Creates an empty index of the ids that pass a test; by default of all that a store may have. */
export function createIdIndex(accepts: (id: string) => boolean = isStoreId): IdIndex {
  let ids: string[] = [];
  let slots = new Int32Array(FIRST_SLOTS).fill(-1);
  let hashes = new Int32Array(FIRST_SLOTS);
  let lengths = new Uint8Array(FIRST_SLOTS);
  let texts = new Uint8Array(FIRST_SLOTS * ID_MAX_BYTES);
  let last = -1;
  const encoder = new TextEncoder();

  /** Doubles the table and puts every number into its new slot. */
  function grow(): void {
    const room = slots.length * 2;
    slots = new Int32Array(room).fill(-1);
    hashes = widened(hashes, new Int32Array(room));
    lengths = widened(lengths, new Uint8Array(room));
    texts = widened(texts, new Uint8Array(room * ID_MAX_BYTES));
    for (let number = 0; number < ids.length; number++) {
      let slot = hashes[number] & room - 1;
      while (slots[slot] >= 0) slot = slot + 1 & room - 1;
      slots[slot] = number;
    }
  }

  function isSame(number: number, bytes: Uint8Array, start: number): boolean {
    const at = number * ID_MAX_BYTES;
    for (let i = lengths[number] - 1; i >= 0; i--) {
      if (texts[at + i] !== bytes[start + i]) return false;
    }
    return true;
  }

  function add(bytes: Uint8Array, start: number, end: number): number {
    const id = String.fromCharCode(...bytes.subarray(start, end));
    if (!accepts(id)) return -1;
    const number = ids.push(id) - 1;
    lengths[number] = end - start;
    texts.set(bytes.subarray(start, end), number * ID_MAX_BYTES);
    return number;
  }

  function scan(bytes: Uint8Array, start: number): number {
    let hash = FNV_OFFSET, end = start;
    for (; IS_ID_BYTE[bytes[end]] === 1; end++) hash = Math.imul(hash ^ bytes[end], FNV_PRIME);
    const length = end - start;
    if (length === 0 || length > ID_MAX_BYTES) return -1;
    // The upper bits of a product depend on more of the input than the lower bits do.
    hash ^= hash >>> 15;
    const mask = slots.length - 1;
    let slot = hash & mask;
    for (; slots[slot] >= 0; slot = slot + 1 & mask) {
      const number = slots[slot];
      if (hashes[number] !== hash || lengths[number] !== length) continue;
      if (!isSame(number, bytes, start)) continue;
      last = number;
      return end;
    }
    const number = add(bytes, start, end);
    if (number < 0) return -1;
    last = number;
    hashes[number] = hash;
    slots[slot] = number;
    if (ids.length * 2 > slots.length) grow();
    return end;
  }

  return {
    scan,
    scannedNumber: () => last,
    numberOf(id) {
      // The byte after the id is one that ids do not contain.
      if (scan(encoder.encode(`${id}\n`), 0) !== id.length) {
        throw new RangeError(`Cannot number an id that is not accepted: ${id}`);
      }
      return last;
    },
    size: () => ids.length,
    take() {
      const taken = ids;
      ids = [];
      slots.fill(-1);
      return taken;
    },
  };
}

function widened<T extends Int32Array | Uint8Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
