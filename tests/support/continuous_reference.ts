/**
 * The files that continuous export should have written for batteries, computed in the simplest way:
 * every reading in a map, every file from scratch.
 *
 * @module
 */

/** The values of a reading in the order of the profile; null if missing. */
export type Values = readonly (number | null)[];

const HEADER = "timestamp,device_id,device_type,location,soc_percent,voltage_v,current_a,temp_c," +
  "hour,day_of_week,is_weekend\n";

/** Readings of devices. If a time repeats, the last reading wins. */
export interface ContinuousReference {
  /** Adds a reading. */
  set(deviceId: string, timeMs: number, values: Values): void;
  /** Forgets all readings of a device. */
  clear(deviceId: string): void;
  /** The CSV files, by path, of the windows of a length that end at or before a time. */
  files(lengthMs: number, untilMs: number): Record<string, string>;
}

/** Creates a reference without readings. */
export function createContinuousReference(): ContinuousReference {
  const devices = new Map<string, Map<number, Values>>();
  return {
    set(deviceId, timeMs, values) {
      const readings = devices.get(deviceId) ?? new Map<number, Values>();
      devices.set(deviceId, readings.set(timeMs, values));
    },
    clear: (deviceId) => void devices.delete(deviceId),
    files(lengthMs, untilMs) {
      const files: Record<string, string> = {};
      for (const [id, readings] of devices) {
        for (const timeMs of [...readings.keys()].sort((a, b) => a - b)) {
          const fromMs = timeMs - timeMs % lengthMs;
          if (fromMs + lengthMs > untilMs) continue;
          const path = pathOf(id, fromMs);
          files[path] = (files[path] ?? HEADER) + lineOf(id, timeMs, readings.get(timeMs) ?? []);
        }
      }
      return files;
    },
  };
}

function pathOf(id: string, fromMs: number): string {
  const [day, clock] = new Date(fromMs).toISOString().slice(0, 19).split("T");
  return `device_id=${id}/date=${day.replaceAll("-", "/")}/export_${clock.replaceAll(":", "")}.csv`;
}

function lineOf(id: string, timeMs: number, values: Values): string {
  const date = new Date(timeMs);
  const day = (date.getUTCDay() + 6) % 7;
  const time = date.toISOString().replace(".000Z", "Z");
  const fields = [time, id, "", "", ...values.map((value) => value ?? "")];
  return `${[...fields, date.getUTCHours(), day, day > 4].join(",")}\n`;
}
