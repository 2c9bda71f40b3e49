/**
 * As whom an alert watches.
 *
 * @module
 */

import { type Caller, createCaller, type Patterns } from "../access/caller.ts";

/** Finds the caller that an owner stands for now; undefined if it counts, but nothing is known of it. */
export type FindOwner = (
  owner: string,
) => Caller | null | undefined | Promise<Caller | null | undefined>;

/**
 * The caller as which something of an owner watches: the one that was found; null if it does not count
 * any more. If nothing is known of it, what it could touch when it made the thing counts.
 */
export function watcherOf(
  found: Caller | null | undefined,
  { owner, patterns }: { readonly owner: string; readonly patterns: Patterns },
): Caller | null {
  if (found !== undefined) return found;
  const actor = { kind: "key", id: owner, name: owner } as const;
  return createCaller({ owner, actor, scopes: [], patterns });
}
