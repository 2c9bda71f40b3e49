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

import { gatherPage, type Page } from "../../data/readings/page.ts";
import type { DeviceProfileName } from "../../data/readings/profile.ts";
import {
  countRequest,
  type RateLimit,
  uncountRequest,
  usedRequests,
  waitMs,
} from "../../data/devices/rate_window.ts";
import type { Staging } from "../budget.ts";
import { OLD_LAST_SEEN_MS, stageLastSeen, stageLastSeenDelete } from "./last_seen.ts";
import { createDeviceMemory, type KeptDevice } from "./memory.ts";
import { markOnline } from "./presence.ts";
import { fixProfile } from "./devices.ts";
import type { Ingest } from "../series/ingest.ts";
import type { SeriesRef } from "../series/ref.ts";
import type { SeriesStore } from "../series/store.ts";

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

/** How many times are what, and the rows of those that are to be looked up. */
interface Counts {
  created: number;
  updated: number;
  unchanged: number;
  readonly older: number[];
}

/** The rows of a page that has one. */
const FIRST_ROW: readonly number[] = [0];

/** An intake that keeps nothing yet. */
export function createDeviceIntake(deps: DeviceIntakeDeps): DeviceIntake {
  const { kv, ingest, limit, now, offlineAfterMs } = deps;
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
    let used = usedRequests(known.window, limit, nowMs);
    for (const { window } of known.others) used += usedRequests(window, limit, nowMs);
    if (isCounted && used >= limit.requests) {
      const windows = [known.window, ...known.others.map(({ window }) => window)];
      return { kind: "limited", waitMs: waitMs(windows, limit, nowMs) };
    }
    // Nothing was awaited since the look, so no other request took the same place.
    if (isCounted) countRequest(known.window, limit, nowMs);
    // By what is durable: what failed did not keep the device online.
    const silentMs = nowMs - known.onlineMs;
    known.receivedMs = Math.max(known.receivedMs, nowMs);
    const rows = rowsOfTimes(page.timesMs);
    const counts = noteTimes(known, page.timesMs, rows);
    try {
      if (counts.older.length > 0) await countOlder(deps.series, { profile, id }, { page, counts });
      await ingest.add(
        { profile, id },
        page,
        (op) => stageLastSeenOfAll(op, known, { id, writer, nowMs }),
      );
    } catch (error) {
      if (isCounted) uncountRequest(known.window);
      throw error;
    } finally {
      release(known.pending, page.timesMs, rows);
    }
    for (const row of rows) known.lastMs = Math.max(known.lastMs, page.timesMs[row]);
    const isLate = silentMs >= (device.offlineAfterMs ?? offlineAfterMs);
    if (isLate || device.state === "offline") {
      await markOnline(kv, id, { receivedMs: nowMs, offlineAfterMs });
    }
    known.onlineMs = Math.max(known.onlineMs, nowMs);
    const remaining = Math.max(0, limit.requests - used - (isCounted ? 1 : 0));
    const { created, updated, unchanged } = counts;
    return { kind: "taken", created, updated, unchanged, remaining };
  }

  return { take, forget: memory.forget };
}

/** The last row of each time, in the order in which the times came first. */
function rowsOfTimes(timesMs: Float64Array): readonly number[] {
  if (timesMs.length === 1) return FIRST_ROW;
  const rows = new Map<number, number>();
  for (let row = 0; row < timesMs.length; row++) rows.set(timesMs[row], row);
  return [...rows.values()];
}

/**
 * Which times are new, as far as that is known without a look: those that are later than all others.
 * All are on their way from here on.
 */
function noteTimes(
  { lastMs, pending }: KeptDevice,
  timesMs: Float64Array,
  rows: readonly number[],
): Counts {
  const older: number[] = [];
  const counts = { created: 0, updated: 0, unchanged: timesMs.length - rows.length, older };
  for (const row of rows) {
    const timeMs = timesMs[row];
    const others = pending.get(timeMs) ?? 0;
    if (others > 0) counts.updated++;
    else if (timeMs > lastMs) counts.created++;
    else older.push(row);
    pending.set(timeMs, others + 1);
  }
  return counts;
}

/** Adds what becomes of the rows that are to be looked up. */
async function countOlder(
  series: DeviceIntakeDeps["series"],
  ref: SeriesRef,
  { page, counts }: { page: Page; counts: Counts },
): Promise<void> {
  const compared = await series.compare(ref, gatherPage(page, Uint32Array.from(counts.older)));
  counts.created += compared.inserted;
  counts.updated += compared.updated;
  counts.unchanged += compared.unchanged;
}

/** Sets the beat of a device; beats of processes that are long gone go with it. */
function stageLastSeenOfAll(
  op: Staging,
  { receivedMs: lastReceivedMs, window, others }: KeptDevice,
  { id, writer, nowMs }: { id: string; writer: string; nowMs: number },
): void {
  stageLastSeen(op, id, { writer, lastReceivedMs, window });
  for (const other of others) {
    if (nowMs - other.lastReceivedMs > OLD_LAST_SEEN_MS) stageLastSeenDelete(op, id, other.writer);
  }
}

/** Takes the times of one request off those that are on their way. */
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
