/**
 * Taking in what devices send: who may send how often, what is new, and when it was received.
 *
 * What is known of a device that sent lately is kept in memory, so that most of its readings are
 * taken without reading the database. A process that has the database alone trusts its memory;
 * where others share it, the device and the beats of the others are read for each request. So of
 * several instances none lets more through than the limit, less what it sees of the others; what
 * is on its way at them in that moment comes on top.
 *
 * @module
 */

import { gatherPage, type Page } from "../data/page.ts";
import type { DeviceProfileName } from "../data/profile.ts";
import {
  countRequest,
  type RateLimit,
  uncountRequest,
  usedRequests,
  waitMs,
} from "../data/rate_window.ts";
import { OLD_BEAT_MS, stageBeat, stageBeatDelete } from "./device_beats.ts";
import { createDeviceMemory, type KeptDevice } from "./device_memory.ts";
import { markOnline } from "./device_presence.ts";
import { fixProfile } from "./devices.ts";
import type { Ingest } from "./ingest.ts";
import type { SeriesStore } from "./series_store.ts";

/** Readings of one device that came in one request. */
export interface DeviceReadings {
  /** The device. */
  readonly id: string;
  /** What the readings measure. */
  readonly profile: DeviceProfileName;
  /** The readings, in the order in which they came. */
  readonly page: Page;
  /** Whether this counts as a request; false for more readings of a request that was counted. */
  readonly isCounted: boolean;
}

/** What came of readings. */
export type Taken =
  | {
    /** They are durable. */
    readonly kind: "taken";
    /** Times that were new. */
    readonly created: number;
    /** Times that had other values. */
    readonly updated: number;
    /** Readings that changed nothing: the same was there, or a later one of them has their time. */
    readonly unchanged: number;
    /** Requests that the limit would let through now. */
    readonly remaining: number;
  }
  | {
    /** The limit does not let them through; nothing was taken. */
    readonly kind: "limited";
    /** How long until it does, milliseconds. */
    readonly waitMs: number;
  }
  | {
    /** The device is of another profile; nothing was taken. */
    readonly kind: "other profile";
    /** The profile it is of. */
    readonly profile: DeviceProfileName;
  };

/** Takes in what devices send. */
export interface DeviceIntake {
  /**
   * Takes readings; a device that is not known is made. Settles once they are durable.
   *
   * @throws {AppError} SERVICE_STOPPING while the service stops.
   */
  take(readings: DeviceReadings): Promise<Taken>;
  /** Has what users say about a device read anew; what it sent stays counted. */
  forget(id: string): void;
}

/** What an intake needs. */
export interface DeviceIntakeDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list" | "atomic">;
  /** Whether no other process uses the database. */
  readonly isExclusive: boolean;
  /** This running process, unlike any other that ever was. */
  readonly owner: string;
  /** What commits readings. */
  readonly ingest: Pick<Ingest, "add">;
  /** What is there already. */
  readonly series: Pick<SeriesStore, "describe" | "compare">;
  /** How often a device may send. */
  readonly limit: RateLimit;
  /** How long a device may be silent, unless it says so itself, milliseconds. */
  readonly offlineAfterMs: number;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

type Counts = Record<"created" | "updated" | "unchanged", number>;

/** An intake that keeps nothing yet. */
export function createDeviceIntake(deps: DeviceIntakeDeps): DeviceIntake {
  const { kv, limit, now, offlineAfterMs } = deps;
  // Alone, a process goes on with the beats of the one before it.
  const writer = deps.isExclusive ? "" : deps.owner;
  const memory = createDeviceMemory({ ...deps, writer });

  async function take(readings: DeviceReadings): Promise<Taken> {
    const { id, profile, page, isCounted } = readings;
    const known = await memory.known(id, profile);
    if (known.device.profile === profile && !known.device.isProfileFixed) {
      known.device = await fixProfile(kv, id, profile) ?? known.device;
    }
    const { device } = known;
    if (device.profile !== profile) return { kind: "other profile", profile: device.profile };
    const nowMs = now();
    const windows = [known.window, ...known.others.map(({ window }) => window)];
    const used = windows.reduce((sum, window) => sum + usedRequests(window, limit, nowMs), 0);
    if (isCounted && used >= limit.requests) {
      return { kind: "limited", waitMs: waitMs(windows, limit, nowMs) };
    }
    // Nothing was awaited since the look, so no other request took the same place.
    if (isCounted) countRequest(known.window, limit, nowMs);
    // By what is durable: what failed did not keep the device online.
    const silentMs = nowMs - known.onlineMs;
    known.receivedMs = Math.max(known.receivedMs, nowMs);
    const counting = countTimes(deps.series, known, readings);
    let counts: Counts;
    try {
      counts = await counting;
      await store(deps, known, { ...readings, writer });
    } catch (error) {
      if (isCounted) uncountRequest(known.window);
      throw error;
    } finally {
      release(known.pending, page.timesMs);
    }
    const isLate = silentMs >= (device.offlineAfterMs ?? offlineAfterMs);
    if (isLate || device.state === "offline") {
      await markOnline(kv, id, { receivedMs: nowMs, offlineAfterMs });
    }
    known.onlineMs = Math.max(known.onlineMs, nowMs);
    const remaining = Math.max(0, limit.requests - used - (isCounted ? 1 : 0));
    return { kind: "taken", ...counts, remaining };
  }

  return { take, forget: memory.forget };
}

/** Which times are new. Those later than all that is known are without a look. */
async function countTimes(
  series: DeviceIntakeDeps["series"],
  { device, lastMs, pending }: KeptDevice,
  { id, page }: DeviceReadings,
): Promise<Counts> {
  const { timesMs } = page;
  const counts = { created: 0, updated: 0, unchanged: 0 };
  const rows: number[] = [];
  const seen = new Map<number, number>();
  for (let row = 0; row < timesMs.length; row++) seen.set(timesMs[row], row);
  for (const [timeMs, row] of seen) {
    if (pending.has(timeMs)) counts.updated++;
    else if (timeMs > lastMs) counts.created++;
    else rows.push(row);
  }
  counts.unchanged = timesMs.length - seen.size;
  for (const timeMs of seen.keys()) pending.set(timeMs, (pending.get(timeMs) ?? 0) + 1);
  if (rows.length === 0) return counts;
  const older = gatherPage(page, Uint32Array.from(rows));
  const compared = await series.compare({ profile: device.profile, id }, older);
  counts.created += compared.inserted;
  counts.updated += compared.updated;
  counts.unchanged += compared.unchanged;
  return counts;
}

/** Commits readings with their beat; beats of processes that are long gone go with it. */
async function store(
  { ingest, now }: DeviceIntakeDeps,
  known: KeptDevice,
  { id, page, writer }: DeviceReadings & { writer: string },
): Promise<void> {
  const gone = known.others
    .filter(({ lastReceivedMs }) => now() - lastReceivedMs > OLD_BEAT_MS)
    .map((beat) => beat.writer);
  await ingest.add({ profile: known.device.profile, id }, page, (op) => {
    const { receivedMs: lastReceivedMs, window } = known;
    stageBeat(op, id, { writer, lastReceivedMs, window });
    for (const other of gone) stageBeatDelete(op, id, other);
  });
  for (const timeMs of page.timesMs) if (timeMs > known.lastMs) known.lastMs = timeMs;
}

/** Takes the times of one request off those that are on their way. */
function release(pending: Map<number, number>, timesMs: Float64Array): void {
  for (const timeMs of new Set(timesMs)) {
    const others = (pending.get(timeMs) ?? 1) - 1;
    if (others === 0) pending.delete(timeMs);
    else pending.set(timeMs, others);
  }
}
