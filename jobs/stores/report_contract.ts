/**
 * What those who ask for a report on stores and those who run it agree on.
 *
 * @module
 */

import { z } from "zod";

/** The kind's name. */
export const STORE_REPORT = "store_report";

/** What is asked for. */
export interface StoreReportParams {
  /** The end of the time looked at, epoch milliseconds; null is the time of the latest poll. */
  readonly asOfMs: number | null;
  /** How far from a poll its status holds, milliseconds; null is without limit. */
  readonly maxHoldMs: number | null;
}

/** What is kept of a report beside its file. */
export interface StoreReportResult {
  /** How many stores it has. */
  readonly storeCount: number;
}

/** {@link StoreReportParams} as they are stored. */
export const storeReportParams: z.ZodType<StoreReportParams> = z.object({
  asOfMs: z.number().nullable(),
  maxHoldMs: z.number().nullable(),
});

/** {@link StoreReportResult} as it is stored. */
export const storeReportResult: z.ZodType<StoreReportResult> = z.object({ storeCount: z.int() });

/** The name of a report's file as users see it. */
export function reportFilename(jobId: string): string {
  return `report_${jobId}.csv`;
}
