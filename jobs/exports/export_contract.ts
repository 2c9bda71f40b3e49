/**
 * The parameters and the result of an export, which the routes and the job share.
 *
 * @module
 */

import { z } from "zod";
import { CSV_DIALECTS } from "../../data/encoders/csv_dialect.ts";
import { PERIODS } from "../../data/time/period.ts";
import {
  AGGREGATES,
  COMPRESSIONS,
  EXPORT_INTERVALS,
  type ExportSpec,
  GAP_MODES,
  LAYOUTS,
} from "../../data/exports/spec.ts";
import type { ProfileName } from "../../data/readings/profile.ts";
import { METER_EXPORT, meterExportParams } from "./meter_export_contract.ts";

/** The name of the kind. */
export const EXPORT = "export";

/** The kinds of jobs that write exports: those of version 0.6 have one of their own. */
export const EXPORT_KINDS: readonly string[] = [METER_EXPORT, EXPORT];

/** The formats of files. */
export const FORMAT_NAMES = ["csv", "json", "ndjson", "xml", "parquet", "xlsx"] as const;

/** {@link ExportSpec} as stored. */
const exportParams = z.object({
  v: z.literal(2),
  sourceKind: z.enum(["meter", "device"]),
  ids: z.array(z.string()).min(1),
  profile: z.custom<ProfileName>((name) => typeof name === "string"),
  fromMs: z.number(),
  toMs: z.number(),
  period: z.enum(PERIODS).nullable(),
  zone: z.string(),
  hasUtc: z.boolean(),
  interval: z.enum(EXPORT_INTERVALS),
  aggregates: z.record(z.string(), z.array(z.enum(AGGREGATES))),
  gaps: z.enum(GAP_MODES),
  columns: z.array(z.string()).nullable(),
  format: z.enum(FORMAT_NAMES),
  csv: z.object({
    delimiter: z.string(),
    decimal: z.enum([".", ","]),
    bom: z.boolean(),
    dateFormat: z.string(),
    lineEnd: z.enum(["\n", "\r\n"]),
    guardsFormulas: z.boolean(),
  }),
  compression: z.enum(COMPRESSIONS),
  layout: z.enum(LAYOUTS),
});

/** {@link ExportSpec} as stored. */
export type ExportParams = z.infer<typeof exportParams>;

/** The parameters that are stored for an export. */
export function exportParamsOf(spec: ExportSpec): ExportParams {
  const { ids, aggregates, columns, csv } = spec;
  return {
    ...spec,
    v: 2,
    ids: [...ids],
    aggregates: Object.fromEntries(
      Object.entries(aggregates).map(([metric, names]) => [metric, [...names]]),
    ),
    columns: columns === null ? null : [...columns],
    csv: { ...csv },
  };
}

/**
 * Whether stored parameters are those of the same request. The span of a period depends on when it was
 * requested, so it does not count.
 */
export function isSameExport(stored: unknown, params: ExportParams): boolean {
  const earlier = exportParams.safeParse(stored).data;
  if (earlier === undefined || earlier.period === null) {
    return JSON.stringify(stored) === JSON.stringify(params);
  }
  const { fromMs, toMs } = params;
  return JSON.stringify({ ...earlier, fromMs, toMs }) ===
    JSON.stringify(exportParams.parse(params));
}

/** What a job exports, from its stored parameters, whichever version stored them. */
export function exportSpecOf(params: unknown): ExportSpec {
  const old = meterExportParams.safeParse(params);
  if (!old.success) return exportParams.parse(params);
  const { meterId, fromMs, toMs, format } = old.data;
  return { ...PLAIN_EXPORT, ids: [meterId], fromMs, toMs, format };
}

/** A CSV of readings as they are, in UTC. */
const PLAIN_EXPORT: Omit<ExportSpec, "ids" | "fromMs" | "toMs" | "format"> = {
  sourceKind: "meter",
  profile: "meter",
  period: null,
  zone: "UTC",
  hasUtc: false,
  interval: "raw",
  aggregates: {},
  gaps: "omit",
  columns: null,
  csv: CSV_DIALECTS.rfc4180,
  compression: "none",
  layout: "long",
};

/** What is after the name of an artifact in that of the list of its gaps. */
export const GAPS_FILE = "gaps";

/** A stretch without readings as stored. */
const gap = z.object({
  source: z.string(),
  fromMs: z.number(),
  toMs: z.number(),
  missing: z.int(),
});

const exportResult = z.object({
  recordCount: z.int(),
  missingIntervals: z.int().nullable(),
  readings: z.int().optional(),
  firstMs: z.number().nullable().optional(),
  lastMs: z.number().nullable().optional(),
  revision: z.int().optional(),
  version: z.string().optional(),
  gaps: z.object({
    count: z.int(),
    missing: z.int(),
    listed: z.array(gap),
    file: z.object({ sizeBytes: z.int(), sha256: z.string() }).nullable().optional(),
  }).nullable().optional(),
});

/** What the record of an export stores besides its file. */
export type ExportResult = z.infer<typeof exportResult>;

/** The stored result of an export. Those of version 0.6 have the first two fields only. */
export function exportResultOf(result: unknown): ExportResult {
  return exportResult.parse(result);
}
