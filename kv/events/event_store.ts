/**
 * Events that have deliveries, each once. They are kept as long as the log of deliveries.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["event", atMs, id]` | {@link EventRecord} | fan-out, in the commit that makes its first delivery |
 *
 * @module
 */

import type { Staging } from "../budget.ts";
import { type EventRecord, parseEventRecord } from "./records.ts";

const SPACE = "event";

/** Where an event is stored. */
export interface EventPlace {
  /** When it happened, epoch milliseconds. */
  readonly atMs: number;
  /** Its id. */
  readonly eventId: string;
}

/** Stores an event. */
export function stageStoredEvent(op: Staging, event: EventRecord): void {
  op.set([SPACE, event.atMs, event.id], event);
}

/** Reads an event; null if it is not kept any more. */
export async function getStoredEvent(
  kv: Pick<Deno.Kv, "get">,
  { atMs, eventId }: EventPlace,
): Promise<EventRecord | null> {
  const { value } = await kv.get([SPACE, atMs, eventId]);
  return value === null ? null : parseEventRecord(value);
}

/** The keys of events before a time, at most `limit`. */
export async function listOldEvents(
  kv: Pick<Deno.Kv, "list">,
  { beforeMs, limit }: { beforeMs: number; limit: number },
): Promise<Deno.KvKey[]> {
  const selector = { prefix: [SPACE], end: [SPACE, beforeMs] };
  return await Array.fromAsync(kv.list(selector, { limit }), ({ key }) => key);
}
