/**
 * A database as strict as local KV, KV Connect and Deno Deploy taken together, whose commits fail
 * when told to, and where other instances write between any two reads.
 *
 * @module
 */

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
/** Entries that a list reads at once unless told, as Deno does it. */
const BATCH = 100;

/** What becomes of a commit: it throws before it happened, or after (its answer is lost). */
export type Fate = "happens" | "lost" | "unanswered";

/** A commit that is about to happen. */
export interface CommitAhead {
  /** 1 for the first of this database. */
  readonly number: number;
  /** The keys that it alters. */
  readonly keys: readonly Deno.KvKey[];
}

/** An access to the database that is about to happen. */
export interface Access {
  /** A read of one value, of a batch of a list, or a commit. */
  readonly kind: "get" | "batch" | "commit";
  /** First part of the key, of a commit's first key. */
  readonly space: Deno.KvKeyPart;
  /** Which batch of its list, from 0. */
  readonly batch: number;
}

/** What the database does beyond being strict. Tests may change it at any time. */
export interface StrictPlan {
  /** Decides about each commit; all happen unless given. */
  fate?: (commit: CommitAhead) => Fate;
  /** Runs before each access: what other instances do just then, on the database below. */
  before?: (access: Access) => Promise<void> | void;
}

/** A strict database. Closing it closes the one below. */
export interface StrictKv extends Deno.Kv {
  /** Reads so far: gets, and batches of lists. */
  readonly reads: () => number;
  /** Commits so far, the failed ones too. */
  readonly commits: () => number;
}

/** What a commit throws that fails by plan. */
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

  const strict: StrictKv = {
    reads: () => reads,
    commits: () => commits,
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
      if (!result.ok) throw new Error("Cannot happen: a commit without checks is not refused");
      return result;
    },
    async delete(key) {
      await strict.atomic().delete(key).commit();
    },
    atomic: () => strictAtomic(kv.atomic(), commit),
    enqueue: refuseQueue,
    listenQueue: refuseQueue,
    watch: (keys, options) => kv.watch(keys, options),
    commitVersionstamp: () => kv.commitVersionstamp(),
    close: () => kv.close(),
    [Symbol.dispose]: () => kv.close(),
  };
  return strict;
}

/** Fates at a rate, lost and unanswered alike often, the same for the same seed. */
export function randomFates(seed: number, rate: number): () => Fate {
  const random = createRandom(seed);
  return () => random() >= rate ? "happens" : random() < 0.5 ? "lost" : "unanswered";
}

/** The process is cut: no commit happens after so many; the one at the cut may be unanswered. */
export function cutAfter(count: number, last: Fate = "happens"): (commit: CommitAhead) => Fate {
  const start = { number: 0 };
  return ({ number }) => {
    start.number ||= number;
    const done = number - start.number + 1;
    return done < count ? "happens" : done === count ? last : "lost";
  };
}

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
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

  function take(key: Deno.KvKey, isMutation: boolean, valueSize = 0): void {
    const ownSize = keyBytes(key);
    requireAtMost(ownSize, MAX_KEY, "bytes of one key");
    requireAtMost(valueSize, MAX_VALUE, "bytes of one value");
    requireAtMost(keySize += ownSize, MAX_COMMIT_KEYS, "bytes of keys of one commit");
    requireAtMost(size += ownSize + valueSize, MAX_COMMIT, "bytes of one commit");
    if (!isMutation) requireAtMost(++checks, MAX_CHECKS, "checks of one commit");
    else requireAtMost(keys.push(key), MAX_MUTATIONS, "mutations of one commit");
  }

  /** What only adds up until the commit; that is where Deno refuses too. */
  const taken: (() => void)[] = [];
  const strict: Deno.AtomicOperation = {
    check(...wanted) {
      for (const { key } of wanted) taken.push(() => take(key, false));
      return op.check(...wanted), strict;
    },
    set(key, value, options) {
      taken.push(() => take(key, true, valueBytes(value)));
      return op.set(key, value, options), strict;
    },
    delete: (key) => (taken.push(() => take(key, true)), op.delete(key), strict),
    sum: (key, n) => (taken.push(() => take(key, true, 8)), op.sum(key, n), strict),
    min: (key, n) => (taken.push(() => take(key, true, 8)), op.min(key, n), strict),
    max: (key, n) => (taken.push(() => take(key, true, 8)), op.max(key, n), strict),
    mutate: () => {
      throw new TypeError("Cannot mutate by list as nothing here does so");
    },
    enqueue: refuseQueue,
    async commit() {
      taken.splice(0).forEach((run) => run());
      return await commit(keys, () => op.commit());
    },
  };
  return strict;
}

type Position<T> = readonly [entry: Deno.KvEntry<T>, cursor: string];

/** A list that shows its batches: each is read whole, at one moment. */
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
