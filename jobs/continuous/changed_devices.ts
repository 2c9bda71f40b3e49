/**
 * What changed in the own series store, as continuous export asks it: which devices, and which days.
 *
 * @module
 */

import { DEVICE_PROFILES } from "../../data/readings/profile.ts";
import { listChanges } from "../../kv/series/changes.ts";
import { getRevisionEntry, listRevisions } from "../../kv/series/revisions.ts";

/** A moment in the changes of a device. */
export interface ChangePosition {
  /** Grows with every change. */
  readonly revision: number;
  /** What {@link ChangedDevices.daysAfter} goes on from: changes up to here are under it or before it. */
  readonly version: string;
}

/** Tells what changed. */
export interface ChangedDevices {
  /** How often each device's readings changed, by id; grows with every change. */
  revisions(): Promise<ReadonlyMap<string, number>>;
  /** The moment that a device's changes are at. */
  mark(deviceId: string): Promise<ChangePosition>;
  /**
   * First moments of the UTC days whose readings changed after a mark's version, ascending, each once.
   * A day may be told again that did not change since.
   */
  daysAfter(deviceId: string, version: string): Promise<number[]>;
}

/** The feed of the own store. The profile of a device may change while it has no readings. */
export function createChangedDevices(kv: Pick<Deno.Kv, "get" | "list">): ChangedDevices {
  return {
    async revisions() {
      const sums = new Map<string, number>();
      for (const profile of DEVICE_PROFILES) {
        for (const [id, revision] of await listRevisions(kv, profile)) {
          sums.set(id, (sums.get(id) ?? 0) + revision);
        }
      }
      return sums;
    },
    async mark(id) {
      let revision = 0, version = "";
      for (const profile of DEVICE_PROFILES) {
        const entry = await getRevisionEntry(kv, { profile, id });
        revision += entry.revision;
        if (entry.versionstamp > version) version = entry.versionstamp;
      }
      return { revision, version };
    },
    async daysAfter(id, version) {
      const days = new Set<number>();
      for (const profile of DEVICE_PROFILES) {
        for await (const { dayMs } of listChanges(kv, profile, { id, after: version })) {
          days.add(dayMs);
        }
      }
      return [...days].sort((a, b) => a - b);
    },
  };
}
