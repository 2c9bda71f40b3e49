/**
 * Which alerts and maintenance windows exist for a caller: its own, and for a caller that may touch every
 * id, those of others.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";

/** Whether something of an owner exists for a caller. */
export function maySeeOwned(caller: Caller, { owner }: { readonly owner: string }): boolean {
  const { device, meter, store } = caller.isRestricted;
  return owner === caller.owner || !(device || meter || store);
}
