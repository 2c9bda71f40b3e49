/**
 * Which webhooks exist for a caller.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import type { Webhook } from "../../data/events/webhook.ts";

/** Whether a webhook exists for a caller. */
export function maySeeWebhook(caller: Caller, { owner }: Pick<Webhook, "owner">): boolean {
  if (owner === caller.owner) return true;
  const isRestricted = Object.values(caller.isRestricted).some((is) => is);
  return caller.scopes.has("manage") && !isRestricted;
}
