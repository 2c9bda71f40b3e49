/**
 * The loop that finds devices which have fallen silent: one range read a second.
 *
 * Entries of devices have a range of their own and a loop of their own, so that 100,000 of them at
 * once, as at a restart, do not hold up jobs. Those that are due are taken in the order of ids, as
 * records and beats of ids that lie together are read and written together. Devices that go offline
 * come first; of all others only the entry is to be armed anew, which is done by and by, with looks
 * for silent ones in between.
 *
 * Every worker looks: a lease would leave silent devices unnoticed until the lease of a dead one
 * has run out.
 *
 * @module
 */

import type { Log } from "../../data/log.ts";
import { maxChecks } from "../../kv/budget.ts";
import { type DeviceDue, type Look, lookAtDevices } from "../../kv/devices/presence.ts";
import { listCrowd } from "../../kv/jobs/due.ts";
import { orderById } from "../engine/order_by_id.ts";
import { pause } from "../engine/pause.ts";

/** How long to wait between two looks, milliseconds. */
const LOOK_MS = 1_000;
/** Most entries taken in one look, some 20 MB of memory. */
const LOOK_ENTRIES = 100_000;
/** Devices that are read and moved at a time; more would stall the event loop. */
const BATCH = 180;
/** Batches on their way at once: one is read while others are synced to the disk. */
const LANES = 4;
/** Entries that are armed anew between two looks for silent devices. */
const REARM_ENTRIES = 10 * BATCH;

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
  /** After how long devices are offline that have no such time of their own, milliseconds. */
  readonly offlineAfterMs: number;
}

/** Looks until stopped. A look that throws is logged, and the next one comes. */
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
  let isFirst = true;
  while (!signal.aborted) {
    try {
      if (isFirst) await hastenEntries(deps, signal);
      isFirst = false;
      await lookAtDue(deps, signal);
    } catch (error) {
      if (!signal.aborted) deps.log("error", "devices not looked at", { error });
    }
    await pause(LOOK_MS, signal);
  }
}

/** Looks at every device whose entry is due, until none is. */
export async function lookAtDue(deps: PresenceDeps, signal: AbortSignal): Promise<void> {
  let upToMs = deps.now();
  const waiting = await lookForSilent(deps, { fromMs: -Infinity, upToMs }, signal);
  for (let at = 0; at < waiting.length && !signal.aborted; at += REARM_ENTRIES) {
    await lookAt(deps, waiting.slice(at, at + REARM_ENTRIES), signal);
    const fromMs = upToMs + 1;
    upToMs = Math.max(fromMs, deps.now());
    for (const due of await lookForSilent(deps, { fromMs, upToMs }, signal)) waiting.push(due);
  }
}

/** Looks for silent devices in a stretch of the index; returns the entries that are left. */
async function lookForSilent(
  deps: PresenceDeps,
  stretch: Stretch,
  signal: AbortSignal,
): Promise<DeviceDue[]> {
  return await lookAt({ ...deps, isUrgent: true }, await entriesOf(deps, stretch), signal);
}

/**
 * Looks at the devices whose entries are so far away that they were armed under a longer setting,
 * or for a longer time of the device's own. Once, at start.
 */
async function hastenEntries(deps: PresenceDeps, signal: AbortSignal): Promise<void> {
  const fromMs = deps.now() + deps.offlineAfterMs + 1;
  await lookAt(deps, await entriesOf(deps, { fromMs, upToMs: Infinity }), signal);
}

interface Stretch {
  readonly fromMs: number;
  readonly upToMs: number;
}

/** Entries of a stretch in the order of ids. */
async function entriesOf({ kv }: PresenceDeps, stretch: Stretch): Promise<DeviceDue[]> {
  return await orderById(
    await listCrowd(kv, "device_offline", { ...stretch, limit: LOOK_ENTRIES }),
  );
}

/** Looks at the devices of some entries in lanes; returns the entries that are left. */
async function lookAt(
  deps: PresenceDeps & Pick<Look, "isUrgent">,
  dues: readonly DeviceDue[],
  signal: AbortSignal,
): Promise<DeviceDue[]> {
  const batches: (readonly DeviceDue[])[] = [];
  for (let at = 0; at < dues.length; at += BATCH) batches.push(dues.slice(at, at + BATCH));
  const next = batches[Symbol.iterator]();
  const lanes = Array.from({ length: LANES }, () => lookInLane(deps, next, signal));
  return (await Promise.all(lanes)).flat();
}

/** Looks at a batch after the other, of those that no lane has taken. */
async function lookInLane(
  { kv, now, log, isExclusive, ...rules }: PresenceDeps & Pick<Look, "isUrgent">,
  batches: Iterable<readonly DeviceDue[]>,
  signal: AbortSignal,
): Promise<DeviceDue[]> {
  const waiting: DeviceDue[] = [];
  for (const batch of batches) {
    if (signal.aborted) break;
    const { offline, online, left } = await lookAtDevices(kv, batch, {
      ...rules,
      nowMs: now(),
      maxChecks: maxChecks(isExclusive),
    });
    for (const due of left) waiting.push(due);
    // A batch that only reads would not let timers run before the next one.
    await pause(0, signal);
    if (offline > 0) log("info", "devices went offline", { count: offline });
    if (online > 0) log("info", "devices came online", { count: online });
  }
  return waiting;
}
