/**
 * What a mail says about an event that has no words of its own.
 *
 * An event may say more about itself: `summary`, a sentence that becomes subject and beginning; `zone`,
 * on whose clock times are; and a list of texts under `items`, such as the devices of an alert.
 *
 * @module
 */

import { type DomainEvent, EVENT_TYPES, type EventValue } from "../events/event.ts";
import { isTimeZone } from "../time/zone.ts";
import { zoneTime } from "../time/zone_time.ts";
import type { MailContent } from "./mail_content.ts";

/** Fields that are not facts. */
const WORDS: readonly string[] = ["summary", "zone", "items"];

/** The words of an event. */
export function eventMail({ type, subject, atMs, data }: DomainEvent): MailContent {
  const zone = typeof data.zone === "string" && isTimeZone(data.zone) ? data.zone : "UTC";
  const when = zoneTime(atMs, zone);
  const what = typeof data.summary === "string" && data.summary !== ""
    ? data.summary
    : `${EVENT_TYPES[type]}: ${subject.id}`;
  const items = Array.isArray(data.items) ? data.items.map(valueText) : [];
  const facts = Object.entries(data).filter(([name, value]) =>
    !WORDS.includes(name) && value !== null
  );
  return {
    subject: `${what}, ${when}`,
    intro: what,
    facts: [
      ["Time", when],
      ...facts.map(([name, value]) => [title(name), valueText(value)] as const),
    ],
    zone,
    ...(items.length === 0 ? {} : { items }),
  };
}

/** `last_seen` as `Last seen`. */
function title(name: string): string {
  const words = name.replaceAll("_", " ");
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

function valueText(value: EventValue): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
