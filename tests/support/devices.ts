/**
 * Devices for tests, and what must always hold for them.
 *
 * @module
 */

import { createRateWindow } from "../../data/devices/rate_window.ts";
import { stageLastSeen } from "../../kv/devices/last_seen.ts";
import { type DeviceEvent, listDeviceEvents } from "../../kv/devices/events.ts";
import type { DeviceDue, PresenceRules } from "../../kv/devices/presence.ts";
import { createDevice, type DeviceRecord, getDevice } from "../../kv/devices/devices.ts";
import { listCrowd } from "../../kv/jobs/due.ts";
import { assert, assertEquals, assertLess } from "./assert.ts";

/** The time without messages after which devices of tests are offline, milliseconds. */
export const OFFLINE_AFTER_MS = 600_000;
/** The rules of a service that started at time 0, over a shared database. */
export const RULES: PresenceRules = {
  nowMs: 0,
  startedMs: 0,
  offlineAfterMs: OFFLINE_AFTER_MS,
  maxChecks: 9,
};

/** Creates a battery at a time, at a service with a time until offline. */
export function createBattery(
  kv: Deno.Kv,
  id: string,
  { nowMs = 0, serviceOfflineAfterMs = OFFLINE_AFTER_MS } = {},
): Promise<DeviceRecord> {
  return createDevice(kv, id, { profile: "battery", nowMs, serviceOfflineAfterMs });
}

/** Records that something was received, as ingest does on the commit of readings. */
export async function receive(
  kv: Deno.Kv,
  id: string,
  lastReceivedMs: number,
  writer = "",
): Promise<void> {
  const op = kv.atomic();
  stageLastSeen(op, id, { writer, lastReceivedMs, window: createRateWindow() });
  await op.commit();
}

/** The record of a device that must exist. */
export async function deviceOf(kv: Deno.Kv, id: string): Promise<DeviceRecord> {
  const entry = await getDevice(kv, id);
  assert(entry !== null, id);
  return entry.value;
}

/** Every due entry of devices up to a time. */
export function deviceDues(kv: Deno.Kv, upToMs = Infinity): Promise<DeviceDue[]> {
  return listCrowd(kv, "device_offline", { upToMs, limit: 10_000 });
}

/** The events of a device. */
export function eventsOf(kv: Deno.Kv, id: string): Promise<DeviceEvent[]> {
  return listDeviceEvents(kv, id, { afterMs: null, limit: 1_000 });
}

/** The record of a device, its events and the times of its due entries, of one moment. */
async function snapshotOf(kv: Deno.Kv, id: string) {
  for (;;) {
    const device = await deviceOf(kv, id);
    const events = await eventsOf(kv, id);
    const dues = (await deviceDues(kv)).filter((due) => due.id === id);
    // An operation that is tested may commit between these reads.
    const isStill = JSON.stringify(await deviceOf(kv, id)) === JSON.stringify(device);
    if (isStill) return { device, events, times: dues.map(({ atMs }) => atMs) };
  }
}

/**
 * Fails unless events alternate, offline first, each later than the one before; every move to online
 * has a newer receipt; the state is that of the last event; and the due index has exactly the entry
 * that the record names.
 */
export async function assertSound(kv: Deno.Kv, id: string): Promise<void> {
  const { device, events, times } = await snapshotOf(kv, id);
  const alternating = events.map((_, index) => index % 2 === 0 ? "offline" : "online");
  assertEquals(events.map(({ state }) => state), alternating);
  events.slice(1).forEach(({ atMs, state, lastSeenMs }, index) => {
    assertLess(events[index].atMs, atMs);
    const knownMs = events[index].lastSeenMs ?? -1;
    if (state === "online") {
      assertLess(knownMs, lastSeenMs ?? -1, "online because of an old receipt");
    }
  });
  assertEquals(device.state, events.at(-1)?.state ?? "online");
  assertEquals(device.stateSinceMs, events.at(-1)?.atMs ?? device.createdMs);
  assertEquals(times, device.dueMs === null ? [] : [device.dueMs]);
  if (device.state === "online") assert(device.dueMs !== null, "online, and never checked");
}
