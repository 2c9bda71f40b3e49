/**
 * LastSeenMap: when something was last received from a device, and how much lately.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["beat", id, writer]` | 1 byte format, 8 bytes last received (f64, epoch milliseconds), then a rate window (`data/devices/rate_window.ts`) | ingest, on the commit of the readings |
 *
 * Each instance over a shared database writes beats of its own, so that none overwrites another's;
 * a process that has its database alone writes as `""`. What a device sent is all of its beats
 * together.
 *
 * @module
 */

import { HOUR_MS } from "../../data/limits.ts";
import {
  decodeRateWindow,
  encodeRateWindow,
  type RateWindow,
  rateWindowBytes,
} from "../../data/devices/rate_window.ts";
import { SHARED_MAX_CHECKS, type Staging } from "../budget.ts";
import { listByIds } from "../list_by_ids.ts";

/** The first part of its keys. */
export const LAST_SEEN_SPACE = "beat";
const FORMAT = 1;
const HEADER_BYTES = 9;
/** LastSeenMap that are older belong to a writer that is gone, where a later one is there, milliseconds. */
export const OLD_LAST_SEEN_MS: number = HOUR_MS;

/** What one writer knows of a device. */
export interface LastSeen {
  /** When something was last received, epoch milliseconds. */
  readonly lastReceivedMs: number;
  /** Requests that were let through lately. */
  readonly window: RateWindow;
}

/** A beat and whose it is. */
export interface StoredLastSeen extends LastSeen {
  /** The writer. */
  readonly writer: string;
}

/** Sets the beat of a writer. */
export function stageLastSeen(
  op: Staging,
  id: string,
  { writer, lastReceivedMs, window }: StoredLastSeen,
): void {
  const bytes = new Uint8Array(HEADER_BYTES + rateWindowBytes(window));
  const view = new DataView(bytes.buffer);
  bytes[0] = FORMAT;
  view.setFloat64(1, lastReceivedMs, true);
  encodeRateWindow(window, view, HEADER_BYTES);
  op.set([LAST_SEEN_SPACE, id, writer], bytes);
}

/** Takes the beat of a writer away. */
export function stageLastSeenDelete(op: Staging, id: string, writer: string): void {
  op.delete([LAST_SEEN_SPACE, id, writer]);
}

/** The beats of a device, one a writer. */
export async function listLastSeen(
  kv: Pick<Deno.Kv, "list">,
  id: string,
): Promise<StoredLastSeen[]> {
  const beats: StoredLastSeen[] = [];
  for await (const { key, value } of kv.list<Uint8Array>({ prefix: [LAST_SEEN_SPACE, id] })) {
    beats.push({
      writer: String(key[2]),
      lastReceivedMs: timeOf(value),
      window: decodeRateWindow(value.subarray(HEADER_BYTES)),
    });
  }
  return beats;
}

/** When something was last received from a device, epoch milliseconds; null where nothing was. */
export async function lastReceivedMs(
  kv: Pick<Deno.Kv, "list">,
  id: string,
): Promise<number | null> {
  const times = (await listLastSeen(kv, id)).map((beat) => beat.lastReceivedMs);
  return times.length === 0 ? null : Math.max(...times);
}

/** What many devices sent. */
export interface ReceivedOfMany {
  /** When something was last received from each; those from which nothing was are not in it. */
  readonly lastMs: ReadonlyMap<string, number>;
  /** LastSeenMap that say nothing any more: of writers that are gone, with a later one beside them. */
  readonly gone: readonly Deno.KvEntry<unknown>[];
}

/** The beats of many devices as they are at a time, epoch milliseconds. */
export async function receivedOf(
  kv: Pick<Deno.Kv, "list">,
  ids: readonly string[],
  nowMs: number,
): Promise<ReceivedOfMany> {
  const entries = await listByIds(kv, LAST_SEEN_SPACE, ids);
  // Nothing but bytes is written under these keys.
  const timesMs = entries.map(({ value }) => timeOf(value as Uint8Array));
  const lastMs = new Map<string, number>();
  entries.forEach(({ key }, index) => {
    const id = String(key[1]);
    lastMs.set(id, Math.max(lastMs.get(id) ?? -Infinity, timesMs[index]));
  });
  const gone = entries.filter(({ key }, index) => {
    const isOld = nowMs - timesMs[index] > OLD_LAST_SEEN_MS;
    return isOld && timesMs[index] < (lastMs.get(String(key[1])) ?? -Infinity);
  });
  return { lastMs, gone };
}

/** Deletes beats, unless one of the few that share a commit was written again meanwhile. */
export async function deleteLastSeen(
  kv: Pick<Deno.Kv, "atomic">,
  beats: readonly Deno.KvEntry<unknown>[],
): Promise<void> {
  for (let at = 0; at < beats.length; at += SHARED_MAX_CHECKS) {
    const op = kv.atomic();
    for (const beat of beats.slice(at, at + SHARED_MAX_CHECKS)) op.check(beat).delete(beat.key);
    await op.commit();
  }
}

function timeOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getFloat64(1, true);
}
