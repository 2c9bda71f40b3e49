/**
 * The rows of exported files: what a device measured, its type and location, and the hour and day of
 * the week. Times, hours and days are UTC.
 *
 * @module
 */

import { FLOAT, powerOfTen } from "../readings/decimal.ts";
import { DAY_MS, HOUR_MS } from "../limits.ts";
import type { KeyLayout } from "./object_key.ts";
import { type Column, fitPage, type Page } from "../readings/page.ts";
import type { Profile } from "../readings/profile.ts";

/** Readings of a device, and its type and location when they were read. */
export interface WindowPart {
  /** Readings, ascending. */
  readonly page: Page;
  /** The type of the device; null if unknown. */
  readonly deviceType: string | null;
  /** The location of the device; null if unknown. */
  readonly location: string | null;
}

/** All readings of a device in a window. */
export interface ExportWindow {
  /** The device id, which matches `DEVICE_ID_PATTERN`. */
  readonly deviceId: string;
  /** What it measures. */
  readonly profile: Profile;
  /** The readings, ascending over all parts and without repeated times. */
  readonly parts: readonly WindowPart[];
}

/** The kind of values in a column. Doubles and texts may be missing. */
export type ColumnKind = "timestamp" | "id" | "text" | "double" | "integer" | "boolean";

/** A column of exported files. */
export interface ExportColumn {
  /** Its name. */
  readonly name: string;
  /** The kind of its values. */
  readonly kind: ColumnKind;
}

const TIME: ExportColumn = { name: "timestamp", kind: "timestamp" };
const ID: ExportColumn = { name: "device_id", kind: "id" };
const LABELS: readonly ExportColumn[] = [
  { name: "device_type", kind: "text" },
  { name: "location", kind: "text" },
];
const CLOCK: readonly ExportColumn[] = [
  { name: "hour", kind: "integer" },
  { name: "day_of_week", kind: "integer" },
  { name: "is_weekend", kind: "boolean" },
];
const POWER_FACTOR: ExportColumn = { name: "power_factor", kind: "double" };
/** The metrics that a power factor is computed from. */
const FACTORS = ["voltage", "current", "power"];
/** 1970-01-01 was a Thursday, and Monday is 0. */
const FIRST_DAY_OF_WEEK = 3;
const SATURDAY = 5;

/**
 * The columns of the files of a profile, in order. In the hive layout, the path holds the device id,
 * and files do not repeat it: readers that take columns from the path reject a second one, or one of
 * another type.
 */
export function exportColumns(
  profile: Profile,
  layout: KeyLayout = "plain",
): readonly ExportColumn[] {
  return [TIME, ...(layout === "hive" ? [] : [ID]), ...LABELS, ...valueColumns(profile)];
}

/** The columns of {@link exportPage}: all but time, id, type and location. */
export function valueColumns(profile: Profile): readonly ExportColumn[] {
  const metrics = profile.metrics.map(({ name }): ExportColumn => ({ name, kind: "double" }));
  return [...metrics, ...CLOCK, ...(factorsOf(profile) === null ? [] : [POWER_FACTOR])];
}

/** Number of readings in a window. */
export function rowCount({ parts }: Pick<ExportWindow, "parts">): number {
  return parts.reduce((count, { page }) => count + page.timesMs.length, 0);
}

/**
 * Adds the computed columns to readings, so that the page has the columns of {@link valueColumns}:
 * the metrics, `hour`, `day_of_week` (0 is Monday), `is_weekend` (1 or 0), and for a profile with
 * voltage, current and power also `power_factor`.
 */
export function exportPage(profile: Profile, page: Page): Page {
  const { timesMs, columns } = measuredPage(profile, page);
  return {
    timesMs,
    columns: columns.toSpliced(profile.metrics.length, 0, ...clockColumns(timesMs)),
  };
}

/** The columns of {@link exportPage} that the time does not determine. */
export function measuredPage(profile: Profile, page: Page): Page {
  const factors = factorsOf(profile);
  const { columns } = fitPage(page, profile.metrics.length);
  return {
    timesMs: page.timesMs,
    columns: factors === null
      ? columns
      : [...columns, powerFactors(factors.map((index) => columns[index]))],
  };
}

/** The values of `day_of_week` and `is_weekend` in the UTC day that a time is in. */
export function weekdayOf(timeMs: number): { day: number; isWeekend: boolean } {
  const day = (Math.floor(timeMs / DAY_MS) + FIRST_DAY_OF_WEEK) % 7;
  return { day, isWeekend: day >= SATURDAY };
}

/**
 * The positions of the factors among the metrics; null if the profile lacks one, or has a metric that
 * is a power factor itself.
 */
function factorsOf({ metrics }: Profile): number[] | null {
  if (metrics.some(({ name }) => name.toLowerCase() === POWER_FACTOR.name)) return null;
  const places = FACTORS.map((factor) => metrics.findIndex(({ name }) => name === factor));
  return places.includes(-1) ? null : places;
}

function clockColumns(timesMs: Float64Array): Column[] {
  const [hours, days, weekends] = [0, 1, 2].map(() => new Float64Array(timesMs.length));
  let hourMs = -Infinity, hour = 0, day = 0, isWeekend = 0;
  for (let row = 0; row < timesMs.length; row++) {
    const timeMs = timesMs[row];
    // Computed once per hour, as readings of one hour follow each other.
    if (!(timeMs >= hourMs && timeMs < hourMs + HOUR_MS)) {
      hourMs = Math.floor(timeMs / HOUR_MS) * HOUR_MS;
      hour = (hourMs / HOUR_MS) % 24;
      const weekday = weekdayOf(hourMs);
      day = weekday.day;
      isWeekend = weekday.isWeekend ? 1 : 0;
    }
    hours[row] = hour;
    days[row] = day;
    weekends[row] = isWeekend;
  }
  return [hours, days, weekends].map((values) => ({ scale: 0, values }));
}

/**
 * power / (voltage × current), clipped to 0 to 1; NaN if one of them is missing or the product is
 * 0.
 */
function powerFactors([voltage, current, power]: readonly Column[]): Column {
  const { values: volts } = voltage, { values: amperes } = current, { values: watts } = power;
  const [voltUnit, ampereUnit, wattUnit] = [voltage, current, power].map(({ scale }) =>
    scale === FLOAT ? 1 : powerOfTen(scale)
  );
  const values = new Float64Array(watts.length);
  for (let row = 0; row < values.length; row++) {
    const apparent = (volts[row] / voltUnit) * (amperes[row] / ampereUnit);
    const factor = (watts[row] / wattUnit) / apparent;
    values[row] = apparent === 0 ? NaN : Math.max(0, Math.min(1, factor));
  }
  return { scale: FLOAT, values };
}
