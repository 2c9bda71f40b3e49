/**
 * The meters, devices and stores that a deletion finds, and how each of them is deleted.
 *
 * @module
 */

import type { Span } from "../../data/readings/page.ts";
import { deleteDevice, type DeleteDeviceDeps } from "../../kv/devices/delete.ts";
import { getDevice } from "../../kv/devices/devices.ts";
import { deleteMeter } from "../../kv/meters/delete.ts";
import { getMeter, PLAIN_METER } from "../../kv/meters/meters.ts";
import type { SeriesRef } from "../../kv/series/ref.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import { deleteStoreSettings } from "../../kv/stores/delete.ts";
import type { Subject } from "./deletion_contract.ts";

/** What deleting needs. */
export interface TargetDeps extends Omit<DeleteDeviceDeps, "series"> {
  /** The readings. */
  readonly series: Pick<
    SeriesStore,
    "describe" | "count" | "fold" | "remove" | "removeSpan"
  >;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** Something to delete. */
export interface Target {
  /** What it is. */
  readonly subject: Subject;
  /** Its series. */
  readonly ref: SeriesRef;
  /** When a device was created, epoch milliseconds: one created later is another one. */
  readonly createdMs?: number;
}

/** How to delete. */
export interface RemovalOptions {
  /** The span of the readings; null if all goes. */
  readonly span: Span | null;
  /** Ends a removal of a span between two commits. The removal of a whole series is not cut off. */
  readonly signal: AbortSignal;
  /** Called again and again with the number of readings that were deleted since the last call. */
  readonly onRemoved: (count: number) => void;
}

/** The targets with some ids, as they are now. Devices that were created since are left out. */
export async function findTargets(
  kv: Pick<Deno.Kv, "get">,
  { subject, ids, sinceMs }: { subject: Subject; ids: readonly string[]; sinceMs: number },
): Promise<Target[]> {
  const targets: Target[] = [];
  for (const id of ids) {
    if (subject === "store") targets.push({ subject, ref: { profile: "site", id } });
    else if (subject === "meter") {
      const { profile } = (await getMeter(kv, id))?.value ?? PLAIN_METER;
      targets.push({ subject, ref: { profile, id } });
    } else {
      const device = (await getDevice(kv, id))?.value;
      if (device === undefined || device.createdMs > sinceMs) continue;
      const { profile, createdMs } = device;
      targets.push({ subject, ref: { profile, id }, createdMs });
    }
  }
  return targets;
}

/** How many readings a deletion would delete now. Folds live readings first, so that it is exact. */
export async function countTarget(
  { series }: Pick<TargetDeps, "series">,
  { ref }: Target,
  span: Span | null,
): Promise<number> {
  await series.fold(ref);
  if (span === null) return (await series.describe(ref))?.count ?? 0;
  return (await series.count(ref, span)).count;
}

/** Deletes a target, or its readings of a span. A deletion that was interrupted is completed. */
export async function removeTarget(
  deps: TargetDeps,
  { subject, ref, createdMs }: Target,
  { span, signal, onRemoved }: RemovalOptions,
): Promise<void> {
  const { kv, series } = deps;
  if (span !== null) {
    await series.removeSpan(ref, span, { signal, onRemoved });
  } else if (subject === "meter") {
    await deleteMeter({ kv, series }, { ...ref, onRemoved });
  } else if (subject === "store") {
    await series.remove(ref, { onRemoved });
    await deleteStoreSettings(kv, ref.id);
  } else if (createdMs !== undefined) {
    await deleteDevice(deps, { ...ref, createdMs, nowMs: deps.now(), onRemoved });
  }
}
