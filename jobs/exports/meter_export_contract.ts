/**
 * What those who ask for a meter export and those who run it agree on.
 *
 * @module
 */

import { z } from "zod";
import type { Span } from "../../data/readings/page.ts";
import { compactDayText } from "../../data/time/time_text.ts";

/** The kind's name. */
export const METER_EXPORT = "meter_export";

/** What is exported: a meter's readings of a half-open span, epoch milliseconds. */
export interface MeterExportParams extends Span {
  /** The meter. */
  readonly meterId: string;
  /** The form of the file. */
  readonly format: "csv";
}

/** What is kept of an export beside its file. */
export interface MeterExportResult {
  /** How many readings the file has. */
  readonly recordCount: number;
  /** Steps of the most common cadence without a reading; null with fewer than two readings. */
  readonly missingIntervals: number | null;
}

/** {@link MeterExportParams} as they are stored. */
export const meterExportParams: z.ZodType<MeterExportParams> = z.object({
  meterId: z.string(),
  fromMs: z.number(),
  toMs: z.number(),
  format: z.literal("csv"),
});

/** {@link MeterExportResult} as it is stored. */
export const meterExportResult: z.ZodType<MeterExportResult> = z.object({
  recordCount: z.int(),
  missingIntervals: z.int().nullable(),
});

/** A span's file name as users see it; a colon of the id, which not every system allows, as `_`. */
export function exportFilename(meterId: string, { fromMs, toMs }: Span): string {
  const days = `${compactDayText(fromMs)}_${compactDayText(toMs - 1)}`;
  return `smart_meter_${meterId.replaceAll(":", "_")}_${days}.csv`;
}
