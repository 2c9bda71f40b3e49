/**
 * A database with the limits of local KV, KV Connect and Deno Deploy combined. Tests can make its
 * commits fail, and can let other instances write between any two accesses.
 *
 * @module
 */

import { wrapKv } from "../../kv/wrapped_kv.ts";
import { keyBytes, valueBytes } from "./kv_sizes.ts";

/** Most checks of one commit (KV Connect). */
const MAX_CHECKS = 10;
/** Most keys of one `getMany`. */
const MAX_KEYS = 10;
/** Limits of local KV, measured; the sizes in bytes. */
const MAX_MUTATIONS = 1_000;
const MAX_KEY = 2_048;
const MAX_VALUE = 65_536;
const MAX_COMMIT = 819_200;
const MAX_COMMIT_KEYS = 81_920;
/** Entries that a list reads at once by default, as in Deno. */
const BATCH = 100;

/**
 * The fate of a commit: it happens, is lost (it throws and did not happen), or is unanswered (it
 * happened, but throws because its answer is lost).
 */
export type Fate = "happens" | "lost" | "unanswered";

/** A commit that is about to happen. */
export interface CommitAhead {
  /** 1 for the first of this database. */
  readonly number: number;
  /** The keys that it changes. */
  readonly keys: readonly Deno.KvKey[];
}

/** An access to the database that is about to happen. */
export interface Access {
  /** A read of one value, of a batch of a list, or a commit. */
  readonly kind: "get" | "batch" | "commit";
  /** First part of the key; for a commit, of its first key. */
  readonly space: Deno.KvKeyPart;
  /** Number of the batch within its list, from 0. */
  readonly batch: number;
}

/** Faults and interruptions. Tests may change them at any time. */
export interface StrictPlan {
  /** Decides the fate of each commit. Without it, all commits happen. */
  fate?: (commit: CommitAhead) => Fate;
  /** Runs before each access: what other instances do at that moment, on the wrapped database. */
  before?: (access: Access) => Promise<void> | void;
}

/** A strict database. Closing it closes the wrapped one. */
export interface StrictKv extends Deno.Kv {
  /** How many reads there were: gets, and batches of lists. */
  readonly reads: () => number;
  /** How many commits there were, including failed ones. */
  readonly commits: () => number;
}

/** Thrown by a commit that fails by plan. */
export class CommitFault extends Error {}

/** Wraps a database. */
export function strictKv(kv: Deno.Kv, plan: StrictPlan = {}): StrictKv {
  let reads = 0;
  let commits = 0;

  async function read<T>(access: Access, run: () => Promise<T>): Promise<T> {
    await plan.before?.(access);
    reads++;
    return await run();
  }

  async function commit<T>(keys: readonly Deno.KvKey[], run: () => Promise<T>): Promise<T> {
    const number = ++commits;
    await plan.before?.({ kind: "commit", space: keys[0]?.[0] ?? "", batch: 0 });
    const fate = plan.fate?.({ number, keys }) ?? "happens";
    if (fate === "lost") throw new CommitFault("The commit did not happen");
    const result = await run();
    if (fate === "unanswered") throw new CommitFault("The commit happened, its answer is lost");
    return result;
  }

  const strict = wrapKv(kv, {
    get: (key, options) =>
      read({ kind: "get", space: key[0], batch: 0 }, () => kv.get(key, options)),
    getMany(keys, options) {
      requireAtMost(keys.length, MAX_KEYS, "keys of one getMany");
      return read({ kind: "get", space: keys[0][0], batch: 0 }, () => kv.getMany(keys, options));
    },
    list: <T>(selector: Deno.KvListSelector, options: Deno.KvListOptions = {}) =>
      batchedList<T>(options, (batch, batchOptions) => {
        const access: Access = { kind: "batch", space: spaceOf(selector), batch };
        return read(access, () => positions(kv.list<T>(selector, batchOptions)));
      }),
    async set(key, value, options) {
      const result = await strict.atomic().set(key, value, options).commit();
      if (!result.ok) throw new Error("A commit without checks failed a check");
      return result;
    },
    async delete(key) {
      await strict.atomic().delete(key).commit();
    },
    atomic: () => strictAtomic(kv.atomic(), commit),
    enqueue: refuseQueue,
    listenQueue: refuseQueue,
  });
  return Object.assign(strict, { reads: () => reads, commits: () => commits });
}

/** Random fates. A share `rate` of commits fails, half of it lost, half unanswered. */
export function randomFates(seed: number, rate: number): () => Fate {
  const random = createRandom(seed);
  return () => random() >= rate ? "happens" : random() < 0.5 ? "lost" : "unanswered";
}

/** The process is killed: commit number `count` has the fate `last`, and no later one happens. */
export function cutAfter(count: number, last: Fate = "happens"): (commit: CommitAhead) => Fate {
  const start = { number: 0 };
  return ({ number }) => {
    start.number ||= number;
    const done = number - start.number + 1;
    return done < count ? "happens" : done === count ? last : "lost";
  };
}

/** Pseudorandom numbers in [0, 1), the same for the same seed (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let mixed = Math.imul(state ^ state >>> 15, 1 | state);
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed;
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
}

function strictAtomic(
  op: Deno.AtomicOperation,
  commit: <T>(keys: readonly Deno.KvKey[], run: () => Promise<T>) => Promise<T>,
): Deno.AtomicOperation {
  const keys: Deno.KvKey[] = [];
  let checks = 0, keySize = 0, size = 0;

  function add(key: Deno.KvKey, isMutation: boolean, valueSize = 0): void {
    const ownSize = keyBytes(key);
    requireAtMost(ownSize, MAX_KEY, "bytes of one key");
    requireAtMost(valueSize, MAX_VALUE, "bytes of one value");
    requireAtMost(keySize += ownSize, MAX_COMMIT_KEYS, "bytes of keys of one commit");
    requireAtMost(size += ownSize + valueSize, MAX_COMMIT, "bytes of one commit");
    if (!isMutation) requireAtMost(++checks, MAX_CHECKS, "checks of one commit");
    else requireAtMost(keys.push(key), MAX_MUTATIONS, "mutations of one commit");
  }

  /** The limits are checked at the commit, where Deno checks them too. */
  const additions: (() => void)[] = [];
  const strict: Deno.AtomicOperation = {
    check(...added) {
      for (const { key } of added) additions.push(() => add(key, false));
      return op.check(...added), strict;
    },
    set(key, value, options) {
      additions.push(() => add(key, true, valueBytes(value)));
      return op.set(key, value, options), strict;
    },
    delete: (key) => (additions.push(() => add(key, true)), op.delete(key), strict),
    sum: (key, n) => (additions.push(() => add(key, true, 8)), op.sum(key, n), strict),
    min: (key, n) => (additions.push(() => add(key, true, 8)), op.min(key, n), strict),
    max: (key, n) => (additions.push(() => add(key, true, 8)), op.max(key, n), strict),
    mutate: () => {
      throw new TypeError("Cannot mutate by list as this database does not support it");
    },
    enqueue: refuseQueue,
    async commit() {
      additions.splice(0).forEach((run) => run());
      return await commit(keys, () => op.commit());
    },
  };
  return strict;
}

type Position<T> = readonly [entry: Deno.KvEntry<T>, cursor: string];

/** A list whose batches are visible. Each batch is a snapshot. */
function batchedList<T>(
  { limit = Infinity, batchSize = BATCH, cursor = "", ...options }: Deno.KvListOptions,
  readBatch: (batch: number, options: Deno.KvListOptions) => Promise<Position<T>[]>,
): Deno.KvListIterator<T> {
  async function* entries(): AsyncGenerator<Deno.KvEntry<T>, undefined> {
    for (let left = limit, batch = 0; left > 0; batch++) {
      const size = Math.min(batchSize, left);
      const from = cursor === "" ? {} : { cursor };
      const got = await readBatch(batch, { ...options, ...from, limit: size, batchSize: size });
      for (const [entry, position] of got) {
        cursor = position;
        yield entry;
      }
      if (got.length < size) return;
      left -= size;
    }
  }
  const iterator = entries();
  return {
    get cursor() {
      return cursor;
    },
    next: () => iterator.next(),
    [Symbol.asyncIterator]: () => iterator,
  };
}

async function positions<T>(list: Deno.KvListIterator<T>): Promise<Position<T>[]> {
  const found: Position<T>[] = [];
  for await (const entry of list) found.push([entry, list.cursor]);
  return found;
}

function spaceOf(selector: Deno.KvListSelector): Deno.KvKeyPart {
  return "prefix" in selector ? selector.prefix[0] : selector.start[0];
}

function requireAtMost(count: number, most: number, what: string): void {
  if (count > most) throw new TypeError(`Cannot take more than ${most} ${what}: ${count}`);
}

function refuseQueue(): never {
  throw new TypeError("Cannot use a queue as this database has none");
}
