/**
 * Days of a battery that are compacted: its readings, its rounds, and the files it should have.
 *
 * @module
 */

import type { ShardDutyDeps } from "../../jobs/continuous/shard_duty.ts";
import { type ContinuousReference, createContinuousReference } from "./continuous_reference.ts";
import { type ContinuousRig, openContinuousRig } from "./continuous_rig.ts";

const HOUR_MS = 3_600_000, DAY_MS = 86_400_000;
/** The series of the battery. */
export const BATTERY = { profile: "battery", id: "D1" } as const;
/** Compacts a day that has been over for two hours. */
export const COMPACT = { isCompacting: true, isSharing: false, lookbackMs: 2 * HOUR_MS } as const;

/** The same, and shares the day with all devices of the profile. */
export const SHARE = { ...COMPACT, isSharing: true } as const;

/** Readings whose current is `tenths`. */
export type TenthsReadings = readonly (readonly [timeMs: number, tenths: number])[];

/** A rig with windows of an hour, and devices that all have the same readings. */
export async function openWrittenRig(
  startMs: number,
  { ids, readings }: { ids: readonly string[]; readings: TenthsReadings },
): Promise<{ rig: ContinuousRig; reference: ContinuousReference }> {
  const rig = await openContinuousRig(HOUR_MS, startMs);
  const reference = createContinuousReference();
  for (const id of ids) {
    await rig.addDevice(id);
    await writeBattery(rig, reference, readings, id);
  }
  return { rig, reference };
}

/** Writes readings whose current is `tenths`, to the store and the reference. */
export async function writeBattery(
  { series }: ContinuousRig,
  reference: ContinuousReference,
  readings: TenthsReadings,
  id = BATTERY.id as string,
): Promise<void> {
  const column = (values: number[], scale: number) => ({
    scale,
    values: Float64Array.from(values),
  });
  const sorted = readings.toSorted(([a], [b]) => a - b);
  await series.write({ profile: "battery", id }, {
    timesMs: Float64Array.from(sorted, ([timeMs]) => timeMs),
    columns: [
      column(sorted.map(() => 50), 0),
      column(sorted.map(() => 3_005), 1),
      column(sorted.map(([, tenths]) => tenths), 1),
      column(sorted.map(() => NaN), 0),
    ],
  });
  for (const [timeMs, tenths] of sorted) {
    reference.set(id, timeMs, [50, 300.5, tenths / 10, null]);
  }
}

/** Rounds until nothing is left to do, each after more than any back-off. */
export async function finishRounds(
  rig: ContinuousRig,
  changes: Partial<ShardDutyDeps>,
): Promise<void> {
  const duties = await rig.startDuties(changes);
  for (let round = 0; round < 4; round++) {
    rig.clock.nowMs += 120_000;
    await rig.round(duties);
  }
}

/** Files of whole days before `untilMs`, and of windows of an hour from then on. */
export function compactedFiles(
  reference: ContinuousReference,
  untilMs: number,
  endMs: number,
): Record<string, string> {
  const hours = Object.entries(reference.files(HOUR_MS, endMs))
    .filter(([path]) => dayOf(path) >= untilMs);
  return { ...reference.files(DAY_MS, untilMs), ...Object.fromEntries(hours) };
}

/**
 * Files that devices share for the days before `untilMs`, in the order of their ids, and windows of an
 * hour from then on. Only those of the device `onlyId`, if it is given.
 */
export function sharedFiles(
  reference: ContinuousReference,
  untilMs: number,
  endMs: number,
  onlyId?: string,
): Record<string, string> {
  const files: Record<string, string> = {};
  const found = Object.entries(compactedFiles(reference, untilMs, endMs));
  for (const [path, text] of found.toSorted(([a], [b]) => a < b ? -1 : 1)) {
    if (onlyId !== undefined && !path.startsWith(`device_id=${onlyId}/`)) continue;
    if (dayOf(path) >= untilMs) {
      files[path] = text;
      continue;
    }
    const day = path.replace(/^.*(date=.*)\/.*$/, "profile=battery/$1/day.csv");
    files[day] = day in files ? files[day] + text.slice(text.indexOf("\n") + 1) : text;
  }
  return files;
}

function dayOf(path: string): number {
  const [, year, month, day] = /date=(\d+)\/(\d+)\/(\d+)/.exec(path) ?? [];
  return Date.UTC(Number(year), Number(month) - 1, Number(day));
}
