/**
 * The loop that finds devices which went offline: one range read a second; while nobody writes, only
 * when the next device may be offline (`kv/activity.ts`).
 *
 * Due entries of devices have a range and a loop of their own, so that 100,000 of them at once, as
 * after a restart, do not delay jobs. They are processed in the order of ids, because device and
 * last-seen records of neighbouring ids are read and written together. Devices that go offline come
 * first. For all others only the due entry has to move, which happens bit by bit, with checks for
 * offline devices in between.
 *
 * Every worker runs the loop. With a lease, a dead worker's lease would have to run out before
 * anybody noticed an offline device.
 *
 * @module
 */

import type { Log } from "../../data/log.ts";
import { type Activity, ALWAYS_ACTIVE } from "../../kv/activity.ts";
import { maxChecks } from "../../kv/budget.ts";
import { checkPresence, type DeviceDue, type PresenceRules } from "../../kv/devices/presence.ts";
import { listCrowd, nextCrowdMs } from "../../kv/jobs/due.ts";
import { orderById } from "../engine/order_by_id.ts";
import { pause } from "../engine/pause.ts";

/** How long to wait between two checks, milliseconds. */
const CHECK_EVERY_MS = 1_000;
/** Most due entries of one check, some 20 MB of memory. */
const CHECK_ENTRIES = 100_000;
/** Devices that are read and moved at a time; more would stall the event loop. */
const BATCH = 180;
/** Batches processed at once: one is read while others are synced to the disk. */
const LANES = 4;
/** Due entries that are moved between two checks for offline devices. */
const REARM_ENTRIES = 10 * BATCH;
/** Ids of devices that one log record names; it counts all. */
const LOGGED_IDS = 20;

/** What the loop needs. */
export interface PresenceDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "list" | "atomic">;
  /** Whether no other process can have the database open. */
  readonly isExclusive: boolean;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
  /** When the service started, epoch milliseconds. */
  readonly startedMs: number;
  /** The time without messages after which a device is offline, unless it has its own, milliseconds. */
  readonly offlineAfterMs: number;
  /** Whether anybody writes; by default, the loop never rests. */
  readonly activity?: Activity;
}

/** Checks devices until stopped. A check that throws is logged, and the next one runs. */
export function startPresence(deps: PresenceDeps): { stop(): Promise<void> } {
  const controller = new AbortController();
  const loop = run(deps, controller.signal);
  return {
    async stop() {
      controller.abort();
      await loop;
    },
  };
}

async function run(deps: PresenceDeps, signal: AbortSignal): Promise<void> {
  const { kv, now, activity = ALWAYS_ACTIVE } = deps;
  let isFirst = true;
  while (!signal.aborted) {
    let checkedMs = -Infinity;
    try {
      if (isFirst) await checkFarEntries(deps, signal);
      isFirst = false;
      const startedMs = now();
      await checkDueDevices(deps, signal);
      checkedMs = startedMs;
    } catch (error) {
      if (!signal.aborted) deps.log("error", "presence check failed", { error });
    }
    await activity.rest(
      CHECK_EVERY_MS,
      signal,
      async () => (await nextCrowdMs(kv, "device_offline", checkedMs) ?? Infinity) - now(),
    );
  }
}

/** Checks every device that is due, until none is. */
export async function checkDueDevices(deps: PresenceDeps, signal: AbortSignal): Promise<void> {
  let upToMs = deps.now();
  const waiting = await moveDevices(deps, { fromMs: -Infinity, upToMs }, signal);
  for (let at = 0; at < waiting.length && !signal.aborted; at += REARM_ENTRIES) {
    await checkEntries(deps, waiting.slice(at, at + REARM_ENTRIES), signal);
    const fromMs = upToMs + 1;
    upToMs = Math.max(fromMs, deps.now());
    for (const due of await moveDevices(deps, { fromMs, upToMs }, signal)) waiting.push(due);
  }
}

/** Moves devices that go offline or online; returns the due entries that still have to move. */
async function moveDevices(
  deps: PresenceDeps,
  span: EntrySpan,
  signal: AbortSignal,
): Promise<DeviceDue[]> {
  return await checkEntries({ ...deps, movesOnly: true }, await entriesOf(deps, span), signal);
}

/**
 * Checks devices whose due entries are so far away that they were set under a longer setting, or for
 * a longer time of the device's own. Runs once, at start.
 */
async function checkFarEntries(deps: PresenceDeps, signal: AbortSignal): Promise<void> {
  const fromMs = deps.now() + deps.offlineAfterMs + 1;
  await checkEntries(deps, await entriesOf(deps, { fromMs, upToMs: Infinity }), signal);
}

/** A part of the due index, both ends included. */
interface EntrySpan {
  readonly fromMs: number;
  readonly upToMs: number;
}

/** The due entries of a span in the order of ids. */
async function entriesOf({ kv }: PresenceDeps, span: EntrySpan): Promise<DeviceDue[]> {
  return await orderById(await listCrowd(kv, "device_offline", { ...span, limit: CHECK_ENTRIES }));
}

/** Checks the devices of due entries in lanes; returns the entries that are left. */
async function checkEntries(
  deps: PresenceDeps & Pick<PresenceRules, "movesOnly">,
  dues: readonly DeviceDue[],
  signal: AbortSignal,
): Promise<DeviceDue[]> {
  const batches: (readonly DeviceDue[])[] = [];
  for (let at = 0; at < dues.length; at += BATCH) batches.push(dues.slice(at, at + BATCH));
  const next = batches[Symbol.iterator]();
  const lanes = Array.from({ length: LANES }, () => runLane(deps, next, signal));
  return (await Promise.all(lanes)).flat();
}

/** Checks one batch after the other; all lanes draw from the same batches. */
async function runLane(
  { kv, now, log, isExclusive, ...rules }: PresenceDeps & Pick<PresenceRules, "movesOnly">,
  batches: Iterable<readonly DeviceDue[]>,
  signal: AbortSignal,
): Promise<DeviceDue[]> {
  const waiting: DeviceDue[] = [];
  for (const batch of batches) {
    if (signal.aborted) break;
    const { offline, online, left } = await checkPresence(kv, batch, {
      ...rules,
      nowMs: now(),
      maxChecks: maxChecks(isExclusive),
    });
    for (const due of left) waiting.push(due);
    // A batch that only reads would not let timers run before the next one.
    await pause(0, signal);
    if (offline.length > 0) log("info", "devices went offline", devicesField(offline));
    if (online.length > 0) log("info", "devices came online", devicesField(online));
  }
  return waiting;
}

/** How many devices, and the first of their ids in order. */
function devicesField(ids: readonly string[]): { count: number; deviceIds: readonly string[] } {
  return { count: ids.length, deviceIds: ids.toSorted().slice(0, LOGGED_IDS) };
}
