/**
 * Records of devices, each with at most one entry in the due index.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["device", id]` | {@link DeviceRecord} | whoever creates or changes a device, and what moves it between online and offline (`kv/devices/presence.ts`), always under a check of what was read |
 *
 * Readings do not write here: when something was last received is in `kv/devices/last_seen.ts`.
 *
 * @module
 */

import { z } from "zod";
import { AppError } from "../../data/app_error.ts";
import type { Staging } from "../budget.ts";
import { stageDue, stageDueDelete } from "../jobs/due.ts";
import { listByIds } from "../list_by_ids.ts";

const SPACE = "device";
const LIST_BATCH = 500;

const deviceSchema = z.object({
  v: z.literal(1),
  profile: z.enum(["battery", "appliance"]),
  deviceType: z.string().nullable(),
  location: z.string().nullable(),
  offlineAfterMs: z.number().nullable(),
  createdMs: z.number(),
  state: z.enum(["online", "offline"]),
  stateSinceMs: z.number(),
  lastSeenMs: z.number().nullable(),
  dueMs: z.number().nullable(),
  // Records of before there was such a thing say nothing about it.
  isProfileFixed: z.boolean().default(false),
});

/**
 * A device. Times are epoch milliseconds. `offlineAfterMs` is null where the service's setting
 * counts. `stateSinceMs` is when it came into its state: the time of its last event, or of its
 * creation. `lastSeenMs` is what was known of the last reading received then. `dueMs` is where its
 * entry of the due index stands, null where it has none. `isProfileFixed` is set before the first
 * reading is on its way, by whoever brings it: as readings do not check the record, nothing else
 * keeps its profile from changing under them.
 */
export type DeviceRecord = z.infer<typeof deviceSchema>;

/** What users say about a device. */
export type DeviceFields = Pick<
  DeviceRecord,
  "profile" | "deviceType" | "location" | "offlineAfterMs"
>;

/** A record and the version it was read at. */
export interface DeviceEntry {
  /** Its key, for checks. */
  readonly key: Deno.KvKey;
  /** The record. */
  readonly value: DeviceRecord;
  /** The version of its last change. */
  readonly versionstamp: string;
}

type Kv = Pick<Deno.Kv, "get" | "atomic">;

/** Reads a device; null where there is none. */
export async function getDevice(kv: Pick<Deno.Kv, "get">, id: string): Promise<DeviceEntry | null> {
  const { key, value, versionstamp } = await kv.get([SPACE, id]);
  return versionstamp === null ? null : { key, value: deviceSchema.parse(value), versionstamp };
}

/** Reads many devices; ids without a device are not in the map. */
export async function getDevices(
  kv: Pick<Deno.Kv, "list">,
  ids: readonly string[],
): Promise<Map<string, DeviceEntry>> {
  const entries = await listByIds(kv, SPACE, ids);
  return new Map(entries.map(({ key, value, versionstamp }) => [
    String(key[1]),
    { key, value: deviceSchema.parse(value), versionstamp },
  ]));
}

/** Devices in the order of ids, from behind `afterId` ("" for the first), at most `limit`. */
export async function listDevices(
  kv: Pick<Deno.Kv, "list">,
  { afterId, limit }: { afterId: string; limit: number },
): Promise<{ id: string; device: DeviceRecord }[]> {
  const selector = afterId === ""
    ? { prefix: [SPACE] }
    : { prefix: [SPACE], start: [SPACE, `${afterId}\0`] };
  const batchSize = Math.min(limit, LIST_BATCH);
  const devices: { id: string; device: DeviceRecord }[] = [];
  for await (const { key, value } of kv.list(selector, { limit, batchSize })) {
    devices.push({ id: String(key[1]), device: deviceSchema.parse(value) });
  }
  return devices;
}

/** What a device begins with. */
export interface NewDevice extends Partial<DeviceFields> {
  /** What it measures. */
  readonly profile: DeviceRecord["profile"];
  /** Epoch milliseconds now. */
  readonly nowMs: number;
  /** After how long without a reading devices are offline that have no such time of their own. */
  readonly serviceOfflineAfterMs: number;
  /** Whether it is made for a reading that is to follow. */
  readonly isProfileFixed?: boolean;
}

/**
 * Creates a device, online. Returns the record that is there afterwards: this one, or the one that
 * came first.
 */
export async function createDevice(kv: Kv, id: string, device: NewDevice): Promise<DeviceRecord> {
  const { nowMs, profile, deviceType = null, location = null, offlineAfterMs = null } = device;
  const record: DeviceRecord = {
    v: 1,
    profile,
    deviceType,
    location,
    offlineAfterMs,
    createdMs: nowMs,
    state: "online",
    stateSinceMs: nowMs,
    lastSeenMs: null,
    dueMs: nowMs + (offlineAfterMs ?? device.serviceOfflineAfterMs),
    isProfileFixed: device.isProfileFixed ?? false,
  };
  for (;;) {
    const op = kv.atomic();
    stageDeviceCheck(op, id, null);
    stageDevice(op, id, { from: null, to: record });
    if ((await op.commit()).ok) return record;
    const entry = await getDevice(kv, id);
    if (entry !== null) return entry.value;
  }
}

/**
 * Fixes the profile of a device that is to get a reading of it. Returns the record that is there
 * afterwards: where it is of another profile that one stays as it is. Null where there is no device.
 */
export async function fixProfile(
  kv: Kv,
  id: string,
  profile: DeviceRecord["profile"],
): Promise<DeviceRecord | null> {
  for (;;) {
    const from = await getDevice(kv, id);
    if (from === null) return null;
    if (from.value.profile !== profile || from.value.isProfileFixed) return from.value;
    const to = { ...from.value, isProfileFixed: true };
    const op = kv.atomic();
    stageDeviceCheck(op, id, from);
    stageDevice(op, id, { from, to });
    if ((await op.commit()).ok) return to;
  }
}

/** How a device is changed. */
export interface DeviceChange {
  /** Says what of a record shall become what; asked again where the device changed meanwhile. */
  readonly change: (
    device: DeviceRecord,
  ) => Partial<DeviceFields> | Promise<Partial<DeviceFields>>;
  /** Epoch milliseconds now. */
  readonly nowMs: number;
}

/**
 * Changes what users say about a device. Returns the record that follows, or null where there is no
 * device. With another `offlineAfterMs` one that is online is looked at anew at once.
 *
 * @throws {AppError} DEVICE_PROFILE_FIXED when it has readings of the profile it has, or gets some.
 */
export async function changeDevice(
  kv: Kv,
  id: string,
  { change, nowMs }: DeviceChange,
): Promise<DeviceRecord | null> {
  for (;;) {
    const from = await getDevice(kv, id);
    if (from === null) return null;
    const fields = Object.entries(await change(from.value));
    const given = Object.fromEntries(fields.filter(([, value]) => value !== undefined));
    const to: DeviceRecord = { ...from.value, ...given };
    if (to.profile !== from.value.profile && from.value.isProfileFixed) {
      throw profileFixed(id, from.value.profile);
    }
    const isOtherTime = to.offlineAfterMs !== from.value.offlineAfterMs;
    if (isOtherTime && to.state === "online") to.dueMs = Math.min(to.dueMs ?? nowMs, nowMs);
    const op = kv.atomic();
    stageDeviceCheck(op, id, from);
    stageDevice(op, id, { from, to });
    if ((await op.commit()).ok) return to;
  }
}

/** The error of a change of profile that comes too late. */
export function profileFixed(id: string, profile: DeviceRecord["profile"]): AppError {
  const detail = `Device ${id} has readings as ${profile}, so its profile stays`;
  return new AppError("DEVICE_PROFILE_FIXED", detail);
}

/** Lets a commit fail where a device is not what it was when read; null: where there is one. */
export function stageDeviceCheck(
  op: Pick<Deno.AtomicOperation, "check">,
  id: string,
  entry: DeviceEntry | null,
): void {
  op.check(entry ?? { key: [SPACE, id], versionstamp: null });
}

/** Sets a device and moves its entry of the due index; goes with {@link stageDeviceCheck}. */
export function stageDevice(
  op: Staging,
  id: string,
  { from, to }: { from: DeviceEntry | null; to: DeviceRecord },
): void {
  op.set([SPACE, id], to);
  const beforeMs = from?.value.dueMs ?? null;
  if (beforeMs === to.dueMs) return;
  if (beforeMs !== null) stageDueDelete(op, { atMs: beforeMs, kind: "device_offline", id });
  if (to.dueMs !== null) stageDue(op, { atMs: to.dueMs, kind: "device_offline", id });
}
