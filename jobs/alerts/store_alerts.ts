/**
 * The rule that is built in: `store.down` and `store.up` for every store, each an event of its own. Its
 * states are kept like those of any rule.
 *
 * @module
 */

import { ANYONE, EVERY_ID } from "../../data/access/caller.ts";
import type { AlertRule } from "../../data/alerts/rule.ts";
import { type DomainEvent, eventId } from "../../data/events/event.ts";
import { DAY_MS } from "../../data/limits.ts";
import { instantText } from "../../data/time/time_text.ts";
import type { Outcome } from "./commit_steps.ts";

/** The rule. No rule of users has such an id. */
export const STORE_RULE: AlertRule = {
  id: "store-events",
  name: "store",
  note: null,
  severity: "info",
  isEnabled: true,
  scope: { kind: "store", ids: null, deviceType: null, location: null, profile: null },
  condition: { type: "down", forMs: 0 },
  resolveAfterMs: 0,
  groupMs: 0,
  damping: null,
  notify: { email: [], webhook: [] },
  owner: ANYONE,
  patterns: EVERY_ID,
  revision: 1,
  createdMs: 0,
  changedMs: 0,
};

/** A store that has been down for longer than this when the service learns of it is no news, milliseconds. */
const NEWS_MS = DAY_MS;

/** The event of a store that is down or up again; null if it is no news. */
export function storeEvent(
  { id, transition, reached }: Outcome,
  nowMs: number,
): DomainEvent | null {
  if (transition === null || reached === null) return null;
  const { sinceMs } = reached;
  if (transition === "firing" && nowMs - sinceMs > NEWS_MS) return null;
  const type = transition === "firing" ? "store.down" : "store.up";
  const subject = { kind: "store", id } as const;
  return {
    id: eventId({ type, subject, cause: sinceMs }),
    type,
    subject,
    atMs: sinceMs,
    account: null,
    data: { store_id: id, since: instantText(sinceMs) },
  };
}
