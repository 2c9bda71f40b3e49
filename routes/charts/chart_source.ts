/**
 * What charts are drawn of: the readings of a meter or a device.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import type { Caller } from "../../data/access/caller.ts";
import type { Profile } from "../../data/readings/profile.ts";
import type { ProfileStore } from "../../kv/profiles/profiles.ts";
import type { SeriesRef } from "../../kv/series/ref.ts";
import type { SeriesInfo, SeriesStore } from "../../kv/series/store.ts";
import { currentProfile } from "../devices/schemas.ts";
import { visibleDevice } from "../devices/visible_device.ts";
import { meterSource } from "../meters/meter_source.ts";

/** What the routes of charts need. */
export interface ChartDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list">;
  /** The readings. */
  readonly series: Pick<SeriesStore, "read" | "describe">;
  /** The profiles. */
  readonly profiles: Pick<ProfileStore, "current">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** The kind of a source. */
export type ChartKind = "meter" | "device";

/** A source that exists for the caller. */
export interface ChartSource {
  /** What it is. */
  readonly kind: ChartKind;
  /** Its id. */
  readonly id: string;
  /** Its series. */
  readonly ref: SeriesRef;
  /** What it measures. */
  readonly profile: Profile;
  /** The zone of its times; UTC if nobody set one. */
  readonly zone: string;
  /** The label that users gave it, or null. */
  readonly label: string | null;
  /** Its readings as a whole; null if it has none. */
  readonly info: SeriesInfo | null;
}

/**
 * Finds a source.
 *
 * @throws {AppError} SMART_METER_NOT_FOUND or DEVICE_NOT_FOUND if there is none for the caller.
 */
export async function chartSource(
  deps: ChartDeps,
  kind: ChartKind,
  { id, caller }: { id: string; caller: Caller },
): Promise<ChartSource> {
  if (kind === "device") {
    const { value } = await visibleDevice(deps.kv, caller, id);
    const profile = await currentProfile(deps.profiles, value.profile);
    const ref = { profile: profile.name, id };
    const info = await deps.series.describe(ref);
    return { kind, id, ref, profile, zone: "UTC", label: null, info };
  }
  const { ref, profile, timezone, entry } = await meterSource(deps, id, caller);
  const info = caller.mayTouch("meter", id) ? await deps.series.describe(ref) : null;
  if (info === null && entry === null) {
    throw new AppError("SMART_METER_NOT_FOUND", `Smart meter with ID '${id}' not found`);
  }
  return {
    kind,
    id,
    ref,
    profile,
    zone: timezone ?? "UTC",
    label: entry?.value.label ?? null,
    info,
  };
}
