/**
 * Telemetry from the service's own series store, as a source for continuous export.
 *
 * @module
 */

import type { TelemetrySource } from "../../data/continuous/telemetry_source.ts";
import { getDevice, listDevices } from "../../kv/devices/devices.ts";
import type { SeriesStore } from "../../kv/series/store.ts";

/** Devices per read. */
const LIST_LIMIT = 500;

/** What the source needs. */
export interface EmbeddedSourceDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list">;
  /** The readings. */
  readonly store: Pick<SeriesStore, "read">;
}

/**
 * A source of the telemetry that devices sent to this service. The type and location of a device are
 * those at the moment of reading.
 */
export function createEmbeddedSource({ kv, store }: EmbeddedSourceDeps): TelemetrySource {
  return {
    async *devices(signal) {
      let afterId = "";
      for (;;) {
        signal.throwIfAborted();
        const devices = await listDevices(kv, { afterId, limit: LIST_LIMIT });
        for (const { id } of devices) yield id;
        if (devices.length < LIST_LIMIT) return;
        afterId = devices[devices.length - 1].id;
      }
    },
    async *read(deviceId, span, signal) {
      const device = await getDevice(kv, deviceId);
      if (device === null) return;
      const { profile, deviceType, location } = device.value;
      for await (const page of store.read({ profile, id: deviceId }, span, signal)) {
        yield { profile, deviceType, location, page };
      }
    },
  };
}
