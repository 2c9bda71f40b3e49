/**
 * Erasing: makes sure that no object has readings which a job has deleted.
 *
 * The process that exports the device does it, as nobody else may write the device's objects at the
 * same time. The readings are gone by now, so windows are compared with the source as ever: those that
 * lost readings are written again or deleted, those of shared days make the day outdated. A source that
 * may lose readings cannot tell which ones were deleted, so with such a source nothing is erased.
 *
 * A pass that was killed may have left objects that no manifest counts. As long as their readings
 * exist, a later pass writes them again under the same keys. Once their readings are deleted, nothing
 * else would find them, so the folders of the days are listed, and every window of the device that no
 * manifest counts is deleted.
 *
 * Windows that cannot be written again without losing other readings stay as they are
 * (`kept_windows.ts`). All others are done, and then the erasure is refused.
 *
 * How far it came is stored with the erasure. Whenever the process dies, the rest is done again.
 *
 * @module
 */

import type { WrittenWindow } from "../../data/continuous/manifest.ts";
import {
  dayFolder,
  type KeyStyle,
  possibleKeys,
  windowStartMs,
} from "../../data/continuous/object_key.ts";
import { wholeWindows } from "../../data/continuous/spans.ts";
import { DAY_MS, dayStartMs } from "../../data/limits.ts";
import type { Span } from "../../data/readings/page.ts";
import { type Erasure, moveErasure } from "../../kv/continuous/controls.ts";
import { listManifestDays } from "../../kv/continuous/manifests.ts";
import type { ChangedDevices } from "./changed_devices.ts";
import type { CheckpointSession } from "./checkpoint_session.ts";
import { endErasure } from "./erasure_ends.ts";
import { isFromElsewhere, keptWindows } from "./kept_windows.ts";
import { type PassLimits, type WindowWriterDeps, writeWindows } from "./window_writer.ts";

/** Days that are handled at a time: as many manifests of minutes as fit in memory. */
const DAYS_AT_ONCE = 31;
/** Folders that are listed at the same time. */
const LISTS_AT_ONCE = 8;

/** What erasing needs. */
export interface EraseDeps extends WindowWriterDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list" | "atomic">;
  /** What changed in the service's own store; null if the source cannot say. */
  readonly changes: Pick<ChangedDevices, "daysAfter" | "profilesOf"> | null;
}

/** What to erase. */
interface ErasedDevice {
  readonly deviceId: string;
  readonly erasure: Erasure;
}

/** Carries out an erasure. Returns whether it is done; if not, the next pass continues. */
export async function eraseObjects(
  deps: EraseDeps,
  session: CheckpointSession,
  { deviceId, erasure, ...limits }: ErasedDevice & PassLimits,
): Promise<boolean> {
  const { kv } = deps;
  const { jobId } = erasure;
  // Such a source may have forgotten what must stay, and may still have what must go.
  if (!deps.isSourceComplete || isFromElsewhere(session.checkpoint())) {
    await endErasure(kv, deviceId, { ...erasure, state: "refused" });
    return true;
  }
  const days = await daysOf(deps, session, { deviceId, erasure });
  let now: Erasure = { ...erasure, days: Math.max(erasure.days, erasure.daysDone + days.length) };
  for (let at = 0; at < days.length; at += DAYS_AT_ONCE) {
    const some = days.slice(at, at + DAYS_AT_ONCE);
    const span = { fromMs: some[0], toMs: some[some.length - 1] + DAY_MS };
    const kept = await keptWindows(deps, session, { deviceId, erasure: now, days: some });
    const counted = await eraseDays(deps, session, {
      deviceId,
      erasure: now,
      span,
      kept,
      ...limits,
    });
    now = { ...now, deleted: now.deleted + counted.deleted };
    now = { ...now, rewritten: now.rewritten + counted.rewritten };
    now = { ...now, isKept: now.isKept || kept.length > 0 };
    if (counted.isDone) {
      await eraseStrays(deps, session, { deviceId, erasure: now, days: some, ...limits });
      now = { ...now, reachedMs: span.toMs, daysDone: now.daysDone + some.length };
    }
    await moveErasure(kv, deviceId, { jobId, to: now });
    if (!counted.isDone || limits.isTimeUp()) return false;
  }
  await endErasure(kv, deviceId, { ...now, state: now.isKept ? "refused" : "done" });
  return true;
}

/** The days of the span that may have objects and are not done yet, ascending. */
async function daysOf(
  { kv, changes }: EraseDeps,
  session: CheckpointSession,
  { deviceId, erasure }: ErasedDevice,
): Promise<number[]> {
  const whole = wholeWindows(session.checkpoint().plan, erasure);
  const fromMs = Math.max(whole.fromMs, erasure.reachedMs);
  const span = { fromMs: dayStartMs(fromMs), toMs: whole.toMs };
  const manifests = await listManifestDays(kv, deviceId, span);
  const changed = await changes?.daysAfter(deviceId, "") ?? [];
  return [...new Set([...manifests, ...changed])]
    .filter((dayMs) => dayMs + DAY_MS > fromMs && dayMs < whole.toMs)
    .sort((a, b) => a - b);
}

/** Brings the windows of some days in line with the source, but for those that are kept. */
async function eraseDays(
  deps: EraseDeps,
  session: CheckpointSession,
  { deviceId, erasure, span, kept, ...limits }: ErasedDevice & PassLimits & {
    span: Span;
    kept: readonly Span[];
  },
): Promise<{ deleted: number; rewritten: number; isDone: boolean }> {
  const { plan, nextMs, totals: before } = session.checkpoint();
  const whole = wholeWindows(plan, erasure);
  const fromMs = Math.max(span.fromMs, whole.fromMs);
  const toMs = Math.min(span.toMs, whole.toMs, nextMs ?? -Infinity);
  let shared = 0, isDone = true;
  const counting: CheckpointSession = {
    ...session,
    recordMember(change) {
      if (change.isInObject && change.state === "pending") shared++;
      // As if it had changed long ago: the shared object is written at once.
      session.recordMember(change, 0);
    },
  };
  for (const part of partsWithout({ fromMs, toMs }, kept)) {
    const batch = { deviceId, span: part, isForced: false, ...limits };
    isDone = (await writeWindows(deps, counting, batch)).doneMs >= part.toMs;
    if (!isDone) break;
  }
  await session.commit();
  const { totals } = session.checkpoint();
  return {
    deleted: totals.deletions - before.deletions,
    rewritten: totals.rewrites - before.rewrites + shared,
    isDone,
  };
}

/** The parts of a span without some others, which are ascending. */
function partsWithout({ fromMs, toMs }: Span, others: readonly Span[]): Span[] {
  const starts = [fromMs, ...others.map((other) => Math.max(fromMs, other.toMs))];
  const ends = [...others.map((other) => Math.min(toMs, other.fromMs)), toMs];
  return starts.map((startMs, index) => ({ fromMs: startMs, toMs: ends[index] }))
    .filter((part) => part.fromMs < part.toMs);
}

/** Deletes the windows of some days that no manifest counts. */
async function eraseStrays(
  deps: EraseDeps,
  session: CheckpointSession,
  { deviceId, erasure, days, signal }: ErasedDevice & { days: readonly number[] } & PassLimits,
): Promise<void> {
  const { destination, style } = deps;
  const whole = wholeWindows(session.checkpoint().plan, erasure);
  const span = { fromMs: days[0], toMs: days[days.length - 1] + DAY_MS };
  const windows = await session.loadWindows(span);
  const counted = new Set(
    windows.flatMap(({ fromMs, object }) => possibleKeys(style, { deviceId, fromMs }, object)),
  );
  const folders = foldersOf(days, {
    deviceId,
    style,
    places: await placesOf(deps, deviceId, windows),
  });
  for (let at = 0; at < folders.length; at += LISTS_AT_ONCE) {
    await Promise.all(
      folders.slice(at, at + LISTS_AT_ONCE).map(async ({ path, layout, dayMs }) => {
        const strays: string[] = [];
        for await (const key of destination.list(path, signal)) {
          const startMs = windowStartMs(key, { layout, deviceId, dayMs });
          const isInside = startMs !== null && startMs >= whole.fromMs && startMs < whole.toMs;
          if (isInside && !counted.has(key)) strays.push(key);
        }
        for (const key of strays) await destination.remove(key, signal);
      }),
    );
  }
}

/** How windows may be named. */
type Place = Pick<KeyStyle, "layout"> & { readonly profile: string };

/** The layouts and profiles in which a pass may have written windows that no manifest counts. */
async function placesOf(
  { style: { layout }, changes }: EraseDeps,
  deviceId: string,
  windows: readonly WrittenWindow[],
): Promise<Place[]> {
  const profiles = await changes?.profilesOf(deviceId) ?? [];
  return [
    ...profiles.map((profile) => ({ layout, profile })),
    ...windows.flatMap(({ object }) =>
      object === null
        ? [{ layout, profile: "" }]
        : [{ layout: object.layout, profile: object.profile }, { layout, profile: object.profile }]
    ),
  ];
}

/** Every folder once in which windows of some days may be. */
function foldersOf(
  days: readonly number[],
  { deviceId, style, places }: { deviceId: string; style: KeyStyle; places: readonly Place[] },
): { path: string; layout: KeyStyle["layout"]; dayMs: number }[] {
  const unique = new Map(places.map((place) => [`${place.layout}/${place.profile}`, place]));
  const folders = days.flatMap((dayMs) =>
    [...unique.values()].map(({ layout, profile }) => {
      const path = dayFolder({ ...style, layout }, { deviceId, dayMs, profile });
      return [path, { path, layout, dayMs }] as const;
    })
  );
  return [...new Map(folders).values()];
}
