/**
 * What changed in the service's own series store, for continuous export: which devices, and on which
 * days.
 *
 * @module
 */

import type { ProfileName } from "../../data/readings/profile.ts";
import type { Profiles } from "../../data/readings/profiles.ts";
import { listChanges } from "../../kv/series/changes.ts";
import { getRevisionEntry, listRevisions } from "../../kv/series/revisions.ts";

/** A position in the changes of a device. */
export interface ChangePosition {
  /** Grows with every change. */
  readonly revision: number;
  /** Pass it to {@link ChangedDevices.daysAfter}: every change so far has this version or an older one. */
  readonly version: string;
  /** The same of each profile under which the device ever had readings. */
  readonly versions: ReadonlyMap<ProfileName, string>;
}

/** Finds out what changed. */
export interface ChangedDevices {
  /** A number per device, by id, that grows whenever readings of the device change. */
  revisions(): Promise<ReadonlyMap<string, number>>;
  /** The current position in the changes of a device. */
  position(deviceId: string): Promise<ChangePosition>;
  /**
   * The UTC days (their first moments, ascending, each once) whose readings changed after a
   * position's version. It may include a day that has not changed since. With a later position, it may
   * leave out what changed after that, and reads less.
   */
  daysAfter(deviceId: string, version: string, until?: ChangePosition): Promise<number[]>;
  /** The names of the profiles under which the device ever had readings. */
  profilesOf(deviceId: string): Promise<string[]>;
}

/** What finding out needs. */
export interface ChangedDevicesDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list">;
  /** The profiles. */
  readonly profiles: Pick<Profiles, "ofDevices">;
}

/**
 * The changes of the service's own store. It adds up all device profiles, as a device without
 * readings may change its profile.
 */
export function createChangedDevices(
  { kv, profiles }: ChangedDevicesDeps,
): ChangedDevices {
  return {
    async revisions() {
      const sums = new Map<string, number>();
      for (const { name: profile } of profiles.ofDevices()) {
        for (const [id, revision] of await listRevisions(kv, profile)) {
          sums.set(id, (sums.get(id) ?? 0) + revision);
        }
      }
      return sums;
    },
    async position(id) {
      let revision = 0, version = "";
      const versions = new Map<ProfileName, string>();
      const names = profiles.ofDevices().map(({ name }) => name);
      const reads = names.map((profile) => getRevisionEntry(kv, { profile, id }));
      for (const [index, entry] of (await Promise.all(reads)).entries()) {
        if (entry.versionstamp === "") continue;
        revision += entry.revision;
        versions.set(names[index], entry.versionstamp);
        if (entry.versionstamp > version) version = entry.versionstamp;
      }
      return { revision, version, versions };
    },
    async profilesOf(id) {
      const names = profiles.ofDevices().map(({ name }) => name);
      const entries = names.map((profile) => getRevisionEntry(kv, { profile, id }));
      const revisions = await Promise.all(entries);
      return names.filter((_, index) => revisions[index].revision > 0);
    },
    async daysAfter(id, version, until) {
      const days = new Set<number>();
      for (const { name: profile } of profiles.ofDevices()) {
        if (until !== undefined && (until.versions.get(profile) ?? "") <= version) continue;
        for await (const { dayMs } of listChanges(kv, profile, { id, after: version })) {
          days.add(dayMs);
        }
      }
      return [...days].sort((a, b) => a - b);
    },
  };
}
