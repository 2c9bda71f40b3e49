/**
 * Deleting a device.
 *
 * One commit deletes the record of the device and begins the removal of its readings. So every
 * reading belongs either to the device that is deleted or to a new one with the same id: messages
 * that arrive later create it. The history of the old device is deleted after that. Every step can be
 * repeated, so a deletion that was interrupted is completed by calling it again.
 *
 * @module
 */

import type { ProfileName } from "../../data/readings/profile.ts";
import type { RemoveOptions } from "../series/remove.ts";
import type { SeriesStore } from "../series/store.ts";
import {
  createDevice,
  type DeviceEntry,
  getDevice,
  stageDeviceCheck,
  stageDeviceDelete,
} from "./devices.ts";
import { deleteDeviceEvents } from "./events.ts";
import { deleteAllLastSeen } from "./last_seen.ts";
import { stageRejectionsDelete } from "./rejections.ts";

/** What deleting a device needs. */
export interface DeleteDeviceDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list" | "atomic">;
  /** The readings. */
  readonly series: Pick<SeriesStore, "describe" | "remove">;
  /** Called when the record is deleted, so that this process does not rely on its cache. */
  readonly invalidateDevice: (id: string) => void;
  /** The time without messages after which a device is offline, unless it has its own, milliseconds. */
  readonly offlineAfterMs: number;
}

/** The device to delete. */
export interface DeviceToDelete {
  /** Its id. */
  readonly id: string;
  /** Its profile. */
  readonly profile: ProfileName;
  /** When it was created, epoch milliseconds: a device created later under its id is another one. */
  readonly createdMs: number;
  /** Epoch milliseconds now. */
  readonly nowMs: number;
  /** Called again and again with the number of readings that were deleted since the last call. */
  readonly onRemoved?: RemoveOptions["onRemoved"];
}

/** Deletes a device. */
export async function deleteDevice(
  deps: DeleteDeviceDeps,
  { id, profile, createdMs, nowMs, onRemoved }: DeviceToDelete,
): Promise<void> {
  const { kv, series } = deps;
  const ref = { profile, id };
  let account: string | undefined;
  const findDevice = async (): Promise<DeviceEntry | null> => {
    const entry = await getDevice(kv, id);
    if (entry?.value.createdMs !== createdMs) return null;
    account = entry.value.account;
    return entry;
  };
  const prepare = async (op: Deno.AtomicOperation) => {
    const entry = await findDevice();
    if (entry === null) return false;
    stageDeletion(op, id, entry);
    return true;
  };
  const wasRemoved = await series.remove(ref, { prepare, onRemoved });
  if (!wasRemoved) await deleteRecord(kv, id, findDevice);
  deps.invalidateDevice(id);
  await deleteHistory(kv, id);
  // A message may have been accepted for the old device after its record was deleted.
  if (await getDevice(kv, id) === null && await series.describe(ref) !== null) {
    const device = { profile, account, nowMs, isProfileFixed: true };
    await createDevice(kv, id, { ...device, serviceOfflineAfterMs: deps.offlineAfterMs });
  }
}

/** Deletes the record of a device without readings. */
async function deleteRecord(
  kv: DeleteDeviceDeps["kv"],
  id: string,
  findDevice: () => Promise<DeviceEntry | null>,
): Promise<void> {
  for (;;) {
    const entry = await findDevice();
    if (entry === null) return;
    const op = kv.atomic();
    stageDeletion(op, id, entry);
    if ((await op.commit()).ok) return;
  }
}

/** Adds to a commit the deletion of a device that has not changed since it was read. */
function stageDeletion(op: Deno.AtomicOperation, id: string, entry: DeviceEntry): void {
  stageDeviceCheck(op, id, entry);
  stageDeviceDelete(op, id, entry);
  stageRejectionsDelete(op, id);
}

/**
 * Deletes events, last-seen records and rejections, except those of a device created since. A process
 * that still had the device in its cache may have recorded rejections after its record was deleted.
 */
async function deleteHistory(kv: DeleteDeviceDeps["kv"], id: string): Promise<void> {
  const successor = await getDevice(kv, id);
  await deleteDeviceEvents(kv, id, successor?.value.createdMs ?? Infinity);
  if (successor !== null) return;
  await deleteAllLastSeen(kv, id);
  const op = kv.atomic();
  // Fails if the device was created meanwhile: then they may be its own.
  stageDeviceCheck(op, id, null);
  stageRejectionsDelete(op, id);
  await op.commit();
}
