/**
 * A device, if it exists for the caller.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import { type DeviceEntry, getDevice } from "../../kv/devices/devices.ts";
import { unknownDevice } from "./schemas.ts";

/**
 * Reads a device.
 *
 * @throws {AppError} DEVICE_NOT_FOUND if there is none, or the caller may not touch it.
 */
export async function visibleDevice(
  kv: Pick<Deno.Kv, "get">,
  caller: Pick<Caller, "mayTouch">,
  id: string,
): Promise<DeviceEntry> {
  const entry = caller.mayTouch("device", id) ? await getDevice(kv, id) : null;
  if (entry === null) throw unknownDevice();
  return entry;
}
