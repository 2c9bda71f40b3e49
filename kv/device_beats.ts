/**
 * Beats: when something was last received from a device, and how much lately.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["beat", id, writer]` | 1 byte format, 8 bytes last received (f64, epoch milliseconds), then a rate window (`data/rate_window.ts`) | ingest, on the commit of the readings |
 *
 * Each instance over a shared database writes beats of its own, so that none overwrites another's;
 * a process that has its database alone writes as `""`. What a device sent is all of its beats
 * together.
 *
 * @module
 */

import { decodeRateWindow, encodeRateWindow, type RateWindow } from "../data/rate_window.ts";
import type { Staging } from "./budget.ts";
import { listByIds } from "./list_by_ids.ts";

/** The first part of its keys. */
export const BEAT_SPACE = "beat";
const FORMAT = 1;
const HEADER_BYTES = 9;

/** What one writer knows of a device. */
export interface Beat {
  /** When something was last received, epoch milliseconds. */
  readonly lastReceivedMs: number;
  /** Requests that were let through lately. */
  readonly window: RateWindow;
}

/** A beat and whose it is. */
export interface StoredBeat extends Beat {
  /** The writer. */
  readonly writer: string;
}

/** Sets the beat of a writer. */
export function stageBeat(
  op: Staging,
  id: string,
  { writer, lastReceivedMs, window }: StoredBeat,
): void {
  const entries = encodeRateWindow(window);
  const bytes = new Uint8Array(HEADER_BYTES + entries.length);
  bytes[0] = FORMAT;
  new DataView(bytes.buffer).setFloat64(1, lastReceivedMs, true);
  bytes.set(entries, HEADER_BYTES);
  op.set([BEAT_SPACE, id, writer], bytes);
}

/** Takes the beat of a writer away. */
export function stageBeatDelete(op: Staging, id: string, writer: string): void {
  op.delete([BEAT_SPACE, id, writer]);
}

/** The beats of a device, one a writer. */
export async function listBeats(kv: Pick<Deno.Kv, "list">, id: string): Promise<StoredBeat[]> {
  const beats: StoredBeat[] = [];
  for await (const { key, value } of kv.list<Uint8Array>({ prefix: [BEAT_SPACE, id] })) {
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
  const times = (await listBeats(kv, id)).map((beat) => beat.lastReceivedMs);
  return times.length === 0 ? null : Math.max(...times);
}

/** The same of many devices; those from which nothing was received are not in the map. */
export async function lastReceivedOf(
  kv: Pick<Deno.Kv, "list">,
  ids: readonly string[],
): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  for (const { key, value } of await listByIds(kv, BEAT_SPACE, ids)) {
    const id = String(key[1]);
    // Nothing but bytes is written under this key.
    times.set(id, Math.max(times.get(id) ?? -Infinity, timeOf(value as Uint8Array)));
  }
  return times;
}

function timeOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getFloat64(1, true);
}
