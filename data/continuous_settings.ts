/**
 * The settings of continuous export. They are part of all settings (`data/settings.ts`).
 *
 * @module
 */

import { z } from "zod";
import {
  EXPORT_FORMATS,
  EXPORT_LAYOUTS,
  type ExportFormat,
  type ExportLayout,
  type KeyStyle,
} from "./continuous/object_key.ts";
import { isWindowLength } from "./continuous/window.ts";
import { DEVICE_ID_PATTERN, DEVICE_ID_RULE, HOUR_MS } from "./limits.ts";
import type { InfluxSettings } from "./influx/source.ts";

/** The settings of continuous export. */
export interface ContinuousSettings {
  /** Whether continuous export is on. */
  readonly isOn: boolean;
  /** Length of a window, milliseconds. It divides a day. */
  readonly intervalMs: number;
  /** Rows per chunk read from InfluxDB. */
  readonly batchSize: number;
  /** The format of the files. */
  readonly format: ExportFormat;
  /** How the path of an object is built. */
  readonly layout: ExportLayout;
  /** Whether the windows of a past day are replaced by one object a device. */
  readonly isCompacting: boolean;
  /** Whether the objects of a past day are then replaced by one object a profile. */
  readonly isSharing: boolean;
  /** The devices to export; empty for all. */
  readonly deviceIds: readonly string[];
  /**
   * How far back to look for late readings in InfluxDB, and how long after its end a day is compacted,
   * milliseconds.
   */
  readonly lookbackMs: number;
  /** The folder of the objects, used if no bucket is set. */
  readonly path: string;
  /** Whether the service is not ready while the destination cannot be reached. */
  readonly isDestinationRequired: boolean;
  /** The InfluxDB to read from; null to export what devices send to this service. */
  readonly influx: InfluxSettings | null;
}

const wholeNumber = (min: number, max: number) =>
  z.string().regex(/^\d+$/).transform(Number).pipe(z.number().min(min).max(max));

/** The rule of each variable, in words. */
export const CONTINUOUS_RULES = {
  CONTINUOUS_EXPORT: "on or off",
  EXPORT_INTERVAL_SECONDS: "a whole number of seconds that divides a day (86400)",
  EXPORT_BATCH_SIZE: "a whole number of 1 to 100000",
  EXPORT_FORMAT: EXPORT_FORMATS.join(" or "),
  EXPORT_LAYOUT: EXPORT_LAYOUTS.join(" or "),
  EXPORT_COMPACT: "off, daily or daily-by-profile",
  DEVICE_IDS: `device ids (${DEVICE_ID_RULE}), separated by commas`,
  LOOKBACK_HOURS: "a number of 0 to 8760",
  LAKE_PATH: "a folder path",
  READY_REQUIRES_DESTINATION: "true or false",
  INFLUXDB_URL: "an http(s) URL without user, password, query or fragment",
  INFLUXDB_TOKEN: "a token, or USER:PASSWORD for InfluxDB 1.x",
  INFLUXDB_ORG: "an organization",
  INFLUXDB_BUCKET: "a database or bucket, required with INFLUXDB_URL",
} as const;

/** The schema of each variable. */
export const CONTINUOUS_VARIABLES = {
  CONTINUOUS_EXPORT: z.enum(["on", "off"]).default("off"),
  EXPORT_INTERVAL_SECONDS: wholeNumber(1, 86_400)
    .refine((seconds) => isWindowLength(seconds * 1_000)).default(60),
  EXPORT_BATCH_SIZE: wholeNumber(1, 100_000).default(1_000),
  EXPORT_FORMAT: z.enum(EXPORT_FORMATS).default("parquet"),
  EXPORT_LAYOUT: z.enum(EXPORT_LAYOUTS).default("plain"),
  EXPORT_COMPACT: z.enum(["off", "daily", "daily-by-profile"]).default("off"),
  DEVICE_IDS: z.string().transform(listOf)
    .pipe(z.array(z.string().regex(DEVICE_ID_PATTERN))).default([]),
  LOOKBACK_HOURS: z.string().regex(/^\d+(\.\d+)?$/).transform(Number)
    .pipe(z.number().max(8_760)).default(1),
  LAKE_PATH: z.string().regex(/^(?!\w\w+:).+$/).optional(),
  READY_REQUIRES_DESTINATION: z.enum(["true", "false"]).default("false"),
  INFLUXDB_URL: z.string().refine(isServerUrl).optional(),
  INFLUXDB_TOKEN: z.string().optional(),
  INFLUXDB_ORG: z.string().optional(),
  INFLUXDB_BUCKET: z.string().optional(),
};

/** The names of variables that are missing because others are set. */
export function missingContinuousVariables(given: Readonly<Record<string, string>>): string[] {
  const isMissing = "INFLUXDB_URL" in given && !("INFLUXDB_BUCKET" in given);
  return isMissing ? ["INFLUXDB_BUCKET"] : [];
}

/** The settings of valid variables, with the folder that `DATA_DIR` has for objects. */
export function continuousSettings(
  values: z.output<z.ZodObject<typeof CONTINUOUS_VARIABLES>> & { readonly LAKE_PATH: string },
): ContinuousSettings {
  const { INFLUXDB_URL: url, INFLUXDB_BUCKET: bucket, EXPORT_BATCH_SIZE: batchSize } = values;
  return {
    isOn: values.CONTINUOUS_EXPORT === "on",
    intervalMs: values.EXPORT_INTERVAL_SECONDS * 1_000,
    batchSize,
    format: values.EXPORT_FORMAT,
    layout: values.EXPORT_LAYOUT,
    isCompacting: values.EXPORT_COMPACT !== "off",
    isSharing: values.EXPORT_COMPACT === "daily-by-profile",
    deviceIds: values.DEVICE_IDS,
    lookbackMs: values.LOOKBACK_HOURS * HOUR_MS,
    path: values.LAKE_PATH,
    isDestinationRequired: values.READY_REQUIRES_DESTINATION === "true",
    influx: url === undefined || bucket === undefined ? null : {
      url: url.replace(/\/+$/, ""),
      token: values.INFLUXDB_TOKEN?.trim() ?? null,
      org: values.INFLUXDB_ORG ?? null,
      bucket,
      batchSize,
    },
  };
}

/** How the keys of objects are built below a prefix. */
export function keyStyleOf(
  { layout, format, isSharing }: Pick<ContinuousSettings, "layout" | "format" | "isSharing">,
  prefix: string,
): KeyStyle {
  return { prefix, layout: isSharing && layout === "hive" ? "hive-by-profile" : layout, format };
}

function listOf(text: string): string[] {
  return [...new Set(text.split(",").map((id) => id.trim()).filter((id) => id !== ""))];
}

function isServerUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && username + password + search + hash === "";
}
