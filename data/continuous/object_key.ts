/**
 * The keys of exported objects. A key depends only on the device and the start of the window, so
 * that a retry overwrites the first try.
 *
 * @module
 */

import { DEVICE_ID_PATTERN, DEVICE_ID_RULE, END_OF_TIME_MS } from "../limits.ts";

/** The formats of exported files; also the extension of their keys. */
export const EXPORT_FORMATS = ["parquet", "csv"] as const;
/** How a key contains the day: `date=2026/02/07`, or `date=2026-02-07` as in Hive. */
export const EXPORT_LAYOUTS = ["plain", "hive"] as const;
/** What stands before the device id in every key. */
export const DEVICE_PART = "device_id=";

/** One of {@link EXPORT_FORMATS}. */
export type ExportFormat = typeof EXPORT_FORMATS[number];
/** One of {@link EXPORT_LAYOUTS}. */
export type ExportLayout = typeof EXPORT_LAYOUTS[number];

/** How keys are built. */
export interface KeyStyle {
  /** What every key starts with, without a `/` at its end; may be "". */
  readonly prefix: string;
  /** The layout. */
  readonly layout: ExportLayout;
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

/**
 * The key of a window's object, such as
 * `telemetry/device_id=D1/date=2026/02/07/export_120000.parquet`. Date and time are those of the
 * start of the window, in UTC.
 *
 * @throws {RangeError} for an invalid device id, as it could lead out of its folder, and for a start
 * that is not a whole second of the years 1970 to 9999.
 */
export function objectKey(style: KeyStyle, { deviceId, fromMs }: KeyedWindow): string {
  const [date, clock] = startText(fromMs).split("T");
  const day = style.layout === "hive" ? date : date.replaceAll("-", "/");
  return `${deviceKey(style, deviceId)}date=${day}/export_${
    clock.slice(0, 8).replaceAll(":", "")
  }.${style.format}`;
}

/** What all keys of a device start with, such as `telemetry/device_id=D1/`. */
export function deviceKey({ prefix }: Pick<KeyStyle, "prefix">, deviceId: string): string {
  if (!DEVICE_ID_PATTERN.test(deviceId)) {
    throw new RangeError(
      `Cannot name an object as the device id must be ${DEVICE_ID_RULE}: ${deviceId}`,
    );
  }
  return `${prefix === "" ? "" : `${prefix}/`}${DEVICE_PART}${deviceId}/`;
}

function startText(fromMs: number): string {
  if (Number.isInteger(fromMs / 1_000) && fromMs >= 0 && fromMs < END_OF_TIME_MS) {
    return new Date(fromMs).toISOString();
  }
  throw new RangeError(
    `Cannot name an object as its window must start at a whole second of 1970 to 9999: ${fromMs}`,
  );
}
