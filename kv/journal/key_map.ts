/**
 * A map whose keys are KV keys of strings and numbers, listed in the order of Deno KV.
 *
 * It is a tree of maps, one level per key part. So a lookup does not have to turn the key into a
 * text, and keys with a common prefix are together. No key may be a prefix of another key.
 *
 * @module
 */

/** A map from KV keys to values. */
export interface KeyMap<T extends object> {
  /** The value of a key. */
  get(key: Deno.KvKey): T | undefined;
  /** Sets the value of a key. */
  set(key: Deno.KvKey, value: T): void;
  /** Removes a key. */
  remove(key: Deno.KvKey): void;
  /**
   * The values of the keys that begin with `prefix` or equal it, in the order of keys or reversed.
   * Bounds must begin with the same parts. They leave out most keys that are not within them, but
   * not all. The map must not change while the list is being read.
   */
  list(prefix: Deno.KvKey, bounds?: KeyBounds): Iterable<T>;
}

/** The bounds of a list. */
export interface KeyBounds {
  /** First key. */
  readonly start?: Deno.KvKey | undefined;
  /** First key after the list. */
  readonly end?: Deno.KvKey | undefined;
  /** From the last to the first. */
  readonly reverse?: boolean | undefined;
}

type Level<T> = Map<Deno.KvKeyPart, Level<T> | T>;

/**
 * The parts of a level in order. Sorting tens of thousands of parts for each of many short lists
 * would take seconds, so the order is kept and updated lazily: `sorted` may still have parts that
 * were removed, and lacks those in `added`, which may name a part more than once.
 */
interface Order {
  sorted: Deno.KvKeyPart[];
  added: Deno.KvKeyPart[];
}

/** Levels with fewer parts are sorted for each list. */
const MIN_ORDERED = 32;
/** More new parts than this are sorted into the order together, fewer are inserted one by one. */
const MANY_ADDED = 64;

/** Creates an empty map. */
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

  function setPart(level: Level<T>, part: Deno.KvKeyPart, next: Level<T> | T): void {
    const size = level.size;
    level.set(part, next);
    if (level.size === size || size < MIN_ORDERED) return;
    const order = orders.get(level);
    if (order === undefined) return;
    order.added.push(part);
    if (order.added.length > size) orders.delete(level);
  }

  function partsOf(level: Level<T>): readonly Deno.KvKeyPart[] {
    if (level.size < MIN_ORDERED) {
      // Small levels do not keep their order up to date.
      orders.delete(level);
      return [...level.keys()].sort(compareParts);
    }
    const order = orders.get(level);
    if (order === undefined || order.sorted.length > 2 * level.size) {
      const sorted = [...level.keys()].sort(compareParts);
      orders.set(level, { sorted, added: [] });
      return sorted;
    }
    addToOrder(order);
    return order.sorted;
  }

  /** The values below a level. Bounds are undefined if they do not limit this level. */
  function* walk(level: Level<T>, depth: number, { start, end, reverse }: KeyBounds): Generator<T> {
    const parts = partsOf(level);
    const from = start === undefined ? 0 : lowerIndex(parts, start[depth]);
    const to = end === undefined ? parts.length : endIndex(parts, end, depth);
    for (let count = 0; count < to - from; count++) {
      const part = parts[reverse ? to - 1 - count : from + count];
      const next = level.get(part);
      if (next instanceof Map) {
        yield* walk(next, depth + 1, {
          start: boundBelow(start, part, depth),
          end: boundBelow(end, part, depth),
          reverse,
        });
      } else if (next !== undefined) yield next;
    }
  }

  return {
    get(key) {
      const found = find(key);
      return found instanceof Map ? undefined : found;
    },
    set(key, value) {
      let level = top;
      for (let index = 0; index < key.length - 1; index++) {
        let next = level.get(key[index]);
        if (!(next instanceof Map)) {
          next = new Map();
          setPart(level, key[index], next);
        }
        // A map here is always a level, never a value, because no key is a prefix of another.
        level = next as Level<T>;
      }
      setPart(level, key[key.length - 1], value);
    },
    remove: (key) => removeBelow(top, key, 0),
    *list(prefix, { start, end, reverse } = {}) {
      const found = find(prefix);
      const depth = prefix.length;
      if (found instanceof Map) {
        yield* walk(found, depth, {
          start: start !== undefined && start.length > depth ? start : undefined,
          end: end !== undefined && end.length > depth ? end : undefined,
          reverse,
        });
      } else if (found !== undefined) yield found;
    },
  };
}

/** Compares keys of strings and numbers in the order of Deno KV. */
export function compareKeys(a: Deno.KvKey, b: Deno.KvKey): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const order = compareParts(a[index], b[index]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Removes a key, and the levels that become empty. */
function removeBelow<T>(level: Level<T>, key: Deno.KvKey, index: number): void {
  const next = level.get(key[index]);
  if (next instanceof Map) removeBelow(next, key, index + 1);
  if (!(next instanceof Map) || next.size === 0) level.delete(key[index]);
}

/** A bound of a level as a bound of the level below one of its parts, if it limits that too. */
function boundBelow(
  bound: Deno.KvKey | undefined,
  part: Deno.KvKeyPart,
  depth: number,
): Deno.KvKey | undefined {
  return bound !== undefined && bound.length > depth + 1 && bound[depth] === part
    ? bound
    : undefined;
}

function addToOrder(order: Order): void {
  const { sorted, added } = order;
  order.added = [];
  if (added.length > MANY_ADDED) {
    order.sorted = [...sorted, ...added].sort(compareParts)
      .filter((part, index, parts) => index === 0 || part !== parts[index - 1]);
    return;
  }
  for (const part of added) {
    const index = lowerIndex(sorted, part);
    if (sorted[index] !== part) sorted.splice(index, 0, part);
  }
}

/** Index of the first part that is not before `part`. */
function lowerIndex(parts: readonly Deno.KvKeyPart[], part: Deno.KvKeyPart): number {
  let low = 0, high = parts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareParts(parts[middle], part) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index after the last part that may have keys before `end`. */
function endIndex(parts: readonly Deno.KvKeyPart[], end: Deno.KvKey, depth: number): number {
  const index = lowerIndex(parts, end[depth]);
  return parts[index] === end[depth] && end.length > depth + 1 ? index + 1 : index;
}

function compareParts(a: Deno.KvKeyPart, b: Deno.KvKeyPart): number {
  if (a === b) return 0;
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "number") return 1;
  if (typeof b === "number") return -1;
  const one = String(a), other = String(b);
  let at = 0;
  while (one.charCodeAt(at) === other.charCodeAt(at)) at++;
  // By code points, which is the order of UTF-8. A text that ends here comes first.
  return (one.codePointAt(at) ?? -1) - (other.codePointAt(at) ?? -1);
}
