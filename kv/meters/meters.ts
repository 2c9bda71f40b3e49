/**
 * What users say about smart meters: the profile, a label and a time zone.
 *
 * | key | value | written by |
 * |---|---|---|
 * | `["meter", id]` | {@link MeterRecord} | whoever sets a meter up, under a check of the version that was read; deleted with the meter |
 *
 * A meter needs no record: without one it has the profile `meter`.
 *
 * @module
 */

import { z } from "zod";
import { AppError } from "../../data/app_error.ts";
import { type Profile, type ProfileName, PROFILES } from "../../data/readings/profile.ts";
import type { Staging } from "../budget.ts";
import { listByIds } from "../list_by_ids.ts";
import { prepareProfileUse, stageProfileUseEnd } from "../profiles/uses.ts";
import type { SeriesStore } from "../series/store.ts";

const SPACE = "meter";
const LIST_BATCH = 500;

const recordSchema = z.object({
  v: z.literal(1),
  profile: z.string(),
  label: z.string().nullable(),
  timezone: z.string().nullable(),
});

/**
 * A meter. `label` is what people call it, `timezone` the zone of times without an offset in its
 * uploads and of the buckets of its readings; null for UTC.
 */
export type MeterRecord = z.infer<typeof recordSchema>;

/** What users change about a meter. */
export type MeterFields = Omit<MeterRecord, "v">;

/** A record and the version at which it was read. */
export interface MeterEntry {
  /** Its key, for checks. */
  readonly key: Deno.KvKey;
  /** The record. */
  readonly value: MeterRecord;
  /** The version of its last change. */
  readonly versionstamp: string;
}

/** What is known of a meter that nobody has set up. */
export const PLAIN_METER: MeterRecord = {
  v: 1,
  profile: PROFILES.meter.name,
  label: null,
  timezone: null,
};

/** Reads what users said about a meter; null if they said nothing. */
export async function getMeter(kv: Pick<Deno.Kv, "get">, id: string): Promise<MeterEntry | null> {
  const { key, value, versionstamp } = await kv.get([SPACE, id]);
  return versionstamp === null ? null : { key, value: recordSchema.parse(value), versionstamp };
}

/** The name of the profile of each of some meters, in their order. */
export async function profilesOfMeters(
  kv: Pick<Deno.Kv, "list">,
  ids: readonly string[],
): Promise<ProfileName[]> {
  const entries = await listByIds(kv, SPACE, ids);
  const names = new Map(
    entries.map(({ key, value }) => [String(key[1]), recordSchema.parse(value).profile]),
  );
  return ids.map((id) => names.get(id) ?? PLAIN_METER.profile);
}

/** Whether any meter was set up. */
export async function hasMeterRecords(kv: Pick<Deno.Kv, "list">): Promise<boolean> {
  return (await kv.list({ prefix: [SPACE] }, { limit: 1 }).next()).done !== true;
}

/** Meters that were set up, in the order of ids, after `afterId` ("" for the first), at most `limit`. */
export async function listMeterRecords(
  kv: Pick<Deno.Kv, "list">,
  { afterId, limit }: { afterId: string; limit: number },
): Promise<{ id: string; meter: MeterRecord }[]> {
  const start = afterId === "" ? {} : { start: [SPACE, `${afterId}\0`] };
  const batchSize = Math.min(limit, LIST_BATCH);
  const meters: { id: string; meter: MeterRecord }[] = [];
  for await (const entry of kv.list({ prefix: [SPACE], ...start }, { limit, batchSize })) {
    meters.push({ id: String(entry.key[1]), meter: recordSchema.parse(entry.value) });
  }
  return meters;
}

/** What changing a meter needs. */
export interface ChangeMeterDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "atomic">;
  /** The readings. */
  readonly series: Pick<SeriesStore, "describe">;
}

/**
 * Sets a meter up, or changes it. Fields that are absent stay as they are. Returns the record that was
 * there before, if any, and the new one.
 *
 * @throws {AppError} METER_PROFILE_FIXED if the profile changes although there are readings;
 * PROFILE_NOT_FOUND; ID_TAKEN if a device has the id and the profile.
 */
export async function changeMeter(
  { kv, series }: ChangeMeterDeps,
  id: string,
  change: Partial<MeterFields>,
): Promise<{ readonly before: MeterRecord | null; readonly meter: MeterRecord }> {
  const defined = Object.fromEntries(
    Object.entries(change).filter(([, value]) => value !== undefined),
  );
  for (;;) {
    const from = await getMeter(kv, id);
    const before = from?.value ?? PLAIN_METER;
    const to: MeterRecord = { ...before, ...defined };
    const op = kv.atomic().check(from ?? { key: [SPACE, id], versionstamp: null });
    if (to.profile !== before.profile) {
      if (await series.describe({ profile: before.profile, id }) !== null) {
        throw profileFixed(id, before.profile);
      }
      const user = { kind: "meter", id } as const;
      const { stage } = await prepareProfileUse(kv, to.profile, user);
      stage(op);
      stageProfileUseEnd(op, before.profile, user);
    }
    op.set([SPACE, id], to);
    if ((await op.commit()).ok) return { before: from?.value ?? null, meter: to };
  }
}

/** Deletes what users said about a meter. */
export function stageMeterDelete(
  op: Staging & Pick<Deno.AtomicOperation, "check">,
  id: string,
  entry: MeterEntry,
): void {
  op.check(entry);
  op.delete(entry.key);
  stageProfileUseEnd(op, entry.value.profile, { kind: "meter", id });
}

/** A profile as meters have it: their ids have a column of their own. */
export function asMeterProfile(profile: Profile): Profile {
  const known = meterProfiles.get(profile);
  if (known !== undefined) return known;
  const { idColumn } = PROFILES.meter;
  const own = profile.idColumn === idColumn ? profile : { ...profile, idColumn };
  meterProfiles.set(profile, own);
  return own;
}

/** So that the profile of a meter is one object, as look-ups by it are kept. */
const meterProfiles = new WeakMap<Profile, Profile>();

function profileFixed(id: string, profile: ProfileName): AppError {
  const detail = `Meter ${id} has readings as ${profile}, so its profile cannot change`;
  return new AppError("METER_PROFILE_FIXED", detail, {
    details: "Delete its readings first, or give the readings another id",
  });
}
