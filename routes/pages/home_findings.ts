/**
 * What of the overview needs attention, and how much.
 *
 * @module
 */

import type { Overview } from "../overview/schemas.ts";
import type { TextKey } from "./texts/en.ts";

/** How bad something is. */
export type Level = "good" | "warn" | "bad";

/** Something that needs attention. */
export interface Finding {
  /** How bad it is. */
  readonly level: Level;
  /** The text that says so, with the place `count`. */
  readonly text: TextKey;
  /** How many. */
  readonly count: number;
  /** The tile that shows more. */
  readonly tile: string;
}

/** Below this share of the disk it is getting full, and below the other it is full soon. */
const DISK_LOW = 0.1, DISK_FULL = 0.03;

/** Everything that needs attention, the worst first. */
export function findingsOf(overview: Overview): Finding[] {
  const { devices, stores, meters, jobs, continuous_exports: continuous, alerts } = overview;
  const { disk, file_room: files } = overview;
  const lagging = (continuous?.lagging ?? 0) - (continuous?.failing ?? 0);
  const all: Finding[] = [
    { level: "bad", text: "home.alerts.firing", count: alerts?.firing ?? 0, tile: "alerts" },
    { level: "bad", text: "home.stores.down", count: stores?.down ?? 0, tile: "stores" },
    { level: "bad", text: "home.devices.offline", count: devices?.offline ?? 0, tile: "devices" },
    { level: "bad", text: "home.jobs.failed", count: jobs?.failed ?? 0, tile: "jobs" },
    {
      level: "bad",
      text: "home.continuous.failing",
      count: continuous?.failing ?? 0,
      tile: "continuous",
    },
    { level: diskLevel(disk), text: "home.disk.low", count: isDiskLow(disk) ? 1 : 0, tile: "disk" },
    {
      level: diskLevel(files),
      text: "home.files.low",
      count: isDiskLow(files) ? 1 : 0,
      tile: "files",
    },
    { level: "warn", text: "home.continuous.lagging", count: lagging, tile: "continuous" },
    { level: "warn", text: "home.meters.late", count: meters?.late ?? 0, tile: "meters" },
    { level: "warn", text: "home.stores.unknown", count: stores?.unknown ?? 0, tile: "stores" },
  ];
  return all.filter(({ count }) => count > 0);
}

/** How bad a tile is: as bad as the worst that it shows. */
export function levelOf(findings: readonly Finding[], tile?: string): Level {
  const levels = findings.filter((one) => tile === undefined || one.tile === tile)
    .map(({ level }) => level);
  return levels.includes("bad") ? "bad" : levels.includes("warn") ? "warn" : "good";
}

/** How full a disk is. */
export function diskLevel(disk: Overview["disk"]): Level {
  const share = diskShare(disk);
  return share < DISK_FULL ? "bad" : share < DISK_LOW ? "warn" : "good";
}

function isDiskLow(disk: Overview["disk"]): boolean {
  return diskLevel(disk) !== "good";
}

function diskShare(disk: Overview["disk"]): number {
  return disk === null || disk.total_bytes === 0 ? 1 : disk.free_bytes / disk.total_bytes;
}

/** Whether there is nothing yet: no meter, device or store. */
export function isEmpty({ devices, stores, meters }: Overview): boolean {
  if (devices === null || stores === null || meters === null) return false;
  return devices.total + stores.total + meters.total === 0;
}
