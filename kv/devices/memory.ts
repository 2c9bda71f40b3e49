/**
 * What is kept in memory of the devices that sent lately.
 *
 * A process that has the database alone trusts its memory. Where others share it, the device and
 * the beats of the others are read anew whenever the device is asked for.
 *
 * @module
 */

import {
  createRateWindow,
  type RateLimit,
  type RateWindow,
  usedRequests,
} from "../../data/devices/rate_window.ts";
import type { DeviceProfileName } from "../../data/readings/profile.ts";
import { listLastSeen, type StoredLastSeen } from "./last_seen.ts";
import { createDevice, type DeviceRecord, getDevice } from "./devices.ts";
import type { SeriesStore } from "../series/store.ts";

/** Devices that are kept. */
const KEPT_DEVICES = 50_000;
/** Devices that are looked at to find one that can be forgotten. */
const DROP_TRIES = 100;

/** What is kept of a device. */
export interface KeptDevice {
  /** Its record. */
  device: DeviceRecord;
  /** The latest time that a durable reading is known to have; -Infinity where there is none. */
  lastMs: number;
  /** Times that are on their way to the database, and in how many requests. */
  readonly pending: Map<number, number>;
  /** When something was last received from it by anybody, epoch milliseconds; 0 for never. */
  receivedMs: number;
  /** The same of what is durable, and has brought the device online where it was not. */
  onlineMs: number;
  /** Requests that this process let through. */
  readonly window: RateWindow;
  /** LastSeenMap of other processes, as far as they are known. */
  others: readonly StoredLastSeen[];
}

/** Keeps devices. */
export interface DeviceMemory {
  /** A device, which is made where it is not known; read once however many ask at a time. */
  known(id: string, profile: DeviceProfileName): Promise<KeptDevice>;
  /** Has what users say about a device read anew; what it sent stays counted. */
  forget(id: string): void;
}

/** What a memory needs. */
export interface DeviceMemoryDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list" | "atomic">;
  /** Whether no other process uses the database. */
  readonly isExclusive: boolean;
  /** Whose beats are this process's own. */
  readonly writer: string;
  /** Where readings are. */
  readonly series: Pick<SeriesStore, "describe">;
  /** How often a device may send. */
  readonly limit: RateLimit;
  /** How long a device may be silent, unless it says so itself, milliseconds. */
  readonly offlineAfterMs: number;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** A memory that keeps nothing yet. */
export function createDeviceMemory(deps: DeviceMemoryDeps): DeviceMemory {
  const { limit, now } = deps;
  const kept = new Map<string, KeptDevice>();
  const loading = new Map<string, Promise<KeptDevice>>();
  /** Devices that are to be read anew, each with a mark of its own for every time it was said. */
  const changed = new Map<string, symbol>();

  async function keep(id: string, profile: DeviceProfileName): Promise<KeptDevice> {
    const loaded = await loadDevice(deps, id, profile);
    kept.set(id, loaded);
    if (kept.size > KEPT_DEVICES) dropOne();
    return loaded;
  }

  async function refresh(id: string, known: KeptDevice): Promise<void> {
    const mark = changed.get(id);
    await refreshDevice(deps, id, known);
    // What was changed again meanwhile is read again.
    if (changed.get(id) === mark) changed.delete(id);
  }

  /** Forgets one of those that were loaded first, unless its requests still count. */
  function dropOne(): void {
    let tries = 0;
    for (const [id, { pending, window }] of kept) {
      if (pending.size === 0 && usedRequests(window, limit, now()) === 0) {
        kept.delete(id);
        changed.delete(id);
        return;
      }
      if (++tries === DROP_TRIES) return;
    }
  }

  return {
    async known(id, profile) {
      const found = kept.get(id);
      if (found !== undefined) {
        if (!deps.isExclusive || changed.has(id)) await refresh(id, found);
        return found;
      }
      const begun = loading.get(id) ?? keep(id, profile).finally(() => loading.delete(id));
      loading.set(id, begun);
      const loaded = await begun;
      if (changed.has(id)) await refresh(id, loaded);
      return loaded;
    },
    forget(id) {
      if (kept.has(id) || loading.has(id)) changed.set(id, Symbol());
    },
  };
}

async function loadDevice(
  { kv, series, writer, now, offlineAfterMs: serviceOfflineAfterMs }: DeviceMemoryDeps,
  id: string,
  profile: DeviceProfileName,
): Promise<KeptDevice> {
  const device = (await getDevice(kv, id))?.value ??
    await createDevice(kv, id, {
      profile,
      nowMs: now(),
      serviceOfflineAfterMs,
      isProfileFixed: true,
    });
  const beats = await listLastSeen(kv, id);
  const extent = await series.describe({ profile: device.profile, id });
  const receivedMs = Math.max(0, ...beats.map(({ lastReceivedMs }) => lastReceivedMs));
  return {
    device,
    lastMs: extent?.lastMs ?? -Infinity,
    pending: new Map(),
    receivedMs,
    onlineMs: receivedMs,
    window: beats.find((beat) => beat.writer === writer)?.window ?? createRateWindow(),
    others: beats.filter((beat) => beat.writer !== writer),
  };
}

/** Reads what others may have changed. */
async function refreshDevice(
  { kv, writer }: DeviceMemoryDeps,
  id: string,
  known: KeptDevice,
): Promise<void> {
  const [entry, beats] = await Promise.all([getDevice(kv, id), listLastSeen(kv, id)]);
  if (entry !== null) known.device = entry.value;
  known.others = beats.filter((beat) => beat.writer !== writer);
  const times = known.others.map(({ lastReceivedMs }) => lastReceivedMs);
  known.receivedMs = Math.max(known.receivedMs, ...times);
  known.onlineMs = Math.max(known.onlineMs, ...times);
}
