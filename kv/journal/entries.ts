/**
 * What a journal holds, in memory: the entries that lie over those of the database.
 *
 * Entries that are settled some day stand in a row, the one that was changed last at its end.
 * Entries that stay in the journal are places in bytes that came together (`kv/journal/value_index.ts`).
 *
 * @module
 */

import {
  createValueIndex,
  type RecordSource,
  type ValueIndex,
  type ValueLocation,
} from "./value_index.ts";
import type { JournalValue } from "./record.ts";
import { compareKeys, createKeyMap, type KeyBounds } from "./key_map.ts";

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
  readonly isFlushed: boolean;
}

/** Options of a list that a journal knows. */
export interface ListOptions {
  /** Most entries. */
  readonly limit?: number | undefined;
  /** From the last to the first. */
  readonly reverse?: boolean | undefined;
}

/** The journalled spaces by their names. */
export type JournalSpaces = Readonly<Record<string, JournalSpace>>;

/** The entries of a journal. */
export interface JournalEntries {
  /** The entry of a key, if there is one. */
  get(key: Deno.KvKey): JournalEntry | undefined;
  /** Sets what a key holds; of one that stays the bytes must lie in those of the source. */
  set(key: Deno.KvKey, value: JournalValue, source: RecordSource): void;
  /** Takes the entry of a key away. */
  remove(key: Deno.KvKey): void;
  /**
   * Those that a selector takes, in the order of keys or the other way round: all, or as many as
   * hold so many that have a value.
   */
  list(selector: Deno.KvListSelector, options?: ListOptions): JournalEntry[];
  /**
   * Those that no record behind one changed, the oldest first but for those that stay; as they are
   * when they are asked for, without those that changed or went meanwhile.
   */
  listUpTo(record: number): Iterable<JournalEntry>;
  /** Bytes of the values of those that stay. */
  stayingBytes(): number;
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
  readonly run: ValueIndex;
}

/** No entries yet. */
export function createJournalEntries(spaces: JournalSpaces): JournalEntries {
  const settled = createKeyMap<RowEntry>();
  const staying = createKeyMap<Series>();
  const row = createRow();
  let stayingBytes = 0;
  const isFlushed = (key: Deno.KvKey) => spaces[String(key[0])].isFlushed;

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
    const number = Number(key[key.length - 1]);
    const series = staying.get(prefix);
    stayingBytes -= series?.run.get(number)?.length ?? 0;
    series?.run.remove(number);
    if (series?.run.size() === 0) staying.remove(prefix);
  }

  function setStaying(key: Deno.KvKey, bytes: Uint8Array, source: RecordSource): void {
    const prefix = key.slice(0, -1);
    let series = staying.get(prefix);
    if (series === undefined) {
      series = { prefix, run: createValueIndex() };
      staying.set(prefix, series);
    }
    const start = bytes.byteOffset - source.bytes.byteOffset;
    const number = Number(key[key.length - 1]);
    stayingBytes += bytes.length - (series.run.get(number)?.length ?? 0);
    series.run.set(number, { source, start, length: bytes.length });
  }

  return {
    get(key) {
      const entry = settled.get(key);
      if (entry !== undefined || isFlushed(key)) return entry && snapshot(entry);
      const series = staying.get(key.slice(0, -1));
      const number = Number(key[key.length - 1]);
      const place = series?.run.get(number);
      return series && place && stayingEntry(series, number, place);
    },
    set(key, value, source) {
      if (isFlushed(key)) return setSettled(key, value, source);
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
      if (!isFlushed(key)) removeStaying(key);
    },
    list(selector, { limit = Infinity, reverse = false } = {}) {
      const prefix = commonParts(selector);
      const bounds = boundsOf(selector);
      const found: JournalEntry[] = [];
      if (isFlushed(prefix)) {
        let left = limit;
        for (const entry of settled.list(prefix, { ...bounds, reverse })) {
          if (left <= 0) break;
          if (!isWithin(entry.key, selector)) continue;
          found.push(snapshot(entry));
          if (entry.value !== undefined) left--;
        }
        return found;
      }
      for (const entry of settled.list(prefix, bounds)) found.push(snapshot(entry));
      for (const series of staying.list(prefix, bounds)) found.push(...entriesOf(series));
      const within = found.filter(({ key }) => isWithin(key, selector));
      const sign = reverse ? -1 : 1;
      return within.sort((a, b) => sign * compareKeys(a.key, b.key));
    },
    *listUpTo(record) {
      // Places alone: what they hold would be hundreds of thousands of objects at once.
      const old: RowEntry[] = [];
      for (let entry = row.behind; entry !== row && entry.record <= record; entry = entry.behind) {
        old.push(entry);
      }
      const series = [...staying.list([])];
      for (const entry of old) if (entry.record <= record) yield snapshot(entry);
      for (const each of series) yield* entriesOf(each, record);
    },
    stayingBytes: () => stayingBytes,
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
  { source, start, length }: ValueLocation,
): JournalEntry {
  const value = source.bytes.subarray(start, start + length);
  const { versionstamp, number: record } = source;
  return { key: [...prefix, number], value, versionstamp, record };
}

function boundsOf(selector: Deno.KvListSelector): KeyBounds {
  const start = "start" in selector ? selector.start : undefined;
  return { start, end: "end" in selector ? selector.end : undefined };
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
