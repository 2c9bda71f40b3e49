/**
 * Profiles for tests: the built-in ones as a store that no user can change, and one of a user.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { BUILT_IN_PROFILES } from "../../data/readings/profiles.ts";
import type { ProfileStore } from "../../kv/profiles/profiles.ts";
import { askJson, type JsonAnswer } from "./service.ts";

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

/** The metrics of a 48 V battery, whose voltage the built-in profile refuses, as users define them. */
export const BATTERY_48V = [
  { name: "soc_percent", unit: "%", min: 0, max: 100, aggregate: "mean" },
  { name: "voltage_v", unit: "V", min: 40, max: 60, aggregate: "mean", required: true },
  { name: "current_a", unit: "A", aggregate: "mean" },
];

/** Sends a body with PUT. */
export function putJson(url: string, body: unknown): Promise<JsonAnswer> {
  return askJson(url, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}
