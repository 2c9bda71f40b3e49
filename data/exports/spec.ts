/**
 * What an export is: which sources, which span, and how the file is made of their readings.
 *
 * @module
 */

import type { CsvDialect } from "../encoders/csv_dialect.ts";
import type { FormatName } from "../encoders/encoder.ts";
import type { Span } from "../readings/page.ts";
import type { ProfileName } from "../readings/profile.ts";
import { BUCKET_LENGTHS, type BucketLength, fixedLengthMs } from "../time/calendar_buckets.ts";
import { HOUR_MS } from "../limits.ts";
import type { PeriodName } from "../time/period.ts";

/** `raw` for readings as they are, or the length of buckets. */
export type ExportInterval = "raw" | BucketLength;

/** All intervals. */
export const EXPORT_INTERVALS: readonly ExportInterval[] = ["raw", ...BUCKET_LENGTHS];

/** The ways to aggregate the values of a bucket to one. */
export const AGGREGATES = ["sum", "mean", "min", "max", "first", "last", "count"] as const;

/** A way to aggregate. */
export type AggregateName = typeof AGGREGATES[number];

/** What happens where readings are missing: no row, a row without values, or a list of gaps. */
export const GAP_MODES = ["omit", "null", "report"] as const;

/** What happens where readings are missing. */
export type GapMode = typeof GAP_MODES[number];

/** How several sources share a file: one after the other, a column for each, a file for each. */
export const LAYOUTS = ["long", "wide", "per_source"] as const;

/** How several sources share a file. */
export type ExportLayout = typeof LAYOUTS[number];

/** How a file is compressed. */
export const COMPRESSIONS = ["none", "gzip", "zip"] as const;

/** How a file is compressed. */
export type ExportCompression = typeof COMPRESSIONS[number];

/** What an export is. The span is half-open, epoch milliseconds. */
export interface ExportSpec extends Span {
  /** Whether the sources are meters or devices. */
  readonly sourceKind: "meter" | "device";
  /** The ids of the sources, in the order of the file. */
  readonly ids: readonly string[];
  /** The name of their profile. */
  readonly profile: ProfileName;
  /** The period that the request named instead of two times, or null. */
  readonly period: PeriodName | null;
  /** The zone whose clock times, days and buckets follow. */
  readonly zone: string;
  /** Whether there is a column with the time in UTC. */
  readonly hasUtc: boolean;
  /** The interval of rows. */
  readonly interval: ExportInterval;
  /** The aggregates of metrics that do not use those of their profile. */
  readonly aggregates: Readonly<Record<string, readonly AggregateName[]>>;
  /** What happens where readings are missing. */
  readonly gaps: GapMode;
  /** The names of columns in their order, or null for all. */
  readonly columns: readonly string[] | null;
  /** The format of the file. */
  readonly format: FormatName;
  /** How CSV is written. */
  readonly csv: CsvDialect;
  /** How the file is compressed. */
  readonly compression: ExportCompression;
  /** How several sources share a file. */
  readonly layout: ExportLayout;
}

/** The length of an interval in milliseconds; null for readings as they are, and for days or longer. */
export function fixedMs(interval: ExportInterval): number | null {
  return interval === "raw" ? null : fixedLengthMs(interval);
}

/** Whether buckets of an interval are at least an hour long, so that ten years may be exported. */
export function isHourOrMore(interval: ExportInterval): boolean {
  return interval !== "raw" && (fixedLengthMs(interval) ?? HOUR_MS) >= HOUR_MS;
}
