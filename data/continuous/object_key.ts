/**
 * The keys of exported objects. A key depends only on the device, its profile and the start of the
 * window, so that a retry overwrites the first try.
 *
 * @module
 */

import { DEVICE_ID_PATTERN, DEVICE_ID_RULE, END_OF_TIME_MS } from "../limits.ts";

/** The formats of exported files; also the extension of their keys. */
export const EXPORT_FORMATS = ["parquet", "csv"] as const;
/**
 * The layouts of keys: `device_id=D1/date=2026/02/07/…`, or the partitions that query engines expect,
 * `profile=battery/date=2026-02-07/device_id=D1/…`.
 */
export const EXPORT_LAYOUTS = ["plain", "hive"] as const;
/**
 * All layouts of keys. `hive-by-profile` is the hive layout of windows whose days become one object a
 * profile, `profile=battery/date=2026-02-07/export_120000_D1.parquet`: query engines require that all
 * files of a table have the same partitions, and the object of a day has no device in its path.
 */
export const KEY_LAYOUTS = [...EXPORT_LAYOUTS, "hive-by-profile"] as const;
/** What keys start with after the prefix, in any layout. */
export const KEY_STARTS = ["device_id=", "profile="] as const;

/** One of {@link EXPORT_FORMATS}. */
export type ExportFormat = typeof EXPORT_FORMATS[number];
/** One of {@link EXPORT_LAYOUTS}. */
export type ExportLayout = typeof EXPORT_LAYOUTS[number];

/** One of {@link KEY_LAYOUTS}. */
export type KeyLayout = typeof KEY_LAYOUTS[number];

/** How keys are built. */
export interface KeyStyle {
  /** What every key starts with, without a `/` at its end; may be "". */
  readonly prefix: string;
  /** The layout. */
  readonly layout: KeyLayout;
  /** The format of the files. */
  readonly format: ExportFormat;
}

/** The window of an object. */
export interface KeyedWindow {
  /** The device. */
  readonly deviceId: string;
  /** Start of the window, epoch milliseconds, whole seconds. */
  readonly fromMs: number;
}

/** How an object was written. */
export interface ObjectForm {
  /** The layout of its key. */
  readonly layout: KeyLayout;
  /** The format of its file. */
  readonly format: ExportFormat;
  /** The profile of its readings, by name. */
  readonly profile: string;
  /**
   * Whether the window has no object of its own, as its readings are in the object that all devices
   * of the profile share for the day.
   */
  readonly isShared?: boolean;
}

/** The day of an object that all devices of a profile share. */
export interface ProfileDay {
  /** The profile. */
  readonly profile: string;
  /** First moment of the UTC day, epoch milliseconds. */
  readonly dayMs: number;
}

/**
 * The key of a window's object. Date and time are those of the start of the window, in UTC:
 * `telemetry/device_id=D1/date=2026/02/07/export_120000.parquet`, or in the hive layout
 * `telemetry/profile=battery/date=2026-02-07/device_id=D1/export_120000.parquet`.
 *
 * @throws {RangeError} for an invalid device id, as it could lead out of its folder, and for a start
 * that is not a whole second of the years 1970 to 9999.
 */
export function objectKey(
  { prefix, layout, format }: KeyStyle,
  { profile, ...window }: KeyedWindow & Pick<ObjectForm, "profile">,
): string {
  const { device, date, file } = keyParts(window, format);
  if (layout === "plain") {
    return joined(prefix, [device, `date=${date.replaceAll("-", "/")}`, file]);
  }
  const folders = [`profile=${profile}`, `date=${date}`];
  if (layout === "hive") return joined(prefix, [...folders, device, file]);
  const [start] = file.split(".");
  return joined(prefix, [...folders, `${start}_${pathId(window.deviceId)}.${format}`]);
}

/**
 * The key of the object that all devices of a profile share for a day:
 * `telemetry/profile=battery/date=2026/02/07/day.parquet`, or in the hive layouts
 * `telemetry/profile=battery/date=2026-02-07/day.parquet`. No window has such a name.
 *
 * @throws {RangeError} for a day that is not one of the years 1970 to 9999.
 */
export function profileDayKey(
  { prefix, layout, format }: KeyStyle,
  { profile, dayMs }: ProfileDay,
): string {
  const [date] = startText(dayMs).split("T");
  const day = layout === "plain" ? date.replaceAll("-", "/") : date;
  return joined(prefix, [`profile=${profile}`, `date=${day}`, `day.${format}`]);
}

/**
 * The keys under which the object of a window may be: one if its form is recorded, none if the window
 * has no object of its own. Version 0.5 did
 * not record the form (null). Its objects are in one of its two layouts, of which the second was
 * called hive too: `device_id=D1/date=2026-02-07/…`.
 */
export function possibleKeys(
  style: KeyStyle,
  window: KeyedWindow,
  form: ObjectForm | null,
): string[] {
  if (form?.isShared) return [];
  if (form !== null) return [objectKey({ ...style, ...form }, { ...window, ...form })];
  const { device, date, file } = keyParts(window, style.format);
  return [date.replaceAll("-", "/"), date].map((day) =>
    joined(style.prefix, [device, `date=${day}`, file])
  );
}

/** The folder that a device's objects of a UTC day are in, in one layout. */
export function dayFolder(
  { prefix, layout }: Pick<KeyStyle, "prefix" | "layout">,
  { deviceId, dayMs, profile }: ProfileDay & Pick<KeyedWindow, "deviceId">,
): string {
  const key = objectKey({ prefix, layout, format: "csv" }, { deviceId, fromMs: dayMs, profile });
  return key.slice(0, key.lastIndexOf("/"));
}

/**
 * The start of the window that an object in a {@link dayFolder} has, in whichever format, epoch
 * milliseconds; null if it is no window of the device.
 */
export function windowStartMs(
  key: string,
  { layout, deviceId, dayMs }: Pick<KeyStyle, "layout"> & {
    readonly deviceId: string;
    readonly dayMs: number;
  },
): number | null {
  const match = /\/export_(\d\d)(\d\d)(\d\d)(_[^/]+)?\.([a-z]+)$/.exec(key);
  if (match === null) return null;
  const [, hours, minutes, seconds, of, format] = match;
  const isFormat = EXPORT_FORMATS.some((name) => name === format);
  const wanted = layout === "hive-by-profile" ? `_${pathId(deviceId)}` : undefined;
  if (!isFormat || of !== wanted) return null;
  return dayMs + ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000;
}

function keyParts(
  { deviceId, fromMs }: KeyedWindow,
  format: ExportFormat,
): { device: string; date: string; file: string } {
  if (!DEVICE_ID_PATTERN.test(deviceId)) {
    throw new RangeError(
      `Cannot name an object as the device id must be ${DEVICE_ID_RULE}: ${deviceId}`,
    );
  }
  const [date, clock] = startText(fromMs).split("T");
  const file = `export_${clock.slice(0, 8).replaceAll(":", "")}.${format}`;
  return { device: `device_id=${pathId(deviceId)}`, date, file };
}

/** A colon is percent-encoded, as in Hive: Windows and Hadoop do not allow it in paths. */
function pathId(deviceId: string): string {
  return deviceId.replaceAll(":", "%3A");
}

function joined(prefix: string, names: readonly string[]): string {
  return (prefix === "" ? names : [prefix, ...names]).join("/");
}

function startText(fromMs: number): string {
  if (Number.isInteger(fromMs / 1_000) && fromMs >= 0 && fromMs < END_OF_TIME_MS) {
    return new Date(fromMs).toISOString();
  }
  throw new RangeError(
    `Cannot name an object as its window must start at a whole second of 1970 to 9999: ${fromMs}`,
  );
}
