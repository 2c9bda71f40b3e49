/**
 * The devices that sent lately, kept in memory.
 *
 * A process that has the database alone trusts its cache. Over a shared database, the device record
 * and the last-seen records of the other processes are read again on every access.
 *
 * @module
 */

import {
  createRateWindow,
  type RateLimit,
  type RateWindow,
  usedRequests,
} from "../../data/devices/rate_window.ts";
import type { ProfileName } from "../../data/readings/profile.ts";
import { listLastSeen, type StoredLastSeen } from "./last_seen.ts";
import { createDevice, type DeviceRecord, getDevice } from "./devices.ts";
import type { SeriesStore } from "../series/store.ts";

/** Most devices in the cache. */
const MAX_DEVICES = 50_000;
/** Devices examined to find one that can be evicted. */
const EVICTION_TRIES = 100;

/** A device in the cache. */
export interface CachedDevice {
  /** Its record. */
  device: DeviceRecord;
  /** The latest time of a reading that is known to be durable; -Infinity if there is none. */
  lastMs: number;
  /** Times that are being written to the database, and by how many requests. */
  readonly pending: Map<number, number>;
  /** When any process last received something from it, epoch milliseconds; 0 for never. */
  receivedMs: number;
  /** The same, but only of what is durable and has brought the device online if it was offline. */
  onlineMs: number;
  /** The requests that this process accepted. */
  readonly window: RateWindow;
  /** The writes of rejections by this process; null if there were none. */
  rejections: RateWindow | null;
  /** The last-seen records of other processes, as last read. */
  others: readonly StoredLastSeen[];
}

/** A cache of devices. */
export interface DeviceCache {
  /**
   * Returns a device; creates it if it does not exist, for an account. Concurrent calls for one id read once.
   *
   * @throws {AppError} PROFILE_NOT_FOUND or ID_TAKEN if it cannot be created.
   */
  get(id: string, profile: ProfileName, account?: string): Promise<CachedDevice>;
  /** Returns a device, or null if it does not exist. */
  find(id: string): Promise<CachedDevice | null>;
  /** Reads the record of a device again on the next access. Its counted requests stay counted. */
  invalidate(id: string): void;
  /** The profile of a device as far as it is known without a read; undefined if it is not. */
  knownProfile(id: string): ProfileName | undefined;
  /** Whether a device will be read again on the next access. */
  isInvalid(id: string): boolean;
}

/** What a device is created with. */
interface Owned {
  readonly profile: ProfileName;
  readonly account: string | undefined;
}

/** What a cache needs. */
export interface DeviceCacheDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list" | "atomic">;
  /** Whether no other process uses the database. */
  readonly isExclusive: boolean;
  /** The writer of this process's own last-seen records. */
  readonly writer: string;
  /** The series store. */
  readonly series: Pick<SeriesStore, "describe">;
  /** How often a device may send. */
  readonly limit: RateLimit;
  /** The time without messages after which a device is offline, unless it has its own, milliseconds. */
  readonly offlineAfterMs: number;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** Creates an empty cache. */
export function createDeviceCache(deps: DeviceCacheDeps): DeviceCache {
  const { limit, now } = deps;
  const cached = new Map<string, CachedDevice>();
  const loading = new Map<string, Promise<CachedDevice>>();
  /** Devices to read again, each with a symbol that is new for every call of `invalidate()`. */
  const invalid = new Map<string, symbol>();

  async function load(id: string, owned: Owned): Promise<CachedDevice> {
    const loaded = await loadDevice(deps, id, owned);
    cached.set(id, loaded);
    if (cached.size > MAX_DEVICES) evictOne();
    return loaded;
  }

  async function refresh(
    id: string,
    owned: Owned,
    device: CachedDevice,
  ): Promise<void> {
    const version = invalid.get(id);
    await refreshDevice(deps, { id, ...owned }, device);
    // A device that was invalidated again meanwhile is read again.
    if (invalid.get(id) === version) invalid.delete(id);
  }

  /** Evicts one of the devices that were loaded first, unless its requests still count. */
  function evictOne(): void {
    let tries = 0;
    for (const [id, { pending, window }] of cached) {
      if (pending.size === 0 && usedRequests(window, limit, now()) === 0) {
        cached.delete(id);
        invalid.delete(id);
        return;
      }
      if (++tries === EVICTION_TRIES) return;
    }
  }

  async function get(
    id: string,
    profile: ProfileName,
    account?: string,
  ): Promise<CachedDevice> {
    const owned = { profile, account };
    const found = cached.get(id);
    if (found !== undefined) {
      if (!deps.isExclusive || invalid.has(id)) await refresh(id, owned, found);
      return found;
    }
    const started = loading.get(id) ?? load(id, owned).finally(() => loading.delete(id));
    loading.set(id, started);
    const loaded = await started;
    if (invalid.has(id)) await refresh(id, owned, loaded);
    return loaded;
  }

  return {
    get,
    async find(id) {
      await loading.get(id);
      const found = cached.get(id);
      if (found !== undefined && deps.isExclusive && !invalid.has(id)) return found;
      // The device may have been deleted.
      const entry = await getDevice(deps.kv, id);
      return entry === null ? null : await get(id, entry.value.profile);
    },
    invalidate(id) {
      if (cached.has(id) || loading.has(id)) invalid.set(id, Symbol());
    },
    knownProfile: (id) => invalid.has(id) ? undefined : cached.get(id)?.device.profile,
    isInvalid: (id) => invalid.has(id),
  };
}

async function loadDevice(
  deps: DeviceCacheDeps,
  id: string,
  owned: Owned,
): Promise<CachedDevice> {
  const { kv, series, writer } = deps;
  const device = (await getDevice(kv, id))?.value ?? await createNew(deps, { id, ...owned });
  const records = await listLastSeen(kv, id);
  const extent = await series.describe({ profile: device.profile, id });
  const receivedMs = Math.max(0, ...records.map(({ lastReceivedMs }) => lastReceivedMs));
  return {
    device,
    lastMs: extent?.lastMs ?? -Infinity,
    pending: new Map(),
    receivedMs,
    onlineMs: receivedMs,
    rejections: null,
    window: records.find((record) => record.writer === writer)?.window ?? createRateWindow(),
    others: records.filter((record) => record.writer !== writer),
  };
}

async function createNew(
  { kv, now, offlineAfterMs: serviceOfflineAfterMs }: DeviceCacheDeps,
  { id, profile, account }: Owned & { id: string },
): Promise<DeviceRecord> {
  const device = { profile, account, nowMs: now(), serviceOfflineAfterMs, isProfileFixed: true };
  return await createDevice(kv, id, device);
}

/** Reads again what may have changed. Creates the device anew if it was deleted. */
async function refreshDevice(
  deps: DeviceCacheDeps,
  { id, ...owned }: Owned & { id: string },
  cached: CachedDevice,
): Promise<void> {
  const { kv, writer } = deps;
  const [entry, records] = await Promise.all([getDevice(kv, id), listLastSeen(kv, id)]);
  cached.device = entry?.value ?? await createNew(deps, { id, ...owned });
  cached.others = records.filter((record) => record.writer !== writer);
  const times = cached.others.map(({ lastReceivedMs }) => lastReceivedMs);
  cached.receivedMs = Math.max(cached.receivedMs, ...times);
  cached.onlineMs = Math.max(cached.onlineMs, ...times);
}
