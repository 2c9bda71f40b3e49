/**
 * How far the readings of a device may expire without harm to its continuous export.
 *
 * | from | to | when |
 * |---|---|---|
 * | — | frozen | everything before a time is exported, with all that changed: `keptFromMs` of the checkpoint is that time. From here on passes leave the objects before it alone |
 * | frozen | expiring | {@link FREEZE_MS} later: passes that had begun before have ended |
 *
 * Without the pause, a pass could write a window again from readings of which some are gone already.
 * Its commit would fail, but the object would be overwritten.
 *
 * @module
 */

import { dayStartMs } from "../../data/limits.ts";
import type { Span } from "../../data/readings/page.ts";
import {
  type ExportCheckpoint,
  getExportCheckpoint,
  moveExportCheckpoint,
} from "../../kv/continuous/checkpoints.ts";
import { getExportControls, waitingErasures } from "../../kv/continuous/controls.ts";
import { listManifestDays } from "../../kv/continuous/manifests.ts";
import { firstDirtyDayMs, getMember } from "../../kv/continuous/profile_days.ts";
import { getDevice } from "../../kv/devices/devices.ts";
import type { SeriesRef } from "../../kv/series/ref.ts";
import type { ChangedDevices } from "./changed_devices.ts";

/** How long after freezing readings may expire, milliseconds. Longer than any pass over a device. */
export const FREEZE_MS = 900_000;

/** What the gate needs. */
export interface ExpiryGateDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list" | "atomic">;
  /** What changed in the service's own store. */
  readonly changes: ChangedDevices;
  /** What is exported. `influx` is null if the service's own readings are. */
  readonly continuous: {
    readonly isOn: boolean;
    readonly isCompacting: boolean;
    readonly isSharing: boolean;
    readonly deviceIds: readonly string[];
    readonly influx: unknown;
  };
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** Says up to which time readings of a series may expire now, epoch milliseconds. */
export type ExpiryGate = (ref: SeriesRef, wantedMs: number) => Promise<number>;

/** The gate. It never returns more than what is wanted. */
export function createExpiryGate(deps: ExpiryGateDeps): ExpiryGate {
  const { kv, continuous, now } = deps;
  return async ({ profile, id }, wantedMs) => {
    if (continuous.influx !== null) return wantedMs;
    const device = await getDevice(kv, id);
    // Meters, stores, and what has the id but is no device.
    if (device === null || device.value.profile !== profile) return wantedMs;
    const isExported = continuous.isOn &&
      (continuous.deviceIds.length === 0 || continuous.deviceIds.includes(id));
    const entry = await getExportCheckpoint(kv, id);
    if (entry === null) return isExported ? 0 : wantedMs;
    const { value: checkpoint, versionstamp } = entry;
    const { keptFromMs = 0, keptSinceMs = 0 } = checkpoint;
    // A clock that was set back waits again, rather than not at all.
    const isRipe = now() - keptSinceMs >= FREEZE_MS;
    const rewrittenMs = await rewrittenFromMs(kv, { profile, id });
    const safeMs = isExported ? await exportedMs(deps, id, checkpoint) : wantedMs;
    const endMs = Math.min(wantedMs, safeMs, rewrittenMs);
    const nextMs = isExported && endMs > keptFromMs && isRipe
      ? await refusedMs(kv, { profile, id }, { fromMs: keptFromMs, toMs: endMs }) ?? endMs
      : endMs;
    if (nextMs > keptFromMs && isRipe) {
      const to = { ...checkpoint, keptFromMs: nextMs, keptSinceMs: now() };
      // If the device is being exported right now, the next round tries again.
      await moveExportCheckpoint(kv, id, { from: versionstamp, to });
    }
    // An object may have become outdated since the time was frozen.
    return isRipe ? Math.min(wantedMs, keptFromMs, rewrittenMs) : 0;
  };
}

/** The start of the UTC day before which everything is exported for good, epoch milliseconds. */
async function exportedMs(
  { kv, changes, continuous }: ExpiryGateDeps,
  id: string,
  checkpoint: ExportCheckpoint,
): Promise<number> {
  const { nextMs, compactedMs, compactingMs, sharedMs, sharingMs } = checkpoint;
  if (nextMs === null) return 0;
  const isBetweenObjects = (sharingMs ?? 0) > (sharedMs ?? 0);
  const ends = [
    nextMs,
    compactingMs ?? Infinity,
    continuous.isCompacting ? compactedMs ?? 0 : Infinity,
    continuous.isSharing || isBetweenObjects ? sharedMs ?? 0 : Infinity,
    ...await changedDays(changes, id, checkpoint),
    ...(await getExportControls(kv, id)).replays.map(({ fromMs }) => fromMs),
  ];
  return dayStartMs(Math.max(0, Math.min(...ends)));
}

/**
 * The start of the first UTC day whose readings are needed to write an object again: one that devices
 * share and that is outdated, or one out of which a job has readings erased. Infinity if there is none.
 */
async function rewrittenFromMs(
  kv: ExpiryGateDeps["kv"],
  { profile, id }: SeriesRef,
): Promise<number> {
  const erasures = waitingErasures(await getExportControls(kv, id));
  const dirtyMs = await firstDirtyDayMs(kv, profile) ?? Infinity;
  return Math.min(dirtyMs, ...erasures.map(({ fromMs }) => dayStartMs(fromMs)));
}

/**
 * The first day with readings of the device that are not in its shared object, which cannot be written
 * again; null if there is none. They are nowhere else, so they stay.
 */
async function refusedMs(
  kv: ExpiryGateDeps["kv"],
  { profile, id }: SeriesRef,
  span: Span,
): Promise<number | null> {
  for (const dayMs of await listManifestDays(kv, id, span)) {
    const member = await getMember(kv, id, { profile, dayMs });
    if (member?.state === "refused" && member.isInObject) return dayMs;
  }
  return null;
}

/** The first day that changed since it was exported, if any did. */
async function changedDays(
  changes: ChangedDevices,
  id: string,
  { revision, seenVersion, keptFromMs = 0 }: ExportCheckpoint,
): Promise<number[]> {
  if ((await changes.position(id)).revision === revision) return [];
  // What came late into days that are frozen is never exported.
  const days = (await changes.daysAfter(id, seenVersion)).filter((dayMs) => dayMs >= keptFromMs);
  return days.slice(0, 1);
}
