/**
 * The sources of an export: which profile they share.
 *
 * @module
 */

import { exportProfile } from "../../data/exports/outputs.ts";
import { PROFILES } from "../../data/readings/profile.ts";
import type { Profiles } from "../../data/readings/profiles.ts";
import { getDevices } from "../../kv/devices/devices.ts";
import type { FindProfile } from "./parse_request.ts";

/** How many ids an error names. */
const NAMED_IDS = 3;

/** Finds the profile that sources share. Refuses unknown devices, and sources of several profiles. */
export function createFindProfile(
  { kv, profiles }: { kv: Pick<Deno.Kv, "list">; profiles: Pick<Profiles, "get"> },
): FindProfile {
  return async ({ kind, ids, field }, refuse) => {
    if (kind === "meter") return PROFILES.meter;
    const devices = await getDevices(kv, ids);
    const unknown = ids.filter((id) => !devices.has(id));
    if (unknown.length > 0) {
      refuse(
        field,
        unknown.slice(0, NAMED_IDS).join(", "),
        "must name devices that have sent readings",
      );
      return null;
    }
    const names = new Set(ids.map((id) => devices.get(id)?.value.profile));
    if (names.size > 1) {
      refuse(field, [...names].join(", "), "must name devices of one profile");
      return null;
    }
    const [name] = names;
    const profile = name === undefined ? undefined : profiles.get(name);
    if (profile !== undefined) return exportProfile(profile, kind);
    refuse(field, ids[0], "must name devices whose profile is known");
    return null;
  };
}
