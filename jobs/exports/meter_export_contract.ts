/**
 * The parameters and the result of a meter export, which the routes and the job share.
 *
 * @module
 */

import { z } from "zod";
import type { Span } from "../../data/readings/page.ts";
import { compactDayText } from "../../data/time/time_text.ts";

/** The name of the kind. */
export const METER_EXPORT = "meter_export";

/** What to export: the readings of a meter in a half-open span, epoch milliseconds. */
export interface MeterExportParams extends Span {
  /** The meter. */
  readonly meterId: string;
  /** The format of the file. */
  readonly format: "csv";
}

/** What the record of an export stores besides its file. */
export interface MeterExportResult {
  /** The number of readings in the file. */
  readonly recordCount: number;
  /** Steps of the most common interval without a reading; null with fewer than two readings. */
  readonly missingIntervals: number | null;
}

/** {@link MeterExportParams} as stored. */
export const meterExportParams: z.ZodType<MeterExportParams> = z.object({
  meterId: z.string(),
  fromMs: z.number(),
  toMs: z.number(),
  format: z.literal("csv"),
});

/** {@link MeterExportResult} as stored. */
export const meterExportResult: z.ZodType<MeterExportResult> = z.object({
  recordCount: z.int(),
  missingIntervals: z.int().nullable(),
});

/** The file name that users see. A colon of the id becomes `_`: not every system allows colons. */
export function exportFilename(meterId: string, { fromMs, toMs }: Span): string {
  const days = `${compactDayText(fromMs)}_${compactDayText(toMs - 1)}`;
  return `smart_meter_${meterId.replaceAll(":", "_")}_${days}.csv`;
}
