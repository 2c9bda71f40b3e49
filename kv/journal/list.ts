/**
 * Listing journalled entries over those of the database below.
 *
 * @module
 */

import type { JournalEntry, ListOptions } from "./entries.ts";
import type { JournalValue } from "./record.ts";
import { compareKeys } from "./key_map.ts";

/** Entries of a journal that are listed at once. */
const PART_ENTRIES = 200;

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

/** Where entries are listed. */
export interface ListSources<T> {
  /** In the journal, as `JournalEntries.list` does. */
  over(selector: Deno.KvListSelector, options: ListOptions): readonly JournalEntry[];
  /** In the database below, in the order that is asked for. */
  below(selector: Deno.KvListSelector): Listed<T>;
}

type Listed<T> = AsyncIterable<Deno.KvEntry<T>> | readonly Deno.KvEntry<T>[];

/**
 * The entries of the journal over those below. Those of the journal are taken some at a time, so
 * that a long list neither holds up others nor costs more than is read of it; as with any database,
 * it is no picture of one moment.
 */
export async function* listInParts<T>(
  sources: ListSources<T>,
  selector: Deno.KvListSelector,
  { limit = Infinity, reverse = false }: ListOptions,
): AsyncGenerator<Deno.KvEntry<T>, undefined> {
  for (let rest = selector, left = limit; left > 0;) {
    const most = Math.min(left, PART_ENTRIES);
    const over = sources.over(rest, { limit: most, reverse });
    const isLast = over.filter(({ value }) => value !== undefined).length < most;
    const lastKey = over.at(-1)?.key ?? [];
    const [part, behind] = isLast ? [rest, rest] : parted(rest, { lastKey, reverse });
    for await (const entry of listOver<T>(sources.below(part), over, reverse)) {
      yield entry;
      if (--left === 0) return;
    }
    if (isLast) return;
    rest = behind;
  }
}

/** What a selector takes up to a key, and what it takes behind it. */
function parted(
  selector: Deno.KvListSelector,
  { lastKey, reverse }: { lastKey: Deno.KvKey; reverse: boolean },
): [Deno.KvListSelector, Deno.KvListSelector] {
  // No key is the beginning of another one, so nothing lies between a key and this.
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

/** The entries of `below` with those of `over`, of the same order, in the place of what has their keys. */
async function* listOver<T>(
  below: Listed<T>,
  over: readonly JournalEntry[],
  reverse: boolean,
): AsyncGenerator<Deno.KvEntry<T>, undefined> {
  const sign = reverse ? -1 : 1;
  const overNext = over[Symbol.iterator]();
  let entry = overNext.next();
  for await (const found of below) {
    let isHidden = false;
    for (; !entry.done; entry = overNext.next()) {
      const order = sign * compareKeys(entry.value.key, found.key);
      if (order > 0) break;
      isHidden ||= order === 0;
      const own = foundEntry<T>(entry.value);
      if (own.versionstamp !== null) yield own;
    }
    if (!isHidden) yield found;
  }
  for (; !entry.done; entry = overNext.next()) {
    const own = foundEntry<T>(entry.value);
    if (own.versionstamp !== null) yield own;
  }
}
