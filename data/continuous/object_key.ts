/**
 * Names of exported objects: they depend on the device and the start of the window and on nothing
 * else, so that a second try writes over the first.
 *
 * @module
 */

import { DEVICE_ID_PATTERN, DEVICE_ID_RULE, END_OF_TIME_MS } from "../limits.ts";

/** Forms that windows are written in; also the ending of their objects' names. */
export const EXPORT_FORMATS = ["parquet", "csv"] as const;
/** How days become part of a name: `date=2026/02/07`, or `date=2026-02-07` as Hive has it. */
export const EXPORT_LAYOUTS = ["plain", "hive"] as const;
/** What every name has behind its prefix, before the device's id. */
export const DEVICE_PART = "device_id=";

/** One of {@link EXPORT_FORMATS}. */
export type ExportFormat = typeof EXPORT_FORMATS[number];
/** One of {@link EXPORT_LAYOUTS}. */
export type ExportLayout = typeof EXPORT_LAYOUTS[number];

/** How objects are named. */
export interface KeyStyle {
  /** What stands before the first `/`; names begin with `device_id=` where it is "". */
  readonly prefix: string;
  /** How days are written. */
  readonly layout: ExportLayout;
  /** The form of the objects. */
  readonly format: ExportFormat;
}

/** Where an object's readings come from. */
export interface KeyedWindow {
  /** The device. */
  readonly deviceId: string;
  /** Where the window begins, epoch milliseconds, whole seconds. */
  readonly fromMs: number;
}

/**
 * The name of a window's object, such as
 * `telemetry/device_id=D1/date=2026/02/07/export_120000.parquet`: the day and time in UTC at which
 * the window begins.
 *
 * @throws {RangeError} for an id that no device has, as it could reach out of its folder, and for a
 * start that is not a whole second of the years 1970 to 9999.
 */
export function objectKey(style: KeyStyle, { deviceId, fromMs }: KeyedWindow): string {
  const [date, clock] = startText(fromMs).split("T");
  const day = style.layout === "hive" ? date : date.replaceAll("-", "/");
  return `${deviceKey(style, deviceId)}date=${day}/export_${
    clock.slice(0, 8).replaceAll(":", "")
  }.${style.format}`;
}

/** What the names of all objects of a device begin with, such as `telemetry/device_id=D1/`. */
export function deviceKey({ prefix }: Pick<KeyStyle, "prefix">, deviceId: string): string {
  if (!DEVICE_ID_PATTERN.test(deviceId)) {
    throw new RangeError(
      `Cannot name an object as the device's id must be ${DEVICE_ID_RULE}: ${deviceId}`,
    );
  }
  return `${prefix === "" ? "" : `${prefix}/`}${DEVICE_PART}${deviceId}/`;
}

function startText(fromMs: number): string {
  if (Number.isInteger(fromMs / 1_000) && fromMs >= 0 && fromMs < END_OF_TIME_MS) {
    return new Date(fromMs).toISOString();
  }
  throw new RangeError(
    `Cannot name an object as its window must begin at a whole second of 1970 to 9999: ${fromMs}`,
  );
}
