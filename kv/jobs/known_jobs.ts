/**
 * Remembers the records of jobs that were read, until they change, so that asking for the same job again and
 * again reads nothing. Only for a database that no other process writes to.
 *
 * A record is forgotten when a commit that changes it begins. Until it has ended, nothing that is read of it is
 * remembered, and neither is what a read finds that was in progress when it began. So an answer is never older
 * than one that somebody has got before it, from a read of any kind or from a commit.
 *
 * @module
 */

import { noteKeys, wrapCommit, wrapKv } from "../wrapped_kv.ts";
import { isJobKey } from "./jobs.ts";

/** How many records are remembered. One has at most 64 KB, and most have one. */
const KNOWN_MAX = 64;

type ReadOptions = { consistency?: Deno.KvConsistencyLevel };

/** The records that are known, by the ids of their jobs. */
interface KnownJobs {
  /** The record; undefined if it is not known. */
  find(id: string): Deno.KvEntryMaybe<unknown> | undefined;
  /** Reads a record, and remembers it if it does not change meanwhile. */
  read<T>(id: string, read: () => Promise<Deno.KvEntryMaybe<T>>): Promise<Deno.KvEntryMaybe<T>>;
  /** Commits what changes records. */
  change<T>(ids: ReadonlySet<string>, commit: () => Promise<T>): Promise<T>;
}

function createKnownJobs(): KnownJobs {
  const known = new Map<string, Deno.KvEntryMaybe<unknown>>();
  /** How many commits that change a record are in progress. */
  const changing = new Map<string, number>();
  /** Reads in progress of records that have not changed since they began. */
  const reading = new Map<string, Set<symbol>>();

  function forget(id: string): void {
    known.delete(id);
    reading.delete(id);
  }

  return {
    find: (id) => known.get(id),
    async read(id, read) {
      if (changing.has(id)) return await read();
      const own = Symbol();
      const reads = reading.get(id) ?? new Set();
      reading.set(id, reads.add(own));
      try {
        const entry = await read();
        // After a change, the reads of this id are others.
        if (reading.get(id) === reads && entry.versionstamp !== null) {
          if (known.size >= KNOWN_MAX) known.delete([...known.keys()][0]);
          known.set(id, entry);
        }
        return entry;
      } finally {
        reads.delete(own);
        if (reads.size === 0 && reading.get(id) === reads) reading.delete(id);
      }
    },
    async change(ids, commit) {
      for (const id of ids) {
        forget(id);
        changing.set(id, (changing.get(id) ?? 0) + 1);
      }
      try {
        return await commit();
      } finally {
        for (const id of ids) {
          const left = (changing.get(id) ?? 1) - 1;
          if (left === 0) changing.delete(id);
          else changing.set(id, left);
        }
      }
    },
  };
}

/** The same database, whose `get` of a job reads it only if it may have changed. */
export function withKnownJobs(kv: Deno.Kv): Deno.Kv {
  const jobs = createKnownJobs();
  const changed = <T>(key: Deno.KvKey, commit: () => Promise<T>) =>
    isJobKey(key) ? jobs.change(new Set([String(key[1])]), commit) : commit();
  return wrapKv(kv, {
    async get<T>(key: Deno.KvKey, options?: ReadOptions): Promise<Deno.KvEntryMaybe<T>> {
      if (!isJobKey(key)) return await kv.get<T>(key, options);
      const id = String(key[1]);
      // The reader of a key says what type it holds, as with any database.
      const found = jobs.find(id) as Deno.KvEntryMaybe<T> | undefined;
      return found ?? await jobs.read(id, () => kv.get<T>(key, options));
    },
    set: (key, value, options) => changed(key, () => kv.set(key, value, options)),
    delete: (key) => changed(key, () => kv.delete(key)),
    atomic: () => watched(kv.atomic(), jobs),
  });
}

/** The same operation, whose commit changes the records of jobs that it sets or deletes. */
function watched(op: Deno.AtomicOperation, jobs: KnownJobs): Deno.AtomicOperation {
  let ids: Set<string> | null = null;
  const noted = noteKeys(op, (key) => {
    if (isJobKey(key)) ids = (ids ?? new Set()).add(String(key[1]));
  });
  return wrapCommit(noted, (commit) => ids === null ? commit() : jobs.change(ids, commit));
}
