/**
 * A folder of exported objects of two profiles, several devices and two days, and what readers must
 * find in it.
 *
 * @module
 */

import { openFolderDestination } from "../../data/continuous/folder_destination.ts";
import { type KeyLayout, objectKey, profileDayKey } from "../../data/continuous/object_key.ts";
import { openWindowEncoder } from "../../data/continuous/window_encoder.ts";
import type { ExportWindow } from "../../data/continuous/rows.ts";
import { PROFILES } from "../../data/readings/profile.ts";
import { never } from "./file_store_box.ts";
import { pageOf, type Row } from "./pages.ts";

const DAY_MS = 86_400_000, HOUR_MS = 3_600_000;
const FROM_MS = Date.UTC(2026, 1, 6);
/** Two days of hours, with a reading every ten minutes. */
const HOURS = 48, READINGS_PER_HOUR = 6;

/** The devices of each profile. */
const DEVICES = { battery: ["B1", "B-2"], appliance: ["D1", "d_2", "D3"] } as const;

/** What a reader must find in the folder of a profile. */
export interface ExpectedProfile {
  /** All readings. */
  readonly rows: number;
  /** Readings by device. */
  readonly devices: Readonly<Record<string, number>>;
  /** Readings by date. */
  readonly dates: Readonly<Record<string, number>>;
  /** The sum of the first metric. */
  readonly sum: number;
  /** Readings that have the third metric. */
  readonly count: number;
}

/**
 * Writes the folder as continuous export does; if `isShared`, with the first day as one object for each
 * profile. Returns what is in it, by profile.
 */
export async function writeExportFolder(
  path: string,
  layout: KeyLayout,
  { isShared = false } = {},
): Promise<Record<string, ExpectedProfile>> {
  const destination = openFolderDestination(path);
  const style = { prefix: "", layout, format: "parquet" } as const;
  const { encode, stream, contentType } = await openWindowEncoder(style);
  const expected: Record<string, ExpectedProfile> = {};
  for (const profile of ["battery", "appliance"] as const) {
    const devices: Record<string, number> = {}, dates: Record<string, number> = {};
    const firstDay: ExportWindow[] = [];
    let sum = 0, count = 0;
    for (const [device, deviceId] of DEVICES[profile].entries()) {
      for (let hour = 0; hour < HOURS; hour++) {
        const fromMs = FROM_MS + hour * HOUR_MS;
        const rows = Array.from({ length: READINGS_PER_HOUR }, (_, index): Row => {
          const first = 300 + device + hour;
          const third = index % 3 === 0 ? "" : "5.5";
          sum += first;
          if (third !== "") count++;
          return [fromMs + index * 600_000, String(first), "1.5", third, ""];
        });
        const parts = [{ page: pageOf(rows, 4), deviceType: null, location: "cellar" }];
        const key = objectKey(style, { deviceId, profile, fromMs });
        const window = { deviceId, profile: PROFILES[profile], parts };
        if (isShared && hour < 24) firstDay.push(window);
        else await destination.put(key, { bytes: encode(window), contentType }, never);
        const date = new Date(fromMs - fromMs % DAY_MS).toISOString().slice(0, 10);
        devices[deviceId] = (devices[deviceId] ?? 0) + rows.length;
        dates[date] = (dates[date] ?? 0) + rows.length;
      }
    }
    if (isShared) {
      const key = profileDayKey(style, { profile, dayMs: FROM_MS });
      const body = ReadableStream.from(stream(ReadableStream.from(joinDevices(firstDay))));
      await destination.putStream(key, { body, contentType }, never);
    }
    expected[profile] = {
      rows: HOURS * READINGS_PER_HOUR * DEVICES[profile].length,
      devices,
      dates,
      sum,
      count,
    };
  }
  // What a killed process leaves.
  await Deno.writeTextFile(`${path}/.unfinished/killed.part`, "PAR1");
  return expected;
}

/** The windows of each device as one. */
function joinDevices(windows: readonly ExportWindow[]): ExportWindow[] {
  const ids = [...new Set(windows.map(({ deviceId }) => deviceId))].toSorted();
  return ids.map((id) => {
    const own = windows.filter(({ deviceId }) => deviceId === id);
    return { ...own[0], parts: own.flatMap(({ parts }) => parts) };
  });
}
