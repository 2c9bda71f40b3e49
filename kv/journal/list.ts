/**
 * Listing the entries of a journal together with those of its database.
 *
 * @module
 */

import type { JournalEntry, ListOptions } from "./entries.ts";
import { compareKeys } from "./key_map.ts";
import type { JournalValue } from "./record.ts";

/** Entries of the journal per part of a list. */
const PART_ENTRIES = 200;

/** A journal entry in the form in which a database returns it. */
export function foundEntry<T>({ key, value, versionstamp }: JournalEntry): Deno.KvEntryMaybe<T> {
  if (value === undefined) return { key, value: null, versionstamp: null };
  // The reader of a key says what type it holds, as with any database.
  return { key, value: storedValue(value) as T, versionstamp };
}

/** A journal value in the form in which a database stores it. */
export function storedValue(value: JournalValue): Uint8Array | Deno.KvU64 | true | undefined {
  return typeof value === "bigint" ? new Deno.KvU64(value) : value;
}

/** What a list reads from. */
export interface ListSources<T> {
  /** Entries of the journal, like `JournalEntries.list`. */
  journal(selector: Deno.KvListSelector, options: ListOptions): readonly JournalEntry[];
  /** Entries of the database, in the direction of the list. */
  database(selector: Deno.KvListSelector): Listed<T>;
}

type Listed<T> = AsyncIterable<Deno.KvEntry<T>> | readonly Deno.KvEntry<T>[];

/**
 * Lists the entries of the journal over those of the database. It reads the journal in parts, so that
 * a long list blocks nothing else and costs no more than the entries that are consumed. As with any
 * database, a long list is not a snapshot.
 */
export async function* listInParts<T>(
  sources: ListSources<T>,
  selector: Deno.KvListSelector,
  { limit = Infinity, reverse = false }: ListOptions,
): AsyncGenerator<Deno.KvEntry<T>, undefined> {
  for (let rest = selector, left = limit; left > 0;) {
    const most = Math.min(left, PART_ENTRIES);
    const journal = sources.journal(rest, { limit: most, reverse });
    const isLast = journal.filter(({ value }) => value !== undefined).length < most;
    const lastKey = journal.at(-1)?.key ?? [];
    const [part, remaining] = isLast ? [rest, rest] : splitSelector(rest, { lastKey, reverse });
    for await (const entry of mergeLists<T>(sources.database(part), journal, reverse)) {
      yield entry;
      if (--left === 0) return;
    }
    if (isLast) return;
    rest = remaining;
  }
}

/** Splits a selector into what a list reaches up to and with `lastKey`, and what comes after it. */
function splitSelector(
  selector: Deno.KvListSelector,
  { lastKey, reverse }: { lastKey: Deno.KvKey; reverse: boolean },
): [Deno.KvListSelector, Deno.KvListSelector] {
  // No key is a prefix of another key, so nothing lies between `lastKey` and this key.
  const at = reverse ? lastKey : [...lastKey, ""];
  const start = "start" in selector ? selector.start : undefined;
  const end = "end" in selector ? selector.end : undefined;
  const prefix = "prefix" in selector ? selector.prefix : undefined;
  const lower = start === undefined && prefix !== undefined
    ? { prefix, end: at }
    : { start: start ?? [], end: at };
  const upper = end === undefined && prefix !== undefined
    ? { prefix, start: at }
    : { start: at, end: end ?? [] };
  return reverse ? [upper, lower] : [lower, upper];
}

/** Merges two lists in the same direction. An entry of the journal replaces one of the database. */
async function* mergeLists<T>(
  database: Listed<T>,
  journal: readonly JournalEntry[],
  reverse: boolean,
): AsyncGenerator<Deno.KvEntry<T>, undefined> {
  const sign = reverse ? -1 : 1;
  const iterator = journal[Symbol.iterator]();
  let entry = iterator.next();
  for await (const found of database) {
    let isReplaced = false;
    for (; !entry.done; entry = iterator.next()) {
      const order = sign * compareKeys(entry.value.key, found.key);
      if (order > 0) break;
      isReplaced ||= order === 0;
      const own = foundEntry<T>(entry.value);
      if (own.versionstamp !== null) yield own;
    }
    if (!isReplaced) yield found;
  }
  for (; !entry.done; entry = iterator.next()) {
    const own = foundEntry<T>(entry.value);
    if (own.versionstamp !== null) yield own;
  }
}
