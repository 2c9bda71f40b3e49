/**
 * Webhooks: what they are, which events they get, and when.
 *
 * | state | from | when |
 * |---|---|---|
 * | active | | it was made, or resumed |
 * | paused | active | somebody paused it, or it failed for five days |
 * | off | active, paused | its receiver answered 410 |
 *
 * A webhook gets nothing while the key that made it does not count, or `AUTH` does not accept who made
 * it. That is no state of its own: it gets events again when its maker counts again.
 *
 * @module
 */

import type { Actor, Caller, Patterns } from "../access/caller.ts";
import { matchesPattern, patternsOverlap } from "../access/id_pattern.ts";
import { coversPatterns } from "../access/visible_ids.ts";
import type { DomainEvent, EventSource, EventType } from "./event.ts";

/** The states. */
export const WEBHOOK_STATES = ["active", "paused", "off"] as const;
/** Why a webhook is not active. */
export const WEBHOOK_REASONS = ["user", "failing", "gone"] as const;

/** What people say about a webhook. */
export interface WebhookTarget {
  /** What people call it; "" if it has no name. */
  readonly name: string;
  /** Where its events go. */
  readonly url: string;
  /** The types of events that it gets. */
  readonly events: readonly EventType[];
  /**
   * Patterns of ids. An event that concerns meters, devices or stores is only for the webhook if one of
   * them matches a pattern of its kind. Null for all of a kind.
   */
  readonly filter: Patterns;
}

/** A webhook as it is stored. */
export interface Webhook extends WebhookTarget {
  /** Its id. */
  readonly id: string;
  /** Whom it belongs to (`Caller.owner`). */
  readonly owner: string;
  /** Who made it. */
  readonly actor: Actor;
  /** The ids that its maker could touch. For a key, those of the key hold instead, as they are now. */
  readonly patterns: Patterns;
  /** Whether it gets events. */
  readonly state: typeof WEBHOOK_STATES[number];
  /** Why it is not active; null if it is. */
  readonly reason: typeof WEBHOOK_REASONS[number] | null;
  /** Since when it is in its state, epoch milliseconds. */
  readonly stateSinceMs: number;
  /** The secret that signs its deliveries, `whsec_…`. */
  readonly secret: string;
  /** The secret before, and until when it signs too; null if there is none. */
  readonly previous: { readonly secret: string; readonly untilMs: number } | null;
  /** When it was made, epoch milliseconds. */
  readonly createdMs: number;
  /** When it was last changed, epoch milliseconds. */
  readonly changedMs: number;
}

/** What of an event decides who gets it. */
export type EventScope = Pick<DomainEvent, "type" | "subject" | "account" | "sources">;

/**
 * Whether a caller may know of an event: if every pattern among its sources lies within what the caller
 * may touch. Of its own events, a pattern need only overlap that, since it stands for more than the
 * caller named.
 */
export function maySeeEvent(
  caller: Pick<Caller, "owner" | "scopes" | "patterns">,
  event: EventScope,
): boolean {
  const { account } = event;
  if (account !== null && account !== caller.owner && !caller.scopes.has("manage")) return false;
  const isOwn = account !== null && account === caller.owner;
  return sourcesOf(event).every(({ kind, id }) => {
    const patterns = caller.patterns[kind];
    return coversPatterns(patterns, [id]) ||
      isOwn && id.includes("*") && overlapsSome(patterns ?? ["*"], id);
  });
}

/** Whether an event is one that a webhook asks for. */
export function wantsEvent({ events, filter }: WebhookTarget, event: EventScope): boolean {
  if (!events.includes(event.type)) return false;
  const filtered = sourcesOf(event).filter(({ kind }) => filter[kind] !== null);
  return filtered.length === 0 ||
    filtered.some(({ kind, id }) => overlapsSome(filter[kind] ?? ["*"], id));
}

function overlapsSome(patterns: readonly string[], id: string): boolean {
  const overlaps = id.includes("*") ? patternsOverlap : matchesPattern;
  return patterns.some((pattern) => overlaps(pattern, id));
}

/** The meters, devices and stores that an event concerns, its subject included. */
function sourcesOf({ subject, sources = [] }: EventScope): readonly EventSource[] {
  switch (subject.kind) {
    case "meter":
    case "device":
    case "store":
      return [...sources, { kind: subject.kind, id: subject.id }];
    case "continuous_export":
      return [...sources, { kind: "device", id: subject.id }];
    default:
      return sources;
  }
}

/** The secrets that sign a delivery now, the newest first. */
export function signingSecrets(
  { secret, previous }: Pick<Webhook, "secret" | "previous">,
  nowMs: number,
): string[] {
  return previous !== null && nowMs < previous.untilMs ? [secret, previous.secret] : [secret];
}
