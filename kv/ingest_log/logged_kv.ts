/**
 * A shared database with logs of ingest, which behaves like the database itself.
 *
 * Before a read of an entry that a record may change, the records that concern it are carried out, and so
 * before a commit that changes such an entry. Everything else goes to the database at once.
 *
 * What ingest commits is appended to the log of this process.
 *
 * @module
 */

import { OTHERS_QUIET_KEY } from "../series/others_quiet.ts";
import { noteKeys, wrapCommit, wrapKv } from "../wrapped_kv.ts";
import type { IngestGroup } from "../journal/group.ts";
import { takeGroups } from "../journal/group_operations.ts";
import { packGroup } from "./group_records.ts";
import { createChangeList, isLogged, packRecords, subjectsIn } from "./logged_changes.ts";
import { type IngestLog, openIngestLog } from "./log.ts";
import type { Watched } from "./log_state.ts";
import { createRecentEntries, type OnForget } from "./recent_entries.ts";

/** A database with logs. */
export interface LoggedKv {
  /** Use this instead of the database itself. Closing it closes the database. */
  readonly kv: Deno.Kv;
  /** For commits of ingest alone: they have no checks, and change nothing but what ingest changes. */
  readonly ingestKv: Pick<Deno.Kv, "atomic">;
  /** The logs. */
  readonly log: IngestLog;
  /** What other processes have received lately. */
  readonly others: OthersView;
}

/** What other processes have received lately. */
export interface OthersView {
  /** Finds it out. Settles when everything that was acknowledged before the call is known. */
  look(): Promise<void>;
  /** Whether they have written nothing for a while, so that a commit may count on it. */
  areQuiet(): boolean;
  /** How many there are. */
  count(): number;
  /** The entries of a device in records that became known lately, by the name of their writer. */
  recentOf(id: string): ReadonlyMap<string, Uint8Array>;
  /** Calls a function for each of these that is not recent any more. */
  onForget(listener: OnForget): void;
  /** Until when entries of the database do not show everything that is not recent, as `elapsedMs()` has it. */
  lastMissedMs(): number;
  /** The entry that changes with the records of devices, as the last look has found it. */
  watched(): Watched;
  /** Milliseconds since any moment. */
  elapsedMs(): number;
  /** The database without the records. */
  readonly database: Pick<Deno.Kv, "list">;
}

/** Opens the logs of a database that several processes share. Reads nothing yet. */
export function openLoggedKv(
  database: Deno.Kv,
  {
    logKv = database,
    deviceSpace,
    watchedKey,
    newName,
    elapsedMs = () => performance.now(),
    now = Date.now,
  }: {
    /** The same database, over a connection for commits to the log of this process alone. */
    readonly logKv?: Pick<Deno.Kv, "getMany" | "atomic">;
    /** First part of the keys of devices that ingest sets; an id comes next. */
    readonly deviceSpace: string;
    /** An entry whose version changes with what processes keep of devices in memory. */
    readonly watchedKey: Deno.KvKey;
    /** Returns a name that nobody has. */
    readonly newName: () => string;
    /** Milliseconds since any moment. */
    readonly elapsedMs?: () => number;
    /** Epoch milliseconds now. */
    readonly now?: () => number;
  },
): LoggedKv {
  const recent = createRecentEntries(elapsedMs);
  const subjects = { ...subjectsIn(deviceSpace), onAdd: recent.add, onDrop: recent.drop };
  const log = openIngestLog({ kv: database, logKv, subjects, watchedKey, newName, elapsedMs, now });
  const concernsLog = (key: Deno.KvKey) => isLogged(key, deviceSpace);

  async function catchUp(keys: readonly Deno.KvKey[]): Promise<void> {
    if (keys.length > 0) await log.catchUp(keys);
  }

  async function beforeCommit(keys: readonly Deno.KvKey[]): Promise<void> {
    await log.settle();
    await log.catchUp(keys);
  }

  const kv = wrapKv(database, {
    async get(key, options) {
      if (concernsLog(key)) await catchUp([key]);
      return await database.get(key, options);
    },
    async getMany(keys, options) {
      await catchUp(keys.filter(concernsLog));
      return await database.getMany(keys, options);
    },
    list(selector, options) {
      const common = commonParts(selector);
      if (common.length > 0 && !concernsLog(common)) return database.list(selector, options);
      return listAfter(() => catchUp([common]), () => database.list(selector, options));
    },
    async set(key, value, options) {
      // A commit without checks never fails a check.
      return await kv.atomic().set(key, value, options).commit() as Deno.KvCommitResult;
    },
    async delete(key) {
      await kv.atomic().delete(key).commit();
    },
    atomic: () => atomicAfter(database.atomic(), concernsLog, beforeCommit),
  });
  const others: OthersView = {
    look: log.look,
    areQuiet: log.state.othersAreQuiet,
    count: () => log.state.others().length,
    recentOf: recent.of,
    onForget: recent.onForget,
    lastMissedMs: log.state.lastMissedMs,
    watched: log.state.watched,
    elapsedMs,
    database,
  };
  return { kv, ingestKv: { atomic: () => loggedOperation(log, deviceSpace) }, log, others };
}

/** An operation that lets records be carried out first if it changes what they may change. */
function atomicAfter(
  op: Deno.AtomicOperation,
  concernsLog: (key: Deno.KvKey) => boolean,
  beforeCommit: (keys: readonly Deno.KvKey[]) => Promise<void>,
): Deno.AtomicOperation {
  const concerned: Deno.KvKey[] = [];
  const noted = noteKeys(op, (key) => {
    if (concernsLog(key)) concerned.push(key);
  });
  return wrapCommit(noted, async (commit) => {
    if (concerned.length > 0) await beforeCommit(concerned);
    return await commit();
  });
}

/** An operation that appends to the log of this process. It has only what ingest needs. */
function loggedOperation(log: IngestLog, deviceSpace: string): Deno.AtomicOperation {
  const list = createChangeList(deviceSpace);
  let assumesQuiet = false;
  let group: IngestGroup | null = null;
  const own = {
    set(key: Deno.KvKey, value: unknown) {
      if (key === OTHERS_QUIET_KEY) assumesQuiet = true;
      else list.set(key, value);
      return own;
    },
    delete: (key: Deno.KvKey) => (list.set(key, undefined), own),
    sum: (key: Deno.KvKey) => (list.sum(key), own),
    async commit() {
      const records = [...group === null ? [] : packGroup(group), ...packRecords(list.changes)];
      await log.append(records, assumesQuiet);
      return { ok: true };
    },
  };
  // Ingest calls nothing else.
  const op = own as unknown as Deno.AtomicOperation;
  takeGroups(op, (added) => group = added);
  return op;
}

/** A list that reads nothing until something else has ended. */
function listAfter<T>(
  first: () => Promise<void>,
  open: () => Deno.KvListIterator<T>,
): Deno.KvListIterator<T> {
  let opened: Promise<Deno.KvListIterator<T>> | null = null;
  let current: Deno.KvListIterator<T> | null = null;
  const iterator = {
    get cursor() {
      return current?.cursor ?? "";
    },
    async next() {
      opened ??= first().then(() => current = open());
      return await (await opened).next();
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator as Deno.KvListIterator<T>;
}

/** The leading parts that all keys of a selector share. */
function commonParts(selector: Deno.KvListSelector): Deno.KvKey {
  if ("prefix" in selector) return selector.prefix;
  const { start, end } = selector;
  let count = 0;
  while (count < start.length && start[count] === end[count]) count++;
  const isOne = start.length === end.length && count === start.length - 1 &&
    end[count] === `${String(start[count])}\0`;
  // Everything from a part to the same part with a zero: the keys that begin with it.
  return isOne ? start : start.slice(0, count);
}
