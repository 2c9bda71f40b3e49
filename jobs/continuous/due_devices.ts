/**
 * Which devices are due for an export pass.
 *
 * This is asked twice a second by every shard. So it reads what all devices have in common in a few
 * range reads, caches that briefly, and remembers the outcome of each device's last pass.
 *
 * @module
 */

import { windowAt } from "../../data/continuous/window.ts";
import { DEVICE_ID_PATTERN, MINUTE_MS } from "../../data/limits.ts";
import type { Log } from "../../data/log.ts";
import type { TelemetrySource } from "../../data/continuous/telemetry_source.ts";
import type { ExportCheckpoint } from "../../kv/continuous/checkpoints.ts";
import {
  type ExportControls,
  listExportControls,
  NO_CONTROLS,
  waitingErasures,
} from "../../kv/continuous/controls.ts";
import type { ChangedDevices } from "./changed_devices.ts";
import { GRACE_MS } from "./export_pass.ts";

/** How long the list of devices is cached at least, milliseconds. */
const DEVICES_CACHE_MS = 1_000;
/** How long revisions and controls are cached at least, milliseconds. */
const CHANGES_CACHE_MS = 400;
/** A value that took long to read is cached for this many times as long. */
const CACHE_COST_FACTOR = 10;
/** The checkpoint of a device that sends nothing moves on when it lags this far, milliseconds. */
const IDLE_MS = 10 * MINUTE_MS;

/** What finding due devices needs. */
export interface DueDevicesDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "list">;
  /** Lists the devices. */
  readonly source: Pick<TelemetrySource, "devices">;
  /** What changed; null if the source cannot say. */
  readonly changes: Pick<ChangedDevices, "revisions"> | null;
  /** The devices to export; empty for all. */
  readonly deviceIds: readonly string[];
  /** Whether only objects are to be deleted, as continuous export is off; by default not. */
  readonly isErasingOnly?: boolean;
  /** Length of a window, milliseconds. */
  readonly intervalMs: number;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
}

/** The last export pass over a device. */
export interface LastPass {
  /** The checkpoint after it. */
  readonly checkpoint: ExportCheckpoint;
  /** When the pass started, epoch milliseconds. */
  readonly startedMs: number;
}

/** Finds due devices. */
export interface DueDevices {
  /** The due devices among those that `isIncluded` accepts. */
  due(isIncluded: (deviceId: string) => boolean, signal: AbortSignal): Promise<string[]>;
  /** Remembers the last pass over a device. Null makes the device due at once. */
  setLastPass(deviceId: string, pass: LastPass | null): void;
  /** Forgets the last pass over every device that `isIncluded` accepts. */
  forget(isIncluded: (deviceId: string) => boolean): void;
}

/** What may make any device due. */
interface SharedState {
  readonly revisions: ReadonlyMap<string, number> | null;
  readonly controls: ReadonlyMap<string, ExportControls>;
}

/** Starts without any pass remembered. */
export function createDueDevices(deps: DueDevicesDeps): DueDevices {
  const { kv, changes, deviceIds } = deps;
  const lastPasses = new Map<string, LastPass>();
  const readDevices = cached(async (signal: AbortSignal) => {
    if (deviceIds.length > 0) return deviceIds;
    return await exportableDevices(deps, signal);
  }, { now: deps.now, leastMs: DEVICES_CACHE_MS });
  const readShared = cached(async (): Promise<SharedState> => ({
    revisions: await changes?.revisions() ?? null,
    controls: await listExportControls(kv),
  }), { now: deps.now, leastMs: CHANGES_CACHE_MS });
  return {
    async due(isIncluded, signal) {
      const listed = deps.isErasingOnly ? [] : await readDevices(signal);
      const { revisions, controls } = await readShared(signal);
      // Objects are also deleted of devices that are exported no more.
      const erased = [...controls].filter(([, one]) => waitingErasures(one).length > 0);
      const ids = erased.length === 0
        ? listed
        : new Set([...listed, ...erased.map(([deviceId]) => deviceId)]);
      return [...ids].filter((id) =>
        isIncluded(id) && isDue(deps, lastPasses.get(id), {
          controls: controls.get(id) ?? NO_CONTROLS,
          revision: revisions === null ? null : revisions.get(id) ?? 0,
        })
      );
    },
    setLastPass(deviceId, pass) {
      if (pass === null) lastPasses.delete(deviceId);
      else lastPasses.set(deviceId, pass);
    },
    forget(isIncluded) {
      for (const id of lastPasses.keys()) if (isIncluded(id)) lastPasses.delete(id);
    },
  };
}

function isDue(
  { now, intervalMs, isErasingOnly }: DueDevicesDeps,
  lastPass: LastPass | undefined,
  { controls, revision }: { controls: ExportControls; revision: number | null },
): boolean {
  if (waitingErasures(controls).length > 0) return true;
  if (controls.isPaused || isErasingOnly) return false;
  if (lastPass === undefined || controls.isRunAsked || controls.replays.length > 0) return true;
  const { checkpoint, startedMs } = lastPass;
  const { plan, nextMs, pendingMs, revision: exported } = checkpoint;
  const nowMs = now();
  const isLongAgo = nowMs - startedMs >= Math.min(intervalMs, MINUTE_MS) || nowMs < startedMs;
  // Days of this device wait for the object that all devices of the profile share.
  if (isLongAgo && (checkpoint.sharingMs ?? 0) > (checkpoint.sharedMs ?? 0)) return true;
  const horizonMs = windowAt(plan, nowMs - GRACE_MS).fromMs;
  const hasEndedWindow = nextMs !== null && horizonMs > nextMs;
  if (revision === null) return hasEndedWindow || (nextMs === null && isLongAgo);
  const hasChanged = revision !== exported;
  if (hasChanged && (hasEndedWindow || nextMs === null || isLongAgo)) return true;
  if (pendingMs !== null && horizonMs > pendingMs) return true;
  return nextMs !== null && horizonMs - nextMs >= Math.max(IDLE_MS, intervalMs);
}

/** The devices of the source whose ids can become part of an object's name; logs the others. */
async function exportableDevices(
  { source, log }: DueDevicesDeps,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const ids: string[] = [], invalid: string[] = [];
  for await (const id of source.devices(signal)) {
    (DEVICE_ID_PATTERN.test(id) ? ids : invalid).push(id);
  }
  if (invalid.length > 0) {
    const examples = invalid.slice(0, 3);
    log("warn", "devices with invalid ids not exported", { count: invalid.length, examples });
  }
  return ids;
}

/**
 * Caches what `read` returns. Callers that come during a read share it. A value that took long to
 * read is kept longer than `leastMs`.
 */
function cached<T>(
  read: (signal: AbortSignal) => Promise<T>,
  { now, leastMs }: { now: () => number; leastMs: number },
): (signal: AbortSignal) => Promise<T> {
  let value: Promise<T> | null = null;
  let readMs = -Infinity, maxAgeMs = Infinity;
  return (signal) => {
    const ageMs = now() - readMs;
    // A clock that was set back does not make the value younger.
    if (value !== null && ageMs >= 0 && ageMs < maxAgeMs) return value;
    readMs = now();
    maxAgeMs = Infinity;
    const startedAt = performance.now();
    const reading = read(signal);
    reading.then(
      () => maxAgeMs = Math.max(leastMs, (performance.now() - startedAt) * CACHE_COST_FACTOR),
      () => value = null,
    );
    return value = reading;
  };
}
