/**
 * Days whose readings are in one object for all devices of a profile.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["lake_profile_member", profile, dayMs, id]` | {@link MemberState}: a device whose readings are or will be in the object | the process that exports the device, in one commit with its checkpoint; the process that writes the object, checked against the version it read |
 * | `["lake_profile_dirty", profile, dayMs]` | when the object last became outdated | with every change of a member; deleted when the object is written, checked against the version read before |
 * | `["lake_profile_day", profile, dayMs]` | {@link ProfileDayRecord}: what was written | the process that writes the object, checked against the version it read |
 *
 * @module
 */

import { z } from "zod";
import { EXPORT_FORMATS, KEY_LAYOUTS, type ProfileDay } from "../../data/continuous/object_key.ts";
import type { Staging } from "../budget.ts";

const MEMBERS = "lake_profile_member";
const DIRTY = "lake_profile_dirty";
const DAYS = "lake_profile_day";
const LIST_BATCH = 500;

const memberSchema = z.object({
  v: z.literal(1),
  state: z.enum(["pending", "written", "refused", "leaving"]),
  isInObject: z.boolean(),
  rows: z.number(),
});

/**
 * A device in a day of its profile. `pending`: the object must be written with its readings of now.
 * `written`: that was done after the device's last change. `refused`: it cannot be done, as the source
 * has lost readings that are in the object. `leaving`: the device has no readings on that day any more.
 * `isInObject` says whether only the object has its readings, and `rows` how many it had at least; 0 if
 * all of them are to go.
 */
export type MemberState = z.infer<typeof memberSchema>;

const daySchema = z.object({
  v: z.literal(1),
  forms: z.array(z.object({ layout: z.enum(KEY_LAYOUTS), format: z.enum(EXPORT_FORMATS) })),
  rows: z.number(),
  sizeBytes: z.number(),
  sha256: z.string(),
  revision: z.number(),
  writtenMs: z.number(),
});

/**
 * The object of a day. `forms` are all layouts and formats in which it may exist. `revision` is 1,
 * plus 1 for each time other bytes were written. `writtenMs` is epoch milliseconds; 0 before the first
 * write.
 */
export type ProfileDayRecord = z.infer<typeof daySchema>;

/** A record and the version at which it was read; null if it does not exist. */
export interface ProfileDayEntry {
  /** The record. */
  readonly value: ProfileDayRecord | null;
  /** Its version. */
  readonly versionstamp: string | null;
}

/** A change of a member. */
export interface MemberChange extends ProfileDay {
  /** The new state; the object is outdated from then on. */
  readonly state: "pending" | "leaving";
  /** Whether only the object has the device's readings. */
  readonly isInObject: boolean;
  /** How many readings the device has, or had when it leaves. */
  readonly rows: number;
}

/** A member as it was read. */
export interface StoredMember extends MemberState {
  /** The device. */
  readonly id: string;
  /** The version at which it was read. */
  readonly versionstamp: string;
}

/** A day whose object is outdated. */
export interface DirtyDay extends ProfileDay {
  /** When a member last changed, epoch milliseconds. */
  readonly atMs: number;
  /** The version of that change. */
  readonly versionstamp: string;
}

/** Records in a commit that the readings of a member changed, so that the object is outdated. */
export function stageMember(
  op: Staging,
  id: string,
  { profile, dayMs, nowMs, ...state }: MemberChange & { nowMs: number },
): void {
  op.set([MEMBERS, profile, dayMs, id], { v: 1, ...state });
  op.set([DIRTY, profile, dayMs], { v: 1, atMs: nowMs });
}

/** A member; null if the device is none. */
export async function getMember(
  kv: Pick<Deno.Kv, "get">,
  id: string,
  { profile, dayMs }: ProfileDay,
): Promise<MemberState | null> {
  const { value, versionstamp } = await kv.get([MEMBERS, profile, dayMs, id]);
  return versionstamp === null ? null : memberSchema.parse(value);
}

/** All members of a day in the order of device ids. */
export async function listMembers(
  kv: Pick<Deno.Kv, "list">,
  { profile, dayMs }: ProfileDay,
): Promise<StoredMember[]> {
  return await Array.fromAsync(eachMember(kv, { profile, dayMs }));
}

/** All members of a day in the order of device ids, one by one. */
export async function* eachMember(
  kv: Pick<Deno.Kv, "list">,
  { profile, dayMs }: ProfileDay,
): AsyncGenerator<StoredMember> {
  const prefix = [MEMBERS, profile, dayMs];
  for await (const entry of kv.list({ prefix }, { batchSize: LIST_BATCH })) {
    const { key, value, versionstamp } = entry;
    yield { id: String(key[3]), versionstamp, ...memberSchema.parse(value) };
  }
}

/**
 * Stores the new state of a member, or deletes it (null), unless it changed since it was read. Then the
 * day is outdated again anyway.
 */
export async function settleMember(
  kv: Pick<Deno.Kv, "atomic">,
  { profile, dayMs }: ProfileDay,
  { id, versionstamp, to }: { id: string; versionstamp: string; to: MemberState | null },
): Promise<void> {
  const key = [MEMBERS, profile, dayMs, id];
  const op = kv.atomic().check({ key, versionstamp });
  if (to === null) op.delete(key);
  else op.set(key, to);
  await op.commit();
}

/** The days whose objects are outdated. */
export async function listDirtyDays(kv: Pick<Deno.Kv, "list">): Promise<DirtyDay[]> {
  const days: DirtyDay[] = [];
  const entries = kv.list<{ atMs: number }>({ prefix: [DIRTY] }, { batchSize: LIST_BATCH });
  for await (const { key, value, versionstamp } of entries) {
    const day = { profile: String(key[1]), dayMs: Number(key[2]) };
    days.push({ ...day, atMs: value.atMs, versionstamp });
  }
  return days;
}

/** The first day of a profile whose object is outdated, epoch milliseconds; null if there is none. */
export async function firstDirtyDayMs(
  kv: Pick<Deno.Kv, "list">,
  profile: string,
): Promise<number | null> {
  for await (const { key } of kv.list({ prefix: [DIRTY, profile] }, { limit: 1 })) {
    return Number(key[2]);
  }
  return null;
}

/** All days of all profiles that have a shared object. */
export async function* listProfileDays(kv: Pick<Deno.Kv, "list">): AsyncGenerator<ProfileDay> {
  for await (const { key } of kv.list({ prefix: [DAYS] }, { batchSize: LIST_BATCH })) {
    yield { profile: String(key[1]), dayMs: Number(key[2]) };
  }
}

/** Records that an object is outdated, though no member changed. */
export async function markDirtyDay(
  kv: Pick<Deno.Kv, "atomic">,
  { profile, dayMs }: ProfileDay,
  nowMs: number,
): Promise<void> {
  await kv.atomic().set([DIRTY, profile, dayMs], { v: 1, atMs: nowMs }).commit();
}

/** Makes an outdated object due at once. Does nothing if the day changed since it was read. */
export async function hurryDirtyDay(
  kv: Pick<Deno.Kv, "atomic">,
  { profile, dayMs, atMs, versionstamp }: DirtyDay,
): Promise<void> {
  if (atMs === 0) return;
  const key = [DIRTY, profile, dayMs];
  await kv.atomic().check({ key, versionstamp }).set(key, { v: 1, atMs: 0 }).commit();
}

/** Records that an object is up to date, unless a member changed since the day was read. */
export async function clearDirtyDay(
  kv: Pick<Deno.Kv, "atomic">,
  { profile, dayMs, versionstamp }: DirtyDay,
): Promise<void> {
  const key = [DIRTY, profile, dayMs];
  await kv.atomic().check({ key, versionstamp }).delete(key).commit();
}

/** What was written for a day. */
export async function getProfileDay(
  kv: Pick<Deno.Kv, "get">,
  { profile, dayMs }: ProfileDay,
): Promise<ProfileDayEntry> {
  const { value, versionstamp } = await kv.get([DAYS, profile, dayMs]);
  return { value: versionstamp === null ? null : daySchema.parse(value), versionstamp };
}

/**
 * Replaces what was written for a day (null: deletes it). Returns the new version, or null if another
 * process was faster; then nothing has changed.
 */
export async function moveProfileDay(
  kv: Pick<Deno.Kv, "atomic">,
  { profile, dayMs }: ProfileDay,
  { from, to }: { from: string | null; to: ProfileDayRecord | null },
): Promise<string | null> {
  const key = [DAYS, profile, dayMs];
  const op = kv.atomic().check({ key, versionstamp: from });
  if (to === null) op.delete(key);
  else op.set(key, to);
  const result = await op.commit();
  return result.ok ? result.versionstamp : null;
}
