/**
 * What a meter measures, for the routes that read, import or export its readings.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import { TOUCH_RULES } from "../../data/access/touch_rule.ts";
import type { MeterRefusal } from "../../data/imports/meter_rows.ts";
import { type Profile, PROFILES } from "../../data/readings/profile.ts";
import {
  asMeterProfile,
  getMeter,
  hasMeterRecords,
  type MeterEntry,
  PLAIN_METER,
} from "../../kv/meters/meters.ts";
import type { ProfileStore } from "../../kv/profiles/profiles.ts";
import type { SeriesRef } from "../../kv/series/ref.ts";

/** What finding out needs. */
export interface MeterSourceDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list">;
  /** The profiles. */
  readonly profiles: Pick<ProfileStore, "current">;
}

/** A meter as the source of readings. */
export interface MeterSource {
  /** Its series. */
  readonly ref: SeriesRef;
  /** Its profile, with every metric that its readings may have. */
  readonly profile: Profile;
  /** The zone of its times; null for UTC. */
  readonly timezone: string | null;
  /** What users said about it; null if they said nothing. */
  readonly entry: MeterEntry | null;
}

/**
 * Finds out about a meter, whether it exists or not. One that the caller may not touch is like one that
 * does not exist.
 */
export async function meterSource(
  { kv, profiles }: MeterSourceDeps,
  id: string,
  caller: Pick<Caller, "mayTouch">,
): Promise<MeterSource> {
  const entry = caller.mayTouch("meter", id) ? await getMeter(kv, id) : null;
  const { profile: name, timezone } = entry?.value ?? PLAIN_METER;
  const profile = await profiles.current(name);
  // A profile that a meter has is not deleted.
  if (profile === undefined) throw new Error(`Cannot find the profile of a meter: ${name}`);
  return { ref: { profile: name, id }, profile: asMeterProfile(profile), timezone, entry };
}

/**
 * Says the profiles of the meters of one upload, or that the caller may not touch a meter. It costs no
 * reads if no meter was ever set up.
 */
export async function createProfilesOfUpload(
  deps: MeterSourceDeps,
  caller: Caller,
): Promise<(meterId: string) => Promise<Profile | MeterRefusal>> {
  const isPlain = !await hasMeterRecords(deps.kv);
  return async (id) => {
    if (!caller.mayTouch("meter", id)) return { rule: TOUCH_RULES.meter };
    return isPlain ? PROFILES.meter : (await meterSource(deps, id, caller)).profile;
  };
}
