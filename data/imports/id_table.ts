/**
 * Numbers of ids, looked up by their bytes without making a text of them.
 *
 * @module
 */

/** Numbers by ids. */
export interface IdTable {
  /** The number of the id in a range of bytes; -1 if the table does not have it. */
  find(bytes: Uint8Array, start: number, end: number): number;
  /** Adds an id, unless the table has it. */
  add(id: string, number: number): void;
}

interface Slot {
  readonly id: Uint8Array;
  readonly number: number;
}

/** An empty table. */
export function createIdTable(): IdTable {
  const slots = new Map<number, Slot[]>();
  /** Files often have many records of one meter in a row. */
  let last: Slot = { id: new Uint8Array(0), number: -1 };
  return {
    find(bytes, start, end) {
      if (isAt(bytes, start, end, last.id)) return last.number;
      const found = slots.get(hashOf(bytes, start, end));
      const slot = found?.find(({ id }) => isAt(bytes, start, end, id));
      if (slot === undefined) return -1;
      last = slot;
      return slot.number;
    },
    add(id, number) {
      const bytes = new TextEncoder().encode(id);
      const hash = hashOf(bytes, 0, bytes.length);
      const found = slots.get(hash) ?? [];
      const isThere = found.some((slot) => isAt(bytes, 0, bytes.length, slot.id));
      if (!isThere) slots.set(hash, [...found, { id: bytes, number }]);
    },
  };
}

function isAt(bytes: Uint8Array, start: number, end: number, id: Uint8Array): boolean {
  if (end - start !== id.length) return false;
  for (let i = 0; i < id.length; i++) if (bytes[start + i] !== id[i]) return false;
  return true;
}

/** FNV-1a of 32 bits. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at], 0x01000193);
  return hash;
}
