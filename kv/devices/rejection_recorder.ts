/**
 * Records rejected messages of known devices, so that a device whose messages are all rejected does
 * not look like one that sends nothing.
 *
 * A rejected message was received: it counts for when a device was last seen, and brings it online.
 * Its time goes to a last-seen record of its own (`WRITER/rejected`), because ingest writes the other
 * one without a check.
 *
 * @module
 */

import {
  countRequest,
  createRateWindow,
  type RateLimit,
  usedRequests,
} from "../../data/devices/rate_window.ts";
import type { CachedDevice, DeviceCache } from "./cache.ts";
import { stageLastSeen } from "./last_seen.ts";
import { markOnline } from "./presence.ts";
import { addRejections, type NewRejections } from "./rejections.ts";

/** Rejected messages of one device from one request. */
export interface RejectedMessages extends Omit<NewRejections, "atMs"> {
  /** The device. */
  readonly id: string;
}

/** What a recorder needs. */
export interface RejectionRecorderDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "atomic">;
  /** The devices. */
  readonly cache: Pick<DeviceCache, "find">;
  /** The writer of this process's last-seen records. */
  readonly writer: string;
  /** How often the rejections of a device are written. */
  readonly limit: RateLimit;
  /** The time without messages after which a device is offline, unless it has its own, milliseconds. */
  readonly offlineAfterMs: number;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** No requests. It is only encoded, never changed. */
const NO_REQUESTS = createRateWindow();

/**
 * Creates a recorder. It ignores unknown devices. Rejections of a device that arrive while some are
 * being written, or more often than the rate limit allows, are written with the next ones.
 */
export function createRejectionRecorder(
  deps: RejectionRecorderDeps,
): (rejected: RejectedMessages) => Promise<void> {
  const { kv, cache, writer, limit, offlineAfterMs, now } = deps;
  const waiting = new Map<string, NewRejections>();
  const running = new Map<string, Promise<void>>();

  async function write(id: string, device: CachedDevice): Promise<void> {
    for (let added = waiting.get(id); added !== undefined; added = waiting.get(id)) {
      const { atMs } = added;
      device.rejections ??= createRateWindow();
      if (usedRequests(device.rejections, limit, atMs) >= limit.requests) return;
      countRequest(device.rejections, limit, atMs);
      waiting.delete(id);
      const lastSeen = { writer: `${writer}/rejected`, lastReceivedMs: atMs, window: NO_REQUESTS };
      const stage = (op: Parameters<typeof stageLastSeen>[0]) => stageLastSeen(op, id, lastSeen);
      if (!await addRejections(kv, id, { added, stage })) continue;
      const { state, offlineAfterMs: own } = device.device;
      const isLate = atMs - device.onlineMs >= (own ?? offlineAfterMs);
      if (isLate || state === "offline") {
        await markOnline(kv, id, { receivedMs: atMs, offlineAfterMs });
      }
      device.receivedMs = Math.max(device.receivedMs, atMs);
      device.onlineMs = Math.max(device.onlineMs, atMs);
    }
  }

  return async ({ id, count, problem }) => {
    const device = await cache.find(id);
    if (device === null) return;
    const before = waiting.get(id)?.count ?? 0;
    waiting.set(id, { atMs: now(), count: before + count, problem });
    // Whoever comes next writes what is waiting then.
    while (running.has(id)) await running.get(id)?.catch(() => {});
    if (!waiting.has(id)) return;
    const writing = write(id, device).finally(() => running.delete(id));
    running.set(id, writing);
    await writing;
  };
}
