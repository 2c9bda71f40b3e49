/**
 * The registry of profiles: those that are built in, and those that users defined
 * (`kv/profiles/profiles.ts`). It is kept in memory, so a look-up costs nothing.
 *
 * @module
 */

import { type Profile, type ProfileName, PROFILES } from "./profile.ts";

/** The profiles as this process knows them. */
export interface Profiles {
  /** A profile by its name, built in or not. */
  get(name: ProfileName): Profile | undefined;
  /** The profiles that users see: the built-in ones first, then the others in the order of names. */
  list(): readonly Profile[];
  /**
   * Those of them that devices may have. It is the same array until a profile changes, so what is
   * computed from it can be kept.
   */
  ofDevices(): readonly Profile[];
}

/** A registry whose content can be replaced. */
export interface ProfileRegistry extends Profiles {
  /** Replaces the profiles that users defined. */
  replace(own: readonly Profile[]): void;
}

/** Creates a registry of the built-in profiles and of others, which have other names. */
export function createProfiles(own: readonly Profile[] = []): ProfileRegistry {
  const { meter, battery, appliance, site } = PROFILES;
  let byName: ReadonlyMap<ProfileName, Profile>;
  let listed: readonly Profile[];
  let ofDevices: readonly Profile[];

  function replace(profiles: readonly Profile[]): void {
    const sorted = profiles.toSorted((a, b) => a.name < b.name ? -1 : 1);
    listed = [meter, battery, appliance, ...sorted];
    ofDevices = listed.filter(({ name }) => name !== meter.name);
    byName = new Map([...listed, site].map((profile) => [profile.name, profile]));
  }

  replace(own);
  return {
    get: (name) => byName.get(name),
    list: () => listed,
    ofDevices: () => ofDevices,
    replace,
  };
}

/** The built-in profiles and no others. */
export const BUILT_IN_PROFILES: Profiles = createProfiles();
