/**
 * What a mail says about an event that is not the end of a job.
 *
 * @module
 */

import { type DomainEvent, EVENT_TYPES, type EventValue } from "../events/event.ts";
import { parseInstant } from "../time/time_text.ts";
import { isTimeZone } from "../time/zone.ts";
import { zoneTime } from "../time/zone_time.ts";
import type { MailContent } from "./mail_content.ts";

type Data = DomainEvent["data"];
type Facts = MailContent["facts"];

/** The words of an event. Its `zone`, if it has one, is that of the times. */
export function eventMail(event: DomainEvent): MailContent {
  const { type, data } = event;
  const zone = typeof data.zone === "string" && isTimeZone(data.zone) ? data.zone : "UTC";
  return type === "alert.firing" || type === "alert.resolved"
    ? alertMail(event, zone)
    : plainMail(event, zone);
}

/** An alert: a sentence, the rule, and each of the subjects. */
function alertMail({ type, subject, atMs, data }: DomainEvent, zone: string): MailContent {
  const when = zoneTime(atMs, zone);
  const rule = isObject(data.alert) ? data.alert : {};
  const text = textOf(data.text) ?? textOf(rule.name) ?? subject.id;
  const isFiring = type === "alert.firing";
  const described = listOf(data.subjects).filter(isObject);
  const known = new Set(described.map(({ id }) => id));
  const others = listOf(data.ids).filter((id) => !known.has(id)).map(valueText);
  const facts: [string, EventValue | undefined][] = [
    ["Alert", rule.name],
    ["Severity", rule.severity],
    ["Note", rule.note],
    ["Number", data.count],
  ];
  return {
    subject: `${isFiring ? "Alert" : "Resolved"}: ${text}, ${when}`,
    intro: text,
    facts: [["Time", when], ...shown(facts)],
    items: [...described.map((one) => subjectText(one, zone)), ...others],
    zone,
  };
}

/** A subject of an alert: `battery-7, since 2024-07-01 11:58 (UTC), value 46.2`. */
function subjectText({ id, since, value, flapping }: Data, zone: string): string {
  const sinceMs = typeof since === "string" ? parseInstant(since) : null;
  return [
    valueText(id),
    sinceMs === null ? "" : `since ${zoneTime(sinceMs, zone)}`,
    value === null || value === undefined ? "" : `value ${valueText(value)}`,
    flapping === true ? "flapping" : "",
  ].filter((part) => part !== "").join(", ");
}

function plainMail({ type, subject, atMs, data }: DomainEvent, zone: string): MailContent {
  const when = zoneTime(atMs, zone);
  const what = textOf(data.text) ?? `${EVENT_TYPES[type]}: ${textOf(data.name) ?? subject.id}`;
  const facts = Object.entries(data).filter(([name]) => !["text", "zone"].includes(name));
  return {
    subject: `${what}, ${when}`,
    intro: what,
    facts: [["Time", when], ...shown(facts.map(([name, value]) => [title(name), value]))],
    zone,
  };
}

/** The facts that have a value. */
function shown(facts: readonly (readonly [string, EventValue | undefined])[]): Facts {
  return facts.flatMap(([name, value]) =>
    value === undefined || value === null || value === "" ? [] : [[name, valueText(value)] as const]
  );
}

/** `last_seen` as `Last seen`. */
function title(name: string): string {
  const words = name.replaceAll("_", " ");
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

function isObject(value: EventValue | undefined): value is Data {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function listOf(value: EventValue | undefined): readonly EventValue[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: EventValue | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function valueText(value: EventValue | undefined): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
