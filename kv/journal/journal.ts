/**
 * A journal in front of a database: it stores the small changes of a commit as one value.
 *
 * A mutation costs a database file 8 to 10 µs, however small it is, and a live reading makes five of
 * them. So a process that has its database to itself keeps what ingest writes in a journal, which is
 * in the database and in memory. Entries that no longer change are flushed: written under their own
 * keys (`kv/journal/log.ts`).
 *
 * The result behaves like the database itself. Reads see journaled entries in place of stored ones.
 * A commit that changes journaled and other keys is one commit of the database, and its checks cover
 * all keys. Callers need not know about the journal, with one exception: when an entry is flushed,
 * its version changes once more. Commits of journaled keys run one after the other.
 *
 * @module
 */

import { wrapKv } from "../wrapped_kv.ts";
import type { JournalSpaces } from "./entries.ts";
import type { FlushRules } from "./flush_plan.ts";
import type { IngestGroup } from "./group.ts";
import { recordsOf } from "./group_commit.ts";
import { takeGroups } from "./group_operations.ts";
import { createKeyMap } from "./key_map.ts";
import { foundEntry, listInParts } from "./list.ts";
import { type Committed, type JournalLog, openJournalLog } from "./log.ts";
import type { Change, JournalValue } from "./record.ts";

/** Most keys of one read of Deno KV. */
const KEYS_AT_ONCE = 10;

/** A database with a journal. */
export interface JournaledKv {
  /** Use this instead of the database itself. Closing it closes the database. */
  readonly kv: Deno.Kv;
  /** Flushes entries that have not changed for a while. When aborted, the next flush continues. */
  flush(nowMs: number, signal?: AbortSignal): Promise<void>;
  /** Bytes of the journal. */
  sizeBytes(): number;
}

/** Options of a read. */
type ReadOptions = { consistency?: Deno.KvConsistencyLevel };

/** A mutation of a journaled key: what it sets, or how much it adds. */
interface Mutation extends Change {
  readonly sum?: bigint;
}

/** Opens a journal in front of a database that no other process uses. */
export async function openJournal(
  database: Deno.Kv,
  spaces: JournalSpaces,
  rules?: FlushRules,
): Promise<JournaledKv> {
  const log = await openJournalLog(database, spaces, rules);
  const kv = wrapKv(database, {
    async get<T>(key: Deno.KvKey, options?: ReadOptions): Promise<Deno.KvEntryMaybe<T>> {
      return journaledEntry<T>(log, key) ?? await database.get<T>(key, options);
    },
    getMany: (keys, options) => getMany(database, log, { keys, options }),
    list: (selector, options) => list(database, log, { selector, options }),
    async set(key, value, options) {
      // A commit without checks never fails a check.
      return await kv.atomic().set(key, value, options).commit() as Deno.KvCommitResult;
    },
    async delete(key) {
      await kv.atomic().delete(key).commit();
    },
    atomic: () => atomic(database, log),
  });
  return { kv, flush: log.flush, sizeBytes: log.sizeBytes };
}

/** The entry of a key if the journal alone decides it; null if the database must be read. */
function journaledEntry<T>(log: JournalLog, key: Deno.KvKey): Deno.KvEntryMaybe<T> | null {
  if (!log.isJournaled(key)) return null;
  const entry = log.entries.get(key);
  if (entry !== undefined) return foundEntry(entry);
  return log.mayBeStored(key) ? null : { key, value: null, versionstamp: null };
}

async function getMany<T extends readonly unknown[]>(
  database: Deno.Kv,
  log: JournalLog,
  { keys, options }: {
    keys: readonly [...{ [Index in keyof T]: Deno.KvKey }];
    options?: ReadOptions;
  },
): Promise<{ [Index in keyof T]: Deno.KvEntryMaybe<T[Index]> }> {
  const own = keys.map((key) => journaledEntry(log, key));
  const open = keys.filter((_, index) => own[index] === null);
  const found = open.length === 0 ? [] : await database.getMany<unknown[]>(open, options);
  let next = 0;
  const entries = own.map((entry) => entry ?? found[next++]);
  // One entry per key, in order. The reader of a key says what type it holds, as with any database.
  return entries as { [Index in keyof T]: Deno.KvEntryMaybe<T[Index]> };
}

function list<T>(
  database: Deno.Kv,
  log: JournalLog,
  { selector, options = {} }: { selector: Deno.KvListSelector; options?: Deno.KvListOptions },
): Deno.KvListIterator<T> {
  const first = "prefix" in selector ? selector.prefix : selector.start;
  if (first.length === 0) {
    throw new TypeError("Cannot list all key spaces at once as some are in the journal");
  }
  if (!log.isJournaled(first)) return database.list<T>(selector, options);
  if (options.cursor !== undefined) {
    throw new TypeError("Cannot list journaled keys from a cursor as the journal has no cursors");
  }
  const { batchSize, reverse } = options;
  // Reads nothing until the first entry is requested, like a list of Deno KV.
  const entries = listInParts<T>(
    {
      // Asks for the entries anew for each part, so that groups of the meantime are in it.
      journal: (part, how) => log.entries.list(part, how),
      database: (part) =>
        log.mayBeStored(first) ? database.list<T>(part, { batchSize, reverse }) : [],
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

/** Collects what concerns journaled keys, and passes everything else to the database at once. */
function atomic(database: Deno.Kv, log: JournalLog): Deno.AtomicOperation {
  const op = database.atomic();
  const checks: Deno.AtomicCheck[] = [];
  const mutations: Mutation[] = [];
  let group: IngestGroup | null = null;
  const own: Deno.AtomicOperation = {
    check(...added) {
      for (const check of added) {
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
    min: (key, n) => (requireNotJournaled(log, key), op.min(key, n), own),
    max: (key, n) => (requireNotJournaled(log, key), op.max(key, n), own),
    mutate(...list) {
      for (const { key } of list) requireNotJournaled(log, key);
      return op.mutate(...list), own;
    },
    enqueue: (value, options) => (op.enqueue(value, options), own),
    async commit() {
      if (checks.length === 0 && mutations.length === 0 && group === null) return await op.commit();
      return await log.inTurn(() => commitBoth(database, log, { op, checks, mutations, group }));
    },
  };
  if (log.roles !== null) takeGroups(own, (added) => group = added);
  return own;
}

async function commitBoth(
  database: Deno.Kv,
  log: JournalLog,
  { op, checks, mutations, group }: {
    op: Deno.AtomicOperation;
    checks: readonly Deno.AtomicCheck[];
    mutations: readonly Mutation[];
    group: IngestGroup | null;
  },
): Promise<Committed> {
  if (group !== null && log.roles !== null) {
    if (checks.length > 0 || mutations.some(({ sum }) => sum !== undefined)) {
      throw new TypeError("Cannot commit group as it comes with checks or sums of journaled keys");
    }
    const records = await recordsOf(database, log, group, log.roles);
    return await log.commit(op, mutations, records);
  }
  for (const check of checks) {
    const entry = log.entries.get(check.key);
    if (entry === undefined && log.mayBeStored(check.key)) op.check(check);
    else {
      const versionstamp = entry?.value === undefined ? null : entry.versionstamp;
      if (versionstamp !== check.versionstamp) return { ok: false };
    }
  }
  return await log.commit(op, await changesOf(database, log, mutations));
}

/** Computes the results of sums and puts them into their mutations, which then are plain changes. */
async function changesOf(
  database: Deno.Kv,
  log: JournalLog,
  mutations: readonly Mutation[],
): Promise<readonly Change[]> {
  const sums = mutations.filter(({ sum }) => sum !== undefined);
  if (sums.length === 0) return mutations;
  /** What a key holds before the next mutation: from the database or earlier in this commit. */
  const bases = createKeyMap<{ readonly value: JournalValue }>();
  const setBase = (key: Deno.KvKey, value: JournalValue) => bases.set(key, { value });
  const unread = sums.filter(({ key }) =>
    log.mayBeStored(key) && log.entries.get(key) === undefined
  );
  for (let at = 0; at < unread.length; at += KEYS_AT_ONCE) {
    const keys = unread.slice(at, at + KEYS_AT_ONCE).map(({ key }) => key);
    const found = await database.getMany<unknown[]>(keys);
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
  throw new TypeError(`Cannot add to an entry as it is not a KvU64: ${JSON.stringify(key)}`);
}

/** A value of a database in the form in which a journal holds it. */
function journalValue(value: unknown): JournalValue {
  if (value instanceof Uint8Array || value === true) return value;
  if (value instanceof Deno.KvU64) return value.value;
  if (value === null) return undefined;
  throw new TypeError(
    `Cannot journal value as it must be bytes, KvU64 or true: ${String(value)}`,
  );
}

function requireNotJournaled(log: JournalLog, key: Deno.KvKey): void {
  if (log.isJournaled(key)) {
    const space = String(key[0]);
    throw new TypeError(
      `Cannot use this operation as it does not support journaled keys: ${space}`,
    );
  }
}
