/**
 * The records of a journal, in the database and in memory.
 *
 * | key | value | written by |
 * |---|---|---|
 * | `["journal", number]` | changes of entries (`kv/journal/record.ts`), or a group (`kv/journal/group.ts`) | every commit that changes journaled keys; deleted when no entry needs it |
 * | `["journal", 0]` | up to which number records are done (`kv/journal/stored_record.ts`) | the first of several commits that delete records; deleted by the last |
 *
 * The states of an entry:
 *
 * | from | to | when |
 * |---|---|---|
 * | — | in the journal | a commit sets it: it is in a record and in memory |
 * | in the journal | in the database | its last change is old: written under its own key, then removed from memory |
 * | in the journal | in the journal | the same, but its space is retained, or later groups add to it: written into a new record, with its version |
 * | in the journal | gone | a commit deletes it, and the database does not have it |
 *
 * A group is in memory as it is stored. What it does to each entry is worked out before anything else
 * uses the entries: a read, a check, another change, a flush (`kv/journal/spread.ts`).
 *
 * Records are deleted in order, the oldest first, so the last record of a key is the last of its
 * records to go. At the start the records that are left are applied in order. An entry in the
 * database may be newer than some records of its key, but never newer than the last one: so the
 * result is right wherever the process was killed.
 *
 * @module
 */

import { UPKEEP } from "../../data/upkeep.ts";
import type { Cost } from "../budget.ts";
import {
  createJournalEntries,
  type JournalEntries,
  type JournalEntry,
  type JournalSpaces,
} from "./entries.ts";
import {
  bytesOf,
  flushPortions,
  type FlushRules,
  isTooLarge,
  type RecordInfo,
  recordsToFlush,
} from "./flush_plan.ts";
import { storedValue } from "./list.ts";
import { elapsedMs, pauseAfter } from "./pace.ts";
import { type Change, encodeRecords, type JournalValue } from "./record.ts";
import { type GroupRoles, type PendingGroup, rolesOf, spreadGroups } from "./spread.ts";
import { decodeStoredRecord, doneUpTo, encodeDone, type StoredRecord } from "./stored_record.ts";

/** First part of the keys. */
export const JOURNAL_SPACE = "journal";
/** What a commit may hold of journaled keys. They become one value, or a few. */
export const JOURNAL_ROOM: Cost = { mutations: Infinity, bytes: 500_000, keyBytes: Infinity };
/** Records deleted at once. */
const DELETE_RECORDS = 200;
/** Groups with so many items are worked out even if nobody asks, as many at once would take too long. */
const PENDING_MAX_ITEMS = 8_000;
/** The key of the mark that says which records are done. */
const DONE_KEY = [JOURNAL_SPACE, 0];

/** The result of a commit. */
export type Committed = Deno.KvCommitResult | Deno.KvCommitError;

/** The journal of a database that no other process uses. */
export interface JournalLog {
  /**
   * The entries of the journal. They overlay those of the database. Groups are worked out when somebody
   * asks for this.
   */
  readonly entries: JournalEntries;
  /** The entries without what the last groups bring. */
  readonly workedOut: Pick<JournalEntries, "based">;
  /** The spaces of what groups stand for; null if the journal has no groups. */
  readonly roles: GroupRoles | null;
  /** Whether a key belongs to a journaled space. */
  isJournaled(key: Deno.KvKey): boolean;
  /** Whether the database may have an entry in the space of a key. */
  mayBeStored(key: Deno.KvKey): boolean;
  /**
   * Returns a value that a key is to hold, after checking it.
   *
   * @throws {TypeError} when the space of the key is retained and the value is not bytes.
   */
  requireValue(key: Deno.KvKey, value: JournalValue): JournalValue;
  /**
   * Runs `work` while no other commit of journaled keys is in progress, and after it is known of all
   * earlier ones whether they happened. Throws if that cannot be found out now.
   */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
  /**
   * Commits an operation on the database together with groups, and changes of journaled keys after
   * them. Only in turn.
   */
  commit(
    op: Deno.AtomicOperation,
    changes: readonly Change[],
    groups?: readonly StoredRecord[],
  ): Promise<Committed>;
  /**
   * Writes old entries into the database, and deletes records that no entry needs. When aborted, it
   * ends after the portion in progress; the next flush continues.
   */
  flush(nowMs: number, signal?: AbortSignal): Promise<void>;
  /** Bytes of the records that the database has now. */
  sizeBytes(): number;
}

/** Opens the journal of a database: reads its records. */
export async function openJournalLog(
  database: Pick<Deno.Kv, "get" | "list" | "atomic">,
  spaces: JournalSpaces,
  rules: FlushRules = UPKEEP,
): Promise<JournalLog> {
  const entries = createJournalEntries(spaces);
  /** The journaled spaces of which the database has had entries. */
  const storedSpaces = new Set<string>();
  let records: RecordInfo[] = [];
  let lastNumber = 0;
  // Records from before the first flush count as old.
  let lastMs = -Infinity;
  /** The records of a commit of which it is unknown whether it happened. */
  let uncertain: { number: number; encoded: readonly StoredRecord[] } | null = null;
  /** Groups that have not been worked out. */
  let pending: PendingGroup[] = [];
  let pendingItems = 0;
  const roles = rolesOf(spaces);
  let turn: Promise<unknown> = Promise.resolve();

  const isRetained = (key: Deno.KvKey) => !spaces[String(key[0])].isFlushed;
  const mayBeStored = (key: Deno.KvKey) => storedSpaces.has(String(key[0]));

  /** Whether removing the entry of a key could uncover an entry of the database. */
  function hidesStored(key: Deno.KvKey): boolean {
    if (!mayBeStored(key)) return false;
    if (!isRetained(key)) return true;
    // The database has a retained entry only if it was there before there was a journal.
    return entries.get(key)?.value === undefined;
  }

  /** Works out the groups that have not been. Before, nothing but another group may use the entries. */
  function spread(): JournalEntries {
    if (pending.length > 0 && roles !== null) {
      const groups = pending;
      pending = [];
      pendingItems = 0;
      spreadGroups(groups, roles, entries);
    }
    return entries;
  }

  /** Applies a stored record to the entries. */
  function apply(number: number, record: StoredRecord, versionstamp: string): void {
    const { bytes } = record;
    if ("group" in record) {
      const { group, ids } = record;
      pending.push({ source: { number, bytes, versionstamp, group }, ids });
      pendingItems += group.count;
      if (pendingItems > PENDING_MAX_ITEMS) spread();
    } else applyChanges(number, record.changes, versionstamp);
    lastNumber = number;
    records.push({ number, atMs: lastMs, sizeBytes: bytes.length });
  }

  function applyChanges(number: number, changes: readonly Change[], versionstamp: string): void {
    spread();
    const source = { number, bytes: copyValues(changes, isRetained), versionstamp };
    for (const { key, value, versionstamp: own } of changes) {
      if (value === undefined && !hidesStored(key)) entries.remove(key);
      else entries.set(key, value, own === undefined ? source : { ...source, versionstamp: own });
    }
  }

  function applyAll(
    number: number,
    encoded: readonly StoredRecord[],
    versionstamp: string,
  ): void {
    encoded.forEach((record, index) => apply(number + index, record, versionstamp));
  }

  /**
   * Finds out whether a commit happened whose answer was lost. Until then the entries may be wrong,
   * so nothing else may use them. Returns the version of the commit, or null.
   */
  async function resolveUncertain(): Promise<string | null> {
    if (uncertain === null) return null;
    const { number, encoded } = uncertain;
    const { versionstamp } = await database.get([JOURNAL_SPACE, number]);
    if (versionstamp !== null) applyAll(number, encoded, versionstamp);
    uncertain = null;
    return versionstamp;
  }

  async function commit(
    op: Deno.AtomicOperation,
    changes: readonly Change[],
    groups: readonly StoredRecord[] = [],
  ): Promise<Committed> {
    const encoded = [...groups, ...encodeRecords(changes)];
    if (encoded.length === 0) return await op.commit();
    const number = lastNumber + 1;
    encoded.forEach(({ bytes }, index) => op.set([JOURNAL_SPACE, number + index], bytes));
    let result: Committed;
    try {
      result = await op.commit();
    } catch (error) {
      uncertain = { number, encoded };
      const versionstamp = await resolveUncertain().catch(() => null);
      if (versionstamp === null) throw error;
      return { ok: true, versionstamp };
    }
    if (result.ok) applyAll(number, encoded, result.versionstamp);
    return result;
  }

  async function flushEntries(portion: readonly JournalEntry[], upTo: number): Promise<void> {
    const op = database.atomic();
    const rewritten: Change[] = [];
    const flushed: JournalEntry[] = [];
    spread();
    for (const { key } of portion) {
      // An entry that was set since the portion was read does not need the old records any more.
      const entry = entries.get(key);
      if (entry === undefined || entry.base > upTo) continue;
      const { value, versionstamp } = entry;
      if (staysInJournal(entry, upTo)) {
        rewritten.push({ key, value, versionstamp });
        continue;
      }
      flushed.push(entry);
      storedSpaces.add(String(key[0]));
      if (value === undefined) op.delete(key);
      else op.set(key, storedValue(value));
    }
    if (flushed.length + rewritten.length === 0) return;
    await commit(op, rewritten);
    for (const { key } of flushed) entries.remove(key);
  }

  /** Whether an entry is written into a new record, not under its own key. */
  function staysInJournal({ key, value, record }: JournalEntry, upTo: number): boolean {
    return value !== undefined && (isRetained(key) || record > upTo);
  }

  /** Deletes some of the records up to a number: all others up to it are deleted soon. */
  async function deleteRecords(some: readonly RecordInfo[], upTo: number): Promise<void> {
    const op = database.atomic();
    for (const { number } of some) op.delete([JOURNAL_SPACE, number]);
    const last = some[some.length - 1].number;
    if (last < upTo) op.set(DONE_KEY, encodeDone(upTo));
    else op.delete(DONE_KEY);
    await op.commit();
    records = records.filter(({ number }) => number > last);
  }

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    // The work depends on the entries, so an uncertain commit before it is resolved first.
    const done = turn.then(resolveUncertain).then(work);
    turn = done.catch(() => {});
    return await done;
  }

  for (const space of Object.keys(spaces)) {
    const first = await database.list({ prefix: [space] }, { limit: 1 }).next();
    if (!first.done) storedSpaces.add(space);
  }
  let doneNumber = 0;
  for await (
    const { key, value, versionstamp } of database.list<Uint8Array>({ prefix: [JOURNAL_SPACE] })
  ) {
    const number = Number(key[1]);
    const mark = doneUpTo(value);
    if (mark !== null) doneNumber = mark;
    else if (number <= doneNumber) {
      lastNumber = number;
      records.push({ number, atMs: lastMs, sizeBytes: value.length });
    } else apply(number, decodeStoredRecord(value), versionstamp);
  }

  return {
    get entries() {
      return spread();
    },
    workedOut: entries,
    roles,
    isJournaled: (key) => Object.hasOwn(spaces, String(key[0])),
    mayBeStored,
    requireValue(key, value) {
      if (!isRetained(key) || value instanceof Uint8Array) return value;
      throw new TypeError(`Cannot journal value as its key must hold bytes: ${String(value)}`);
    },
    inTurn,
    commit,
    sizeBytes: () => bytesOf(records),
    async flush(nowMs, signal) {
      lastMs = nowMs;
      // Resolves an uncertain commit even if no other commit follows it.
      await inTurn(() => Promise.resolve());
      const retainedBytes = spread().retainedBytes();
      const old = recordsToFlush(records, { ...rules, nowMs, retainedBytes });
      if (old.length === 0) return;
      // What a mark says is done stays marked until all of it is deleted.
      const upTo = Math.max(old[old.length - 1].number, doneNumber);
      const isUrgent = () => isTooLarge(records, { ...rules, retainedBytes });
      const stays = (entry: JournalEntry) => staysInJournal(entry, upTo);
      for (const portion of flushPortions(entries.listUpTo(upTo), stays)) {
        if (signal?.aborted) return;
        // Without the wait for the turn.
        const tookMs = await inTurn(() => elapsedMs(() => flushEntries(portion, upTo)));
        if (!isUrgent()) await pauseAfter(tookMs);
      }
      const gone = records.filter(({ number }) => number <= upTo);
      for (let at = 0; at < gone.length; at += DELETE_RECORDS) {
        await inTurn(() => deleteRecords(gone.slice(at, at + DELETE_RECORDS), upTo));
      }
    },
  };
}

/**
 * Replaces values that are bytes by copies, so that the record, of which they are a part, need not
 * stay in memory. The retained ones are copied into one array, which is returned.
 */
function copyValues(
  changes: readonly Change[],
  isRetained: (key: Deno.KvKey) => boolean,
): Uint8Array {
  let size = 0;
  for (const { key, value } of changes) {
    if (value instanceof Uint8Array && isRetained(key)) size += value.length;
  }
  const retained = new Uint8Array(size);
  let at = 0;
  for (const change of changes) {
    const { key, value } = change;
    if (!(value instanceof Uint8Array)) continue;
    if (isRetained(key)) {
      retained.set(value, at);
      change.value = retained.subarray(at, at + value.length);
      at += value.length;
    } else change.value = value.slice();
  }
  return retained;
}
