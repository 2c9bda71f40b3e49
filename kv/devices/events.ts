/**
 * Events of devices: when they went offline and came online again.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["device_event", id, atMs, state]` | {@link DeviceEvent} without its key | `kv/devices/presence.ts`, in the commit that moves the device |
 *
 * The events of a device alternate, offline first, each at a later time than the one before.
 *
 * @module
 */

import { z } from "zod";
import { packStages, type Stage, type Staging } from "../budget.ts";

const SPACE = "device_event";

const stateSchema = z.enum(["online", "offline"]);
const eventSchema = z.object({ v: z.literal(1), lastSeenMs: z.number().nullable() });

/** One event; times are epoch milliseconds. */
export interface DeviceEvent {
  /** When it happened: a deadline that passed, or the receipt of a message. */
  readonly atMs: number;
  /** The state that began. */
  readonly state: "online" | "offline";
  /** When something was last received; null if nothing ever was. */
  readonly lastSeenMs: number | null;
}

/** Sets an event. */
export function stageDeviceEvent(
  op: Staging,
  id: string,
  { atMs, state, lastSeenMs }: DeviceEvent,
): void {
  op.set([SPACE, id, atMs, state], { v: 1, lastSeenMs });
}

/** The events of a device, oldest first, after a time (null: from the first one on). */
export async function listDeviceEvents(
  kv: Pick<Deno.Kv, "list">,
  id: string,
  { afterMs, limit }: { afterMs: number | null; limit: number },
): Promise<DeviceEvent[]> {
  const prefix = [SPACE, id];
  const selector = afterMs === null ? { prefix } : { prefix, start: [...prefix, afterMs + 1] };
  return (await Array.fromAsync(kv.list(selector, { limit }))).map(eventOf);
}

/** The newest events of a device before a time, oldest first. */
export async function newestDeviceEvents(
  kv: Pick<Deno.Kv, "list">,
  id: string,
  { beforeMs, limit }: { beforeMs: number; limit: number },
): Promise<DeviceEvent[]> {
  const prefix = [SPACE, id];
  const selector = { prefix, end: [...prefix, beforeMs] };
  const entries = await Array.fromAsync(kv.list(selector, { limit, reverse: true }));
  return entries.map(eventOf).reverse();
}

function eventOf({ key, value }: Deno.KvEntry<unknown>): DeviceEvent {
  const { lastSeenMs } = eventSchema.parse(value);
  return { atMs: Number(key[2]), state: stateSchema.parse(key[3]), lastSeenMs };
}

/** Deletes the events of a device before a time. */
export async function deleteDeviceEvents(
  kv: Pick<Deno.Kv, "list" | "atomic">,
  id: string,
  beforeMs: number,
): Promise<void> {
  const stages: Stage[] = [];
  for await (const { key } of kv.list({ prefix: [SPACE, id] })) {
    if (Number(key[2]) < beforeMs) stages.push((op) => op.delete(key));
  }
  for (const commit of packStages(stages)) {
    const op = kv.atomic();
    commit.forEach((stage) => stage(op));
    await op.commit();
  }
}
