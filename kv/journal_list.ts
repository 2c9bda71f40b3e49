/**
 * Listing journalled entries over those of the database below.
 *
 * @module
 */

import type { JournalEntry } from "./journal_entries.ts";
import type { JournalValue } from "./journal_record.ts";
import { compareKeys } from "./key_map.ts";

/** Options of a list that a journal knows. */
export interface ListOptions {
  /** Most entries. */
  readonly limit?: number;
  /** From the last to the first. */
  readonly reverse?: boolean;
}

/** An entry as a database gives it. */
export function foundEntry<T>({ key, value, versionstamp }: JournalEntry): Deno.KvEntryMaybe<T> {
  if (value === undefined) return { key, value: null, versionstamp: null };
  // Who reads a key says what it holds, as with any database.
  return { key, value: storedValue(value) as T, versionstamp };
}

/** What a database holds where a journal holds a value. */
export function storedValue(value: JournalValue): Uint8Array | Deno.KvU64 | true | undefined {
  return typeof value === "bigint" ? new Deno.KvU64(value) : value;
}

/**
 * The entries of `below`, which come in the order that is asked for, with those of `over` (always
 * ascending) in the place of what has their keys.
 */
export async function* listOver<T>(
  below: AsyncIterable<Deno.KvEntry<T>> | readonly Deno.KvEntry<T>[],
  over: readonly JournalEntry[],
  { limit = Infinity, reverse = false }: ListOptions,
): AsyncGenerator<Deno.KvEntry<T>, undefined> {
  const sign = reverse ? -1 : 1;
  const overNext = (reverse ? over.toReversed() : over)[Symbol.iterator]();
  let left = limit;
  let entry = overNext.next();
  if (left <= 0) return;
  for await (const found of below) {
    let isHidden = false;
    for (; !entry.done; entry = overNext.next()) {
      const order = sign * compareKeys(entry.value.key, found.key);
      if (order > 0) break;
      const own = foundEntry<T>(entry.value);
      isHidden ||= order === 0;
      if (own.versionstamp === null) continue;
      yield own;
      if (--left === 0) return;
    }
    if (isHidden) continue;
    yield found;
    if (--left === 0) return;
  }
  for (; !entry.done; entry = overNext.next()) {
    const own = foundEntry<T>(entry.value);
    if (own.versionstamp === null) continue;
    yield own;
    if (--left === 0) return;
  }
}
