/**
 * When something was last received from a device, and how many requests it sent lately.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["beat", id, writer]` | when something was last received, and the requests (`data/devices/last_seen_record.ts`) | ingest, on the commit of the readings |
 *
 * The key still begins with `beat`, the name that this record had up to 0.5: databases of before
 * must open.
 *
 * Each instance over a shared database writes a record of its own, so none overwrites another's. A
 * process that has its database alone writes as `""`. A device was last seen at the latest time in
 * any of its records; its requests are the sum of all.
 *
 * @module
 */

import { HOUR_MS } from "../../data/limits.ts";
import {
  decodeLastReceivedMs as timeOf,
  decodeLastSeen,
  encodeLastSeen,
  type LastSeen,
} from "../../data/devices/last_seen_record.ts";
import { SHARED_MAX_CHECKS, type Staging } from "../budget.ts";
import { listByIds } from "../list_by_ids.ts";

/** The first part of its keys; the journal needs it. */
export const LAST_SEEN_SPACE = "beat";
/**
 * A record older than this belongs to a writer that is gone, if another writer has a later one,
 * milliseconds.
 */
export const LAST_SEEN_KEPT_MS: number = HOUR_MS;

/** A record and who wrote it. */
export interface StoredLastSeen extends LastSeen {
  /** The writer. */
  readonly writer: string;
}

/** Sets the record of a writer. */
export function stageLastSeen(op: Staging, id: string, record: StoredLastSeen): void {
  op.set([LAST_SEEN_SPACE, id, record.writer], encodeLastSeen(record));
}

/** Deletes the record of a writer. */
export function stageLastSeenDelete(op: Staging, id: string, writer: string): void {
  op.delete([LAST_SEEN_SPACE, id, writer]);
}

/** The records of a device, one for each writer. */
export async function listLastSeen(
  kv: Pick<Deno.Kv, "list">,
  id: string,
): Promise<StoredLastSeen[]> {
  return await Array.fromAsync(kv.list<Uint8Array>({ prefix: [LAST_SEEN_SPACE, id] }), storedOf);
}

/** The records of devices by id; a device without any is absent. */
export async function listLastSeenByIds(
  kv: Pick<Deno.Kv, "list">,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly StoredLastSeen[]>> {
  const entries = await listByIds(kv, LAST_SEEN_SPACE, ids);
  // Nothing but bytes is written under these keys.
  const own = entries as Deno.KvEntry<Uint8Array>[];
  const byId = Map.groupBy(own, ({ key }) => String(key[1]));
  return new Map([...byId].map(([id, some]) => [id, some.map(storedOf)]));
}

/**
 * Records as they are now: those that were stored, and recent ones by their writers. A writer never goes
 * back, so the later one of two is the newer one.
 */
export function withRecent(
  stored: readonly StoredLastSeen[],
  recent: ReadonlyMap<string, Uint8Array> = new Map(),
): readonly StoredLastSeen[] {
  if (recent.size === 0) return stored;
  const byWriter = new Map(stored.map((record) => [record.writer, record]));
  for (const [writer, bytes] of recent) {
    const known = byWriter.get(writer);
    if (known !== undefined && known.lastReceivedMs > timeOf(bytes)) continue;
    const record = { writer, ...decodeLastSeen(bytes) };
    if (known === undefined || countOf(known) <= countOf(record) || isLater(record, known)) {
      byWriter.set(writer, record);
    }
  }
  return [...byWriter.values()];
}

function isLater(one: LastSeen, other: LastSeen): boolean {
  return one.lastReceivedMs > other.lastReceivedMs;
}

function countOf({ window }: LastSeen): number {
  return window.counts.reduce((sum, count) => sum + count, 0);
}

function storedOf({ key, value }: Deno.KvEntry<Uint8Array>): StoredLastSeen {
  return { writer: String(key[2]), ...decodeLastSeen(value) };
}

/** When something was last received from a device, epoch milliseconds; null if nothing ever was. */
export async function lastReceivedMs(
  kv: Pick<Deno.Kv, "list">,
  id: string,
): Promise<number | null> {
  const times = (await listLastSeen(kv, id)).map((record) => record.lastReceivedMs);
  return times.length === 0 ? null : Math.max(...times);
}

/** When many devices were last seen. */
export interface LastSeenOfMany {
  /** Epoch milliseconds by id; a device from which nothing was ever received is absent. */
  readonly lastMs: ReadonlyMap<string, number>;
  /** Records of writers that are gone: another writer of the same device has a later one. */
  readonly outdated: readonly Deno.KvEntry<unknown>[];
}

/** When each of many devices was last seen. `nowMs` decides which records are outdated. */
export async function lastSeenOfMany(
  kv: Pick<Deno.Kv, "list">,
  ids: readonly string[],
  nowMs: number,
): Promise<LastSeenOfMany> {
  const entries = await listByIds(kv, LAST_SEEN_SPACE, ids);
  // Nothing but bytes is written under these keys.
  const timesMs = entries.map(({ value }) => timeOf(value as Uint8Array));
  const lastMs = new Map<string, number>();
  entries.forEach(({ key }, index) => {
    const id = String(key[1]);
    lastMs.set(id, Math.max(lastMs.get(id) ?? -Infinity, timesMs[index]));
  });
  const outdated = entries.filter(({ key }, index) => {
    const isOld = nowMs - timesMs[index] > LAST_SEEN_KEPT_MS;
    return isOld && timesMs[index] < (lastMs.get(String(key[1])) ?? -Infinity);
  });
  return { lastMs, outdated };
}

/**
 * Deletes records. A few share a commit; if one of those was written again since it was read, all of
 * the few stay.
 */
export async function deleteLastSeen(
  kv: Pick<Deno.Kv, "atomic">,
  records: readonly Deno.KvEntry<unknown>[],
): Promise<void> {
  for (let at = 0; at < records.length; at += SHARED_MAX_CHECKS) {
    const op = kv.atomic();
    for (const record of records.slice(at, at + SHARED_MAX_CHECKS)) {
      op.check(record).delete(record.key);
    }
    await op.commit();
  }
}

/** Deletes all records of a device, except those written meanwhile. */
export async function deleteAllLastSeen(
  kv: Pick<Deno.Kv, "list" | "atomic">,
  id: string,
): Promise<void> {
  await deleteLastSeen(kv, await Array.fromAsync(kv.list({ prefix: [LAST_SEEN_SPACE, id] })));
}
