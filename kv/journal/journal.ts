/**
 * A database with a journal before it: small changes of many keys as one value a commit.
 *
 * A mutation costs a database file 8 to 10 µs however small it is, and a live reading needs five of
 * them. So a process that has its database alone keeps what ingest writes in a journal, in the
 * database and in memory, from where it goes on when it no longer changes (`kv/journal/log.ts`).
 * What this gives behaves like the database below: reads see journalled entries over what lies
 * below, a commit of journalled and other keys is one commit below, and checks hold for all. Who
 * uses it need not know of the journal, except that the version of an entry changes once more when
 * it is settled. Commits of journalled keys take turns.
 *
 * @module
 */

import type { JournalSpaces } from "./entries.ts";
import { foundEntry, listInParts } from "./list.ts";
import { type Committed, type FlushRules, type JournalLog, openJournalLog } from "./log.ts";
import type { Change, JournalValue } from "./record.ts";
import { createKeyMap } from "./key_map.ts";

/** Keys that Deno KV reads at once. */
const KEYS_AT_ONCE = 10;

/** A database with a journal. */
export interface JournaledKv {
  /** To be used instead of the one below; closing it closes that. */
  readonly kv: Deno.Kv;
  /** Has the journal write below what did not change for long, until it is told to stop. */
  flush(nowMs: number, signal?: AbortSignal): Promise<void>;
}

/** Options of a read. */
type ReadOptions = { consistency?: Deno.KvConsistencyLevel };

/** A mutation of a journalled key: what it sets, or how much it adds. */
interface Mutation extends Change {
  readonly sum?: bigint;
}

/** Puts a journal before a database that no other process uses. */
export async function openJournal(
  below: Deno.Kv,
  spaces: JournalSpaces,
  rules?: FlushRules,
): Promise<JournaledKv> {
  const log = await openJournalLog(below, spaces, rules);
  const kv: Deno.Kv = {
    async get<T>(key: Deno.KvKey, options?: ReadOptions): Promise<Deno.KvEntryMaybe<T>> {
      return journaledEntry<T>(log, key) ?? await below.get<T>(key, options);
    },
    getMany: (keys, options) => getMany(below, log, { keys, options }),
    list: (selector, options) => list(below, log, { selector, options }),
    async set(key, value, options) {
      // Without checks a commit is never refused.
      return await kv.atomic().set(key, value, options).commit() as Deno.KvCommitResult;
    },
    async delete(key) {
      await kv.atomic().delete(key).commit();
    },
    atomic: () => atomic(below, log),
    enqueue: (value, options) => below.enqueue(value, options),
    listenQueue: (handler) => below.listenQueue(handler),
    watch: (keys, options) => below.watch(keys, options),
    commitVersionstamp: () => below.commitVersionstamp(),
    close: () => below.close(),
    [Symbol.dispose]: () => below.close(),
  };
  return { kv, flush: log.flush };
}

/** What the journal says about a key, if it does. */
function journaledEntry<T>(log: JournalLog, key: Deno.KvKey): Deno.KvEntryMaybe<T> | null {
  if (!log.isJournaled(key)) return null;
  const entry = log.entries.get(key);
  if (entry !== undefined) return foundEntry(entry);
  return log.isBelow(key) ? null : { key, value: null, versionstamp: null };
}

async function getMany<T extends readonly unknown[]>(
  below: Deno.Kv,
  log: JournalLog,
  { keys, options }: {
    keys: readonly [...{ [Index in keyof T]: Deno.KvKey }];
    options?: ReadOptions;
  },
): Promise<{ [Index in keyof T]: Deno.KvEntryMaybe<T[Index]> }> {
  const own = keys.map((key) => journaledEntry(log, key));
  const open = keys.filter((_, index) => own[index] === null);
  const found = open.length === 0 ? [] : await below.getMany<unknown[]>(open, options);
  let next = 0;
  const entries = own.map((entry) => entry ?? found[next++]);
  // An entry a key, in their order: who reads a key says what it holds, as with any database.
  return entries as { [Index in keyof T]: Deno.KvEntryMaybe<T[Index]> };
}

function list<T>(
  below: Deno.Kv,
  log: JournalLog,
  { selector, options = {} }: { selector: Deno.KvListSelector; options?: Deno.KvListOptions },
): Deno.KvListIterator<T> {
  const first = "prefix" in selector ? selector.prefix : selector.start;
  if (first.length === 0) {
    throw new TypeError("Cannot list all there is as journalled keys are apart");
  }
  if (!log.isJournaled(first)) return below.list<T>(selector, options);
  if (options.cursor !== undefined) {
    throw new TypeError("Cannot list journalled keys from a cursor as nothing here does so");
  }
  const { batchSize, reverse } = options;
  // Begun with the first entry that is asked for, as a list of Deno KV is.
  const entries = listInParts<T>(
    {
      over: log.entries.list,
      below: (part) => log.isBelow(first) ? below.list<T>(part, { batchSize, reverse }) : [],
    },
    selector,
    options,
  );
  return {
    cursor: "",
    next: () => entries.next() as Promise<IteratorResult<Deno.KvEntry<T>, undefined>>,
    [Symbol.asyncIterator]: () => entries as AsyncIterableIterator<Deno.KvEntry<T>, undefined>,
  } as Deno.KvListIterator<T>;
}

/** Collects what is about journalled keys; all else goes to the operation below at once. */
function atomic(below: Deno.Kv, log: JournalLog): Deno.AtomicOperation {
  const op = below.atomic();
  const checks: Deno.AtomicCheck[] = [];
  const mutations: Mutation[] = [];
  const own: Deno.AtomicOperation = {
    check(...wanted) {
      for (const check of wanted) {
        if (log.isJournaled(check.key)) checks.push(check);
        else op.check(check);
      }
      return own;
    },
    set(key, value, options) {
      if (!log.isJournaled(key)) op.set(key, value, options);
      else mutations.push({ key, value: log.requireValue(key, journalValue(value)) });
      return own;
    },
    delete(key) {
      if (!log.isJournaled(key)) op.delete(key);
      else mutations.push({ key, value: undefined });
      return own;
    },
    sum(key, n) {
      if (!log.isJournaled(key)) op.sum(key, n);
      else mutations.push({ key, value: undefined, sum: n });
      return own;
    },
    min: (key, n) => (requireOther(log, key), op.min(key, n), own),
    max: (key, n) => (requireOther(log, key), op.max(key, n), own),
    mutate(...list) {
      for (const { key } of list) requireOther(log, key);
      return op.mutate(...list), own;
    },
    enqueue: (value, options) => (op.enqueue(value, options), own),
    async commit() {
      if (checks.length === 0 && mutations.length === 0) return await op.commit();
      return await log.inTurn(() => commitBoth(below, log, { op, checks, mutations }));
    },
  };
  return own;
}

async function commitBoth(
  below: Deno.Kv,
  log: JournalLog,
  { op, checks, mutations }: {
    op: Deno.AtomicOperation;
    checks: readonly Deno.AtomicCheck[];
    mutations: readonly Mutation[];
  },
): Promise<Committed> {
  for (const check of checks) {
    const entry = log.entries.get(check.key);
    if (entry === undefined && log.isBelow(check.key)) op.check(check);
    else {
      const versionstamp = entry?.value === undefined ? null : entry.versionstamp;
      if (versionstamp !== check.versionstamp) return { ok: false };
    }
  }
  return await log.commit(op, await changesOf(below, log, mutations));
}

/** What mutations come to over what is there, put into them. */
async function changesOf(
  below: Deno.Kv,
  log: JournalLog,
  mutations: readonly Mutation[],
): Promise<readonly Change[]> {
  const sums = mutations.filter(({ sum }) => sum !== undefined);
  if (sums.length === 0) return mutations;
  /** What earlier mutations of the commit say, or the database. */
  const bases = createKeyMap<{ readonly value: JournalValue }>();
  const setBase = (key: Deno.KvKey, value: JournalValue) => bases.set(key, { value });
  const unread = sums.filter(({ key }) => log.isBelow(key) && log.entries.get(key) === undefined);
  for (let at = 0; at < unread.length; at += KEYS_AT_ONCE) {
    const keys = unread.slice(at, at + KEYS_AT_ONCE).map(({ key }) => key);
    const found = await below.getMany<unknown[]>(keys);
    found.forEach(({ value }, index) => setBase(keys[index], journalValue(value)));
  }
  for (const mutation of mutations) {
    const { key, value, sum } = mutation;
    if (sum !== undefined) {
      const base = (bases.get(key) ?? log.entries.get(key))?.value;
      mutation.value = BigInt.asUintN(64, numberOf(base, key) + sum);
    }
    if (sum !== undefined || value === undefined || typeof value === "bigint") {
      setBase(key, mutation.value);
    }
  }
  return mutations;
}

function numberOf(value: JournalValue, key: Deno.KvKey): bigint {
  if (value === undefined) return 0n;
  if (typeof value === "bigint") return value;
  throw new TypeError(`Cannot add to an entry as it holds no number: ${JSON.stringify(key)}`);
}

/** A value that a database holds, as a journal does. */
function journalValue(value: unknown): JournalValue {
  if (value instanceof Uint8Array || value === true) return value;
  if (value instanceof Deno.KvU64) return value.value;
  if (value === null) return undefined;
  throw new TypeError(`Cannot journal value as it is no bytes, KvU64 or true: ${String(value)}`);
}

function requireOther(log: JournalLog, key: Deno.KvKey): void {
  if (log.isJournaled(key)) {
    const space = String(key[0]);
    throw new TypeError(`Cannot do that to a journalled key as nothing here does so: ${space}`);
  }
}
