/**
 * The records of a journal, in the database and in memory.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["journal", number]` | changes of entries (`kv/journal_record.ts`) | each commit that changes journalled keys; deleted once nothing needs it |
 *
 * | an entry from | to | when |
 * |---|---|---|
 * | — | journalled | a commit sets it: in a record and in memory |
 * | journalled | settled | its last change is old: written below, then out of memory |
 * | journalled | journalled | the same, of a space that is not settled: into a new record, with its version |
 * | journalled | gone | a commit deletes it, and nothing lies below it |
 *
 * Records go the oldest first. At the start those that are left are read in their order: what lies
 * below may be newer than some of them, but never than the last one of a key, so that everything
 * comes out right wherever the process was killed.
 *
 * @module
 */

import type { Cost } from "./budget.ts";
import {
  createJournalEntries,
  type JournalEntries,
  type JournalEntry,
  type JournalSpaces,
} from "./journal_entries.ts";
import { storedValue } from "./journal_list.ts";
import {
  type Change,
  decodeRecord,
  type EncodedRecord,
  encodeRecords,
  type JournalValue,
} from "./journal_record.ts";

/** The first part of its keys. */
export const JOURNAL_SPACE = "journal";
/** What a commit may hold of journalled keys: they are one value, or a few. */
export const JOURNAL_ROOM: Cost = { mutations: Infinity, bytes: 500_000, keyBytes: Infinity };
/** How long an entry that does not change stays in the journal, milliseconds. */
export const SETTLE_AFTER_MS = 40_000;
/** Bytes of records beyond which the older half is settled, however new it is. */
const MAX_BYTES = 48_000_000;
/** Entries that are settled at once, and their bytes, so that a commit in between waits little. */
const SETTLE_ENTRIES = 150;
const SETTLE_BYTES = 400_000;
/** Records that are deleted at once. */
const DELETE_RECORDS = 200;

/** What became of a commit. */
export type Committed = Deno.KvCommitResult | Deno.KvCommitError;

/** The journal of a database that no other process uses. */
export interface JournalLog {
  /** What lies over the database. */
  readonly entries: JournalEntries;
  /** Whether a key is of a journalled space. */
  isJournaled(key: Deno.KvKey): boolean;
  /** Whether there may be something below a key, if nothing lies over it. */
  isBelow(key: Deno.KvKey): boolean;
  /**
   * A value that a key is to hold.
   *
   * @throws {TypeError} when the key is of a space that stays and the value is no bytes.
   */
  requireValue(key: Deno.KvKey, value: JournalValue): JournalValue;
  /** Does something while no other commit of journalled keys is on its way. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
  /** Commits an operation on the database below with changes of journalled keys; in turn only. */
  commit(op: Deno.AtomicOperation, changes: readonly Change[]): Promise<Committed>;
  /** Writes below what did not change for long, and deletes records that nothing needs any more. */
  settle(nowMs: number): Promise<void>;
}

interface KeptRecord {
  readonly number: number;
  /** When it came, by the clock of the last settling before it. */
  readonly atMs: number;
  readonly sizeBytes: number;
}

/** Reads the journal that a database has. */
export async function openJournalLog(
  below: Pick<Deno.Kv, "get" | "list" | "atomic">,
  spaces: JournalSpaces,
): Promise<JournalLog> {
  const entries = createJournalEntries(spaces);
  const spacesBelow = new Set<string>();
  let records: KeptRecord[] = [];
  let lastNumber = 0;
  // What was there before the first settling is old.
  let lastMs = -Infinity;
  /** Records of which it is not known whether they are stored. */
  let unsure: { number: number; encoded: readonly EncodedRecord[] } | null = null;
  let turn: Promise<unknown> = Promise.resolve();

  const isBelow = (key: Deno.KvKey) => spacesBelow.has(String(key[0]));

  /** Whether something may be below a key whose entry, if there is one, goes. */
  function hidesSomething(key: Deno.KvKey): boolean {
    if (!isBelow(key)) return false;
    if (spaces[String(key[0])].isSettled) return true;
    // What is never settled is below only if it was there before there was a journal.
    return entries.get(key)?.value === undefined;
  }

  /** Lays the changes of a stored record over the entries. */
  function take(number: number, { bytes, changes }: EncodedRecord, versionstamp: string): void {
    const source = { number, bytes, versionstamp };
    for (const { key, value, versionstamp: own } of changes) {
      if (value === undefined && !hidesSomething(key)) entries.remove(key);
      else entries.set(key, value, own === undefined ? source : { ...source, versionstamp: own });
    }
    lastNumber = number;
    records.push({ number, atMs: lastMs, sizeBytes: bytes.length });
  }

  function takeAll(number: number, encoded: readonly EncodedRecord[], versionstamp: string): void {
    encoded.forEach((record, index) => take(number + index, record, versionstamp));
  }

  /** Looks up whether a commit happened whose answer was lost. */
  async function lookUp(): Promise<string | null> {
    if (unsure === null) return null;
    const { number, encoded } = unsure;
    const { versionstamp } = await below.get([JOURNAL_SPACE, number]);
    if (versionstamp !== null) takeAll(number, encoded, versionstamp);
    unsure = null;
    return versionstamp;
  }

  async function commit(op: Deno.AtomicOperation, changes: readonly Change[]): Promise<Committed> {
    await lookUp();
    if (changes.length === 0) return await op.commit();
    const number = lastNumber + 1;
    const encoded = encodeRecords(changes);
    encoded.forEach(({ bytes }, index) => op.set([JOURNAL_SPACE, number + index], bytes));
    let result: Committed;
    try {
      result = await op.commit();
    } catch (error) {
      unsure = { number, encoded };
      const versionstamp = await lookUp().catch(() => null);
      if (versionstamp === null) throw error;
      return { ok: true, versionstamp };
    }
    if (result.ok) takeAll(number, encoded, result.versionstamp);
    return result;
  }

  async function settleEntries(due: readonly JournalEntry[]): Promise<void> {
    const op = below.atomic();
    const kept: Change[] = [];
    const settled: JournalEntry[] = [];
    for (const entry of due) {
      const { key, value, versionstamp, record } = entry;
      // What came meanwhile is newer.
      if (entries.get(key)?.record !== record) continue;
      if (value !== undefined && !spaces[String(key[0])].isSettled) {
        kept.push({ key, value, versionstamp });
        continue;
      }
      settled.push(entry);
      spacesBelow.add(String(key[0]));
      if (value === undefined) op.delete(key);
      else op.set(key, storedValue(value));
    }
    if (settled.length + kept.length === 0) return;
    await commit(op, kept);
    for (const { key } of settled) entries.remove(key);
  }

  async function deleteRecords(old: readonly KeptRecord[]): Promise<void> {
    const op = below.atomic();
    for (const { number } of old) op.delete([JOURNAL_SPACE, number]);
    await op.commit();
    const last = old[old.length - 1].number;
    records = records.filter(({ number }) => number > last);
  }

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = turn.then(work);
    turn = done.catch(() => {});
    return await done;
  }

  for (const space of Object.keys(spaces)) {
    const first = await below.list({ prefix: [space] }, { limit: 1 }).next();
    if (!first.done) spacesBelow.add(space);
  }
  for await (
    const { key, value, versionstamp } of below.list<Uint8Array>({ prefix: [JOURNAL_SPACE] })
  ) {
    take(Number(key[1]), { bytes: value, changes: decodeRecord(value) }, versionstamp);
  }

  return {
    entries,
    isJournaled: (key) => Object.hasOwn(spaces, String(key[0])),
    isBelow,
    requireValue(key, value) {
      if (spaces[String(key[0])].isSettled || value instanceof Uint8Array) return value;
      throw new TypeError(`Cannot journal value as its key must hold bytes: ${String(value)}`);
    },
    inTurn,
    commit,
    async settle(nowMs) {
      lastMs = nowMs;
      const old = oldRecords(records, nowMs);
      if (old.length === 0) return;
      const due = entries.listUpTo(old[old.length - 1].number);
      for (const some of portions(due)) await inTurn(() => settleEntries(some));
      for (let at = 0; at < old.length; at += DELETE_RECORDS) {
        await inTurn(() => deleteRecords(old.slice(at, at + DELETE_RECORDS)));
      }
    },
  };
}

/** Those whose entries are to be settled. */
function oldRecords(records: readonly KeptRecord[], nowMs: number): readonly KeptRecord[] {
  const sizeBytes = records.reduce((sum, record) => sum + record.sizeBytes, 0);
  if (sizeBytes > MAX_BYTES) return records.slice(0, Math.ceil(records.length / 2));
  const count = records.findIndex(({ atMs }) => atMs > nowMs - SETTLE_AFTER_MS);
  return records.slice(0, count < 0 ? records.length : count);
}

function* portions(due: readonly JournalEntry[]): Generator<JournalEntry[]> {
  let portion: JournalEntry[] = [];
  let sizeBytes = 0;
  for (const entry of due) {
    const { value } = entry;
    portion.push(entry);
    sizeBytes += value instanceof Uint8Array ? value.length : 0;
    if (portion.length < SETTLE_ENTRIES && sizeBytes < SETTLE_BYTES) continue;
    yield portion;
    portion = [];
    sizeBytes = 0;
  }
  if (portion.length > 0) yield portion;
}
