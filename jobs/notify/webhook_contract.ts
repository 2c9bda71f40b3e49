/**
 * What the routes of webhooks may do with deliveries: send those again that have ended, which keep the
 * id of their event; try a target at once; and forget one.
 *
 * @module
 */

import { REPLAY_MAX } from "../../data/limits.ts";
import type { Stage } from "../../kv/budget.ts";
import {
  type DeliveryEntry,
  type DeliveryPlace,
  type DeliveryRecord,
  getDelivery,
  listDeliveries,
  stageDelivery,
} from "../../kv/events/deliveries.ts";
import { stageQueued } from "../../kv/events/open_deliveries.ts";
import { changeTarget, resumed } from "../../kv/events/targets.ts";
import { commitPacked } from "./purge_target.ts";
import { stageTargetWake } from "./target_wakes.ts";

/** How many deliveries are changed together. */
const AT_ONCE = 200;

/** The states that a replay can begin from. */
export type EndedState = Exclude<DeliveryRecord["state"], "pending">;

/** Which deliveries to send again. */
export interface ReplayRange {
  /** Events from this time on, epoch milliseconds. */
  readonly fromMs: number;
  /** Events before this time. */
  readonly toMs: number;
  /** Deliveries in these states. */
  readonly states: readonly EndedState[];
}

/** What a replay needs. */
export type ReplayKv = Pick<Deno.Kv, "get" | "getMany" | "list" | "atomic">;

/** Sends a delivery again, at once if it is pending. Null if there is none. */
export async function replayDelivery(
  kv: ReplayKv,
  place: DeliveryPlace,
  nowMs: number,
): Promise<DeliveryRecord | null> {
  for (;;) {
    const entry = await getDelivery(kv, place);
    if (entry === null) return null;
    const next = again(entry.value, nowMs);
    const op = kv.atomic().check(entry);
    againStage(entry, next)(op);
    stageTargetWake(op, { target: place.target, atMs: nowMs });
    if ((await op.commit()).ok) {
      await forgetFailures(kv, place.target, nowMs);
      return next;
    }
  }
}

/**
 * Sends deliveries of a range again, oldest first, at most {@link REPLAY_MAX}. Returns how many, and the
 * time from which to continue; null at the end.
 */
export async function replayRange(
  kv: ReplayKv,
  target: string,
  { range: { fromMs, toMs, states }, nowMs }: { range: ReplayRange; nowMs: number },
): Promise<{ count: number; nextMs: number | null }> {
  let count = 0;
  let nextMs: number | null = null;
  let stages: Stage[] = [];
  const entries = listDeliveries(kv, target, { fromMs, toMs, isNewestFirst: false });
  for await (const entry of entries) {
    if (!states.some((state) => state === entry.value.state)) continue;
    // Events of one moment stay together, so that the next request begins with another moment.
    if (count >= REPLAY_MAX && nextMs === null) nextMs = entry.atMs;
    if (nextMs !== null) break;
    count++;
    stages.push(againStage(entry, again(entry.value, nowMs)));
    if (stages.length < AT_ONCE) continue;
    await commitPacked(kv, stages);
    stages = [];
  }
  if (count > 0) stages.push((op) => stageTargetWake(op, { target, atMs: nowMs }));
  await commitPacked(kv, stages);
  if (count > 0) await forgetFailures(kv, target, nowMs);
  return { count, nextMs };
}

/** Has a target looked at soon: the job of one whose webhook is gone deletes its deliveries. */
export function lookStage(target: string, nowMs: number): Stage {
  return (op) => stageTargetWake(op, { target, atMs: nowMs });
}

/** Tries a target again at once, which somebody says works again. */
export async function wakeTarget(kv: ReplayKv, target: string, nowMs: number): Promise<void> {
  await forgetFailures(kv, target, nowMs);
  const op = kv.atomic();
  stageTargetWake(op, { target, atMs: nowMs });
  await op.commit();
}

async function forgetFailures(kv: ReplayKv, target: string, nowMs: number): Promise<void> {
  await changeTarget(kv, target, (record) => resumed(record, nowMs));
}

function again(record: DeliveryRecord, nowMs: number): DeliveryRecord {
  return { ...record, state: "pending", attempt: 0, nextMs: nowMs, endedMs: null };
}

function againStage(entry: DeliveryEntry, next: DeliveryRecord): Stage {
  return (op) => {
    stageDelivery(op, entry, next);
    stageQueued(op, entry, next);
  };
}
