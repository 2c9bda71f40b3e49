/**
 * The outbox: events that have no deliveries yet.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["outbox", atMs, id]` | {@link OutboxRecord} | whoever writes the state that the event reports, in the same commit |
 *
 * Fan-out takes events out, in the commit that makes their deliveries. An event with many recipients
 * stays until all have one; `after` says how far it is.
 *
 * @module
 */

import { z } from "zod";
import {
  type DomainEvent,
  EVENT_SUBJECT_KINDS,
  EVENT_TYPE_NAMES,
} from "../../data/events/event.ts";
import type { Staging } from "../budget.ts";

const SPACE = "outbox";

/** The most bytes of an event as JSON. A stored value may have 65,536. */
const EVENT_MAX_BYTES = 32_000;

/** Who gets an event. */
export const recipientSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("webhook"), id: z.string() }),
  z.object({ kind: z.literal("email"), to: z.array(z.string()) }),
  z.object({ kind: z.literal("place"), url: z.string(), name: z.string() }),
]);

/** An event without its recipients. */
export const storedEventSchema = z.object({
  v: z.literal(1),
  id: z.string(),
  type: z.enum(EVENT_TYPE_NAMES),
  subject: z.object({ kind: z.enum(EVENT_SUBJECT_KINDS), id: z.string() }),
  atMs: z.number(),
  account: z.string().nullable(),
  data: z.record(z.string(), z.json()),
  sources: z.array(z.object({ kind: z.enum(["meter", "device", "store"]), id: z.string() }))
    .optional(),
});

const outboxSchema = storedEventSchema.extend({
  recipients: z.array(recipientSchema).optional(),
  after: z.string().optional(),
});

/** An event in the outbox. `after`: the last target that has its delivery; absent if none has. */
export type OutboxRecord = z.infer<typeof outboxSchema>;

/** An event in the outbox, and its version. */
export interface OutboxEntry {
  /** The key, for checks. */
  readonly key: Deno.KvKey;
  /** The event. */
  readonly value: OutboxRecord;
  /** The version that was read. */
  readonly versionstamp: string;
}

/**
 * Adds an event to the commit of the state that it reports. One mutation. The same event again
 * replaces itself.
 *
 * @throws {RangeError} if the event has more than 32,000 characters as JSON.
 */
export function stageEvent(op: Staging, event: DomainEvent): void {
  // A stored value has no undefined fields and no read-only lists: what JSON has.
  const text = JSON.stringify({ v: 1, ...event });
  if (text.length > EVENT_MAX_BYTES) {
    throw new RangeError(`Cannot store an event of more than ${EVENT_MAX_BYTES} characters`);
  }
  op.set([SPACE, event.atMs, event.id], JSON.parse(text));
}

/** The events that wait, the earliest first, at most `limit`. */
export async function listOutbox(
  kv: Pick<Deno.Kv, "list">,
  limit: number,
): Promise<OutboxEntry[]> {
  const entries = kv.list({ prefix: [SPACE] }, { limit });
  return await Array.fromAsync(
    entries,
    ({ key, value, versionstamp }) => ({ key, value: outboxSchema.parse(value), versionstamp }),
  );
}

/** Takes an event out of the outbox. */
export function stageOutboxDelete(op: Staging, { key }: OutboxEntry): void {
  op.delete(key);
}

/** Stores how far the deliveries of an event are. */
export function stageOutboxProgress(op: Staging, { key, value }: OutboxEntry, after: string): void {
  op.set(key, { ...value, after });
}
