/**
 * A linked list of journal entries, the one that changed last at the end.
 *
 * @module
 */

import type { JournalValue } from "./record.ts";

/** An entry in the list. The list itself is one too: the node before the first and after the last. */
export interface ListedEntry {
  /** Its key. */
  readonly key: Deno.KvKey;
  /** What the key holds. */
  value: JournalValue;
  /** Version of the commit that changed it last. */
  versionstamp: string;
  /** Number of the last record that changed it. */
  record: number;
  /** Number of the record that holds the value whole; records after it only add to it. */
  base: number;
  /** The entry before it. */
  previous: ListedEntry;
  /** The entry after it. */
  next: ListedEntry;
}

/** Creates an empty list. */
export function createEntryList(): ListedEntry {
  // The two links are set before anybody sees it.
  const list = {
    key: [],
    value: undefined,
    versionstamp: "",
    record: 0,
    base: 0,
  } as unknown as ListedEntry;
  list.previous = list;
  list.next = list;
  return list;
}

/** Appends an entry that is in no list. */
export function appendEntry(list: ListedEntry, entry: ListedEntry): void {
  entry.previous = list.previous;
  entry.next = list;
  list.previous.next = entry;
  list.previous = entry;
}

/** Takes an entry out of its list. */
export function unlinkEntry({ previous, next }: ListedEntry): void {
  previous.next = next;
  next.previous = previous;
}
