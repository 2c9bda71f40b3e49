/**
 * A map by keys of strings and numbers, in the order in which Deno KV has them.
 *
 * It is maps of maps, a level a part, so that finding something makes no text of its key, and what
 * has a prefix lies together. No key is the beginning of another one.
 *
 * @module
 */

/** Things by their keys. */
export interface KeyMap<T extends object> {
  /** What a key has. */
  get(key: Deno.KvKey): T | undefined;
  /** Sets what a key has. */
  set(key: Deno.KvKey, thing: T): void;
  /** Takes a key away. */
  remove(key: Deno.KvKey): void;
  /**
   * What the keys have that begin with some parts, or are just these, in the order of keys. With a
   * start or an end those whose next part lies outside are left out.
   */
  list(prefix: Deno.KvKey, bounds?: KeyBounds): T[];
}

/** Keys that begin with the same parts, between which others lie; both ends included. */
export interface KeyBounds {
  /** The first one. */
  readonly start?: Deno.KvKey;
  /** The last one. */
  readonly end?: Deno.KvKey;
}

type Level<T> = Map<Deno.KvKeyPart, Level<T> | T>;

/** The parts of a level that was listed, so that a stretch of it costs no look at all others. */
interface Order {
  /** Ascending; some may be gone. */
  parts: Deno.KvKeyPart[];
  /** Those that came since, in no order. */
  added: Deno.KvKeyPart[];
}

/** Levels of fewer parts are sorted whenever they are listed. */
const MIN_ORDERED = 32;

/** A map without keys. */
export function createKeyMap<T extends object>(): KeyMap<T> {
  const top: Level<T> = new Map();
  const orders = new WeakMap<Level<T>, Order>();

  function find(key: Deno.KvKey): Level<T> | T | undefined {
    let found: Level<T> | T | undefined = top;
    for (let index = 0; index < key.length; index++) {
      if (!(found instanceof Map)) return undefined;
      found = found.get(key[index]);
    }
    return found;
  }

  function add(level: Level<T>, part: Deno.KvKeyPart, thing: Level<T> | T): void {
    const { size } = level;
    level.set(part, thing);
    const order = level.size > size ? orders.get(level) : undefined;
    // What is added to a level that is not listed any more must not pile up.
    if (order !== undefined && order.added.length > level.size) orders.delete(level);
    else order?.added.push(part);
  }

  /** The parts of a level, ascending; some may be gone. */
  function partsOf(level: Level<T>): Deno.KvKeyPart[] {
    if (level.size < MIN_ORDERED) return [...level.keys()].sort(compareParts);
    let order = orders.get(level);
    if (order === undefined || order.parts.length > 2 * level.size) {
      order = { parts: [...level.keys()].sort(compareParts), added: [] };
      orders.set(level, order);
    } else if (order.added.length > 0) {
      order.parts = mergedParts(order.parts, order.added.sort(compareParts));
      order.added = [];
    }
    return order.parts;
  }

  function collect(level: Level<T>, into: T[], [first, last]: PartBounds = []): void {
    const parts = partsOf(level);
    for (let at = first === undefined ? 0 : indexOfPart(parts, first); at < parts.length; at++) {
      if (last !== undefined && compareParts(parts[at], last) > 0) return;
      const next = level.get(parts[at]);
      if (next instanceof Map) collect(next, into);
      else if (next !== undefined) into.push(next);
    }
  }

  return {
    get(key) {
      const found = find(key);
      return found instanceof Map ? undefined : found;
    },
    set(key, thing) {
      let level = top;
      for (let index = 0; index < key.length - 1; index++) {
        let next = level.get(key[index]);
        if (!(next instanceof Map)) {
          next = new Map();
          add(level, key[index], next);
        }
        // Levels are never things: those are made here alone.
        level = next as Level<T>;
      }
      add(level, key[key.length - 1], thing);
    },
    remove: (key) => removeBelow(top, key, 0),
    list(prefix, { start = [], end = [] } = {}) {
      const found = find(prefix);
      const things: T[] = [];
      const bounds: PartBounds = [start[prefix.length], end[prefix.length]];
      if (found instanceof Map) collect(found, things, bounds);
      else if (found !== undefined) things.push(found);
      return things;
    },
  };
}

/** The order of keys of strings and numbers, as Deno KV has it. */
export function compareKeys(a: Deno.KvKey, b: Deno.KvKey): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const order = compareParts(a[index], b[index]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Levels that hold nothing any more go too. */
function removeBelow<T>(level: Level<T>, key: Deno.KvKey, index: number): void {
  const next = level.get(key[index]);
  if (next instanceof Map) removeBelow(next, key, index + 1);
  if (!(next instanceof Map) || next.size === 0) level.delete(key[index]);
}

/** The first and the last part that is wanted. */
type PartBounds = readonly [first?: Deno.KvKeyPart, last?: Deno.KvKeyPart];

/** Index of the first part that is not below one. */
function indexOfPart(parts: readonly Deno.KvKeyPart[], part: Deno.KvKeyPart): number {
  let low = 0, high = parts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareParts(parts[middle], part) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Two ascending lists in one, each part once: one that went and came again is in both. */
function mergedParts(
  parts: readonly Deno.KvKeyPart[],
  added: readonly Deno.KvKeyPart[],
): Deno.KvKeyPart[] {
  const merged: Deno.KvKeyPart[] = [];
  const push = (part: Deno.KvKeyPart) => {
    if (merged.length === 0 || merged[merged.length - 1] !== part) merged.push(part);
  };
  let at = 0;
  for (const part of added) {
    while (at < parts.length && compareParts(parts[at], part) < 0) push(parts[at++]);
    push(part);
  }
  while (at < parts.length) push(parts[at++]);
  return merged;
}

function compareParts(a: Deno.KvKeyPart, b: Deno.KvKeyPart): number {
  if (a === b) return 0;
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "number") return 1;
  if (typeof b === "number") return -1;
  const one = String(a), other = String(b);
  let at = 0;
  while (one.charCodeAt(at) === other.charCodeAt(at)) at++;
  // By code points, which is the order of UTF-8; past the end comes nothing, which is first.
  return (one.codePointAt(at) ?? -1) - (other.codePointAt(at) ?? -1);
}
