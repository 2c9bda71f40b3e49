/**
 * The devices that sent lately, kept in memory.
 *
 * A process that has the database alone trusts its cache. Over a shared database, the device record and
 * the last-seen records of the other processes are read again when the record of any device has changed,
 * and after a second without a look at the logs of the others (`kv/ingest_log`). What those have received
 * since is for the caller to find out, as the rate limit counts it (`intake.ts`). What is read for requests that arrive at
 * the same time is read together, and what is created for them is created together.
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
import type { OthersView } from "../ingest_log/logged_kv.ts";
import type { SeriesStore } from "../series/store.ts";
import { createTogether, settleEach } from "../together.ts";
import { createDevices, type NamedDevice } from "./create_many.ts";
import { deviceEntry, type DeviceRecord, getDeviceEntries } from "./devices.ts";
import { listLastSeenByIds, type StoredLastSeen, withRecent } from "./last_seen.ts";
import type { PendingTimes } from "./pending_times.ts";

/** Most devices in the cache. */
const MAX_DEVICES = 50_000;
/** Over a shared database, how long a record is relied on that was read or confirmed, milliseconds. */
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
  /** Readings that are being written to the database. */
  readonly pending: PendingTimes[];
  /** When any process last received something from it, epoch milliseconds; 0 for never. */
  receivedMs: number;
  /** The same, but only of what is durable and has brought the device online if it was offline. */
  onlineMs: number;
  /** The requests that this process accepted. */
  readonly window: RateWindow;
  /** The writes of rejections by this process; null if there were none. */
  rejections: RateWindow | null;
  /** The last-seen records of other processes, as far as they are known. */
  others: readonly StoredLastSeen[];
  /** The same as the database had them, or has since. */
  stored: readonly StoredLastSeen[];
  /** When the read of those began, as the logs of other processes count. */
  listedMs: number;
  /** The same of its record. */
  seenMs: number;
  /** The version of the last change of any device that was known then; null for none. */
  version: string | null;
  /** When the read of its record began, epoch milliseconds. */
  readMs: number;
  /** The last-seen record of this process as it is now. */
  lastSeen(): Uint8Array;
}

/** A cache of devices. */
export interface DeviceCache {
  /**
   * Returns a device; creates it if it does not exist. Concurrent calls for one id read once.
   *
   * @throws {AppError} PROFILE_NOT_FOUND or ID_TAKEN if it cannot be created.
   */
  get(id: string, owned: Owned): Promise<CachedDevice>;
  /**
   * A device as far as it can be relied on without any read; undefined if it must be read. Of a
   * process that shares the database, the last look is less than a second old. Unless the caller has
   * looked, or assumes that the others are quiet, it may only accept by this, and only far below the limit.
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

/** What a device is created with, and how exactly others are to be known. */
export interface Owned {
  /** Its profile. */
  readonly profile: ProfileName;
  /** Whom its readings count for. */
  readonly account?: string | undefined;
  /** Whether what is known of other processes is enough, as the commit fails if they have written more. */
  readonly assumesQuiet?: boolean;
}

/** What a cache needs. */
export interface DeviceCacheDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "getMany" | "list" | "atomic">;
  /** Whether no other process uses the database. */
  readonly isExclusive: boolean;
  /** What other processes have received lately; by default, the database is read for it. */
  readonly others?: OthersView | null;
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
  /** The same, as the logs of other processes count. */
  readonly seenMs: number;
  /** The version of the last change of any device that was known then; null for none. */
  readonly version: string | null;
}

/** Creates an empty cache. */
export function createDeviceCache(deps: DeviceCacheDeps): DeviceCache {
  const { limit, now } = deps;
  const cached = new Map<string, CachedDevice>();
  const loading = new Map<string, Promise<CachedDevice>>();
  /** Devices to read again, each with a symbol that is new for every call of `invalidate()`. */
  const invalid = new Map<string, symbol>();
  const database = openDatabase(deps);
  // What was read of the database may be from long before.
  deps.others?.onForget((id, entry) => {
    const found = cached.get(id);
    if (found !== undefined) found.stored = withRecent(found.stored, entry);
  });

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
  function isKnown(id: string, { readMs, seenMs, version }: CachedDevice): boolean {
    if (invalid.has(id)) return false;
    if (deps.isExclusive) return true;
    if (!deps.others) return isRecent(now() - readMs);
    const { others } = deps;
    const watched = others.watched();
    // As long as no device has changed, every look confirms all records.
    const sinceMs = watched.version === version ? Math.max(seenMs, watched.atMs) : seenMs;
    return isRecent(others.elapsedMs() - sinceMs);
  }

  /** Evicts one of the devices that were loaded first, unless its requests still count. */
  function evictOne(): void {
    let tries = 0;
    for (const [id, { pending, window }] of cached) {
      if (pending.length === 0 && usedRequests(window, limit, now()) === 0) {
        cached.delete(id);
        invalid.delete(id);
        return;
      }
      if (++tries === EVICTION_TRIES) return;
    }
  }

  async function get(id: string, owned: Owned): Promise<CachedDevice> {
    const found = cached.get(id);
    if (found !== undefined) {
      if (owned.assumesQuiet !== true || !isKnown(id, found)) await deps.others?.look();
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
      const found = cached.get(id);
      if (found === undefined || !isKnown(id, found)) return undefined;
      if (deps.isExclusive) return found;
      return deps.others && database.see(found, id) ? found : undefined;
    },
    async find(id) {
      await loading.get(id);
      const found = cached.get(id);
      if (found !== undefined && isKnown(id, found)) return found;
      // The device may have been deleted.
      const { device } = await database.read(id);
      return device === null ? null : await get(id, { profile: device.profile });
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
  const readSeen = createTogether(
    (ids: readonly string[]) => readLastSeen(deps.others?.database ?? kv, ids),
    READS,
  );
  const create = createTogether((devices: readonly NamedDevice[]) => createDevices(kv, devices));
  const describe = createTogether(series.describeMany);

  function createNew(id: string, { profile, account }: Owned): Promise<DeviceRecord> {
    const device = { profile, account, nowMs: now(), serviceOfflineAfterMs, isProfileFixed: true };
    return create({ id, device });
  }

  /** Takes over last-seen records of the database, and what others have received since. */
  function see(cached: CachedDevice, id: string): void {
    const known = withRecent(cached.stored, deps.others?.recentOf(id));
    cached.others = known.filter((record) => record.writer !== writer);
    const times = cached.others.map(({ lastReceivedMs }) => lastReceivedMs);
    cached.receivedMs = Math.max(cached.receivedMs, ...times);
    cached.onlineMs = Math.max(cached.onlineMs, ...times);
  }

  return {
    read,
    async load(id: string, owned: Owned): Promise<CachedDevice> {
      await deps.others?.look();
      const { records, readMs, seenMs, version, ...found } = await read(id);
      const device = found.device ?? await createNew(id, owned);
      const extent = await describe({ profile: device.profile, id });
      const known = withRecent(records, deps.others?.recentOf(id));
      const receivedMs = Math.max(0, ...known.map(({ lastReceivedMs }) => lastReceivedMs));
      const loaded: CachedDevice = {
        device,
        lastMs: extent?.lastMs ?? -Infinity,
        pending: [],
        receivedMs,
        onlineMs: receivedMs,
        rejections: null,
        window: known.find((record) => record.writer === writer)?.window ?? createRateWindow(),
        others: known.filter((record) => record.writer !== writer),
        stored: records,
        seenMs,
        listedMs: seenMs,
        version,
        readMs,
        lastSeen: () =>
          encodeLastSeen({ lastReceivedMs: loaded.receivedMs, window: loaded.window }),
      };
      return loaded;
    },
    /** Reads again what may have changed. Creates the device anew if it was deleted. */
    async refresh(cached: CachedDevice, id: string, owned: Owned): Promise<void> {
      const { device, records, readMs, seenMs, version } = await read(id);
      cached.device = device ?? await createNew(id, owned);
      cached.readMs = readMs;
      cached.version = version;
      cached.stored = records;
      cached.seenMs = seenMs;
      cached.listedMs = seenMs;
      see(cached, id);
    },
    /** Takes over what the other processes received. False if that needs a read. */
    see(cached: CachedDevice, id: string): boolean {
      if (!deps.others || deps.others.lastMissedMs() >= cached.listedMs) return false;
      see(cached, id);
      return true;
    },
    /** Takes over what the other processes received. */
    async refreshSeen(cached: CachedDevice, id: string): Promise<void> {
      const { others } = deps;
      if (!others || others.lastMissedMs() >= cached.listedMs) {
        const listedMs = others?.elapsedMs() ?? 0;
        cached.stored = await readSeen(id);
        cached.listedMs = listedMs;
      }
      see(cached, id);
    },
  };
}

/** Whether something of this age is relied on. A clock may have been set back. */
function isRecent(ageMs: number): boolean {
  return ageMs >= 0 && ageMs < KEPT_MS;
}

async function readStored(
  { kv, others, now }: DeviceCacheDeps,
  ids: readonly string[],
): Promise<PromiseSettledResult<StoredDevice>[]> {
  const readMs = now(), seenMs = others?.elapsedMs() ?? 0;
  const version = others?.watched().version ?? null;
  const [entries, records] = await Promise.all([
    getDeviceEntries(kv, ids),
    listLastSeenByIds(others?.database ?? kv, ids),
  ]);
  return settleEach(ids, (id, index) => ({
    device: deviceEntry(entries[index])?.value ?? null,
    records: records.get(id) ?? [],
    readMs,
    seenMs,
    version,
  }));
}

async function readLastSeen(
  kv: Pick<Deno.Kv, "list">,
  ids: readonly string[],
): Promise<PromiseSettledResult<readonly StoredLastSeen[]>[]> {
  const records = await listLastSeenByIds(kv, ids);
  return settleEach(ids, (id) => records.get(id) ?? []);
}
