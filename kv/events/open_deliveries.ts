/**
 * The queue of each target: its pending deliveries in the order of their events.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["delivery_open", target, atMs, eventId]` | `{ v: 1, subject, nextMs, lastMs, isUntried }` | whoever writes the delivery, in the same commit |
 *
 * @module
 */

import { z } from "zod";
import type { Staging } from "../budget.ts";
import type { DeliveryPlace, DeliveryRecord } from "./deliveries.ts";

const SPACE = "delivery_open";
const LIST_BATCH = 200;

const openSchema = z.object({
  v: z.literal(1),
  subject: z.string(),
  nextMs: z.number(),
  lastMs: z.number(),
  isUntried: z.boolean(),
});

/** A delivery in a queue. */
export interface OpenDelivery extends DeliveryPlace {
  /**
   * Its subject as one text; "place" for files, all of which have the same name. Deliveries of a
   * subject are sent one after the other.
   */
  readonly subject: string;
  /** When its next attempt is due, epoch milliseconds. */
  readonly nextMs: number;
  /** When the last attempt began, or if there was none, when the delivery was made. */
  readonly lastMs: number;
  /** Whether there was no attempt yet. */
  readonly isUntried: boolean;
}

/** Puts a pending delivery into the queue of its target, or takes one that has ended out of it. */
export function stageQueued(op: Staging, place: DeliveryPlace, record: DeliveryRecord): void {
  const { state, nextMs, attempt } = record;
  const lastMs = record.attempts.at(-1)?.atMs ?? record.createdMs;
  if (state === "pending" && nextMs !== null) {
    op.set(keyOf(place), {
      v: 1,
      subject: lineOf(record),
      nextMs,
      lastMs,
      isUntried: attempt === 0,
    });
  } else op.delete(keyOf(place));
}

/** A target of files is one name in one place: an older file must not replace a newer one. */
function lineOf({ recipient, subject: { kind, id } }: DeliveryRecord): string {
  return recipient.kind === "place" ? recipient.kind : `${kind}:${id}`;
}

/** Takes a delivery out of the queue. */
export function stageQueuedDelete(op: Staging, place: DeliveryPlace): void {
  op.delete(keyOf(place));
}

/** The queue of a target, the earliest event first. */
export async function* listQueued(
  kv: Pick<Deno.Kv, "list">,
  target: string,
): AsyncGenerator<OpenDelivery> {
  const entries = kv.list({ prefix: [SPACE, target] }, { batchSize: LIST_BATCH });
  for await (const { key, value } of entries) {
    const { v: _, ...open } = openSchema.parse(value);
    yield { target, atMs: Number(key[2]), eventId: String(key[3]), ...open };
  }
}

function keyOf({ target, atMs, eventId }: DeliveryPlace): Deno.KvKey {
  return [SPACE, target, atMs, eventId];
}
