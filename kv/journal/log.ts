/**
 * The records of a journal, in the database and in memory.
 *
 * | key | value | written by |
 * |---|---|---|
 * | `["journal", number]` | changes of entries (`kv/journal/record.ts`) | every commit that changes journaled keys; deleted when no entry needs it |
 *
 * The states of an entry:
 *
 * | from | to | when |
 * |---|---|---|
 * | — | in the journal | a commit sets it: it is in a record and in memory |
 * | in the journal | in the database | its last change is old: written under its own key, then removed from memory |
 * | in the journal | in the journal | the same, but its space is retained: written into a new record, with its version |
 * | in the journal | gone | a commit deletes it, and the database does not have it |
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
import { flushPortions, type FlushRules, type RecordInfo, recordsToFlush } from "./flush_plan.ts";
import { storedValue } from "./list.ts";
import {
  type Change,
  decodeRecord,
  type EncodedRecord,
  encodeRecords,
  type JournalValue,
} from "./record.ts";

/** First part of the keys. */
export const JOURNAL_SPACE = "journal";
/** What a commit may hold of journaled keys. They become one value, or a few. */
export const JOURNAL_ROOM: Cost = { mutations: Infinity, bytes: 500_000, keyBytes: Infinity };
/** Records deleted at once. */
const DELETE_RECORDS = 200;

/** The result of a commit. */
export type Committed = Deno.KvCommitResult | Deno.KvCommitError;

/** The journal of a database that no other process uses. */
export interface JournalLog {
  /** The entries of the journal. They overlay those of the database. */
  readonly entries: JournalEntries;
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
  /** Commits an operation on the database together with changes of journaled keys. Only in turn. */
  commit(op: Deno.AtomicOperation, changes: readonly Change[]): Promise<Committed>;
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
  let uncertain: { number: number; encoded: readonly EncodedRecord[] } | null = null;
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

  /** Applies the changes of a stored record to the entries. */
  function apply(number: number, { bytes, changes }: EncodedRecord, versionstamp: string): void {
    const source = { number, bytes: copyValues(changes, isRetained), versionstamp };
    for (const { key, value, versionstamp: own } of changes) {
      if (value === undefined && !hidesStored(key)) entries.remove(key);
      else entries.set(key, value, own === undefined ? source : { ...source, versionstamp: own });
    }
    lastNumber = number;
    records.push({ number, atMs: lastMs, sizeBytes: bytes.length });
  }

  function applyAll(
    number: number,
    encoded: readonly EncodedRecord[],
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

  async function commit(op: Deno.AtomicOperation, changes: readonly Change[]): Promise<Committed> {
    if (changes.length === 0) return await op.commit();
    const number = lastNumber + 1;
    const encoded = encodeRecords(changes);
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

  async function flushEntries(portion: readonly JournalEntry[]): Promise<void> {
    const op = database.atomic();
    const rewritten: Change[] = [];
    const flushed: JournalEntry[] = [];
    for (const entry of portion) {
      const { key, value, versionstamp, record } = entry;
      // Skip entries that changed since the portion was read.
      if (entries.get(key)?.record !== record) continue;
      if (value !== undefined && isRetained(key)) {
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

  async function deleteRecords(old: readonly RecordInfo[]): Promise<void> {
    const op = database.atomic();
    for (const { number } of old) op.delete([JOURNAL_SPACE, number]);
    await op.commit();
    const last = old[old.length - 1].number;
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
  for await (
    const { key, value, versionstamp } of database.list<Uint8Array>({ prefix: [JOURNAL_SPACE] })
  ) {
    apply(Number(key[1]), { bytes: value, changes: decodeRecord(value) }, versionstamp);
  }

  return {
    entries,
    isJournaled: (key) => Object.hasOwn(spaces, String(key[0])),
    mayBeStored,
    requireValue(key, value) {
      if (!isRetained(key) || value instanceof Uint8Array) return value;
      throw new TypeError(`Cannot journal value as its key must hold bytes: ${String(value)}`);
    },
    inTurn,
    commit,
    sizeBytes: () => records.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    async flush(nowMs, signal) {
      lastMs = nowMs;
      // Resolves an uncertain commit even if no other commit follows it.
      await inTurn(() => Promise.resolve());
      const retainedBytes = entries.retainedBytes();
      const old = recordsToFlush(records, { ...rules, nowMs, retainedBytes });
      if (old.length === 0) return;
      const oldEntries = entries.listUpTo(old[old.length - 1].number);
      const staysInJournal = ({ key, value }: JournalEntry) =>
        value !== undefined && isRetained(key);
      for (const portion of flushPortions(oldEntries, staysInJournal)) {
        if (signal?.aborted) return;
        await inTurn(() => flushEntries(portion));
      }
      for (let at = 0; at < old.length; at += DELETE_RECORDS) {
        await inTurn(() => deleteRecords(old.slice(at, at + DELETE_RECORDS)));
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
