/**
 * Webhooks between their form in requests and answers and that of the domain.
 *
 * @module
 */

import type { Patterns } from "../../data/access/caller.ts";
import type { Webhook, WebhookTarget } from "../../data/events/webhook.ts";
import { instantText } from "../../data/time/time_text.ts";
import type { WebhookBody, WebhookChange, WebhookRequest } from "./schemas.ts";

/** What a request says about a new webhook. */
export function targetOfRequest({ name = "", url, events, filter }: WebhookRequest): WebhookTarget {
  return { name, url, events: [...new Set(events)], filter: filterOf(filter) };
}

/** What a request makes of a webhook. */
export function changedWebhook(body: WebhookChange, before: Webhook, nowMs: number): Webhook {
  const after: Webhook = {
    ...before,
    name: body.name ?? before.name,
    url: body.url ?? before.url,
    events: body.events === undefined ? before.events : [...new Set(body.events)],
    filter: body.filter === undefined ? before.filter : filterOf(body.filter),
  };
  if (body.state === undefined || body.state === before.state) return after;
  const reason = body.state === "active" ? null : "user";
  return { ...after, state: body.state, reason, stateSinceMs: nowMs };
}

/** What people say about a webhook, for the audit trail. */
export function settingsBody(
  { name, url, events, filter, state }: Webhook,
): Pick<WebhookBody, "name" | "url" | "events" | "filter" | "state"> {
  return { name, url, events: [...events], filter: filterBodyOf(filter), state };
}

/** What an answer shows of a webhook besides what is stored of it. */
export interface WebhookView {
  /** Whether the key that made it counts. */
  readonly isAllowed: boolean;
  /** When the first of the latest attempts failed, all of which failed; null if the last one worked. */
  readonly failingSinceMs: number | null;
  /** Epoch milliseconds now. */
  readonly nowMs: number;
}

/** A webhook as an answer shows it. */
export function webhookBody(
  webhook: Webhook,
  { isAllowed, failingSinceMs, nowMs }: WebhookView,
): WebhookBody {
  const { previous } = webhook;
  const isStopped = webhook.state === "active" && !isAllowed;
  return {
    id: webhook.id,
    ...settingsBody(webhook),
    state: isStopped ? "stopped" : webhook.state,
    reason: isStopped ? "key" : webhook.reason,
    state_since: instantText(webhook.stateSinceMs),
    failing_since: failingSinceMs === null ? null : instantText(failingSinceMs),
    previous_secret_until: previous !== null && previous.untilMs > nowMs
      ? instantText(previous.untilMs)
      : null,
    owner: webhook.owner,
    created_at: instantText(webhook.createdMs),
    changed_at: instantText(webhook.changedMs),
  };
}

function filterOf(filter: WebhookRequest["filter"] = {}): Patterns {
  const { meters = null, devices = null, stores = null } = filter;
  return { meter: meters, device: devices, store: stores };
}

function filterBodyOf({ meter, device, store }: Patterns): WebhookBody["filter"] {
  return { meters: copied(meter), devices: copied(device), stores: copied(store) };
}

function copied(list: readonly string[] | null): string[] | null {
  return list === null ? null : [...list];
}
