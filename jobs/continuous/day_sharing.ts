/**
 * Sharing: replaces a device's objects of whole days by those that all devices of its profile share,
 * so that there is one file per profile and day.
 *
 * | step | who | what |
 * |---|---|---|
 * | 1 | this device | becomes a member of the day, in the commit that moves `sharingMs` past it |
 * | 2 | `profile_day_duty.ts` | puts the shared object with the readings of all members, then marks them as written |
 * | 3 | this device | deletes its own object, then records that the window is shared |
 * | 4 | this device | `sharedMs` moves past the day |
 *
 * A change of the readings between 1 and 3 is written to the device's own object and makes the member
 * pending again, so step 3 waits for an object that has the change. After step 3 a change only makes the
 * member pending. Whenever a process dies, its step is done again: a reader never misses a reading, and
 * before `sharedMs` it finds each one once.
 *
 * @module
 */

import { isWholeDay } from "./shared_windows.ts";
import { possibleKeys } from "../../data/continuous/object_key.ts";
import type { WrittenWindow } from "../../data/continuous/manifest.ts";
import { windowAt } from "../../data/continuous/window.ts";
import { DAY_MS, dayStartMs } from "../../data/limits.ts";
import { firstManifestMs } from "../../kv/continuous/manifests.ts";
import { getMember } from "../../kv/continuous/profile_days.ts";
import type { CheckpointSession } from "./checkpoint_session.ts";
import type { PassLimits } from "./window_writer.ts";
import type { WriteQueueDeps } from "./write_queue.ts";

/** Days per commit. */
const DAYS_A_COMMIT = 31;

/** What sharing needs. */
export interface SharingDeps extends Omit<WriteQueueDeps, "encoder"> {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list">;
  /** Whether to share more days. Days whose sharing has begun are finished in any case. */
  readonly isSharing: boolean;
}

/**
 * Shares the compacted days. Returns whether there is nothing left to do in this pass; days may wait for
 * the shared object.
 */
export async function shareDays(
  deps: SharingDeps,
  session: CheckpointSession,
  { deviceId, ...limits }: { deviceId: string } & PassLimits,
): Promise<boolean> {
  if (deps.isSharing && !await joinDays(deps, session, { deviceId, ...limits })) return false;
  const { sharedMs, sharingMs } = session.checkpoint();
  let doneMs = sharedMs ?? 0;
  for (let atMs = doneMs; atMs < (sharingMs ?? 0);) {
    const span = await nextDays(deps, { deviceId, fromMs: atMs, toMs: sharingMs ?? 0 });
    const firstMs = await leaveOwnObjects(deps, session, { deviceId, span, ...limits });
    // Moves on only to the first day that waits.
    if (doneMs === atMs) doneMs = firstMs ?? span.toMs;
    atMs = span.toMs;
    if (doneMs > (session.checkpoint().sharedMs ?? 0)) session.update({ sharedMs: doneMs });
    await session.commit();
    if (limits.isTimeUp()) return false;
  }
  return true;
}

/** Makes the device a member of all compacted days that it is no member of yet. */
async function joinDays(
  deps: SharingDeps,
  session: CheckpointSession,
  { deviceId, isTimeUp }: { deviceId: string } & PassLimits,
): Promise<boolean> {
  const { compactedMs, nextMs, sharedMs, plan, keptFromMs = 0 } = session.checkpoint();
  const endMs = dayStartMs(Math.max(0, Math.min(compactedMs ?? 0, nextMs ?? 0)));
  for (;;) {
    // Days whose readings may have expired keep the device's own objects.
    const atMs = Math.max(session.checkpoint().sharingMs ?? sharedMs ?? 0, keptFromMs);
    if (atMs >= endMs) return true;
    const span = await nextDays(deps, { deviceId, fromMs: atMs, toMs: endMs });
    for (const { fromMs, rows, object } of await session.loadWindows(span)) {
      // Version 0.5 did not record the profile; a replay does.
      if (object === null || !isWholeDay(windowAt(plan, fromMs))) continue;
      const { profile, isShared = false } = object;
      const change = { profile, dayMs: fromMs, rows, isInObject: isShared };
      session.recordMember({ ...change, state: "pending" }, deps.now());
    }
    session.update({ sharingMs: span.toMs });
    await session.commit();
    if (isTimeUp()) return false;
  }
}

/** A month from the first day that has an object, or the rest of the span. */
async function nextDays(
  { kv }: SharingDeps,
  { deviceId, fromMs, toMs }: { deviceId: string; fromMs: number; toMs: number },
): Promise<{ fromMs: number; toMs: number }> {
  const firstMs = await firstManifestMs(kv, deviceId, { fromMs, toMs });
  if (firstMs === null) return { fromMs, toMs };
  return { fromMs, toMs: Math.min(dayStartMs(firstMs) + DAYS_A_COMMIT * DAY_MS, toMs) };
}

/**
 * Deletes the device's own objects of the days whose shared object has its readings. Returns the first
 * day that waits; null if none does.
 */
async function leaveOwnObjects(
  { kv, destination, style }: SharingDeps,
  session: CheckpointSession,
  { deviceId, span, signal, isTimeUp }: {
    deviceId: string;
    span: { fromMs: number; toMs: number };
  } & PassLimits,
): Promise<number | null> {
  let firstMs: number | null = null;
  const { plan } = session.checkpoint();
  for (const written of await session.loadWindows(span)) {
    const { fromMs, object } = written;
    if (object === null || object.isShared || !isWholeDay(windowAt(plan, fromMs))) continue;
    const { profile } = object;
    const member = await getMember(kv, deviceId, { profile, dayMs: fromMs });
    // A refused day keeps its own object.
    if (member === null || member.state === "refused") continue;
    if (member.state !== "written" || isTimeUp()) {
      firstMs ??= fromMs;
      continue;
    }
    for (const key of possibleKeys(style, { deviceId, fromMs }, object)) {
      await destination.remove(key, signal);
    }
    session.recordWindow(fromMs, shared(written));
  }
  return firstMs;
}

function shared(written: WrittenWindow): WrittenWindow {
  const { object } = written;
  return object === null ? written : { ...written, object: { ...object, isShared: true } };
}
