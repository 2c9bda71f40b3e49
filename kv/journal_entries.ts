/**
 * What a journal holds, in memory: the entries that lie over those of the database.
 *
 * Entries that are settled some day stand in a row, the one that was changed last at its end.
 * Entries that stay in the journal are places in its records (`kv/journal_run.ts`).
 *
 * @module
 */

import { createRun, type RecordSource, type Run, type ValuePlace } from "./journal_run.ts";
import type { JournalValue } from "./journal_record.ts";
import { compareKeys, createKeyMap } from "./key_map.ts";

/** An entry that lies over what the database has under its key, as it was when it was asked for. */
export interface JournalEntry {
  /** Its key. */
  readonly key: Deno.KvKey;
  /** What it holds; undefined: nothing is there, whatever the database has. */
  readonly value: JournalValue;
  /** The version of the commit that changed it last. */
  readonly versionstamp: string;
  /** The last record that changed it. */
  readonly record: number;
}

/** How the entries of a space are kept; all of its keys have as many parts. */
export interface JournalSpace {
  /**
   * Whether its entries go into the database when the journal is settled. Those that do not stay in
   * the journal; they hold bytes, and their keys end with a number.
   */
  readonly isSettled: boolean;
}

/** The journalled spaces by their names. */
export type JournalSpaces = Readonly<Record<string, JournalSpace>>;

/** The entries of a journal. */
export interface JournalEntries {
  /** The entry of a key, if there is one. */
  get(key: Deno.KvKey): JournalEntry | undefined;
  /** Sets what a key holds; bytes must lie in the record. */
  set(key: Deno.KvKey, value: JournalValue, source: RecordSource): void;
  /** Takes the entry of a key away. */
  remove(key: Deno.KvKey): void;
  /** Those that a selector takes, in the order of keys. */
  list(selector: Deno.KvListSelector): JournalEntry[];
  /** Those that no record behind one changed, the oldest first but for those that stay. */
  listUpTo(record: number): JournalEntry[];
}

/** An entry in the row, or the row itself: before its first and behind its last one. */
interface RowEntry extends JournalEntry {
  value: JournalValue;
  versionstamp: string;
  record: number;
  before: RowEntry;
  behind: RowEntry;
}

/** Entries whose keys differ by the number at their end. */
interface Series {
  readonly prefix: Deno.KvKey;
  readonly run: Run;
}

/** No entries yet. */
export function createJournalEntries(spaces: JournalSpaces): JournalEntries {
  const settled = createKeyMap<RowEntry>();
  const staying = createKeyMap<Series>();
  const row = createRow();
  const isSettled = (key: Deno.KvKey) => spaces[String(key[0])].isSettled;

  function setSettled(key: Deno.KvKey, value: JournalValue, source: RecordSource): void {
    const { versionstamp, number } = source;
    let entry = settled.get(key);
    if (entry === undefined) {
      entry = { ...row, key };
      settled.set(key, entry);
    } else leaveRow(entry);
    entry.value = value;
    entry.versionstamp = versionstamp;
    entry.record = number;
    joinRow(row, entry);
  }

  function removeSettled(key: Deno.KvKey): void {
    const entry = settled.get(key);
    if (entry === undefined) return;
    leaveRow(entry);
    settled.remove(key);
  }

  function removeStaying(key: Deno.KvKey): void {
    const prefix = key.slice(0, -1);
    const series = staying.get(prefix);
    series?.run.remove(Number(key[key.length - 1]));
    if (series?.run.size() === 0) staying.remove(prefix);
  }

  function setStaying(key: Deno.KvKey, bytes: Uint8Array, source: RecordSource): void {
    const prefix = key.slice(0, -1);
    let series = staying.get(prefix);
    if (series === undefined) {
      series = { prefix, run: createRun() };
      staying.set(prefix, series);
    }
    const start = bytes.byteOffset - source.bytes.byteOffset;
    series.run.set(Number(key[key.length - 1]), { source, start, length: bytes.length });
  }

  return {
    get(key) {
      const entry = settled.get(key);
      if (entry !== undefined || isSettled(key)) return entry && snapshot(entry);
      const series = staying.get(key.slice(0, -1));
      const number = Number(key[key.length - 1]);
      const place = series?.run.get(number);
      return series && place && stayingEntry(series, number, place);
    },
    set(key, value, source) {
      if (isSettled(key)) return setSettled(key, value, source);
      // A deletion of what lies below is settled like any other.
      if (value instanceof Uint8Array) {
        removeSettled(key);
        setStaying(key, value, source);
      } else {
        removeStaying(key);
        setSettled(key, value, source);
      }
    },
    remove(key) {
      removeSettled(key);
      if (!isSettled(key)) removeStaying(key);
    },
    list(selector) {
      const prefix = commonParts(selector);
      const found = settled.list(prefix).map(snapshot);
      if (!isSettled(prefix)) {
        for (const series of staying.list(prefix)) found.push(...entriesOf(series));
        found.sort((a, b) => compareKeys(a.key, b.key));
      }
      return found.filter(({ key }) => isWithin(key, selector));
    },
    listUpTo(record) {
      const found: JournalEntry[] = [];
      for (let entry = row.behind; entry !== row && entry.record <= record; entry = entry.behind) {
        found.push(snapshot(entry));
      }
      for (const series of staying.list([])) found.push(...entriesOf(series, record));
      return found;
    },
  };
}

function createRow(): RowEntry {
  // The two links are set before anybody sees it.
  const row = { key: [], value: undefined, versionstamp: "", record: 0 } as unknown as RowEntry;
  row.before = row;
  row.behind = row;
  return row;
}

function joinRow(row: RowEntry, entry: RowEntry): void {
  entry.before = row.before;
  entry.behind = row;
  row.before.behind = entry;
  row.before = entry;
}

function leaveRow({ before, behind }: RowEntry): void {
  before.behind = behind;
  behind.before = before;
}

function snapshot({ key, value, versionstamp, record }: RowEntry): JournalEntry {
  return { key, value, versionstamp, record };
}

/** The entries of a series, of all records or of those up to one. */
function entriesOf(series: Series, upTo: number = Infinity): JournalEntry[] {
  return series.run.list(upTo).map(([number, place]) => stayingEntry(series, number, place));
}

function stayingEntry(
  { prefix }: Series,
  number: number,
  { source, start, length }: ValuePlace,
): JournalEntry {
  const value = source.bytes.subarray(start, start + length);
  const { versionstamp, number: record } = source;
  return { key: [...prefix, number], value, versionstamp, record };
}

/** The first parts that every key has which a selector takes. */
function commonParts(selector: Deno.KvListSelector): Deno.KvKey {
  if ("prefix" in selector) return selector.prefix;
  const { start, end } = selector;
  let count = 0;
  while (count < start.length && start[count] === end[count]) count++;
  return start.slice(0, count);
}

function isWithin(key: Deno.KvKey, selector: Deno.KvListSelector): boolean {
  if ("prefix" in selector && key.length <= selector.prefix.length) return false;
  if ("start" in selector && compareKeys(key, selector.start) < 0) return false;
  return !("end" in selector) || compareKeys(key, selector.end) < 0;
}
