/**
 * Lists of things with ids, for callers who may touch only some of them. Pages are as long as those of
 * other callers, and nothing in them shows what is left out.
 *
 * @module
 */

import type { Caller, Kind } from "../../data/access/caller.ts";
import { nextVisiblePlace } from "../../data/access/visible_ids.ts";

/** How many entries one read of a list takes at most. */
const READ_MAX = 1_000;

/** A page of a list. */
export interface Page {
  /** The id after which it begins; "" for the first page. */
  readonly afterId: string;
  /** How many entries it has at most. */
  readonly limit: number;
}

/** A list in the order of ids. It returns fewer entries than the limit only at its end. */
export type List<T> = (page: Page) => Promise<T[]>;

/** The entries of a page that a caller may touch, and that match if that is asked for. */
export async function listVisible<T extends { readonly id: string }>(
  caller: Caller,
  { kind, list, matches }: {
    readonly kind: Kind;
    readonly list: List<T>;
    readonly matches?: (entry: T) => boolean;
  },
  { afterId, limit }: Page,
): Promise<T[]> {
  const isRestricted = caller.isRestricted[kind];
  if (!isRestricted && matches === undefined) return await list({ afterId, limit });
  const patterns = isRestricted ? caller.patterns[kind] ?? [] : ["*"];
  const found: T[] = [];
  let readLimit = matches === undefined ? Math.min(READ_MAX, limit) : READ_MAX;
  for (
    let place = nextVisiblePlace(patterns, afterId);
    place !== null && found.length < limit;
    readLimit = Math.min(READ_MAX, readLimit * 2)
  ) {
    const read = await list({ afterId: place, limit: readLimit });
    found.push(
      ...read.filter((entry) =>
        (!isRestricted || caller.mayTouch(kind, entry.id)) && (matches?.(entry) ?? true)
      ),
    );
    if (read.length < readLimit) break;
    place = nextVisiblePlace(patterns, read[read.length - 1].id);
  }
  return found.slice(0, limit);
}
