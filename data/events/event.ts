/**
 * Events: what happened that others may want to know. An event is stored in the commit of the state
 * that it reports (`kv/events/outbox.ts`), so there is never one without the other.
 *
 * @module
 */

import { hash } from "node:crypto";

/** Every type of event with its meaning. The part before the point is the kind of its subject. */
export const EVENT_TYPES = {
  "export.completed": "An export is finished, and its file can be downloaded",
  "export.failed": "An export failed",
  "report.completed": "A report on stores is finished, and its file can be downloaded",
  "report.failed": "A report on stores failed",
  "import.finished": "An upload of readings ended",
  "device.offline": "Nothing was received from a device for too long",
  "device.online": "Something was received from a device that was offline",
  "store.down": "A store was inactive for too long within its business hours",
  "store.up": "A store that was down is active again",
  "continuous_export.failing": "The continuous export of a device keeps failing",
  "schedule.missed": "A planned run of a schedule did not take place",
  "alert.firing": "The condition of an alert holds",
  "alert.resolved": "The condition of an alert holds no more",
} as const satisfies Readonly<Record<string, string>>;

/** The type of an event. */
export type EventType = keyof typeof EVENT_TYPES;

/** The types of events. */
export const EVENT_TYPE_NAMES: readonly EventType[] = Object.keys(
  EVENT_TYPES,
) as EventType[]; // The keys of an object literal are exactly those of its type.

/** What an event can be about. */
export const EVENT_SUBJECT_KINDS = [
  "job",
  "device",
  "store",
  "meter",
  "schedule",
  "alert",
  "continuous_export",
  "import",
  "webhook",
] as const;

/** What an event is about. Events of one subject are delivered in their order. */
export interface EventSubject {
  /** Its kind. */
  readonly kind: typeof EVENT_SUBJECT_KINDS[number];
  /** Its id. */
  readonly id: string;
}

/** A JSON value. */
export type EventValue =
  | null
  | boolean
  | number
  | string
  | readonly EventValue[]
  | { readonly [name: string]: EventValue };

/** A meter, device or store; or all of those that a pattern matches. */
export interface EventSource {
  /** What it is. */
  readonly kind: "meter" | "device" | "store";
  /** Its id, or a pattern of ids (`data/access/id_pattern.ts`). */
  readonly id: string;
}

/** Who gets an event by name, besides the webhooks whose filter it matches. */
export type Recipient =
  | WebhookRecipient
  | MailRecipient
  | { readonly kind: "place"; readonly url: string; readonly name: string };

/** A webhook that gets an event, whether its filter matches or not. */
export interface WebhookRecipient {
  /** The kind of recipient. */
  readonly kind: "webhook";
  /** Its id. */
  readonly id: string;
  /** Whether it gets a link to the file of the job, which needs no key. */
  readonly hasFile?: boolean;
}

/** Who gets an event by mail: each address a mail of its own. */
export interface MailRecipient {
  /** The kind of recipient. */
  readonly kind: "email";
  /** The addresses. One is best: then each has deliveries, attempts and a state of its own. */
  readonly to: readonly string[];
  /** Whether the file of the job goes with it: attached, or as a link if it is large. */
  readonly hasFile?: boolean;
  /** The schedule that made the job. Its mails are cancelled together. */
  readonly origin?: { readonly kind: "schedule"; readonly id: string };
}

/** An event. */
export interface DomainEvent {
  /** Made from its cause by {@link eventId}, so that a commit that is repeated makes the same event. */
  readonly id: string;
  /** What happened. */
  readonly type: EventType;
  /** What it happened to. */
  readonly subject: EventSubject;
  /** When, epoch milliseconds. Of two events of a subject, the later one has the later time. */
  readonly atMs: number;
  /**
   * To whom it belongs: the owner of a job, schedule or alert (`Caller.owner`). Null for what belongs to
   * nobody, such as a device.
   */
  readonly account: string | null;
  /** More about it, as it is delivered. At most some kilobytes as JSON. */
  readonly data: { readonly [name: string]: EventValue };
  /**
   * The meters, devices and stores that it concerns, if they are not its subject. A key sees the event
   * only if it may touch all of them, and filters by id look at them.
   */
  readonly sources?: readonly EventSource[];
  /** Who gets it besides webhooks whose filter it matches; nobody by default. */
  readonly recipients?: readonly Recipient[];
}

/** What an event id is made from. */
export interface EventCause {
  /** What happened. */
  readonly type: EventType;
  /** What it happened to. */
  readonly subject: EventSubject;
  /** What tells it from other events of its type and subject, such as the time of a transition. */
  readonly cause: string | number;
}

/** The id of an event: `evt_` and 32 hexadecimal digits. The same cause always has the same id. */
export function eventId({ type, subject, cause }: EventCause): string {
  const text = JSON.stringify([type, subject.kind, subject.id, cause]);
  return `evt_${hash("sha256", text).slice(0, 32)}`;
}
