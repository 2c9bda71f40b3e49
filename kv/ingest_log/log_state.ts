/**
 * What a process knows of all logs, and finding out what it does not know.
 *
 * @module
 */

import { outsideRequests } from "../../data/request_context.ts";
import { createKnownRecords, type KnownRecord, type KnownRecords } from "./known_records.ts";
import { NO_CONTENT, type RecordContent } from "./record_content.ts";
import {
  type Flushed,
  FLUSHED_KEY,
  flushedOf,
  recordKey,
  recordNumber,
  recordsFrom,
  WRITERS_KEY,
  writersOf,
} from "./record_keys.ts";

/** Most records of one read, which is a snapshot of them and three small entries. */
const RECORDS_AT_ONCE = 7;
/** Most next records of a writer in such a read. */
const RECORDS_OF_ONE = 3;
/** For how long records that were carried out are there for others to see, milliseconds. */
const KEPT_MS = 2_000;
/** Records of a list that are read at once. */
const LIST_BATCH = 100;
/** The others count as quiet if nothing of theirs was found for so long, milliseconds. */
const QUIET_MS = 1_000;

/** What records bring and concern. */
export interface LogSubjects {
  /**
   * What a record brings.
   *
   * @throws {SyntaxError} if it is damaged.
   */
  readonly contentOf: (bytes: Uint8Array) => RecordContent;
  /** Names what it concerns, by parts of keys: each entry, and each range that holds one. */
  readonly subjectsOf: (content: RecordContent) => Iterable<string>;
  /** What a key, or the common part of the keys of a range, stands for; null for everything. */
  readonly subjectOf: (key: Deno.KvKey) => string | null;
  /** Hears of every record that becomes known. */
  readonly onAdd?: (record: KnownRecord) => void;
  /** Hears of every record that was carried out. */
  readonly onDrop?: (record: KnownRecord) => void;
}

/** The result of a look. */
export interface Looked {
  /** What was known when it began, in order. */
  readonly start: readonly KnownRecord[];
  /** The earliest version of what was found: everything before it was known; null if nothing was found. */
  readonly upToVersion: string | null;
}

/** What a look has found out about an entry that it reads besides. */
export interface Watched {
  /** The version of the entry; null if there is none. */
  readonly version: string | null;
  /** When the look began, milliseconds; `-Infinity` before the first one. */
  readonly atMs: number;
}

/** What a process knows. */
export interface LogState {
  /** The records that are not carried out. */
  readonly known: KnownRecords;
  /** Finds out what the others have written before the call. */
  look(): Promise<Looked>;
  /** Who may write. */
  writers(): readonly string[];
  /** The version of that list. */
  writersVersion(): string | null;
  /** Who may write besides this process. */
  others(): readonly string[];
  /** The number of the next record of a writer that this process has not seen. */
  nextOf(writer: string): number;
  /** What was carried out. */
  flushed(): Flushed;
  /** The number of the last record of a writer that was carried out. */
  flushedUpTo(writer: string): number;
  /** The same of a moment ago: all others who look again and again have seen those records. */
  flushedBefore(): ReadonlyMap<string, number>;
  /** The version of that. */
  flushedVersion(): string | null;
  /** Sets who may write, unless something newer is known. True if it was not known. */
  setWriters(writers: readonly string[], version: string | null): boolean;
  /** Sets what was carried out, unless something newer is known. `isOwn`: whether this process did it. */
  setFlushed(now: Flushed, version: string | null, isOwn?: boolean): void;
  /** How often others were seen to carry out records. */
  foreignFlushes(): number;
  /** Which log is that of this process; null if it has none yet. */
  own(): string | null;
  /** Says which log is that of this process. */
  setOwn(writer: string | null): void;
  /** How many others have records that wait, and a log whose name comes before that of this process. */
  rank(): number;
  /** Adds a record that this process has written, and that was not carried out meanwhile. */
  addOwn(number: number, bytes: Uint8Array, versionstamp: string): void;
  /** The entry that looks read besides. */
  watched(): Watched;
  /** Whether the others have written nothing for a while, so that they probably do not now. */
  othersAreQuiet(): boolean;
  /** When records may have been carried out that this process has never seen, as `elapsedMs()` has it. */
  lastMissedMs(): number;
}

/** What was read of some writers at one moment: the next records of each, `each` of them. */
interface Probe {
  readonly writers: readonly string[];
  readonly numbers: readonly number[];
  readonly each: number;
  readonly entries: readonly Deno.KvEntryMaybe<unknown>[];
}

/** Creates a state that knows nothing. */
export function createLogState(
  { kv, subjects, watchedKey, elapsedMs }: {
    kv: Pick<Deno.Kv, "getMany" | "list">;
    watchedKey: Deno.KvKey;
    subjects: LogSubjects;
    elapsedMs: () => number;
  },
): LogState {
  const known = createKnownRecords(subjects);
  let writers: readonly string[] = [];
  let writersVersion: string | null = null;
  /** The earliest version of what the look in progress has found; null for nothing. */
  let foundVersion: string | null = null;
  let flushed: Flushed = flushedOf(null);
  /** What was carried out earlier, and since when this process knows that. */
  let history: { atMs: number; upTo: ReadonlyMap<string, number> }[] = [];
  let flushedVersion: string | null = null;
  const next = new Map<string, number>();
  let own: string | null = null;
  let foundMs = -Infinity, missedMs = -Infinity, foreign = 0;
  let watched: Watched = { version: null, atMs: -Infinity };
  let waiting: Promise<Looked> | null = null;
  let running: Promise<unknown> = Promise.resolve();

  const flushedUpTo = (writer: string) => flushed.upTo.get(writer) ?? 0;
  // What was carried out before this process knew the writer does not matter.
  const nextOf = (writer: string) => next.get(writer) ?? flushedUpTo(writer) + 1;
  const others = () => writers.filter((writer) => writer !== own);

  function setWriters(now: readonly string[], version: string | null): boolean {
    if (!isNewer(version, writersVersion)) return false;
    for (const writer of writers) {
      if (now.includes(writer)) continue;
      known.dropAll(writer);
      next.delete(writer);
    }
    // A log that was closed since the last look may have had records.
    missedMs = elapsedMs();
    writers = now;
    writersVersion = version;
    return true;
  }

  function setFlushed(now: Flushed, version: string | null, isOwn = false): void {
    if (!isNewer(version, flushedVersion)) return;
    if (!isOwn) foreign++;
    flushed = now;
    flushedVersion = version;
    const atMs = elapsedMs();
    history.push({ atMs, upTo: now.upTo });
    const recent = history.findLastIndex((one) => atMs - one.atMs >= KEPT_MS);
    if (recent > 0) history = history.slice(recent);
    for (const [writer, number] of now.upTo) known.drop(writer, number);
  }

  /** Takes over the next record of a writer. One that was carried out only shows what is recent. */
  function add(writer: string, number: number, entry: Deno.KvEntry<unknown>): void {
    // Nothing but bytes is written under these keys.
    const bytes = entry.value as Uint8Array;
    next.set(writer, number + 1);
    const { versionstamp } = entry;
    const head = { writer, number, versionstamp, sizeBytes: bytes.length, knownMs: elapsedMs() };
    const record = { ...head, ...describe(bytes) };
    if (writer !== own) foundMs = elapsedMs();
    if (number > flushedUpTo(writer)) {
      known.add(record);
      if (writer !== own && !(versionstamp > (foundVersion ?? "g"))) foundVersion = versionstamp;
    } else if (writer !== own) {
      subjects.onAdd?.(record);
      subjects.onDrop?.(record);
    }
  }

  /** What a record brings and concerns: nothing if it is damaged. */
  function describe(
    bytes: Uint8Array,
  ): Pick<KnownRecord, keyof RecordContent | "subjects" | "damaged"> {
    try {
      const content = subjects.contentOf(bytes);
      return { ...content, subjects: subjects.subjectsOf(content), damaged: null };
    } catch {
      return { ...NO_CONTENT, subjects: [], damaged: bytes };
    }
  }

  /** The next record of a writer was deleted before this process has seen it. */
  function skipMissed(writer: string): void {
    missedMs = elapsedMs();
    next.set(writer, flushedUpTo(writer) + 1);
  }

  async function probe(some: readonly string[]): Promise<Probe> {
    const each = Math.min(RECORDS_OF_ONE, Math.floor(RECORDS_AT_ONCE / Math.max(1, some.length)));
    const numbers = some.map(nextOf);
    const keys = some.flatMap((writer, index) =>
      Array.from({ length: each }, (_, more) => recordKey(writer, numbers[index] + more))
    );
    const entries = await kv.getMany<unknown[]>([WRITERS_KEY, FLUSHED_KEY, watchedKey, ...keys]);
    return { writers: some, numbers, each, entries };
  }

  /**
   * Takes over what was read. False if it was outdated, so that it must be read again. Adds writers to `cut`
   * that may have more.
   */
  function takeOver(
    { writers: names, numbers, each, entries }: Probe,
    cut: string[],
  ): boolean {
    const [writersEntry, flushedEntry, watchedEntry, ...records] = entries;
    if (isNewer(watchedEntry.versionstamp, watched.version)) {
      watched = { ...watched, version: watchedEntry.versionstamp };
    }
    const isChanged = setWriters(writersOf(writersEntry.value), writersEntry.versionstamp);
    setFlushed(flushedOf(flushedEntry.value), flushedEntry.versionstamp);
    let isCurrent = !isChanged;
    for (const [index, writer] of names.entries()) {
      const number = numbers[index];
      if (nextOf(writer) !== number) {
        isCurrent = false;
        continue;
      }
      // What was carried out before this process knew the writer is in the database, but not in what it read.
      if (!next.has(writer) && number > 1) missedMs = elapsedMs();
      next.set(writer, number);
      const some = records.slice(index * each, (index + 1) * each);
      const end = some.findIndex(({ versionstamp }) => versionstamp === null);
      for (const [more, entry] of some.slice(0, end < 0 ? each : end).entries()) {
        // It has a version, so it is there.
        add(writer, number + more, entry as Deno.KvEntry<unknown>);
      }
      if (end < 0) cut.push(writer);
      else if (flushedUpTo(writer) >= nextOf(writer)) {
        skipMissed(writer);
        isCurrent = false;
      }
    }
    return isCurrent;
  }

  /** Reads the rest of a log. False if some of it was deleted meanwhile. */
  async function readRest(writer: string): Promise<boolean> {
    const selector = recordsFrom(writer, nextOf(writer));
    for await (const entry of kv.list<unknown>(selector, { batchSize: LIST_BATCH })) {
      const number = recordNumber(entry.key);
      if (number < nextOf(writer)) continue;
      if (number > nextOf(writer)) return false;
      add(writer, number, entry);
    }
    return true;
  }

  async function lookNow(): Promise<Looked> {
    const start = known.inOrder();
    const beganMs = elapsedMs();
    foundVersion = null;
    for (;;) {
      const names = others();
      const groups: (readonly string[])[] = [names.slice(0, RECORDS_AT_ONCE)];
      for (let at = RECORDS_AT_ONCE; at < names.length; at += RECORDS_AT_ONCE) {
        groups.push(names.slice(at, at + RECORDS_AT_ONCE));
      }
      const cut: string[] = [];
      const probes = await Promise.all(groups.map(probe));
      let isCurrent = true;
      for (const one of probes) isCurrent = takeOver(one, cut) && isCurrent;
      const rests = await Promise.all(cut.map(readRest));
      if (!isCurrent || rests.includes(false)) continue;
      watched = { ...watched, atMs: beganMs };
      return { start, upToVersion: foundVersion };
    }
  }

  /** Calls of the same moment share a look, and so do those that come while another one is in progress. */
  function look(): Promise<Looked> {
    if (waiting !== null) return waiting;
    const started = running.then(() => {
      waiting = null;
      return outsideRequests(lookNow);
    });
    waiting = started;
    running = started.catch(() => {});
    return started;
  }

  return {
    known,
    look,
    writers: () => writers,
    writersVersion: () => writersVersion,
    others,
    nextOf,
    flushed: () => flushed,
    flushedUpTo,
    flushedBefore() {
      const atMs = elapsedMs();
      return history.findLast((one) => atMs - one.atMs >= KEPT_MS)?.upTo ?? new Map();
    },
    flushedVersion: () => flushedVersion,
    foreignFlushes: () => foreign,
    setWriters,
    setFlushed,
    own: () => own,
    setOwn(writer) {
      own = writer;
    },
    rank: () => others().filter((writer) => known.isWriting(writer) && writer < (own ?? "")).length,
    addOwn(number, bytes, versionstamp) {
      if (own !== null) {
        add(own, number, { key: recordKey(own, number), value: bytes, versionstamp });
      }
    },
    watched: () => watched,
    othersAreQuiet: () => others().length === 0 || elapsedMs() - foundMs > QUIET_MS,
    lastMissedMs: () => missedMs,
  };
}

/** Whether a version that was read is later than the one that is known. */
function isNewer(version: string | null, knownVersion: string | null): boolean {
  return version !== null && (knownVersion === null || version > knownVersion);
}
