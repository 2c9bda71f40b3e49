/**
 * Reads whole lists in batches, up to a bound.
 *
 * @module
 */

import type { Caller, Kind } from "../../data/access/caller.ts";
import { type List, listVisible } from "../access/list_visible.ts";

/** How many entries are looked at: reading as many takes about a second. */
export const SCAN_MAX = 20_000;
const BATCH = 1_000;

/** Calls `see` with each entry that a caller may touch. Returns whether those were all. */
export async function scanVisible<T extends { readonly id: string }>(
  caller: Caller,
  { kind, list }: { readonly kind: Kind; readonly list: List<T> },
  see: (batch: readonly T[]) => void | Promise<void>,
): Promise<boolean> {
  let afterId = "";
  for (let seen = 0; seen < SCAN_MAX; seen += BATCH) {
    const batch = await listVisible(caller, { kind, list }, { afterId, limit: BATCH });
    if (batch.length > 0) await see(batch);
    if (batch.length < BATCH) return true;
    afterId = batch[batch.length - 1].id;
  }
  return false;
}

/** Keeps the first few of many by an order. */
export function createTop<T>(
  limit: number,
  isBefore: (one: T, other: T) => boolean,
): { add(one: T): void; readonly items: readonly T[] } {
  const items: T[] = [];
  return {
    items,
    add(one) {
      const at = items.findIndex((other) => isBefore(one, other));
      if (at === -1) items.push(one);
      else items.splice(at, 0, one);
      if (items.length > limit) items.pop();
    },
  };
}
