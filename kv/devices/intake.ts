/**
 * Accepts what devices send: enforces the rate limit, counts what is new, and records when it was
 * received.
 *
 * Devices that sent lately are cached (`kv/devices/cache.ts`), so most readings are accepted without
 * reading the database. A process that has the database alone trusts the cache. Over a shared
 * database, the last-seen records of the others are read for every request, and the device record again
 * after a second. So each instance accepts no more than the limit, minus the requests that the others
 * have recorded; requests that the others are writing at that moment come on top.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { gatherPage, type Page } from "../../data/readings/page.ts";
import type { ProfileName } from "../../data/readings/profile.ts";
import {
  countRequest,
  type RateLimit,
  uncountRequest,
  usedRequests,
  waitMs,
} from "../../data/devices/rate_window.ts";
import type { TimestampForm } from "../../data/devices/timestamp.ts";
import type { Staging } from "../budget.ts";
import { LAST_SEEN_KEPT_MS, stageLastSeen, stageLastSeenDelete } from "./last_seen.ts";
import { type CachedDevice, createDeviceCache, type DeviceCache } from "./cache.ts";
import { markOnline } from "./presence.ts";
import { fixProfile, setTimestampForm } from "./devices.ts";
import { createRejectionRecorder, type RejectedMessages } from "./rejection_recorder.ts";
import type { ProfileStore } from "../profiles/profiles.ts";
import type { Ingest } from "../series/ingest.ts";
import type { SeriesRef } from "../series/ref.ts";
import type { SeriesStore } from "../series/store.ts";
import { createTurns } from "../in_turn.ts";
import { fillFromStored } from "./union.ts";

/** Readings of one device from one request. */
export interface DeviceReadings {
  /** The device. */
  readonly id: string;
  /** The profile of the readings. */
  readonly profile: ProfileName;
  /** Whom they count for if they are the first ones of the device. */
  readonly account?: string;
  /** Which definition of the profile they follow (`life`); absent for a built-in one. */
  readonly life?: number;
  /** How the device gave their times; ISO 8601 unless given. */
  readonly form?: TimestampForm;
  /** The readings, in the order in which they arrived. */
  readonly page: Page;
  /** Whether this counts as a request; false for more readings of a request that was counted. */
  readonly isCounted: boolean;
  /**
   * Whether a missing value leaves the stored one of the same time as it is, instead of replacing it.
   * Over several instances, this holds for what was stored when the request arrived.
   */
  readonly isPartial?: boolean;
}

/** What happened to the readings. */
export type IntakeResult =
  | {
    /** They are durable. */
    readonly kind: "accepted";
    /** Readings with a new time. */
    readonly created: number;
    /** Readings that replaced other values of the same time. */
    readonly updated: number;
    /** Readings that changed nothing: stored already, or replaced by a later one of the request. */
    readonly unchanged: number;
    /** How many more requests the limit would accept now. */
    readonly remaining: number;
  }
  | {
    /** The device sends too often; nothing was stored. */
    readonly kind: "limited";
    /** How long until its next request is accepted, milliseconds. */
    readonly waitMs: number;
  }
  | {
    /** The device has another profile; nothing was stored. */
    readonly kind: "other profile";
    /** The profile of the device. */
    readonly profile: ProfileName;
  }
  | {
    /**
     * The readings follow a definition of their profile that is not the current one; nothing was
     * stored. Read the profiles again, then the message.
     */
    readonly kind: "other definition";
  }
  | {
    /** A meter has the id and the profile; nothing was stored. */
    readonly kind: "id taken";
  };

/** Accepts what devices send. */
export interface DeviceIntake {
  /**
   * Accepts readings; creates the device if it does not exist. Settles once they are durable.
   *
   * @throws {AppError} SERVICE_STOPPING while the service stops.
   */
  accept(readings: DeviceReadings): Promise<IntakeResult>;
  /**
   * Records messages of a device that were rejected: they were received, so they bring it online. An
   * unknown device is ignored.
   */
  reject(rejected: RejectedMessages): Promise<void>;
  /** The profile of a device that sent lately; undefined if it is not known without a read. */
  knownProfile(id: string): ProfileName | undefined;
  /** The profile of a device; null if there is no such device. */
  findProfile(id: string): Promise<ProfileName | null>;
  /** Call it after the record of a device changed. Its counted requests stay counted. */
  invalidate(id: string): void;
}

/** What an intake needs. */
export interface DeviceIntakeDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "getMany" | "list" | "atomic">;
  /** Whether no other process uses the database. */
  readonly isExclusive: boolean;
  /** This running process, unlike any other that ever was. */
  readonly owner: string;
  /** Commits readings. */
  readonly ingest: Pick<Ingest, "add">;
  /** The series store. */
  readonly series: Pick<SeriesStore, "describeMany" | "compare" | "read">;
  /** The profiles, if others may change them. */
  readonly profiles?: Pick<ProfileStore, "current">;
  /** How often a device may send. */
  readonly limit: RateLimit;
  /** The time without messages after which a device is offline, unless it has its own, milliseconds. */
  readonly offlineAfterMs: number;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** What happens to the readings of a page, and the rows that have to be compared to find out. */
interface Counts {
  created: number;
  updated: number;
  unchanged: number;
  readonly toCompare: number[];
}

/** The rows of a page that has one. */
const FIRST_ROW: readonly number[] = [0];

/** Creates an intake with an empty cache. */
export function createDeviceIntake(deps: DeviceIntakeDeps): DeviceIntake {
  const { kv, ingest, limit, now, offlineAfterMs } = deps;
  // Alone, a process continues the last-seen records of the one before it.
  const writer = deps.isExclusive ? "" : deps.owner;
  const cache = createDeviceCache({ ...deps, writer });

  const inTurn = createTurns();

  /** The readings with what is stored already, if they are partial. */
  async function filledPage(cached: CachedDevice, readings: DeviceReadings): Promise<Page> {
    const { id, profile, page, isCounted } = readings;
    // Another instance may have stored later ones.
    const afterMs = deps.isExclusive ? cached.lastMs : Infinity;
    try {
      const current = await deps.profiles?.current(profile);
      const partial = { page, afterMs, profile: current };
      return await fillFromStored(deps.series, { profile, id }, partial);
    } catch (error) {
      if (isCounted) uncountRequest(cached.window);
      throw error;
    }
  }

  function accept(readings: DeviceReadings): Promise<IntakeResult> {
    // Two that give different metrics of one time must not overlook each other.
    if (readings.isPartial === true) return inTurn(readings.id, () => acceptNow(readings));
    return acceptNow(readings);
  }

  async function acceptNow(readings: DeviceReadings): Promise<IntakeResult> {
    const { id, profile, account, life = 0, isCounted, form = "iso8601" } = readings;
    const cached = await deviceOrRefusal(cache, readings);
    if ("kind" in cached) return cached;
    if (cached.device.profile === profile && !cached.device.isProfileFixed) {
      cached.device = await fixProfile(kv, id, { profile, account }) ?? cached.device;
    }
    const { device } = cached;
    if (device.profile !== profile) return { kind: "other profile", profile: device.profile };
    if (device.profileLife !== life) return { kind: "other definition" };
    const nowMs = now();
    let used = usedRequests(cached.window, limit, nowMs);
    for (const { window } of cached.others) used += usedRequests(window, limit, nowMs);
    if (isCounted && used >= limit.requests) {
      const windows = [cached.window, ...cached.others.map(({ window }) => window)];
      return { kind: "limited", waitMs: waitMs(windows, limit, nowMs) };
    }
    // Nothing was awaited since the requests were counted, so no other one used the same place.
    if (isCounted) countRequest(cached.window, limit, nowMs);
    const page = readings.isPartial === true ? await filledPage(cached, readings) : readings.page;
    // Counted from what is durable: a request that failed did not keep the device online.
    const silentMs = nowMs - cached.onlineMs;
    cached.receivedMs = Math.max(cached.receivedMs, nowMs);
    const rows = lastRowsOfTimes(page.timesMs);
    const counts = countTimes(cached, page.timesMs, rows);
    try {
      if (counts.toCompare.length > 0) {
        await countCompared(deps.series, { profile, id }, { page, counts });
      }
      await ingest.add(
        { profile, id },
        page,
        (op) => stageLastSeenOf(op, cached, { id, writer, nowMs }),
      );
    } catch (error) {
      if (isCounted) uncountRequest(cached.window);
      throw error;
    } finally {
      release(cached.pending, page.timesMs, rows);
    }
    // If the device was deleted while these readings were on their way, they create it anew.
    if (cache.isInvalid(id)) await cache.get(id, profile, account);
    for (const row of rows) cached.lastMs = Math.max(cached.lastMs, page.timesMs[row]);
    const isLate = silentMs >= (device.offlineAfterMs ?? offlineAfterMs);
    if (isLate || device.state === "offline") {
      await markOnline(kv, id, { receivedMs: nowMs, offlineAfterMs });
      // Else every later reading would look up again whether the device is still offline.
      if (device.state === "offline") cache.invalidate(id);
    }
    cached.onlineMs = Math.max(cached.onlineMs, nowMs);
    if (form !== "iso8601" && form !== cached.device.timestampForm) {
      cached.device = await setTimestampForm(kv, id, form) ?? cached.device;
    }
    const remaining = Math.max(0, limit.requests - used - (isCounted ? 1 : 0));
    const { created, updated, unchanged } = counts;
    return { kind: "accepted", created, updated, unchanged, remaining };
  }

  const reject = createRejectionRecorder({ ...deps, cache, writer });
  return {
    accept,
    reject,
    knownProfile: cache.knownProfile,
    findProfile: async (id) => (await cache.find(id))?.device.profile ?? null,
    invalidate: cache.invalidate,
  };
}

/** The device of readings, which is created if it does not exist; or why it cannot be. */
async function deviceOrRefusal(
  cache: DeviceCache,
  { id, profile, account }: DeviceReadings,
): Promise<CachedDevice | IntakeResult> {
  try {
    return await cache.get(id, profile, account);
  } catch (error) {
    if (error instanceof AppError && error.code === "PROFILE_NOT_FOUND") {
      return { kind: "other definition" };
    }
    if (error instanceof AppError && error.code === "ID_TAKEN") return { kind: "id taken" };
    throw error;
  }
}

/** The last row of each time, in the order in which the times first occur. */
function lastRowsOfTimes(timesMs: Float64Array): readonly number[] {
  if (timesMs.length === 1) return FIRST_ROW;
  const rows = new Map<number, number>();
  for (let row = 0; row < timesMs.length; row++) rows.set(timesMs[row], row);
  return [...rows.values()];
}

/**
 * Counts the times that are known to be new without a comparison, because they are later than all
 * stored ones. From here on, all of the times are pending.
 */
function countTimes(
  { lastMs, pending }: CachedDevice,
  timesMs: Float64Array,
  rows: readonly number[],
): Counts {
  const toCompare: number[] = [];
  const counts = { created: 0, updated: 0, unchanged: timesMs.length - rows.length, toCompare };
  for (const row of rows) {
    const timeMs = timesMs[row];
    const others = pending.get(timeMs) ?? 0;
    if (others > 0) counts.updated++;
    else if (timeMs > lastMs) counts.created++;
    else toCompare.push(row);
    pending.set(timeMs, others + 1);
  }
  return counts;
}

/** Compares rows with what is stored and adds the result to the counts. */
async function countCompared(
  series: DeviceIntakeDeps["series"],
  ref: SeriesRef,
  { page, counts }: { page: Page; counts: Counts },
): Promise<void> {
  const compared = await series.compare(ref, gatherPage(page, Uint32Array.from(counts.toCompare)));
  counts.created += compared.inserted;
  counts.updated += compared.updated;
  counts.unchanged += compared.unchanged;
}

/** Sets the last-seen record of a device, and deletes those of processes that are long gone. */
function stageLastSeenOf(
  op: Staging,
  { receivedMs: lastReceivedMs, window, others }: CachedDevice,
  { id, writer, nowMs }: { id: string; writer: string; nowMs: number },
): void {
  stageLastSeen(op, id, { writer, lastReceivedMs, window });
  for (const other of others) {
    if (nowMs - other.lastReceivedMs > LAST_SEEN_KEPT_MS) stageLastSeenDelete(op, id, other.writer);
  }
}

/** Removes the times of one request from those that are pending. */
function release(
  pending: Map<number, number>,
  timesMs: Float64Array,
  rows: readonly number[],
): void {
  for (const row of rows) {
    const timeMs = timesMs[row];
    const others = (pending.get(timeMs) ?? 1) - 1;
    if (others === 0) pending.delete(timeMs);
    else pending.set(timeMs, others);
  }
}
