/**
 * The forms in which events are stored.
 *
 * @module
 */

import { z } from "zod";
import { EVENT_SUBJECT_KINDS, EVENT_TYPE_NAMES } from "../../data/events/event.ts";

const sourceSchema = z.object({ kind: z.enum(["meter", "device", "store"]), id: z.string() });

const recipientSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("webhook"), id: z.string(), hasFile: z.boolean().optional() }),
  z.object({
    kind: z.literal("email"),
    to: z.array(z.string()),
    hasFile: z.boolean().optional(),
    origin: z.object({ kind: z.literal("schedule"), id: z.string() }).optional(),
  }),
  z.object({ kind: z.literal("place"), url: z.string(), name: z.string() }),
]);

const eventSchema = z.object({
  v: z.literal(1),
  id: z.string(),
  type: z.enum(EVENT_TYPE_NAMES),
  subject: z.object({ kind: z.enum(EVENT_SUBJECT_KINDS), id: z.string() }),
  atMs: z.number(),
  account: z.string().nullable(),
  data: z.record(z.string(), z.json()),
  sources: z.array(sourceSchema).optional(),
});

const outboxSchema = eventSchema.extend({
  recipients: z.array(recipientSchema).optional(),
  after: z.string().optional(),
});

/** An event without its recipients. */
export type EventRecord = z.infer<typeof eventSchema>;

/** An event in the outbox. `after`: the last target that has its delivery; absent if none has. */
export type OutboxRecord = z.infer<typeof outboxSchema>;

/** A stored recipient. */
export type RecipientRecord = z.infer<typeof recipientSchema>;

/** {@link RecipientRecord} as part of other records. */
export const recipientRecord: z.ZodType<RecipientRecord> = recipientSchema;

/** Reads an event. */
export function parseEventRecord(value: unknown): EventRecord {
  return eventSchema.parse(value);
}

/** Reads an event of the outbox. */
export function parseOutboxRecord(value: unknown): OutboxRecord {
  return outboxSchema.parse(value);
}
