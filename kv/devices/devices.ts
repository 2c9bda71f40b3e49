/**
 * Records of devices, each with at most one entry in the due index.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["device", id]` | {@link DeviceRecord} | whoever creates or changes a device, and `kv/devices/presence.ts`, which moves it between online and offline; always under a check of the version that was read |
 *
 * Readings do not write here: `kv/devices/last_seen.ts` keeps when something was last received.
 *
 * @module
 */

import { z } from "zod";
import { AppError } from "../../data/app_error.ts";
import type { Staging } from "../budget.ts";
import { stageDue, stageDueDelete } from "../jobs/due.ts";
import { getByKeys } from "../get_by_keys.ts";
import { listByIds } from "../list_by_ids.ts";
import { stageTouched } from "../touched.ts";
import { differ } from "./record_changes.ts";
import { prepareProfileUse, stageProfileUseEnd } from "../profiles/uses.ts";

const SPACE = "device";
/** Its version is that of the last commit that changed what processes rely on of a device, or deleted one. */
export const DEVICES_CHANGED_KEY: Deno.KvKey = [SPACE];
const LIST_BATCH = 500;

const deviceSchema = z.object({
  v: z.literal(1),
  profile: z.string(),
  deviceType: z.string().nullable(),
  location: z.string().nullable(),
  offlineAfterMs: z.number().nullable(),
  createdMs: z.number(),
  state: z.enum(["online", "offline"]),
  stateSinceMs: z.number(),
  lastSeenMs: z.number().nullable(),
  dueMs: z.number().nullable(),
  // Absent in records of earlier versions, as are the next ones.
  isProfileFixed: z.boolean().default(false),
  timestampForm: z.enum([
    "epoch_seconds",
    "epoch_milliseconds",
    "epoch_microseconds",
    "epoch_nanoseconds",
    "server",
  ]).nullable().default(null),
  profileLife: z.number().default(0),
  account: z.string().optional(),
});

/**
 * A device. Times are epoch milliseconds.
 *
 * - `offlineAfterMs`: null if the service's setting applies.
 * - `stateSinceMs`: when its state began, the time of its last event or of its creation.
 * - `lastSeenMs`: when it was last seen, as known when its state began.
 * - `dueMs`: where its entry in the due index is; null if it has none.
 * - `isProfileFixed`: set by ingest before it writes the first reading. Readings do not check the
 *   record, so nothing else keeps the profile from changing while they are written.
 * - `profileLife`: which definition of its profile it has (`life`); 0 for a built-in profile.
 * - `account`: whom its readings count for, whoever brought the first one; absent if nobody is known.
 * - `timestampForm`: how the device gives its times (`data/devices/timestamp.ts`); null for ISO 8601.
 */
export type DeviceRecord = z.infer<typeof deviceSchema>;

/** The fields that users set. */
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

/** Reads a device; null if there is none. */
export async function getDevice(kv: Pick<Deno.Kv, "get">, id: string): Promise<DeviceEntry | null> {
  return deviceEntry(await kv.get([SPACE, id]));
}

/** Reads devices by their ids, in their order, for {@link deviceEntry}. */
export function getDeviceEntries(
  kv: Pick<Deno.Kv, "getMany">,
  ids: readonly string[],
): Promise<Deno.KvEntryMaybe<unknown>[]> {
  return getByKeys(kv, ids.map((id) => [SPACE, id]));
}

/** The device of an entry; null if there is none. Throws if it is damaged. */
export function deviceEntry(
  { key, value, versionstamp }: Deno.KvEntryMaybe<unknown>,
): DeviceEntry | null {
  return versionstamp === null ? null : { key, value: deviceSchema.parse(value), versionstamp };
}

/** Whom the readings of a device count for; undefined for nobody. */
export async function getDeviceAccount(
  kv: Pick<Deno.Kv, "get">,
  { profile, id }: { readonly profile: string; readonly id: string },
): Promise<string | undefined> {
  const device = (await getDevice(kv, id))?.value;
  return device?.profile === profile ? device.account : undefined;
}

/** Reads many devices; ids without a device are absent from the map. */
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

/** Devices in the order of ids, after `afterId` ("" for the first page), at most `limit`. */
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

/** The initial fields of a device. */
export interface NewDevice extends Partial<DeviceFields> {
  /** What it measures. */
  readonly profile: DeviceRecord["profile"];
  /** Epoch milliseconds now. */
  readonly nowMs: number;
  /** The time without messages after which a device is offline, unless it has its own, milliseconds. */
  readonly serviceOfflineAfterMs: number;
  /** Whether its first reading follows at once. */
  readonly isProfileFixed?: boolean;
  /** Whom its readings count for. */
  readonly account?: string;
}

/**
 * Creates a device, online. Returns the stored record: the new one, or the one that was there
 * already.
 *
 * @throws {AppError} PROFILE_NOT_FOUND, and ID_TAKEN if a meter has the id and the profile.
 */
export async function createDevice(kv: Kv, id: string, device: NewDevice): Promise<DeviceRecord> {
  for (;;) {
    const { record, stage } = await prepareDevice(kv, id, device);
    const op = kv.atomic();
    stage(op);
    if ((await op.commit()).ok) return record;
    const entry = await getDevice(kv, id);
    if (entry !== null) return entry.value;
  }
}

/** A device to be created. */
export interface PreparedDevice {
  /** Its record. */
  readonly record: DeviceRecord;
  /** How many checks its commit needs. */
  readonly checks: number;
  /** Adds it to a commit, which fails if it exists by then. */
  stage(op: Deno.AtomicOperation): void;
}

/**
 * Prepares to create a device.
 *
 * @throws {AppError} PROFILE_NOT_FOUND, and ID_TAKEN if a meter has the id and the profile.
 */
export async function prepareDevice(
  kv: Pick<Deno.Kv, "get">,
  id: string,
  device: NewDevice,
): Promise<PreparedDevice> {
  const { nowMs, profile, deviceType = null, location = null, offlineAfterMs = null } = device;
  const use = await prepareProfileUse(kv, profile, { kind: "device", id });
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
    timestampForm: null,
    profileLife: use.life,
    ...device.account === undefined ? {} : { account: device.account },
  };
  return {
    record,
    checks: 1 + use.checks,
    stage(op) {
      stageDeviceCheck(op, id, null);
      stageDevice(op, id, { from: null, to: record });
      use.stage(op);
    },
  };
}

/**
 * Fixes the profile of a device before its first reading is written. Returns the stored record,
 * unchanged if the device has another profile; null if there is no device.
 */
export async function fixProfile(
  kv: Kv,
  id: string,
  { profile, account }: Pick<DeviceRecord, "profile" | "account">,
): Promise<DeviceRecord | null> {
  for (;;) {
    const from = await getDevice(kv, id);
    if (from === null) return null;
    if (from.value.profile !== profile || from.value.isProfileFixed) return from.value;
    const to = { ...from.value, isProfileFixed: true, ...account === undefined ? {} : { account } };
    const op = kv.atomic();
    stageDeviceCheck(op, id, from);
    stageDevice(op, id, { from, to });
    if ((await op.commit()).ok) return to;
  }
}

/** Sets how a device gives its times. Returns the stored record; null if there is no device. */
export async function setTimestampForm(
  kv: Kv,
  id: string,
  timestampForm: DeviceRecord["timestampForm"],
): Promise<DeviceRecord | null> {
  for (;;) {
    const from = await getDevice(kv, id);
    if (from === null) return null;
    const to = { ...from.value, timestampForm };
    const op = kv.atomic();
    stageDeviceCheck(op, id, from);
    stageDevice(op, id, { from, to });
    if ((await op.commit()).ok) return to;
  }
}

/** A change of a device. */
export interface DeviceChange {
  /** Returns the new fields for a record; called again if the device changed meanwhile. */
  readonly change: (
    device: DeviceRecord,
  ) => Partial<DeviceFields> | Promise<Partial<DeviceFields>>;
  /** Epoch milliseconds now. */
  readonly nowMs: number;
}

/**
 * Changes the fields that users set. Returns the new record, or null if there is no device. An online
 * device with a new `offlineAfterMs` is checked at once.
 *
 * @throws {AppError} DEVICE_PROFILE_FIXED if the profile changes although it has readings, or is
 * about to get the first one; PROFILE_NOT_FOUND; ID_TAKEN if a meter has the id and the profile.
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
    const defined = Object.fromEntries(fields.filter(([, value]) => value !== undefined));
    const to: DeviceRecord = { ...from.value, ...defined };
    if (to.profile !== from.value.profile && from.value.isProfileFixed) {
      throw profileFixed(id, from.value.profile);
    }
    const hasNewDeadline = to.offlineAfterMs !== from.value.offlineAfterMs;
    if (hasNewDeadline && to.state === "online") to.dueMs = Math.min(to.dueMs ?? nowMs, nowMs);
    const op = kv.atomic();
    stageDeviceCheck(op, id, from);
    if (to.profile !== from.value.profile) {
      const user = { kind: "device", id } as const;
      const { life, stage } = await prepareProfileUse(kv, to.profile, user);
      to.profileLife = life;
      stage(op);
      stageProfileUseEnd(op, from.value.profile, user);
    }
    stageDevice(op, id, { from, to });
    stageTouched(op, { kind: "device", id }, "changed");
    if ((await op.commit()).ok) return to;
  }
}

/** The error for a change of profile that comes too late. */
export function profileFixed(id: string, profile: DeviceRecord["profile"]): AppError {
  const detail = `Device ${id} has readings as ${profile}, so its profile cannot change`;
  return new AppError("DEVICE_PROFILE_FIXED", detail);
}

/** Makes a commit fail if the device changed since it was read; null: if the device exists. */
export function stageDeviceCheck(
  op: Pick<Deno.AtomicOperation, "check">,
  id: string,
  entry: DeviceEntry | null,
): void {
  op.check(entry ?? { key: [SPACE, id], versionstamp: null });
}

/** Deletes a device and its entry in the due index. Call {@link stageDeviceCheck} too. */
export function stageDeviceDelete(
  op: Staging,
  id: string,
  { value: { dueMs, profile } }: DeviceEntry,
): void {
  op.delete([SPACE, id]);
  op.set(DEVICES_CHANGED_KEY, true);
  stageTouched(op, { kind: "device", id }, "changed");
  stageProfileUseEnd(op, profile, { kind: "device", id });
  if (dueMs !== null) stageDueDelete(op, { atMs: dueMs, kind: "device_offline", id });
}

/** Sets a device and moves its entry in the due index. Call {@link stageDeviceCheck} too. */
export function stageDevice(
  op: Staging,
  id: string,
  { from, to }: { from: DeviceEntry | null; to: DeviceRecord },
): void {
  op.set([SPACE, id], to);
  if (from !== null && differ(from.value, to)) op.set(DEVICES_CHANGED_KEY, true);
  const beforeMs = from?.value.dueMs ?? null;
  if (beforeMs === to.dueMs) return;
  if (beforeMs !== null) stageDueDelete(op, { atMs: beforeMs, kind: "device_offline", id });
  if (to.dueMs !== null) stageDue(op, { atMs: to.dueMs, kind: "device_offline", id });
}
