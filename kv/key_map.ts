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
  /** What the keys have that begin with some parts, or are just these, in the order of keys. */
  list(prefix: Deno.KvKey): T[];
}

type Level<T> = Map<Deno.KvKeyPart, Level<T> | T>;

/** A map without keys. */
export function createKeyMap<T extends object>(): KeyMap<T> {
  const top: Level<T> = new Map();

  function find(key: Deno.KvKey): Level<T> | T | undefined {
    let found: Level<T> | T | undefined = top;
    for (let index = 0; index < key.length; index++) {
      if (!(found instanceof Map)) return undefined;
      found = found.get(key[index]);
    }
    return found;
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
          level.set(key[index], next);
        }
        // Levels are never things: those are made here alone.
        level = next as Level<T>;
      }
      level.set(key[key.length - 1], thing);
    },
    remove: (key) => removeBelow(top, key, 0),
    list(prefix) {
      const found = find(prefix);
      const things: T[] = [];
      if (found instanceof Map) collect(found, things);
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

function collect<T>(level: Level<T>, into: T[]): void {
  for (const part of [...level.keys()].sort(compareParts)) {
    const next = level.get(part);
    if (next instanceof Map) collect(next, into);
    else if (next !== undefined) into.push(next);
  }
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
