/**
 * The parameters of the exports of the first contract: a CSV of one meter. Version 0.6 stored them, and a
 * job of 0.6 that has not run yet runs under its own name.
 *
 * @module
 */

import { z } from "zod";
import type { Span } from "../../data/readings/page.ts";

/** The name of the kind. */
export const METER_EXPORT = "meter_export";

/** What to export: the readings of a meter in a half-open span, epoch milliseconds. */
export interface MeterExportParams extends Span {
  /** The meter. */
  readonly meterId: string;
  /** The format of the file. */
  readonly format: "csv";
}

/** {@link MeterExportParams} as stored. */
export const meterExportParams: z.ZodType<MeterExportParams> = z.object({
  meterId: z.string(),
  fromMs: z.number(),
  toMs: z.number(),
  format: z.literal("csv"),
});
