/**
 * Messages of alerts: one event for the transitions of a group of subjects.
 *
 * @module
 */

import type { DomainEvent, EventSource, EventValue, Recipient } from "../events/event.ts";
import { instantText } from "../time/time_text.ts";
import type { AlertNotify, AlertRule } from "./rule.ts";
import type { Transition } from "./step.ts";

/** How many subjects a message describes. It names many more by their ids alone. */
export const DESCRIBED_MAX = 20;
/** How many characters the ids in a message may have as JSON. An event has bounds. */
const IDS_MAX_CHARACTERS = 20_000;
/** Up to this many subjects are sources of the event, by which webhooks filter. */
const SOURCES_MAX = 50;

/** A transition of a subject. */
export interface Member {
  /** The id of the subject. */
  readonly id: string;
  /** When the new state began, epoch milliseconds. */
  readonly sinceMs: number;
  /** The value that decided it; null if there is none. */
  readonly value: number | null;
  /** Whether the subject flaps. */
  readonly isFlapping: boolean;
}

/** What a message is made of. */
export interface Message {
  /** The id of the event. */
  readonly id: string;
  /** What happened. */
  readonly transition: Transition;
  /** The subjects in the order of their ids. */
  readonly members: readonly Member[];
  /** When the message is made, epoch milliseconds. */
  readonly atMs: number;
}

/** The event of a message. */
export function messageEvent(
  rule: AlertRule,
  { id, transition, members, atMs }: Message,
): DomainEvent {
  const { kind } = rule.scope;
  const ids = firstIds(members);
  const sources: EventSource[] = members.slice(0, SOURCES_MAX).map((member) => ({
    kind,
    id: member.id,
  }));
  return {
    id,
    type: `alert.${transition}`,
    subject: { kind: "alert", id: rule.id },
    atMs,
    account: rule.owner,
    data: {
      alert: { id: rule.id, name: rule.name, severity: rule.severity, note: rule.note },
      text: messageText(rule, { transition, members }),
      kind,
      count: members.length,
      ids,
      unlisted: members.length - ids.length,
      subjects: members.slice(0, DESCRIBED_MAX).map(memberData),
    },
    sources,
    recipients: recipientsOf(rule.notify),
  };
}

/** A sentence that says what happened: `3 devices: Battery silent`. */
export function messageText(
  rule: Pick<AlertRule, "name" | "scope">,
  { transition, members }: Pick<Message, "transition" | "members">,
): string {
  const { kind } = rule.scope;
  const who = members.length === 1 ? `${kind} ${members[0].id}` : `${members.length} ${kind}s`;
  return transition === "firing" ? `${rule.name}: ${who}` : `${rule.name}: resolved for ${who}`;
}

function recipientsOf({ email, webhook }: AlertNotify): Recipient[] {
  const hooks = webhook.map((id) => ({ kind: "webhook" as const, id }));
  return email.length === 0 ? hooks : [...hooks, { kind: "email", to: email }];
}

function memberData({ id, sinceMs, value, isFlapping }: Member): EventValue {
  return { id, since: instantText(sinceMs), value, flapping: isFlapping };
}

function firstIds(members: readonly Member[]): string[] {
  const ids: string[] = [];
  let characters = 0;
  for (const { id } of members) {
    characters += id.length + 3;
    if (characters > IDS_MAX_CHARACTERS) break;
    ids.push(id);
  }
  return ids;
}
