/**
 * Telemetry from the service's own series store, as a source for continuous export.
 *
 * @module
 */

import { listExportCheckpoints } from "../../kv/continuous/checkpoints.ts";
import { getDevice, listDevices } from "../../kv/devices/devices.ts";
import { DamagedDataError } from "../../kv/series/damage.ts";
import type { ProfileStore } from "../../kv/profiles/profiles.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import { type PackedSource, unpackedParts } from "./packed_source.ts";

/** Devices per read. */
const LIST_LIMIT = 500;

/** What the source needs. */
export interface EmbeddedSourceDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list">;
  /** The readings. */
  readonly store: Pick<SeriesStore, "readPacked">;
  /** The profiles. */
  readonly profiles: Pick<ProfileStore, "current">;
}

/**
 * A source of the telemetry that devices sent to this service. Its devices include those that were
 * exported and then deleted, which have no readings. The type and location of a device are those at
 * the moment of reading.
 */
export function createEmbeddedSource(
  { kv, store, profiles }: EmbeddedSourceDeps,
): PackedSource {
  const readPacked: PackedSource["readPacked"] = async (deviceId, span, signal) => {
    const device = await getDevice(kv, deviceId);
    if (device === null) return null;
    const { profile: name, deviceType, location } = device.value;
    const profile = await profiles.current(name);
    if (profile === undefined) return null;
    const ref = { profile: name, id: deviceId };
    const read = store.readPacked(ref, { ...span, through: kv }, signal);
    return { ...read, head: { ref, profile, deviceType, location } };
  };
  return {
    async *devices(signal) {
      const listed = new Set<string>();
      for await (const id of pages(signal, (page) => listDevices(kv, page))) {
        listed.add(id);
        yield id;
      }
      // A device that was deleted has no readings, so the objects of its windows must go.
      for await (const id of pages(signal, (page) => listExportCheckpoints(kv, page))) {
        if (!listed.has(id)) yield id;
      }
    },
    readPacked,
    async *read(deviceId, span, signal) {
      const packed = await readPacked(deviceId, span, signal);
      if (packed === null) return;
      try {
        yield* unpackedParts(packed.head, packed.chunks, packed.counted);
      } catch (error) {
        if (error instanceof DamagedDataError) packed.damaged(error);
        throw error;
      }
    },
  };
}

/** The ids of a list that is read page by page. */
async function* pages(
  signal: AbortSignal,
  readPage: (page: { afterId: string; limit: number }) => Promise<readonly { id: string }[]>,
): AsyncGenerator<string> {
  let afterId = "";
  for (;;) {
    signal.throwIfAborted();
    const page = await readPage({ afterId, limit: LIST_LIMIT });
    for (const { id } of page) yield id;
    if (page.length < LIST_LIMIT) return;
    afterId = page[page.length - 1].id;
  }
}
