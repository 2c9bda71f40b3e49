/**
 * Deliveries: what becomes of each event at each of its targets. Together they are the log of a target.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["delivery", target, atMs, eventId]` | {@link DeliveryRecord} | fan-out, the job that delivers, replays |
 *
 * | from | to | when |
 * |---|---|---|
 * | — | pending | fan-out |
 * | — | skipped | fan-out, while its webhook is paused because it kept failing, or is named and not active |
 * | pending | pending | an attempt failed, and another one follows |
 * | pending | delivered | the recipient took it |
 * | pending | failed | the last attempt failed, or no other one is of use |
 * | delivered, failed, skipped | pending | somebody asked to send it again |
 *
 * A pending delivery also stands in the queue of its target (`open_deliveries.ts`).
 *
 * @module
 */

import { z } from "zod";
import { EVENT_SUBJECT_KINDS, EVENT_TYPE_NAMES } from "../../data/events/event.ts";
import type { Staging } from "../budget.ts";
import type { EventPlace } from "./event_store.ts";
import { recipientRecord } from "./records.ts";

const SPACE = "delivery";
const LIST_BATCH = 100;

/** The states of a delivery. */
export const DELIVERY_STATES = ["pending", "delivered", "failed", "skipped"] as const;

const attemptSchema = z.object({
  atMs: z.number(),
  tookMs: z.number(),
  request: z.string(),
  status: z.number().nullable(),
  answer: z.string(),
  fault: z.string().nullable(),
});

const deliverySchema = z.object({
  v: z.literal(1),
  type: z.enum(EVENT_TYPE_NAMES),
  subject: z.object({ kind: z.enum(EVENT_SUBJECT_KINDS), id: z.string() }),
  recipient: recipientRecord,
  state: z.enum(DELIVERY_STATES),
  attempt: z.int(),
  nextMs: z.number().nullable(),
  createdMs: z.number(),
  endedMs: z.number().nullable(),
  attempts: z.array(attemptSchema),
});

/** One attempt: when, how long, what was sent, what came back, and why it failed; null if it did not. */
export type DeliveryAttempt = z.infer<typeof attemptSchema>;

/**
 * A delivery. `attempt`: how many attempts were made since it became pending; `nextMs`: when the next
 * one is due; `attempts`: the latest ones, the oldest first.
 */
export type DeliveryRecord = z.infer<typeof deliverySchema>;

/** Where a delivery is stored. */
export interface DeliveryPlace extends EventPlace {
  /** Its target. */
  readonly target: string;
}

/** A delivery, its place and its version. */
export interface DeliveryEntry extends DeliveryPlace {
  /** The key, for checks. */
  readonly key: Deno.KvKey;
  /** The delivery. */
  readonly value: DeliveryRecord;
  /** The version that was read. */
  readonly versionstamp: string;
}

/** Which deliveries of a target to list. */
export interface DeliveryRange {
  /** Events from this time on, epoch milliseconds. */
  readonly fromMs?: number;
  /** Events before this time. */
  readonly toMs?: number;
  /** Only deliveries before this place. */
  readonly before?: EventPlace;
  /** Whether the newest comes first; it does by default. */
  readonly isNewestFirst?: boolean;
}

/** Writes a delivery. */
export function stageDelivery(op: Staging, place: DeliveryPlace, record: DeliveryRecord): void {
  op.set(keyOf(place), record);
}

/** Reads a delivery; null if there is none. */
export async function getDelivery(
  kv: Pick<Deno.Kv, "get">,
  place: DeliveryPlace,
): Promise<DeliveryEntry | null> {
  const { key, value, versionstamp } = await kv.get(keyOf(place));
  return versionstamp === null ? null : entryOf({ key, value, versionstamp });
}

/** The deliveries of a target in the order of their events. */
export async function* listDeliveries(
  kv: Pick<Deno.Kv, "list">,
  target: string,
  { fromMs = -Infinity, toMs = Infinity, before, isNewestFirst = true }: DeliveryRange = {},
): AsyncGenerator<DeliveryEntry> {
  const end = before !== undefined && before.atMs < toMs
    ? [SPACE, target, before.atMs, before.eventId]
    : [SPACE, target, toMs];
  const selector = { start: [SPACE, target, fromMs], end };
  const options = { reverse: isNewestFirst, batchSize: LIST_BATCH };
  for await (const entry of kv.list(selector, options)) yield entryOf(entry);
}

/** The places of deliveries of a target before a time, at most `limit`. */
export async function listOldDeliveries(
  kv: Pick<Deno.Kv, "list">,
  target: string,
  { beforeMs, limit }: { beforeMs: number; limit: number },
): Promise<DeliveryPlace[]> {
  const selector = { prefix: [SPACE, target], end: [SPACE, target, beforeMs] };
  return await Array.fromAsync(kv.list(selector, { limit }), ({ key }) => placeOf(key));
}

/** Deletes a delivery. */
export function stageDeliveryDelete(op: Staging, place: DeliveryPlace): void {
  op.delete(keyOf(place));
}

function keyOf({ target, atMs, eventId }: DeliveryPlace): Deno.KvKey {
  return [SPACE, target, atMs, eventId];
}

function placeOf(key: Deno.KvKey): DeliveryPlace {
  return { target: String(key[1]), atMs: Number(key[2]), eventId: String(key[3]) };
}

function entryOf({ key, value, versionstamp }: Deno.KvEntry<unknown>): DeliveryEntry {
  return { ...placeOf(key), key, value: deliverySchema.parse(value), versionstamp };
}
