/**
 * The logs of the processes that share a database: what ingest brings is one value a commit, and is
 * carried out later, by any of them.
 *
 * A commit of ingest over a network would change five entries a reading. So each process appends records
 * to a log of its own instead. A flush carries out the oldest records of all logs in one commit: it writes
 * the entries and moves `["ingest", "flushed"]`. The records are deleted a moment later. Readings of one
 * series become one segment.
 *
 * What holds:
 *
 * 1. A record is written once, under the next number of its log, with checks that the number is free and
 *    that nobody has changed the list of writers. If the answer is lost, the same record is written again
 *    before any other one. So a log has no gaps, and nobody writes to a log that is not in the list.
 * 2. A flush checks the version of `["ingest", "flushed"]` that it has read, and takes all records of all logs up
 *    to a version, in the order of their versions. So each record is carried out exactly once, after every
 *    record that was committed before it.
 * 3. Before a read of an entry that a record may change, everything that was acknowledged before is
 *    carried out, unless nothing of it concerns the entry. The same holds before a commit of such an entry,
 *    and then it is also settled whether a record of this process was written whose answer was lost.
 *
 * So a record takes effect when it is carried out, and nobody can see it before: to all others, that is
 * the moment in which its readings were written. The rules for segments, heads and removal
 * (`kv/series`) need nothing else. A process that dies leaves records; any other one carries them out.
 *
 * Where step by step things go wrong:
 *
 * | interrupted | what is left |
 * |---|---|
 * | before the commit of a record | nothing |
 * | after it, before the answer | a record that counts. Whoever waits has no answer; another try finds it |
 * | between two commits of a flush | the first records are carried out, the others wait |
 * | after a commit of a flush, before its answer | the flush looks again, and finds them carried out |
 * | two flushes at once | one of them fails its check, and looks again |
 *
 * @module
 */

import { changeWriters, isEmptied } from "./closing.ts";
import { createRecordWriter, type RecordWriter } from "./record_writer.ts";
import { takeFlushGroup } from "./flush_plan.ts";
import type { KnownRecord } from "./known_records.ts";
import { createLogState, type LogState, type LogSubjects, type Looked } from "./log_state.ts";
import { FLUSHED_KEY, flushedValue, recordKey } from "./record_keys.ts";

/** A log whose writer has written nothing for so long is closed, milliseconds. */
const IDLE_MS = 600_000;
/** Records deleted at once. A commit may have 1,000 mutations, and 80 KiB of keys. */
const SWEPT_AT_ONCE = 900;
/** How often a flush is tried. */
const TRIES = 3;

/** What concerns a caller of {@link IngestLog.catchUp}: an entry, or a part that keys have in common. */
export type Concerned = readonly Deno.KvKey[];

/** The logs of all processes, as one of them works with them. */
export interface IngestLog extends Pick<RecordWriter, "append" | "settle"> {
  /** Finds out what the others have written. Settles when everything from before the call is known. */
  look(): Promise<void>;
  /** Carries out every record from before the call that concerns some entries, and all before those. */
  catchUp(concerned: Concerned): Promise<void>;
  /**
   * Carries out all records from before the call, but for those that are known for less than `leaveMs`, and
   * closes logs that nobody writes to. Other processes that look meanwhile have seen what is carried out.
   */
  flush(nowMs: number, signal?: AbortSignal, leaveMs?: number): Promise<void>;
  /** What is known without a read. */
  readonly state: Pick<
    LogState,
    "known" | "others" | "othersAreQuiet" | "lastMissedMs" | "watched"
  >;
}

/** What the logs need. */
export interface IngestLogDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "getMany" | "list" | "atomic">;
  /** The same, for appending to the log of this process. */
  readonly logKv?: Pick<Deno.Kv, "getMany" | "atomic">;
  /** What the records concern. */
  readonly subjects: LogSubjects;
  /** An entry that every look reads besides. */
  readonly watchedKey: Deno.KvKey;
  /** Returns a name that nobody has. */
  readonly newName: () => string;
  /** Milliseconds since any moment. */
  readonly elapsedMs: () => number;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** Opens the logs. Reads nothing yet. */
export function openIngestLog(deps: IngestLogDeps): IngestLog {
  const { kv, logKv = kv, newName, elapsedMs, now } = deps;
  const state = createLogState(deps);
  const segmentWriter = newName();
  let segmentNumber = 0;
  const nextName = () => ({ writer: segmentWriter, number: ++segmentNumber });
  /** When each log was seen to grow, or first seen; milliseconds of `flush`. */
  const grewMs = new Map<string, { next: number; atMs: number }>();
  let flushing: Promise<unknown> = Promise.resolve();

  /** Carries out records, the first ones of those that wait. False if another process was faster. */
  async function carryOut(records: readonly KnownRecord[]): Promise<boolean> {
    const { records: group, stage } = takeFlushGroup(records, { nextName, nowMs: now() });
    const op = kv.atomic().check({ key: FLUSHED_KEY, versionstamp: state.flushedVersion() });
    stage(op);
    const { upTo: before, kept } = state.flushed();
    const upTo = new Map(before);
    for (const { writer, number } of group) upTo.set(writer, number);
    const flushed = { upTo, kept };
    const result = await op.set(FLUSHED_KEY, flushedValue(flushed)).commit();
    if (result.ok) state.setFlushed(flushed, result.versionstamp, true);
    return result.ok;
  }

  /** The same. If it is not known whether it happened, that counts as a failed check: a look tells. */
  async function tryToCarryOut(
    records: readonly KnownRecord[],
    faults: unknown[],
  ): Promise<boolean> {
    try {
      return await carryOut(records);
    } catch (error) {
      if (faults.push(error) === TRIES) throw error;
      return false;
    }
  }

  /** Carries out `wanted`, and everything that was committed before. */
  async function carryOutAll(
    wanted: readonly KnownRecord[],
    first: Looked,
    signal?: AbortSignal,
  ): Promise<void> {
    // A log is only closed when all of it was carried out.
    const isOpen = ({ writer, number }: KnownRecord) =>
      state.writers().includes(writer) && number > state.flushedUpTo(writer);
    const faults: unknown[] = [];
    const last = wanted.at(-1)?.versionstamp ?? "";
    for (let looked = first; wanted.some(isOpen);) {
      if (signal?.aborted) return;
      const { upToVersion } = looked;
      const ready = looked.start.filter((record) =>
        isOpen(record) && record.versionstamp <= last &&
        (upToVersion === null || record.versionstamp < upToVersion)
      );
      const isReady = new Set(ready);
      // Only what a look has started with is sure to have nothing unknown before it.
      if (!wanted.every((record) => !isOpen(record) || isReady.has(record))) {
        looked = await state.look();
      } else if (!await tryToCarryOut(ready, faults)) looked = await state.look();
    }
  }

  /** What has to be carried out after a look: what it began with, and what it found. */
  function wantedAfter({ start }: Looked): readonly KnownRecord[] {
    const began = new Set(start);
    const own = state.own();
    return state.known.inOrder().filter((record) => record.writer !== own || began.has(record));
  }

  /** The first records that were carried out a while ago, and what is left without them. */
  function sweepable(): { old: readonly Deno.KvKey[]; kept: ReadonlyMap<string, number> } {
    const { upTo, kept: before } = state.flushed();
    const kept = new Map(before);
    const old: Deno.KvKey[] = [];
    for (const [writer, last] of state.flushedBefore()) {
      // Its log may have been closed.
      if (!upTo.has(writer)) continue;
      for (let next = kept.get(writer) ?? 1; next <= last && old.length < SWEPT_AT_ONCE; next++) {
        old.push(recordKey(writer, next));
        kept.set(writer, next + 1);
      }
    }
    return { old, kept };
  }

  /** Deletes records that were carried out a while ago, again and again while there are at least so many. */
  async function sweep(least: number, signal?: AbortSignal): Promise<void> {
    for (let failed = 0; failed < TRIES && !signal?.aborted;) {
      const { old, kept } = sweepable();
      if (old.length < least) return;
      const op = kv.atomic().check({ key: FLUSHED_KEY, versionstamp: state.flushedVersion() });
      for (const key of old) op.delete(key);
      const flushed = { upTo: state.flushed().upTo, kept };
      const result = await op.set(FLUSHED_KEY, flushedValue(flushed)).commit();
      if (result.ok) state.setFlushed(flushed, result.versionstamp, true);
      else {
        // Another process was faster, with this or with something else.
        failed++;
        await state.look();
      }
    }
  }

  /** Runs flushes of this process one after the other. */
  function inTurn<T>(run: () => Promise<T>): Promise<T> {
    const turn = flushing.then(run);
    flushing = turn.catch(() => {});
    return turn;
  }

  async function catchUp(concerned: Concerned): Promise<void> {
    const looked = await state.look();
    if (!concerned.some((key) => state.known.concern(key))) return;
    const wanted = wantedAfter(looked);
    await inTurn(() => carryOutAll(wanted, looked));
  }

  /** Takes writers off the list whose logs have not grown for long. They would have to ask again. */
  async function closeIdle(nowMs: number): Promise<void> {
    const idle = state.others().filter((writer) => {
      const next = state.nextOf(writer);
      const seen = grewMs.get(writer);
      if (seen?.next !== next) grewMs.set(writer, { next, atMs: nowMs });
      return seen?.next === next && nowMs - seen.atMs >= IDLE_MS;
    });
    for (const writer of idle) {
      if (!isEmptied(state, writer)) continue;
      if (!await changeWriters(kv, state, { closed: [writer] })) return;
      grewMs.delete(writer);
    }
  }

  /** The records that are known for long enough. */
  function olderThan(records: readonly KnownRecord[], leaveMs: number): readonly KnownRecord[] {
    const atMs = elapsedMs() - leaveMs;
    return leaveMs === 0 ? records : records.filter(({ knownMs }) => knownMs <= atMs);
  }

  async function flush(nowMs: number, signal?: AbortSignal, leaveMs = 0): Promise<void> {
    const looked = await state.look();
    const wanted = olderThan(wantedAfter(looked), leaveMs);
    await inTurn(async () => {
      await carryOutAll(wanted, looked, signal);
      if (signal?.aborted) return;
      await sweep(1, signal);
      await closeIdle(nowMs);
    });
  }

  async function relieve(leaveMs: number, isNeeded: () => boolean): Promise<void> {
    const looked = await state.look();
    // Another process may have done it.
    if (!isNeeded()) return;
    const wanted = olderThan(wantedAfter(looked), leaveMs);
    await inTurn(async () => {
      await carryOutAll(wanted, looked);
      await sweep(SWEPT_AT_ONCE);
    });
  }

  const writer = createRecordWriter({ kv: logKv, state, newName, relieve });
  return {
    append: writer.append,
    settle: writer.settle,
    look: async () => void await state.look(),
    catchUp,
    flush,
    state,
  };
}
