/**
 * Whether a message may still go out. A delivery may wait for days, or be sent again later, and the key
 * behind it may be revoked or narrowed meanwhile.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import { type LinkMaker, makerOf } from "../../data/access/link.ts";
import type { DomainEvent, EventSource, Recipient } from "../../data/events/event.ts";
import { maySeeEvent } from "../../data/events/webhook.ts";
import type { WebhookStore } from "../../kv/webhooks/webhooks.ts";

/** `held`: not now, but perhaps later; `refused`: never. */
export type Permit = "given" | "held" | "refused";

/** What is needed to find out. */
export interface PermitDeps {
  /** The webhooks. */
  readonly webhooks: Pick<WebhookStore, "get" | "callerOf">;
  /** Who a maker is now; null if they may not use the service any more. */
  readonly findMaker: (maker: LinkMaker) => Caller | null | Promise<Caller | null>;
  /**
   * All that the job of an event is about; null if it is about something else, or the record of the job
   * is gone. The event itself may name a pattern instead, which stands for more.
   */
  readonly findSources: (event: DomainEvent) => Promise<readonly EventSource[] | null>;
}

/**
 * Whether a recipient may get an event now. A webhook is as good as the key that made it; a mail or a
 * file is as good as the key that asked for it.
 */
export async function permitOf(
  deps: PermitDeps,
  event: DomainEvent,
  recipient: Recipient,
): Promise<Permit> {
  if (recipient.kind === "webhook") return await webhookPermit(deps, event, recipient.id);
  const { account } = event;
  if (account === null) return "given";
  const caller = await deps.findMaker(makerOf(account));
  if (caller === null) return "refused";
  const hasFile = recipient.kind === "place" || recipient.hasFile === true;
  // The same as for a download with the key.
  if (hasFile && !caller.scopes.has("export")) return "refused";
  const sources = await deps.findSources(event);
  const seen = sources === null ? named(event) : { ...event, sources };
  return maySeeEvent(caller, { ...seen, account: null }) ? "given" : "refused";
}

async function webhookPermit(
  { webhooks }: PermitDeps,
  event: DomainEvent,
  id: string,
): Promise<Permit> {
  const webhook = await webhooks.get(id);
  // The channel says that it is gone.
  if (webhook === null) return "given";
  const caller = await webhooks.callerOf(webhook);
  if (caller === null) return "held";
  return maySeeEvent(caller, event) ? "given" : "refused";
}

/**
 * An event without the patterns that stand for many ids. They stand for more than the key could ever
 * touch, so they would keep a key with two patterns from its own alerts.
 */
function named(event: DomainEvent): DomainEvent {
  const { sources = [] } = event;
  return { ...event, sources: sources.filter(({ id }) => !id.includes("*")) };
}
