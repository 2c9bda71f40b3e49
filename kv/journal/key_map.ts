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
   * What the keys have that begin with some parts, or are just these, in the order of keys or the
   * other way round. Bounds, which begin with the same parts, leave most of the others out, not all.
   * Nothing may be set or taken away while it goes on.
   */
  list(prefix: Deno.KvKey, bounds?: KeyBounds): Iterable<T>;
}

/** From where to where keys are listed. */
export interface KeyBounds {
  /** The first one. */
  readonly start?: Deno.KvKey | undefined;
  /** The one behind the last. */
  readonly end?: Deno.KvKey | undefined;
  /** From the last to the first. */
  readonly reverse?: boolean | undefined;
}

type Level<T> = Map<Deno.KvKeyPart, Level<T> | T>;

/**
 * The parts of a level in their order. Sorting tens of thousands of them for each of many short
 * lists would take seconds, so the order is kept: with parts that are gone, without those that
 * `added` names, some of them more than once.
 */
interface Order {
  sorted: Deno.KvKeyPart[];
  added: Deno.KvKeyPart[];
}

/** Levels of fewer parts are sorted anew each time. */
const MIN_ORDERED = 32;
/** More new parts than these are sorted into an order together, fewer one by one. */
const MANY_ADDED = 64;

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
      // Not told of what comes and goes from here on.
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

  /** What lies between the bounds, which reach down to a level where they are given. */
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
    set(key, thing) {
      let level = top;
      for (let index = 0; index < key.length - 1; index++) {
        let next = level.get(key[index]);
        if (!(next instanceof Map)) {
          next = new Map();
          setPart(level, key[index], next);
        }
        // Levels are never things: those are made here alone.
        level = next as Level<T>;
      }
      setPart(level, key[key.length - 1], thing);
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

/** A bound of a level, for what lies below one of its parts. */
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

/** Index of the first part that is not before one. */
function lowerIndex(parts: readonly Deno.KvKeyPart[], part: Deno.KvKeyPart): number {
  let low = 0, high = parts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareParts(parts[middle], part) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index behind the last part that may lead to something before the end. */
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
  // By code points, which is the order of UTF-8; past the end comes nothing, which is first.
  return (one.codePointAt(at) ?? -1) - (other.codePointAt(at) ?? -1);
}
