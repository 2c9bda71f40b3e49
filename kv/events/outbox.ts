/**
 * The outbox: events that have no deliveries yet.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["outbox", atMs, id]` | {@link OutboxRecord} | whoever writes the state that the event reports, in the same commit |
 * | `["outbox"]` | `true` | fan-out, with each commit: of two at the same time, one fails |
 *
 * Fan-out takes events out, in the commit that makes their deliveries. An event with many recipients
 * stays until all have one; `after` says how far it is.
 *
 * @module
 */

import { serialize } from "node:v8";
import type { DomainEvent } from "../../data/events/event.ts";
import { type Cost, costOf, type Staging } from "../budget.ts";
import { type OutboxRecord, parseOutboxRecord } from "./records.ts";

const SPACE = "outbox";
const LIST_BATCH_MAX = 200;

/** The most bytes of an event as it is stored. A value may have 65,536; fan-out adds a target. */
const EVENT_MAX_BYTES = 60_000;

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
 * @throws {RangeError} if the event has more than 60,000 bytes as it is stored.
 */
export function stageEvent(op: Staging, event: DomainEvent): void {
  // A stored value has no undefined fields and no read-only lists: what JSON has.
  const value = JSON.parse(JSON.stringify({ v: 1, ...event }));
  // As Deno KV does: a text takes two bytes a character if it has one beyond Latin-1.
  if (serialize(value).length > EVENT_MAX_BYTES) {
    throw new RangeError(`Cannot store an event of more than ${EVENT_MAX_BYTES} bytes`);
  }
  op.set([SPACE, event.atMs, event.id], value);
}

/** Stores an event on its own: of something that has no state which is stored, such as an upload. */
export async function commitEvent(
  kv: Pick<Deno.Kv, "atomic">,
  event: DomainEvent,
): Promise<void> {
  const op = kv.atomic();
  stageEvent(op, event);
  await op.commit();
}

/**
 * The events that wait, the earliest first, at most `limit`. One that cannot be read stays where it is,
 * and is not among them.
 */
export async function listOutbox(
  kv: Pick<Deno.Kv, "list">,
  limit: number,
  onUnreadable: (key: Deno.KvKey, error: unknown) => void = () => {},
): Promise<OutboxEntry[]> {
  const entries: OutboxEntry[] = [];
  const batchSize = Math.min(limit, LIST_BATCH_MAX);
  for await (const { key, value, versionstamp } of kv.list({ prefix: [SPACE] }, { batchSize })) {
    try {
      entries.push({ key, value: parseOutboxRecord(value), versionstamp });
    } catch (error) {
      onUnreadable(key, error);
    }
    if (entries.length === limit) break;
  }
  return entries;
}

/**
 * Reads the version of fan-out. The result begins a commit that fails if another one was made since then.
 * It is a function, because nothing can wait for an operation of Deno KV.
 */
export async function beginFanOut(
  kv: Pick<Deno.Kv, "get" | "atomic">,
): Promise<() => Deno.AtomicOperation> {
  const { key, versionstamp } = await kv.get([SPACE]);
  return () => kv.atomic().check({ key, versionstamp }).set(key, true);
}

/** What a commit of fan-out needs before it holds anything. */
export const FAN_OUT_COST: Cost = costOf((op) => op.set([SPACE], true));

/** Takes an event out of the outbox. */
export function stageOutboxDelete(op: Staging, { key }: OutboxEntry): void {
  op.delete(key);
}

/** Stores how far the deliveries of an event are. */
export function stageOutboxProgress(op: Staging, { key, value }: OutboxEntry, after: string): void {
  op.set(key, { ...value, after });
}
