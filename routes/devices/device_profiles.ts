/**
 * Which profile the messages of a device follow that name none.
 *
 * As long as there are only built-in profiles, the metrics decide, which costs nothing. Otherwise a
 * device that has one of the others decides for its messages, so it must be known first.
 *
 * @module
 */

import { isBuiltIn, type Profile } from "../../data/readings/profile.ts";
import { BUILT_IN_PROFILES } from "../../data/readings/profiles.ts";
import type { DeviceIntake } from "../../kv/devices/intake.ts";
import type { ProfileStore } from "../../kv/profiles/profiles.ts";

const BUILT_IN_COUNT = BUILT_IN_PROFILES.ofDevices().length;

/** What finding profiles needs. */
export interface DeviceProfilesDeps {
  /** The profiles. */
  readonly profiles: Pick<ProfileStore, "get" | "ofDevices" | "current">;
  /** Knows the devices that sent lately. */
  readonly intake: Pick<DeviceIntake, "knownProfile" | "findProfile">;
}

/** The profiles of devices during one request. */
export interface DeviceProfiles {
  /** The profile that a device has if it is not built in; null if the metrics decide. */
  profileOf(deviceId: string): Profile | null;
  /** Whether a device must be looked up first; undefined if none must, as with only built-in profiles. */
  readonly isUndecided?: (deviceId: string) => boolean;
  /** Looks a device up. */
  find(deviceId: string): Promise<void>;
}

/** Begins with what is known without a read. */
export function createDeviceProfiles({ profiles, intake }: DeviceProfilesDeps): DeviceProfiles {
  const found = new Map<string, Profile | null>();
  const hasOthers = () => profiles.ofDevices().length > BUILT_IN_COUNT;
  return {
    profileOf(id) {
      const known = found.get(id);
      if (known !== undefined || !hasOthers()) return known ?? null;
      const name = intake.knownProfile(id);
      return name === undefined || isBuiltIn(name) ? null : profiles.get(name) ?? null;
    },
    // Without a function, nothing is asked for each message of a batch.
    isUndecided: hasOthers()
      ? (id) => !found.has(id) && intake.knownProfile(id) === undefined
      : undefined,
    async find(id) {
      if (!hasOthers()) return;
      const name = await intake.findProfile(id);
      const isOwn = name !== null && !isBuiltIn(name);
      found.set(id, isOwn ? await profiles.current(name) ?? null : null);
    },
  };
}
