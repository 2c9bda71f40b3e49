/**
 * Appending records to the log of this process.
 *
 * | state | next |
 * |---|---|
 * | no log | the first record makes one: a name that nobody has, in the list of writers |
 * | ready | a record is written under the next number, with checks that it is free and the list unchanged |
 * | uncertain | the answer was lost: the same record again, if whoever brought it tries again; else an empty one under its number. One of them succeeds, or the record is there |
 * | refused | the database has refused a record: the log is left, and the next record makes another one |
 *
 * @module
 */

import { OthersWroteError } from "../series/others_quiet.ts";
import { createTurns } from "../in_turn.ts";
import { changeWriters, othersToClose } from "./closing.ts";
import { emptyRecord } from "./logged_changes.ts";
import type { LogState } from "./log_state.ts";
import { FLUSHED_KEY, flushedOf, recordKey, WRITERS_KEY, writersOf } from "./record_keys.ts";

/** Most other writers of which a commit can check that they have written nothing. */
const ASSUMED_WRITERS = 6;
/**
 * With more than this, the oldest records are carried out while others are appended. A commit carries out
 * as many, and a duty does it every two seconds, so that only a heavy load comes to this.
 */
const SOFT = { subjects: 300, sizeBytes: 300_000, records: 1_000 };
/** So many times as much more if another process is about to do that, for each of them. */
const RANK_TIMES = 0.5;
/** With so many times as much, they are carried out first. */
const HARD_TIMES = 4;
/** What others have probably not seen yet is left, milliseconds. */
const LEAVE_MS = 200;
/** How often a commit whose checks fail is tried. */
const TRIES = 20;

/** Appends to the log of this process. */
export interface RecordWriter {
  /**
   * Writes records as one commit. Settles when they are durable. If that fails, it is not known whether
   * they are; with the same records again, they are written once.
   *
   * @param assumesQuiet Whether to throw {@link OthersWroteError} if others have written something that
   * this process does not know.
   */
  append(records: readonly Uint8Array[], assumesQuiet: boolean): Promise<void>;
  /**
   * Makes sure that a record whose answer was lost does not come later. If whoever brought it has not given
   * up, it is written again.
   */
  settle(): Promise<void>;
}

/** A commit of records. */
interface Attempt {
  readonly writer: string;
  readonly first: number;
  readonly records: readonly Uint8Array[];
  /** Whether an empty record may have been written instead. */
  readonly isMaybeEmpty?: boolean;
}

/** Creates a writer without a log. */
export function createRecordWriter(
  { kv, state, newName, relieve }: {
    kv: Pick<Deno.Kv, "getMany" | "atomic">;
    state: LogState;
    newName: () => string;
    /** Carries out records that are known for so many milliseconds, if a look shows that it is still needed. */
    relieve: (leaveMs: number, isNeeded: () => boolean) => Promise<void>;
  },
): RecordWriter {
  let uncertain: Attempt | null = null;
  let relieving: Promise<void> | null = null;
  const inTurn = createTurns();

  function operation({ writer, first, records }: Attempt): Deno.AtomicOperation {
    const op = kv.atomic()
      .check({ key: WRITERS_KEY, versionstamp: state.writersVersion() })
      .check({ key: recordKey(writer, first), versionstamp: null });
    records.forEach((bytes, index) => op.set(recordKey(writer, first + index), bytes));
    return op;
  }

  function added({ first, records }: Attempt, versionstamp: string): void {
    records.forEach((bytes, index) => state.addOwn(first + index, bytes, versionstamp));
  }

  /**
   * Whether an attempt has happened, or an empty record has taken its place. Also finds out who may write
   * now.
   */
  async function findOut(attempt: Attempt): Promise<"happened" | "replaced" | "open"> {
    const { writer, first, records, isMaybeEmpty = false } = attempt;
    const [writersEntry, flushedEntry, record] = await kv.getMany<unknown[]>([
      WRITERS_KEY,
      FLUSHED_KEY,
      recordKey(writer, first),
    ]);
    state.setWriters(writersOf(writersEntry.value), writersEntry.versionstamp);
    const { upTo } = flushedOf(flushedEntry.value);
    state.setFlushed(flushedOf(flushedEntry.value), flushedEntry.versionstamp);
    const { value, versionstamp } = record;
    if (value instanceof Uint8Array && versionstamp !== null) {
      const isOwn = areEqual([value], records.slice(0, 1));
      added(isOwn ? attempt : { ...attempt, records: [value] }, versionstamp);
      return isOwn ? "happened" : "replaced";
    }
    if ((upTo.get(writer) ?? 0) < first) return "open";
    // It was carried out; a part of it may still be there.
    for (const [index, bytes] of records.entries()) {
      const number = first + index;
      const [{ versionstamp }] = await kv.getMany([recordKey(writer, number)]);
      state.addOwn(number, bytes, versionstamp ?? "");
      if (isMaybeEmpty) break;
    }
    return isMaybeEmpty ? "replaced" : "happened";
  }

  /** Commits. If the answer is lost, `unsure` stays uncertain. False if a check failed. */
  async function commit(
    op: Deno.AtomicOperation,
    attempt: Attempt,
    unsure: Attempt = attempt,
  ): Promise<boolean> {
    try {
      const result = await op.commit();
      if (!result.ok) return false;
      uncertain = null;
      added(attempt, result.versionstamp);
      return true;
    } catch (error) {
      // The database refuses it, so that it will again. Its number must not be used for another record.
      if (error instanceof TypeError || error instanceof DOMException) leaveLog();
      else uncertain = unsure;
      throw error;
    }
  }

  function leaveLog(): void {
    state.setOwn(null);
    uncertain = null;
  }

  /** Whether this process may still write to its log. */
  function isListed(): boolean {
    const own = state.own();
    return own !== null && state.writers().includes(own);
  }

  /**
   * Settles whether an attempt has happened, by writing something under its number: the same records again,
   * or an empty one, so that they cannot come later, when others have written or deleted readings.
   */
  async function resolve(attempt: Attempt, isAgain: boolean): Promise<boolean> {
    for (let tried = 1; tried <= TRIES; tried++) {
      // A log is only closed when nothing of it is left. Nobody would look for a record in it.
      if (!state.writers().includes(attempt.writer)) {
        leaveLog();
        return false;
      }
      const writing = isAgain ? attempt : { ...attempt, records: [emptyRecord()] };
      const unsure = isAgain ? attempt : { ...attempt, isMaybeEmpty: true };
      if (await commit(operation(writing), writing, unsure)) return isAgain;
      const found = await findOut(unsure);
      if (found === "open") continue;
      uncertain = null;
      return found === "happened";
    }
    throw new Error("Cannot find out whether readings were stored: too many writers came and went");
  }

  /** Makes a log. */
  async function openLog(): Promise<string> {
    for (let tried = 1; tried <= TRIES; tried++) {
      await state.look();
      const name = newName();
      if (!await changeWriters(kv, state, { begun: [name], closed: othersToClose(state) })) {
        continue;
      }
      state.setOwn(name);
      return name;
    }
    throw new Error("Cannot begin a log of ingest as too many others do at the same time");
  }

  /** Lets records be carried out when there are many, and waits if there are far too many. */
  async function makeRoom(): Promise<void> {
    // All processes see the same records. If all carried them out, all but one would do it in vain.
    const isMuch = () => exceeds(1 + RANK_TIMES * state.rank());
    if (isMuch()) {
      relieving ??= relieve(LEAVE_MS, isMuch).finally(() => relieving = null);
      // The next one tries again.
      relieving.catch(() => {});
    }
    const isTooMuch = () => exceeds(HARD_TIMES);
    while (isTooMuch()) await relieve(0, isTooMuch);
  }

  function exceeds(times: number): boolean {
    const { subjects, sizeBytes, records } = state.known.size();
    return subjects > times * SOFT.subjects || sizeBytes > times * SOFT.sizeBytes ||
      records > times * SOFT.records;
  }

  /** Adds checks that fail if somebody else has written. False if there are too many others. */
  function checkQuiet(op: Deno.AtomicOperation): boolean {
    const others = state.others();
    if (others.length > ASSUMED_WRITERS) return false;
    if (others.length === 0) return true;
    // A record may have been written and carried out.
    op.check({ key: FLUSHED_KEY, versionstamp: state.flushedVersion() });
    for (const writer of others) {
      op.check({ key: recordKey(writer, state.nextOf(writer)), versionstamp: null });
    }
    return true;
  }

  async function appendNow(records: readonly Uint8Array[], assumesQuiet: boolean): Promise<void> {
    if (uncertain !== null) {
      const isSame = areEqual(uncertain.records, records);
      const isDone = await resolve(uncertain, isSame);
      if (isSame && isDone) return;
    }
    await makeRoom();
    const foreign = state.foreignFlushes();
    for (let tried = 1; tried <= TRIES; tried++) {
      if (assumesQuiet && !isListed()) throw new OthersWroteError();
      const writer = isListed() ? String(state.own()) : await openLog();
      const attempt = { writer, first: state.nextOf(writer), records };
      const op = operation(attempt);
      if (assumesQuiet && !checkQuiet(op)) throw new OthersWroteError();
      const before = state.flushedVersion();
      if (await commit(op, attempt)) return;
      if (await findOut(attempt) === "happened") return;
      // This process may have carried out records meanwhile.
      const isOwnDoing = state.flushedVersion() !== before && state.foreignFlushes() === foreign;
      if (assumesQuiet && !isOwnDoing) throw new OthersWroteError();
    }
    throw new Error("Cannot append to a log of ingest as its writers change all the time");
  }

  return {
    async append(records, assumesQuiet) {
      if (records.length === 0) return;
      await inTurn("log", () => appendNow(records, assumesQuiet));
    },
    async settle() {
      if (uncertain === null) return;
      await inTurn("log", async () => {
        if (uncertain !== null) await resolve(uncertain, false);
      });
    },
  };
}

function areEqual(some: readonly Uint8Array[], others: readonly Uint8Array[]): boolean {
  return some.length === others.length && some.every((bytes, index) => {
    const other = others[index];
    return bytes.length === other.length && bytes.every((byte, at) => byte === other[at]);
  });
}
