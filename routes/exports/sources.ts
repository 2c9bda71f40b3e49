/**
 * The sources of an export: which profile they share.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import { TOUCH_RULES } from "../../data/access/touch_rule.ts";
import { exportProfile } from "../../data/exports/outputs.ts";
import type { Refuse } from "../../data/exports/rules.ts";
import { getDevices } from "../../kv/devices/devices.ts";
import { profilesOfMeters } from "../../kv/meters/meters.ts";
import type { ProfileStore } from "../../kv/profiles/profiles.ts";
import type { FindProfile } from "./parse_request.ts";

/** How many ids an error names. */
const NAMED_IDS = 3;

/**
 * Finds the profile that sources share. Refuses unknown devices, meters that the caller may not touch,
 * and sources of several profiles. Devices that it may not touch are unknown.
 */
export function createFindProfile(
  { kv, profiles }: { kv: Pick<Deno.Kv, "list">; profiles: Pick<ProfileStore, "current"> },
  caller: Caller,
): FindProfile {
  return async ({ kind, ids, field }, refuse) => {
    if (kind === "meter") {
      if (refuseHiddenMeters(caller, { ids, field }, refuse)) return null;
      const names = new Set(await profilesOfMeters(kv, ids));
      if (names.size > 1) {
        refuse(field, [...names].join(", "), "must name meters of one profile");
        return null;
      }
      const [name] = names;
      const profile = await profiles.current(name);
      // A profile that a meter has is not deleted.
      if (profile === undefined) throw new Error(`Cannot find the profile of a meter: ${name}`);
      return exportProfile(profile, kind);
    }
    const devices = await getDevices(kv, ids);
    const unknown = ids.filter((id) => !caller.mayTouch(kind, id) || !devices.has(id));
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
    const profile = name === undefined ? undefined : await profiles.current(name);
    if (profile !== undefined) return exportProfile(profile, kind);
    refuse(field, ids[0], "must name devices whose profile is known");
    return null;
  };
}

/**
 * Refuses each meter that the caller may not touch, whether it exists or not: any id may be that of a
 * meter without readings. Returns whether there is one.
 */
export function refuseHiddenMeters(
  caller: Caller,
  { ids, field }: { ids: readonly string[]; field: string },
  refuse: Refuse,
): boolean {
  let hasHidden = false;
  for (const [index, id] of ids.entries()) {
    if (caller.mayTouch("meter", id)) continue;
    hasHidden = true;
    refuse(field.endsWith("s") ? `${field}/${index}` : field, id, `must be ${TOUCH_RULES.meter}`);
  }
  return hasHidden;
}
