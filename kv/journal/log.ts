/**
 * The records of a journal, in the database and in memory.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["journal", number]` | changes of entries (`kv/journal/record.ts`) | each commit that changes journalled keys; deleted once nothing needs it |
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

import { UPKEEP, type Upkeep } from "../../data/upkeep.ts";
import type { Cost } from "../budget.ts";
import {
  createJournalEntries,
  type JournalEntries,
  type JournalEntry,
  type JournalSpaces,
} from "./entries.ts";
import { storedValue } from "./list.ts";
import {
  type Change,
  decodeRecord,
  type EncodedRecord,
  encodeRecords,
  type JournalValue,
} from "./record.ts";

/** The first part of its keys. */
export const JOURNAL_SPACE = "journal";
/** What a commit may hold of journalled keys: they are one value, or a few. */
export const JOURNAL_ROOM: Cost = { mutations: Infinity, bytes: 500_000, keyBytes: Infinity };
/** Writing staying entries anew gains nothing unless records have this many times their bytes. */
const MIN_GAIN = 4;
/** Entries that are settled at once, and their bytes, so that a commit in between waits little. */
const SETTLE_ENTRIES = 150;
/** What one that stays takes of them, as it is no mutation of its own. */
const STAYING_SHARE = 0.2;
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
  /**
   * Does something while no other commit of journalled keys is on its way, and it is known of all
   * before whether they happened. Throws where that cannot be found out now.
   */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
  /** Commits an operation on the database below with changes of journalled keys; in turn only. */
  commit(op: Deno.AtomicOperation, changes: readonly Change[]): Promise<Committed>;
  /**
   * Writes below what did not change for long, and deletes records that nothing needs any more. Told
   * to stop, it ends after what is on its way; the next one goes on.
   */
  flush(nowMs: number, signal?: AbortSignal): Promise<void>;
}

interface KeptRecord {
  readonly number: number;
  /** When it came, by the clock of the last settling before it. */
  readonly atMs: number;
  readonly sizeBytes: number;
}

/** What the journal takes of the service's upkeep. */
export type FlushRules = Pick<Upkeep, "flushAfterMs" | "journalMaxBytes">;

/** Reads the journal that a database has. */
export async function openJournalLog(
  below: Pick<Deno.Kv, "get" | "list" | "atomic">,
  spaces: JournalSpaces,
  rules: FlushRules = UPKEEP,
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

  const isStaying = (key: Deno.KvKey) => !spaces[String(key[0])].isFlushed;
  const isBelow = (key: Deno.KvKey) => spacesBelow.has(String(key[0]));

  /** Whether something may be below a key whose entry, if there is one, goes. */
  function hidesSomething(key: Deno.KvKey): boolean {
    if (!isBelow(key)) return false;
    if (!isStaying(key)) return true;
    // What is never settled is below only if it was there before there was a journal.
    return entries.get(key)?.value === undefined;
  }

  /** Lays the changes of a stored record over the entries. */
  function take(number: number, { bytes, changes }: EncodedRecord, versionstamp: string): void {
    const source = { number, bytes: keptApart(changes, isStaying), versionstamp };
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

  /** Looks up whether a commit happened whose answer was lost; needed before anything goes by the entries. */
  async function lookUp(): Promise<string | null> {
    if (unsure === null) return null;
    const { number, encoded } = unsure;
    const { versionstamp } = await below.get([JOURNAL_SPACE, number]);
    if (versionstamp !== null) takeAll(number, encoded, versionstamp);
    unsure = null;
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
      if (value !== undefined && isStaying(key)) {
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
    // What a commit is to be laid over has to be known first, so the one before it is looked up.
    const done = turn.then(lookUp).then(work);
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
      if (!isStaying(key) || value instanceof Uint8Array) return value;
      throw new TypeError(`Cannot journal value as its key must hold bytes: ${String(value)}`);
    },
    inTurn,
    commit,
    async flush(nowMs, signal) {
      lastMs = nowMs;
      // What became of a commit in doubt is found out here where nothing follows it.
      await inTurn(() => Promise.resolve());
      const old = oldRecords(records, { ...rules, nowMs, stayingBytes: entries.stayingBytes() });
      if (old.length === 0) return;
      const due = entries.listUpTo(old[old.length - 1].number);
      const shareOf = ({ key, value }: JournalEntry) =>
        value !== undefined && isStaying(key) ? STAYING_SHARE : 1;
      for (const some of portions(due, shareOf)) {
        if (signal?.aborted) return;
        await inTurn(() => settleEntries(some));
      }
      for (let at = 0; at < old.length; at += DELETE_RECORDS) {
        await inTurn(() => deleteRecords(old.slice(at, at + DELETE_RECORDS)));
      }
    },
  };
}

/**
 * Puts copies in the place of bytes, those of entries that stay into one array, which is returned:
 * so the record, of which they are a part, need not be kept in memory for them.
 */
function keptApart(
  changes: readonly Change[],
  isStaying: (key: Deno.KvKey) => boolean,
): Uint8Array {
  let size = 0;
  for (const { key, value } of changes) {
    if (value instanceof Uint8Array && isStaying(key)) size += value.length;
  }
  const kept = new Uint8Array(size);
  let at = 0;
  for (const change of changes) {
    const { key, value } = change;
    if (!(value instanceof Uint8Array)) continue;
    if (isStaying(key)) {
      kept.set(value, at);
      change.value = kept.subarray(at, at + value.length);
      at += value.length;
    } else change.value = value.slice();
  }
  return kept;
}

/** Those whose entries are to be settled. */
function oldRecords(
  records: readonly KeptRecord[],
  { flushAfterMs, journalMaxBytes, nowMs, stayingBytes }: FlushRules & {
    nowMs: number;
    stayingBytes: number;
  },
): readonly KeptRecord[] {
  const sizeBytes = records.reduce((sum, record) => sum + record.sizeBytes, 0);
  if (sizeBytes > Math.max(journalMaxBytes, MIN_GAIN * stayingBytes)) {
    return records.slice(0, Math.ceil(records.length / 2));
  }
  const count = records.findIndex(({ atMs }) => atMs > nowMs - flushAfterMs);
  return records.slice(0, count < 0 ? records.length : count);
}

function* portions(
  due: Iterable<JournalEntry>,
  shareOf: (entry: JournalEntry) => number,
): Generator<JournalEntry[]> {
  let portion: JournalEntry[] = [];
  let sizeBytes = 0, share = 0;
  for (const entry of due) {
    const { value } = entry;
    portion.push(entry);
    share += shareOf(entry);
    sizeBytes += value instanceof Uint8Array ? value.length : 0;
    if (share < SETTLE_ENTRIES && sizeBytes < SETTLE_BYTES) continue;
    yield portion;
    portion = [];
    sizeBytes = share = 0;
  }
  if (portion.length > 0) yield portion;
}
