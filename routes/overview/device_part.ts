/**
 * The devices of the overview.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import { instantText } from "../../data/time/time_text.ts";
import { type DeviceRecord, listDevices } from "../../kv/devices/devices.ts";
import { createTop, scanVisible } from "./scan.ts";
import { NAMED_MAX, type Overview } from "./schemas.ts";

/** Counts the devices that a caller may see. */
export async function devicePart(
  kv: Pick<Deno.Kv, "list">,
  caller: Caller,
): Promise<NonNullable<Overview["devices"]>> {
  let total = 0, offline = 0;
  let latest: { id: string; createdMs: number } | null = null;
  const newest = createTop<{ id: string; device: DeviceRecord }>(
    NAMED_MAX,
    (one, other) => one.device.stateSinceMs > other.device.stateSinceMs,
  );
  const isComplete = await scanVisible(
    caller,
    { kind: "device", list: (page) => listDevices(kv, page) },
    (batch) => {
      for (const { id, device } of batch) {
        total++;
        if (latest === null || device.createdMs > latest.createdMs) {
          latest = { id, createdMs: device.createdMs };
        }
        if (device.state !== "offline") continue;
        offline++;
        newest.add({ id, device });
      }
    },
  );
  // TypeScript does not see that the callback assigns it.
  const last = latest as { id: string; createdMs: number } | null;
  return {
    total,
    offline,
    is_complete: isComplete,
    newest: newest.items.map(({ id, device: { location, stateSinceMs, lastSeenMs } }) => ({
      device_id: id,
      location,
      since: instantText(stateSinceMs),
      last_seen: lastSeenMs === null ? null : instantText(lastSeenMs),
    })),
    latest: last === null ? null : { device_id: last.id, created_at: instantText(last.createdMs) },
  };
}
