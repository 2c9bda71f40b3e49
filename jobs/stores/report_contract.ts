/**
 * What the routes that create a report and the job that writes it share.
 *
 * @module
 */

import { z } from "zod";
import { instantText } from "../../data/time/time_text.ts";
import {
  REPORT_BUCKETS,
  type ReportBucket,
  type ReportRange,
} from "../../data/stores/report_range.ts";
import { PERIODS } from "../../data/time/period.ts";
import type { PollAges } from "../../data/stores/poll_ages.ts";

/** The name of this kind of job. */
export const STORE_REPORT = "store_report";

/** What a report covers. */
export interface StoreReportParams {
  /** The end of the windows, epoch milliseconds. Null for the latest poll that is not in the future. */
  readonly asOfMs: number | null;
  /** How far from a poll its status holds, milliseconds; null for no limit. */
  readonly maxHoldMs: number | null;
  /**
   * The age of the last poll from which a store is stale, milliseconds. Absent if stores are not
   * marked. Version 0.5 did not know it, so params without it must stay as they were: they are
   * compared when an idempotency key is used again.
   */
  readonly staleAfterMs?: number;
  /** What it covers. Absent for the last hour, day and week. */
  readonly range?: ReportRange;
  /** The parts of the range that have a row each. Absent for one row a store. */
  readonly bucket?: ReportBucket;
  /** The stores; absent for all. */
  readonly storeIds?: string[];
  /**
   * Patterns of the ids of stores that exist for whoever requested the report
   * (`data/access/id_pattern.ts`); absent if all do.
   */
  readonly visible?: string[];
  /** The format of the file; absent for CSV. */
  readonly format?: ReportFormat;
  /** From when its period counts, epoch milliseconds; absent if that is when it was requested. */
  readonly atMs?: number;
}

/** The formats of reports. */
export const REPORT_FORMATS = ["csv", "json", "xlsx", "parquet"] as const;

/** One of {@link REPORT_FORMATS}. */
export type ReportFormat = typeof REPORT_FORMATS[number];

/** What is kept of a report besides its file. Null marks what version 0.5 did not count. */
export interface StoreReportResult {
  /** How many stores the file has. */
  readonly storeCount: number;
  /** The end of the windows, epoch milliseconds; null if there were no polls. */
  readonly asOfMs: number | null;
  /** How many of its stores have a last poll of which age. */
  readonly pollAges: PollAges | null;
  /** How many of its stores are stale; null if stores are not marked. */
  readonly staleCount: number | null;
  /** How many of its stores have hours that the latest upload rejected. */
  readonly rejectedHoursCount: number | null;
  /** How many rows the file has; absent if that is the number of stores. */
  readonly rowCount?: number;
  /** Stores of the request without a poll up to the end, at most 100. Absent if it names none. */
  readonly storesWithoutPolls?: string[];
}

/** {@link StoreReportParams} as they are stored. */
export const storeReportParams: z.ZodType<StoreReportParams> = z.object({
  asOfMs: z.number().nullable(),
  maxHoldMs: z.number().nullable(),
  staleAfterMs: z.number().optional(),
  range: z.union([
    z.object({ zone: z.string().nullable(), period: z.enum(PERIODS) }),
    z.object({ zone: z.string().nullable(), from: z.string(), to: z.string() }),
  ]).optional(),
  bucket: z.enum(REPORT_BUCKETS).optional(),
  storeIds: z.array(z.string()).optional(),
  visible: z.array(z.string()).optional(),
  format: z.enum(REPORT_FORMATS).optional(),
  atMs: z.number().optional(),
});

const count = z.int().nullable().default(null);

/** {@link StoreReportResult} as it is stored. */
export const storeReportResult: z.ZodType<StoreReportResult> = z.object({
  storeCount: z.int(),
  asOfMs: z.number().nullable().default(null),
  pollAges: z.object({
    withinHour: z.int(),
    withinDay: z.int(),
    withinWeek: z.int(),
    older: z.int(),
  }).nullable().default(null),
  staleCount: count,
  rejectedHoursCount: count,
  rowCount: z.int().optional(),
  storesWithoutPolls: z.array(z.string()).optional(),
});

/** The name under which the download of a report is saved, without an ending. */
export function reportFilename(
  jobId: string,
  { asOfMs, days }: { asOfMs: number | null; days?: readonly [first: string, last: string] },
): string {
  if (days !== undefined) return `report_${jobId}_${days.join("_").replaceAll("-", "")}`;
  if (asOfMs === null) return `report_${jobId}`;
  // The basic format of ISO 8601, which has no colons.
  return `report_${jobId}_as_of_${instantText(asOfMs).replaceAll(/[-:]/g, "")}`;
}
