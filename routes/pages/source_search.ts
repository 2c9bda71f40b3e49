/**
 * Searching a list of meters or devices for a text: first the ids that begin with it, which the order
 * of ids finds at once, then all entries that contain it, so many at a time. An empty text is in every id.
 *
 * @module
 */

import type { Caller, Kind } from "../../data/access/caller.ts";
import { placeBefore } from "../../data/access/visible_ids.ts";
import { type List, listVisible } from "../access/list_visible.ts";

/** Where a page of a search begins. */
export type SearchPlace =
  /** Among the ids that begin with the text, after one of them; "" is the first page. */
  | { readonly after: string }
  /** Among the other entries that contain it, after an id. */
  | { readonly within: string };

/** A page of a search. */
export interface Searched<T> {
  /** The entries. */
  readonly rows: readonly T[];
  /** Where the next page begins; null on the last one. */
  readonly next: SearchPlace | null;
  /** Whether the page ended because it looked at enough entries, not because it was full. */
  readonly isCut: boolean;
}

/** What is searched, and for what. */
export interface Search<T> {
  /** What the entries are. */
  readonly kind: Kind;
  /** The list. */
  readonly list: List<T>;
  /** The text, as it was typed. */
  readonly text: string;
  /** Whether an entry contains the text, in any case. */
  readonly contains: (entry: T) => boolean;
  /** Whether an entry is shown at all; by default every one is. */
  readonly isWanted?: (entry: T) => boolean;
  /** How many entries a page has at most. */
  readonly rows: number;
  /** How many entries a page looks at to find those that contain the text. */
  readonly most: number;
}

/** Finds a page of entries that a caller may see. */
export async function searchSources<T extends { readonly id: string }>(
  caller: Caller,
  search: Search<T>,
  place: SearchPlace,
): Promise<Searched<T>> {
  const { kind, list, text, rows } = search;
  const isAll = text === "";
  if ("within" in place) return await searchWithin(caller, search, place.within);
  // The order of ids says nothing of what is wanted, so all entries are looked at.
  if (search.isWanted !== undefined) return await searchWithin(caller, search, place.after);
  const first = await listVisible<T>(
    caller,
    { kind, list: beginning(list, text) },
    { afterId: isAll ? place.after : placeBefore(text, place.after), limit: rows + 1 },
  );
  if (first.length > rows) {
    return { rows: first.slice(0, rows), next: { after: first[rows - 1].id }, isCut: false };
  }
  if (isAll) return { rows: first, next: null, isCut: false };
  const rest = rows - first.length;
  if (rest === 0) return { rows: first, next: { within: "" }, isCut: false };
  const others = await searchWithin(caller, { ...search, rows: rest }, "");
  return { ...others, rows: [...first, ...others.rows] };
}

async function searchWithin<T extends { readonly id: string }>(
  caller: Caller,
  { kind, list, text, contains, isWanted, rows, most }: Search<T>,
  afterId: string,
): Promise<Searched<T>> {
  let looked = 0, lastId = afterId;
  const found = await listVisible<T>(caller, {
    kind,
    async list(page) {
      if (looked >= most) return [];
      const entries = await list({ ...page, limit: Math.min(page.limit, most - looked) });
      looked += entries.length;
      lastId = entries.at(-1)?.id ?? lastId;
      return entries;
    },
    matches: (entry) =>
      isWanted === undefined
        ? !entry.id.startsWith(text) && contains(entry)
        : isWanted(entry) && contains(entry),
  }, { afterId, limit: rows + 1 });
  if (found.length > rows) {
    return { rows: found.slice(0, rows), next: { within: found[rows - 1].id }, isCut: false };
  }
  const isCut = looked >= most;
  return { rows: found, next: isCut ? { within: lastId } : null, isCut };
}

/** A list that ends where ids no longer begin with a text. */
function beginning<T extends { readonly id: string }>(list: List<T>, text: string): List<T> {
  return async (page) => {
    const entries = await list(page);
    const end = entries.findIndex(({ id }) => !id.startsWith(text));
    return end < 0 ? entries : entries.slice(0, end);
  };
}
