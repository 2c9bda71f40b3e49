/**
 * The entries of a journal, in memory. They overlay those of the database: where the journal has an
 * entry, the database's entry under the same key does not count.
 *
 * Flushed entries go into the database when they have not changed for a while. They are objects in a
 * list, the one that changed last at its end. Retained entries stay in the journal until they are
 * deleted. They are locations in the bytes that arrived together (`kv/journal/value_index.ts`).
 *
 * @module
 */

import { type AllocateBytes, createByteSlab, ownBytes } from "../../data/readings/byte_slab.ts";
import type { DecodedGroup, GroupSection } from "../../data/readings/group_decoder.ts";
import { createRowEncoder } from "../../data/readings/group_rows.ts";
import { COLUMN_BYTES, HEADER_BYTES } from "../../data/readings/page_format.ts";
import { appendEntry, createEntryList, type ListedEntry, unlinkEntry } from "./entry_list.ts";
import { compareKeys, createKeyMap, type KeyBounds } from "./key_map.ts";
import type { JournalValue } from "./record.ts";
import type { AddSegment, BasedValue, GroupRoles, SpreadTarget } from "./spread.ts";
import {
  createValueIndex,
  type RecordSource,
  type ValueIndex,
  type ValueLocation,
} from "./value_index.ts";

/** An entry of the journal, as it was when it was read. */
export interface JournalEntry {
  /** Its key. */
  readonly key: Deno.KvKey;
  /** What the key holds; undefined if it was deleted, whatever the database still has. */
  readonly value: JournalValue;
  /** Version of the commit that changed it last. */
  readonly versionstamp: string;
  /** Number of the last record that changed it. */
  readonly record: number;
  /** Number of the record that holds the value whole; records after it only add to it. */
  readonly base: number;
}

/** How the entries of a key space are kept. All keys of the space have the same number of parts. */
export interface JournalSpace {
  /**
   * Whether the entries are flushed into the database. If not, they are retained in the journal;
   * then their values must be bytes, and their keys must end with a number.
   */
  readonly isFlushed: boolean;
  /** What of a group is in the space; nothing if absent. */
  readonly role?: keyof GroupRoles;
}

/** The options of a list that a journal supports. */
export interface ListOptions {
  /** Most entries. */
  readonly limit?: number | undefined;
  /** From the last to the first. */
  readonly reverse?: boolean | undefined;
}

/** The journaled key spaces by name. */
export type JournalSpaces = Readonly<Record<string, JournalSpace>>;

/** The entries of a journal. */
export interface JournalEntries extends SpreadTarget {
  /** The entry of a key, if the journal has one. */
  get(key: Deno.KvKey): JournalEntry | undefined;
  /** Sets what a key holds. Bytes of a retained entry must lie within those of the source. */
  set(key: Deno.KvKey, value: JournalValue, source: RecordSource): void;
  /** Removes the entry of a key from the journal. */
  remove(key: Deno.KvKey): void;
  /**
   * The entries that a selector matches, in the order of keys or reversed. With a limit, it may stop
   * once it has that many entries with a value.
   */
  list(selector: Deno.KvListSelector, options?: ListOptions): JournalEntry[];
  /**
   * The entries that the records up to `record` are needed for. Flushed entries first, the one that
   * changed earliest first: those that no later record has changed, then those to which later ones only
   * add. Then retained ones. Each is read when it is requested; entries that have been set in the
   * meantime are left out.
   */
  listUpTo(record: number): Iterable<JournalEntry>;
  /** Bytes of all retained values. */
  retainedBytes(): number;
}

/** Retained entries whose keys differ only by the number at their end. */
interface RetainedGroup {
  readonly prefix: Deno.KvKey;
  readonly values: ValueIndex;
}

/** Creates a journal's entries, with none yet. */
export function createJournalEntries(spaces: JournalSpaces): JournalEntries {
  const flushed = createKeyMap<ListedEntry>();
  const retained = createKeyMap<RetainedGroup>();
  const list = createEntryList();
  let retainedBytes = 0;
  const isFlushed = (key: Deno.KvKey) => spaces[String(key[0])].isFlushed;
  const encodeRows = createRowEncoder();

  function setFlushed(
    key: Deno.KvKey,
    { value, base }: BasedValue,
    { versionstamp, number }: RecordSource,
  ): void {
    let entry = flushed.get(key);
    if (entry === undefined) {
      entry = { ...list, key };
      flushed.set(key, entry);
    } else unlinkEntry(entry);
    entry.value = value;
    entry.versionstamp = versionstamp;
    entry.record = number;
    entry.base = base;
    appendEntry(list, entry);
  }

  function removeFlushed(key: Deno.KvKey): void {
    const entry = flushed.get(key);
    if (entry === undefined) return;
    unlinkEntry(entry);
    flushed.remove(key);
  }

  function retainedGroup(prefix: Deno.KvKey): RetainedGroup {
    let group = retained.get(prefix);
    if (group === undefined) {
      group = { prefix, values: createValueIndex() };
      retained.set(prefix, group);
    }
    return group;
  }

  function setRetained(group: RetainedGroup, number: number, location: ValueLocation): void {
    retainedBytes += bytesAt(group, location) - bytesAt(group, group.values.get(number));
    group.values.set(number, location);
  }

  /** Adds segments of one series. To look it up for each of them would cost most of the work. */
  function segmentsOf(prefix: Deno.KvKey): AddSegment {
    const group = retainedGroup(prefix);
    return (number, section, location) => {
      const { source, start, length } = location;
      if (group.values.append(number, source, start, length)) {
        retainedBytes += bytesOfRows(section, length);
      } else setRetained(group, number, location);
    };
  }

  function removeRetained(key: Deno.KvKey): void {
    const prefix = key.slice(0, -1);
    const number = Number(key[key.length - 1]);
    const group = retained.get(prefix);
    if (group === undefined) return;
    retainedBytes -= bytesAt(group, group.values.get(number));
    group.values.remove(number);
    if (group.values.size() === 0) retained.remove(prefix);
  }

  /** Readings of a group become a page. */
  function retainedEntry(
    key: Deno.KvKey,
    { source, start, length }: ValueLocation,
    allocate: AllocateBytes = ownBytes,
  ): JournalEntry {
    const { versionstamp, number: record, bytes, group } = source;
    const end = start + length;
    const value = group === undefined
      ? bytes.subarray(start, end)
      : encodeRows(sectionOf(key, group), { start, end }, allocate);
    return { key, value, versionstamp, record, base: record };
  }

  return {
    get(key) {
      const entry = flushed.get(key);
      if (entry !== undefined || isFlushed(key)) return entry && snapshot(entry);
      const group = retained.get(key.slice(0, -1));
      const location = group?.values.get(Number(key[key.length - 1]));
      return location && retainedEntry(key, location);
    },
    set(key, value, source) {
      const based = { value, base: source.number };
      if (isFlushed(key)) return setFlushed(key, based, source);
      // The deletion of an entry of the database is flushed even in a retained space.
      if (value instanceof Uint8Array) {
        removeFlushed(key);
        const start = value.byteOffset - source.bytes.byteOffset;
        const number = Number(key[key.length - 1]);
        const group = retainedGroup(key.slice(0, -1));
        setRetained(group, number, { source, start, length: value.length });
      } else {
        removeRetained(key);
        setFlushed(key, based, source);
      }
    },
    based: flushed.get,
    setBased: setFlushed,
    segmentsOf,
    remove(key) {
      removeFlushed(key);
      if (!isFlushed(key)) removeRetained(key);
    },
    list(selector, { limit = Infinity, reverse = false } = {}) {
      const prefix = commonParts(selector);
      const bounds = boundsOf(selector);
      const found: JournalEntry[] = [];
      if (isFlushed(prefix)) {
        let left = limit;
        for (const entry of flushed.list(prefix, { ...bounds, reverse })) {
          if (left <= 0) break;
          if (!isWithin(entry.key, selector)) continue;
          found.push(snapshot(entry));
          if (entry.value !== undefined) left--;
        }
        return found;
      }
      for (const entry of flushed.list(prefix, bounds)) {
        if (isWithin(entry.key, selector)) found.push(snapshot(entry));
      }
      // With deletions among them, it is not known yet how many of the others are needed.
      let left = found.length === 0 ? limit : Infinity;
      const { allocate } = createByteSlab();
      for (const group of retained.list(prefix, { ...bounds, reverse })) {
        if (left <= 0) break;
        const located = group.values.list(numbersWithin(group, selector));
        if (reverse) located.reverse();
        for (const [number, location] of located) {
          if (left <= 0) break;
          const key = [...group.prefix, number];
          if (!isWithin(key, selector)) continue;
          found.push(retainedEntry(key, location, allocate));
          left--;
        }
      }
      if (left < Infinity || found.length === 0) return found;
      const sign = reverse ? -1 : 1;
      return found.sort((a, b) => sign * compareKeys(a.key, b.key));
    },
    *listUpTo(record) {
      // References only: snapshots of all of them would be hundreds of thousands of objects at once.
      const old: ListedEntry[] = [];
      for (let entry = list.next; entry !== list; entry = entry.next) {
        if (entry.base <= record) old.push(entry);
      }
      const groups = [...retained.list([])];
      for (const entry of old) if (entry.base <= record) yield snapshot(entry);
      for (const group of groups) {
        for (const [number, location] of group.values.list({ upToRecord: record })) {
          yield retainedEntry([...group.prefix, number], location);
        }
      }
    },
    retainedBytes: () => retainedBytes,
  };
}

function snapshot({ key, value, versionstamp, record, base }: ListedEntry): JournalEntry {
  return { key, value, versionstamp, record, base };
}

/** How many bytes a location has; of readings of a group about as many as their page would have. */
function bytesAt({ prefix }: RetainedGroup, location: ValueLocation | undefined): number {
  if (location === undefined) return 0;
  const { source: { group }, length } = location;
  return group === undefined ? length : bytesOfRows(sectionOf(prefix, group), length);
}

/** About how many bytes rows of a section would have as a page. */
function bytesOfRows({ view, pageAt }: GroupSection, length: number): number {
  const columns = view.getUint8(pageAt + 1);
  return HEADER_BYTES + COLUMN_BYTES * columns + (length === 1 ? 0 : 2 * length * (1 + columns));
}

/** The section of a group that has the profile of a key. */
function sectionOf([, profile]: Deno.KvKey, { sections }: DecodedGroup): GroupSection {
  const found = sections.find((section) => section.profile === profile);
  if (found !== undefined) return found;
  throw new TypeError(`Cannot read group as it has no readings of profile: ${String(profile)}`);
}

/** Between which numbers of a group all keys lie that a selector matches. */
function numbersWithin(
  { prefix }: RetainedGroup,
  selector: Deno.KvListSelector,
): { from: number; to: number } {
  const { start, end } = boundsOf(selector);
  return { from: numberIn(prefix, start) ?? -Infinity, to: numberIn(prefix, end) ?? Infinity };
}

/** The number of a key in a group; null if it is in none or in another one. */
function numberIn(prefix: Deno.KvKey, key: Deno.KvKey | undefined): number | null {
  const number = key?.[prefix.length];
  if (key === undefined || typeof number !== "number") return null;
  return prefix.every((part, index) => part === key[index]) ? number : null;
}

function boundsOf(selector: Deno.KvListSelector): KeyBounds {
  const start = "start" in selector ? selector.start : undefined;
  return { start, end: "end" in selector ? selector.end : undefined };
}

/** The leading parts that all keys of a selector share. */
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
