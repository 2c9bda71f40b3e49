/**
 * The devices that sent lately, kept in memory.
 *
 * A process that has the database alone trusts its cache. Over a shared database, the device record is
 * read again after a second, and the last-seen records of the other processes on every access, as the
 * rate limit counts them. What is read for requests that arrive at the same time is read together, and
 * what is created for them is created together.
 *
 * @module
 */

import {
  createRateWindow,
  type RateLimit,
  type RateWindow,
  usedRequests,
} from "../../data/devices/rate_window.ts";
import { encodeLastSeen } from "../../data/devices/last_seen_record.ts";
import type { ProfileName } from "../../data/readings/profile.ts";
import type { SeriesStore } from "../series/store.ts";
import { createTogether, settleEach } from "../together.ts";
import { createDevices, type NamedDevice } from "./create_many.ts";
import { deviceEntry, type DeviceRecord, getDeviceEntries } from "./devices.ts";
import { listLastSeenByIds, type StoredLastSeen } from "./last_seen.ts";

/** Most devices in the cache. */
const MAX_DEVICES = 50_000;
/** Over a shared database, how long a record that was read is relied on, milliseconds. */
const KEPT_MS = 1_000;
/** Reads at the same time. While so many run, further requests wait, and are read for together. */
const READS = 2;
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
  /** When the read of its record began, epoch milliseconds. */
  readMs: number;
  /** The last-seen record of this process as it is now. */
  lastSeen(): Uint8Array;
}

/** A cache of devices. */
export interface DeviceCache {
  /**
   * Returns a device; creates it if it does not exist, for an account. Concurrent calls for one id read once.
   *
   * @throws {AppError} PROFILE_NOT_FOUND or ID_TAKEN if it cannot be created.
   */
  get(id: string, profile: ProfileName, account?: string): Promise<CachedDevice>;
  /**
   * A device as far as it can be relied on without any read; undefined if it must be read. A process that
   * shares the database reads for every request.
   */
  known(id: string): CachedDevice | undefined;
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
  readonly kv: Pick<Deno.Kv, "get" | "getMany" | "list" | "atomic">;
  /** Whether no other process uses the database. */
  readonly isExclusive: boolean;
  /** The writer of this process's own last-seen records. */
  readonly writer: string;
  /** The series store. */
  readonly series: Pick<SeriesStore, "describeMany">;
  /** How often a device may send. */
  readonly limit: RateLimit;
  /** The time without messages after which a device is offline, unless it has its own, milliseconds. */
  readonly offlineAfterMs: number;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** What the database has of a device. */
interface StoredDevice {
  /** Its record; null if there is no such device. */
  readonly device: DeviceRecord | null;
  /** Its last-seen records. */
  readonly records: readonly StoredLastSeen[];
  /** When the read began, epoch milliseconds. */
  readonly readMs: number;
}

/** Creates an empty cache. */
export function createDeviceCache(deps: DeviceCacheDeps): DeviceCache {
  const { limit, now } = deps;
  const cached = new Map<string, CachedDevice>();
  const loading = new Map<string, Promise<CachedDevice>>();
  /** Devices to read again, each with a symbol that is new for every call of `invalidate()`. */
  const invalid = new Map<string, symbol>();
  const database = openDatabase(deps);

  async function load(id: string, owned: Owned): Promise<CachedDevice> {
    const loaded = await database.load(id, owned);
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
    await database.refresh(device, id, owned);
    // A device that was invalidated again meanwhile is read again.
    if (invalid.get(id) === version) invalid.delete(id);
  }

  /** Whether the record of a device can be relied on without a read. */
  function isKnown(id: string, { readMs }: CachedDevice): boolean {
    const ageMs = now() - readMs;
    return !invalid.has(id) && (deps.isExclusive || ageMs >= 0 && ageMs < KEPT_MS);
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
      if (!isKnown(id, found)) await refresh(id, owned, found);
      else if (!deps.isExclusive) await database.refreshSeen(found, id);
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
    known(id) {
      return deps.isExclusive && !invalid.has(id) ? cached.get(id) : undefined;
    },
    async find(id) {
      await loading.get(id);
      const found = cached.get(id);
      if (found !== undefined && isKnown(id, found)) return found;
      // The device may have been deleted.
      const { device } = await database.read(id);
      return device === null ? null : await get(id, device.profile);
    },
    invalidate(id) {
      if (cached.has(id) || loading.has(id)) invalid.set(id, Symbol());
    },
    knownProfile: (id) => invalid.has(id) ? undefined : cached.get(id)?.device.profile,
    isInvalid: (id) => invalid.has(id),
  };
}

/** Reads and creates devices, those of several calls at the same time together. */
function openDatabase(deps: DeviceCacheDeps) {
  const { kv, now, offlineAfterMs: serviceOfflineAfterMs, series, writer } = deps;
  const read = createTogether((ids: readonly string[]) => readStored(deps, ids), READS);
  const readSeen = createTogether((ids: readonly string[]) => readLastSeen(kv, ids), READS);
  const create = createTogether((devices: readonly NamedDevice[]) => createDevices(kv, devices));
  const describe = createTogether(series.describeMany);

  function createNew(id: string, { profile, account }: Owned): Promise<DeviceRecord> {
    const device = { profile, account, nowMs: now(), serviceOfflineAfterMs, isProfileFixed: true };
    return create({ id, device });
  }

  function see(cached: CachedDevice, records: readonly StoredLastSeen[]): void {
    cached.others = records.filter((record) => record.writer !== writer);
    const times = cached.others.map(({ lastReceivedMs }) => lastReceivedMs);
    cached.receivedMs = Math.max(cached.receivedMs, ...times);
    cached.onlineMs = Math.max(cached.onlineMs, ...times);
  }

  return {
    read,
    async load(id: string, owned: Owned): Promise<CachedDevice> {
      const { records, readMs, ...stored } = await read(id);
      const device = stored.device ?? await createNew(id, owned);
      const extent = await describe({ profile: device.profile, id });
      const receivedMs = Math.max(0, ...records.map(({ lastReceivedMs }) => lastReceivedMs));
      const loaded: CachedDevice = {
        device,
        lastMs: extent?.lastMs ?? -Infinity,
        pending: new Map(),
        receivedMs,
        onlineMs: receivedMs,
        rejections: null,
        window: records.find((record) => record.writer === writer)?.window ?? createRateWindow(),
        others: records.filter((record) => record.writer !== writer),
        readMs,
        lastSeen: () =>
          encodeLastSeen({ lastReceivedMs: loaded.receivedMs, window: loaded.window }),
      };
      return loaded;
    },
    /** Reads again what may have changed. Creates the device anew if it was deleted. */
    async refresh(cached: CachedDevice, id: string, owned: Owned): Promise<void> {
      const { device, records, readMs } = await read(id);
      cached.device = device ?? await createNew(id, owned);
      cached.readMs = readMs;
      see(cached, records);
    },
    /** Reads again what the other processes received. */
    async refreshSeen(cached: CachedDevice, id: string): Promise<void> {
      see(cached, await readSeen(id));
    },
  };
}

async function readStored(
  { kv, now }: DeviceCacheDeps,
  ids: readonly string[],
): Promise<PromiseSettledResult<StoredDevice>[]> {
  const readMs = now();
  const [entries, records] = await Promise.all([
    getDeviceEntries(kv, ids),
    listLastSeenByIds(kv, ids),
  ]);
  return settleEach(ids, (id, index) => ({
    device: deviceEntry(entries[index])?.value ?? null,
    records: records.get(id) ?? [],
    readMs,
  }));
}

async function readLastSeen(
  kv: Pick<Deno.Kv, "list">,
  ids: readonly string[],
): Promise<PromiseSettledResult<readonly StoredLastSeen[]>[]> {
  const records = await listLastSeenByIds(kv, ids);
  return settleEach(ids, (id) => records.get(id) ?? []);
}
