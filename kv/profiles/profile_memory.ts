/**
 * The profiles in memory, each at the newest version that was read.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { PROFILES_MAX, PROFILES_PER_KEY_MAX } from "../../data/limits.ts";
import type { Profile, ProfileName } from "../../data/readings/profile.ts";
import { createProfiles, type Profiles } from "../../data/readings/profiles.ts";
import { type ProfileEntry, profileOf } from "./definitions.ts";

/** Profiles in memory, and places for new ones. */
export interface ProfileMemory {
  /** The profiles. */
  readonly profiles: Profiles;
  /** Takes over what was read or committed. */
  learn(read: readonly { readonly name: ProfileName; readonly entry: ProfileEntry }[]): void;
  /**
   * Takes a place for a profile that is about to be made, until it is disposed of. `maker` is null for
   * who may make as many as there can be.
   *
   * @throws {AppError} TOO_MANY_PROFILES.
   */
  takePlace(name: ProfileName, maker: string | null): Disposable;
}

/** Creates a memory without profiles of users. */
export function createProfileMemory(): ProfileMemory {
  const registry = createProfiles();
  const versions = new Map<ProfileName, string>();
  const own = new Map<ProfileName, Profile>();
  /** Who made each profile, for those who may make only some; null for others. */
  const makers = new Map<ProfileName, string | null>();
  /** The same for profiles that are being made. */
  const pending = new Map<ProfileName, string | null>();
  return {
    profiles: registry,
    learn(read) {
      let isChanged = false;
      for (const { name, entry } of read) {
        const { versionstamp } = entry;
        // Versions compare as text. Reads may end in another order than they began.
        if (versionstamp === null || versionstamp <= (versions.get(name) ?? "")) continue;
        versions.set(name, versionstamp);
        const profile = profileOf(name, entry);
        if (profile === null) {
          own.delete(name);
          makers.delete(name);
        } else {
          own.set(name, profile);
          makers.set(name, entry.value?.maker ?? null);
        }
        isChanged = true;
      }
      if (isChanged) registry.replace([...own.values()]);
    },
    takePlace(name, maker) {
      // Somebody makes it already, and one of the two will find it made.
      if (pending.has(name)) return { [Symbol.dispose]: () => {} };
      const taken = [...new Map([...makers, ...pending])];
      if (taken.length >= PROFILES_MAX) {
        const detail = `There can be at most ${PROFILES_MAX} profiles besides the built-in ones`;
        throw new AppError("TOO_MANY_PROFILES", detail);
      }
      const count = maker === null ? 0 : taken.filter(([, one]) => one === maker).length;
      if (count >= PROFILES_PER_KEY_MAX) {
        throw new AppError(
          "TOO_MANY_PROFILES",
          "A key that may not touch every device and meter can make at most " +
            `${PROFILES_PER_KEY_MAX} profiles`,
        );
      }
      pending.set(name, maker);
      return { [Symbol.dispose]: () => pending.delete(name) };
    },
  };
}
