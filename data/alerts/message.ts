/**
 * Messages of alerts: one event for the transitions of a group of subjects.
 *
 * @module
 */

import type { DomainEvent, EventValue, Recipient } from "../events/event.ts";
import { idsAsSources } from "../events/id_sources.ts";
import { instantText } from "../time/time_text.ts";
import type { AlertNotify, AlertRule } from "./rule.ts";
import type { Transition } from "./step.ts";

/** How many subjects a message describes. It names many more by their ids alone. */
export const DESCRIBED_MAX = 20;
/** How many characters the ids in a message may have as JSON, and those with the sources: an event has bounds. */
const IDS_MAX_CHARACTERS = 18_000, LISTS_MAX_CHARACTERS = 21_000;

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
  const sources = idsAsSources(kind, members.map((member) => member.id));
  const room = LISTS_MAX_CHARACTERS - JSON.stringify(sources).length;
  const ids = firstIds(members, Math.min(IDS_MAX_CHARACTERS, room));
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

function firstIds(members: readonly Member[], room: number): string[] {
  const ids: string[] = [];
  let characters = 0;
  for (const { id } of members) {
    characters += id.length + 3;
    if (characters > room) break;
    ids.push(id);
  }
  return ids;
}
