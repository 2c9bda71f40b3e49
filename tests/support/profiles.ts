/**
 * The built-in profiles as a store that no user can change.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { BUILT_IN_PROFILES } from "../../data/readings/profiles.ts";
import type { ProfileStore } from "../../kv/profiles/profiles.ts";

/** The store. It refuses every change. */
export function builtInProfiles(): ProfileStore {
  const refuse = () => Promise.reject(new AppError("PROFILE_FIXED", "Nothing changes here"));
  return {
    ...BUILT_IN_PROFILES,
    current: (name) => Promise.resolve(BUILT_IN_PROFILES.get(name)),
    refresh: () => Promise.resolve(),
    put: refuse,
    ensure: refuse,
    remove: refuse,
    isUsed: () => Promise.resolve(true),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
