/**
 * Which devices are to be looked at. It is asked often, so it reads what all devices share in a few
 * range reads, and remembers of each device what its last look found.
 *
 * @module
 */

import { windowAt } from "../../data/continuous/window.ts";
import { DEVICE_ID_PATTERN, MINUTE_MS } from "../../data/limits.ts";
import type { Log } from "../../data/log.ts";
import type { TelemetrySource } from "../../data/continuous/source.ts";
import type { ExportCheckpoint } from "../../kv/continuous/checkpoints.ts";
import {
  type ExportControls,
  listExportControls,
  NO_CONTROLS,
} from "../../kv/continuous/controls.ts";
import type { ChangedDevices } from "./changed_devices.ts";
import { GRACE_MS } from "./export_pass.ts";

/** How long the list of devices is taken for good, milliseconds. */
const DEVICES_MS = 1_000;
/** How long what changed is taken for good, milliseconds. */
const NEWS_MS = 400;
/** What took long to read is taken for good so many times as long. */
const COST_TIMES = 10;
/** A checkpoint of a device that is silent moves on when it is this far behind, milliseconds. */
const IDLE_MS = 10 * MINUTE_MS;

/** What it needs. */
export interface DueDevicesDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "list">;
  /** Where devices are known. */
  readonly source: Pick<TelemetrySource, "devices">;
  /** What changed, or null where the source does not tell. */
  readonly feed: Pick<ChangedDevices, "revisions"> | null;
  /** Devices that are exported; empty for all. */
  readonly deviceIds: readonly string[];
  /** Length of a window, milliseconds. */
  readonly intervalMs: number;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
}

/** What a look left behind. */
export interface LastPass {
  /** The checkpoint. */
  readonly checkpoint: ExportCheckpoint;
  /** When the look was, epoch milliseconds. */
  readonly lookedMs: number;
}

/** Tells who is to be looked at. */
export interface DueDevices {
  /** Devices to be looked at among those that are wanted. */
  due(isWanted: (deviceId: string) => boolean, signal: AbortSignal): Promise<string[]>;
  /** Remembers what a look left behind; null: look again at the next occasion. */
  note(deviceId: string, seen: LastPass | null): void;
  /** Remembers nothing of some devices any more. */
  forget(isMeant: (deviceId: string) => boolean): void;
}

interface News {
  readonly revisions: ReadonlyMap<string, number> | null;
  readonly orders: ReadonlyMap<string, ExportControls>;
}

/** A scout that remembers nothing yet. */
export function createDueDevices(deps: DueDevicesDeps): DueDevices {
  const { kv, feed, deviceIds } = deps;
  const seen = new Map<string, LastPass>();
  const devices = cached(async (signal: AbortSignal) => {
    if (deviceIds.length > 0) return deviceIds;
    return await knownDevices(deps, signal);
  }, { now: deps.now, leastMs: DEVICES_MS });
  const news = cached(async (): Promise<News> => ({
    revisions: await feed?.revisions() ?? null,
    orders: await listExportControls(kv),
  }), { now: deps.now, leastMs: NEWS_MS });
  return {
    async due(isWanted, signal) {
      const ids = await devices(signal);
      const { revisions, orders } = await news(signal);
      return ids.filter((id) =>
        isWanted(id) && isDue(deps, seen.get(id), {
          orders: orders.get(id) ?? NO_CONTROLS,
          revision: revisions === null ? null : revisions.get(id) ?? 0,
        })
      );
    },
    note(deviceId, what) {
      if (what === null) seen.delete(deviceId);
      else seen.set(deviceId, what);
    },
    forget(isMeant) {
      for (const id of seen.keys()) if (isMeant(id)) seen.delete(id);
    },
  };
}

function isDue(
  { now, intervalMs }: DueDevicesDeps,
  seen: LastPass | undefined,
  { orders, revision }: { orders: ExportControls; revision: number | null },
): boolean {
  if (orders.isPaused) return false;
  if (seen === undefined || orders.isRunAsked || orders.replays.length > 0) return true;
  const { checkpoint: { plan, nextMs, pendingMs, revision: seenRevision }, lookedMs } = seen;
  const nowMs = now();
  const isLong = nowMs - lookedMs >= Math.min(intervalMs, MINUTE_MS) || nowMs < lookedMs;
  const horizonMs = windowAt(plan, nowMs - GRACE_MS).fromMs;
  const isOver = nextMs !== null && horizonMs > nextMs;
  if (revision === null) return isOver || (nextMs === null && isLong);
  const hasNews = revision !== seenRevision;
  if (hasNews && (isOver || nextMs === null || isLong)) return true;
  if (pendingMs !== null && horizonMs > pendingMs) return true;
  return nextMs !== null && horizonMs - nextMs >= Math.max(IDLE_MS, intervalMs);
}

async function knownDevices(
  { source, log }: DueDevicesDeps,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const ids: string[] = [], strange: string[] = [];
  for await (const id of source.devices(signal)) {
    (DEVICE_ID_PATTERN.test(id) ? ids : strange).push(id);
  }
  if (strange.length > 0) {
    const examples = strange.slice(0, 3);
    log("warn", "devices not exported for their id", { count: strange.length, examples });
  }
  return ids;
}

/**
 * What is read again only when it is old. Everyone who asks while it is read gets the same. What took
 * long to read is kept longer.
 */
function cached<T>(
  read: (signal: AbortSignal) => Promise<T>,
  { now, leastMs }: { now: () => number; leastMs: number },
): (signal: AbortSignal) => Promise<T> {
  let value: Promise<T> | null = null;
  let readMs = -Infinity, goodMs = Infinity;
  return (signal) => {
    const ageMs = now() - readMs;
    // A clock that goes back makes nothing younger.
    if (value !== null && ageMs >= 0 && ageMs < goodMs) return value;
    readMs = now();
    goodMs = Infinity;
    const startedAt = performance.now();
    const reading = read(signal);
    reading.then(
      () => goodMs = Math.max(leastMs, (performance.now() - startedAt) * COST_TIMES),
      () => value = null,
    );
    return value = reading;
  };
}
