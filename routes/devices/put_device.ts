/**
 * Setting a device up.
 *
 * @module
 */

import {
  changeDevice,
  createDevice,
  type DeviceRecord,
  getDevice,
  profileFixed,
} from "../../kv/devices/devices.ts";
import type { DeviceIntake } from "../../kv/devices/intake.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import { type DeviceChangeBody, unknownDevice } from "./schemas.ts";

/** What setting a device up needs. */
export interface PutDeviceDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "atomic">;
  /** The series store. */
  readonly series: Pick<SeriesStore, "describe">;
  /** Caches devices. */
  readonly intake: Pick<DeviceIntake, "invalidate">;
  /** The time without messages after which a device is offline, unless it has its own, milliseconds. */
  readonly offlineAfterMs: number;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/**
 * Creates a device or changes it. Its profile cannot change once it has readings. Returns the record
 * before and after.
 */
export async function putDevice(
  { kv, series, intake, offlineAfterMs: serviceOfflineAfterMs, now }: PutDeviceDeps,
  id: string,
  body: DeviceChangeBody,
): Promise<{ before: DeviceRecord | null; device: DeviceRecord }> {
  const { profile, device_type: deviceType, location, offline_after_seconds: seconds } = body;
  const offlineAfterMs = typeof seconds === "number" ? seconds * 1000 : seconds;
  const fields = { profile, deviceType, location, offlineAfterMs };
  const fieldsFor = async ({ profile: before }: DeviceRecord) => {
    if (profile === undefined || profile === before) return fields;
    // Earlier versions did not fix the profile in the record.
    if (await series.describe({ profile: before, id }) === null) return fields;
    throw profileFixed(id, before);
  };
  const isNew = await getDevice(kv, id) === null;
  if (isNew) {
    const created = { profile: profile ?? "battery", nowMs: now(), serviceOfflineAfterMs };
    await createDevice(kv, id, created);
  }
  let before: DeviceRecord | null = null;
  const device = await changeDevice(kv, id, {
    nowMs: now(),
    async change(found) {
      before = isNew ? null : found;
      return await fieldsFor(found);
    },
  });
  intake.invalidate(id);
  // Devices are never removed, so one that was created exists.
  if (device === null) throw unknownDevice();
  return { before, device };
}

/** What users set, as the audit trail shows it. */
export function deviceSettings(
  { profile, deviceType, location, offlineAfterMs }: DeviceRecord,
): Record<string, unknown> {
  return {
    profile,
    device_type: deviceType,
    location,
    offline_after_seconds: offlineAfterMs === null ? null : offlineAfterMs / 1_000,
  };
}
