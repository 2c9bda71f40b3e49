/**
 * Finding out what the owner of something that lasts, such as an alert, may do now.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import { makerOf } from "../../data/access/link.ts";
import { type FindMaker, UNKNOWN_MAKER } from "./links.ts";

/**
 * Finds the caller that an owner stands for now: null if it does not count any more, as a key that was
 * revoked; undefined if it counts but nothing is known of it, as a user of the identity provider.
 */
export function ownerFinder(
  { findMaker }: { readonly findMaker: FindMaker },
): (owner: string) => Promise<Caller | null | undefined> {
  return async (owner) => {
    const found = await findMaker(makerOf(owner));
    return found === UNKNOWN_MAKER ? undefined : found;
  };
}
