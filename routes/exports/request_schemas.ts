/**
 * The body that creates an export: the form of each field. `parse_request.ts` checks the fields
 * against each other.
 *
 * @module
 */

import { z } from "zod";
import { CSV_DIALECTS, type CsvDialectName } from "../../data/encoders/csv_dialect.ts";
import { PERIODS } from "../../data/time/period.ts";
import {
  AGGREGATES,
  COMPRESSIONS,
  EXPORT_INTERVALS,
  GAP_MODES,
  LAYOUTS,
} from "../../data/exports/spec.ts";
import {
  DEVICE_ID_PATTERN,
  DEVICE_ID_RULE,
  METER_ID_PATTERN,
  METER_ID_RULE,
} from "../../data/limits.ts";
import { rangeStartMs } from "../../data/time/range_text.ts";
import { isTimeZone } from "../../data/time/zone.ts";
import { FORMAT_NAMES } from "../../jobs/exports/export_contract.ts";
import { targetFields } from "../notify/target_schemas.ts";
import { rangeTimeMeta } from "../openapi/range_time.ts";

/** The most sources of one export. */
export const EXPORT_MAX_SOURCES = 1_000;
/** The most characters of all ids together: the record of a job is one value of the database. */
export const EXPORT_MAX_ID_CHARS = 40_000;
/** The most columns that a request names. */
const COLUMNS_MAX = 200;

/** The dialects of CSV by name. */
// The keys of a constant object are exactly the names of its type.
const DIALECT_NAMES = Object.keys(CSV_DIALECTS) as CsvDialectName[];

function oneOf<const Names extends readonly string[]>(field: string, names: Names) {
  const last = names[names.length - 1];
  return z.enum(names, `${field} must be ${names.slice(0, -1).join(", ")} or ${last}`);
}

function idText(field: string, pattern: RegExp, rule: string, example: string) {
  return z.string(`${field} must be ${rule}`).regex(pattern, `${field} must be ${rule}`)
    .meta({ description: `${rule[0].toUpperCase()}${rule.slice(1)}.`, examples: [example] });
}

function idList(field: string, one: z.ZodString) {
  const rule = `${field} must be a list of 1 to ${EXPORT_MAX_SOURCES} ids`;
  return z.array(one, rule).min(1, rule).max(EXPORT_MAX_SOURCES, rule)
    .refine((ids) => new Set(ids).size === ids.length, `${field} must be ids that all differ`)
    .refine(
      (ids) => ids.join("").length <= EXPORT_MAX_ID_CHARS,
      `${field} must be at most ${EXPORT_MAX_ID_CHARS} characters together`,
    );
}

function rangeEnd(field: string, description: string, example: string) {
  const rule = `${field} must be an ISO 8601 date or time, such as 2024-01-31 or ` +
    "2024-01-31T12:00:00Z";
  return z.string(rule).refine((text) => rangeStartMs(text) !== null, rule)
    .meta(rangeTimeMeta(description, example));
}

function flag(field: string) {
  return z.boolean(`${field} must be true or false`);
}

const meterId = idText("smart_meter_id", METER_ID_PATTERN, METER_ID_RULE, "123");
const deviceId = idText("device_id", DEVICE_ID_PATTERN, DEVICE_ID_RULE, "battery-7");

const csvOptions = z.strictObject({
  dialect: oneOf("csv.dialect", DIALECT_NAMES).optional()
    .meta({ description: "What the other fields change. `rfc4180` by default." }),
  delimiter: z.enum([",", ";", "\t", "|"], 'csv.delimiter must be "," ";" "|" or a tab').optional()
    .meta({ description: "Between fields." }),
  decimal: z.enum([".", ","], 'csv.decimal must be "." or ","').optional()
    .meta({ description: "Between whole and fraction." }),
  bom: flag("csv.bom").optional()
    .meta({ description: "Whether the file begins with a byte order mark." }),
  date_format: z.string("csv.date_format must be a text").optional().meta({
    description: "How times are written: `iso`, `unix`, `unix_ms`, or a pattern.",
    examples: ["dd.MM.yyyy HH:mm"],
  }),
}, "csv must be the name of a dialect, or an object").meta({
  id: "ExportCsv",
  description: "How CSV is written.",
});

const aggregatesRule = "aggregates must be an object with a list for each metric, such as " +
  '{"power_kw":["mean","max"]}';

/** The fields of the body. `format` has the rule of the first contract where it is required. */
export const exportFields = {
  smart_meter_id: meterId.optional(),
  smart_meter_ids: idList("smart_meter_ids", meterId).optional()
    .meta({ description: "Several meters of one profile.", examples: [["123", "124"]] }),
  device_id: deviceId.optional(),
  device_ids: idList("device_ids", deviceId).optional()
    .meta({ description: "Several devices of one profile.", examples: [["battery-7"]] }),
  start_datetime: rangeEnd(
    "start_datetime",
    "First time, inclusive: ISO 8601, in the past, on the clock of `timezone` unless it has an " +
      "offset. A bare date is its midnight.",
    "2024-01-01",
  ).optional(),
  end_datetime: rangeEnd(
    "end_datetime",
    "Last time, inclusive: ISO 8601, in the past, 1 minute to 366 days after `start_datetime`, or " +
      "to 10 years with an interval of `1h` or more. A bare date is its last millisecond.",
    "2024-01-31",
  ).optional(),
  period: oneOf("period", PERIODS).optional().meta({
    description: "Instead of the two times: a period on the clock of `timezone`. `today` and " +
      "`this_month` end now.",
    examples: ["last_month"],
  }),
  timezone: z.string("timezone must be an IANA time zone or an offset such as +05:30")
    .refine(
      (text) => text !== "" && isTimeZone(text),
      "timezone must be an IANA time zone or an offset such as +05:30",
    ).optional().meta({
      description: "The zone whose clock the times show, and whose days and months count. `UTC` " +
        "by default.",
      examples: ["Europe/Berlin"],
    }),
  utc: flag("utc").optional()
    .meta({ description: "Adds a column `utc` with the time in UTC.", examples: [false] }),
  interval: oneOf("interval", EXPORT_INTERVALS).optional().meta({
    description:
      "`raw` for readings as they are (default), or the length of buckets. Each metric " +
      "is aggregated as its profile says.",
    examples: ["15m"],
  }),
  aggregates: z.record(
    z.string(),
    z.array(oneOf("aggregates", AGGREGATES), aggregatesRule).min(1, aggregatesRule)
      .refine((names) => new Set(names).size === names.length, aggregatesRule),
    aggregatesRule,
  ).optional().meta({
    description: "Other aggregates than those of the profile. Each makes a column, such as " +
      "`power_kw_max`.",
    examples: [{ power_kw: ["mean", "max"] }],
  }),
  gaps: oneOf("gaps", GAP_MODES).optional().meta({
    description: "Where readings are missing: no row (`omit`, default), a row without values " +
      "(`null`), or no row and a list of gaps (`report`).",
    examples: ["report"],
  }),
  columns: z.array(z.string("columns must be a list of names"), "columns must be a list of names")
    .min(1, "columns must be a list of at least 1 name")
    .max(COLUMNS_MAX, `columns must be a list of at most ${COLUMNS_MAX} names`).optional().meta({
      description: "Which columns, in which order. `timestamp` is always first.",
      examples: [["timestamp", "power_kw"]],
    }),
  format: oneOf("format", FORMAT_NAMES).optional()
    .meta({ description: "The format of the file. `csv` by default.", examples: ["csv"] }),
  csv: z.union([z.enum(DIALECT_NAMES), csvOptions], {
    error: `csv must be ${DIALECT_NAMES.join(", ")}, or an object`,
  }).optional().meta({
    description: "How CSV is written: the name of a dialect, or an object.",
    examples: ["excel-de"],
  }),
  compression: oneOf("compression", COMPRESSIONS).optional().meta({
    description: "`none` (default), `gzip`, or `zip`, which can hold several files.",
    examples: ["gzip"],
  }),
  layout: oneOf("layout", LAYOUTS).optional().meta({
    description: "Several sources: one after the other (`long`, default), a column for each " +
      "(`wide`, of one metric), or a file for each in a ZIP archive (`per_source`).",
    examples: ["long"],
  }),
  ...targetFields,
};

/** The body that creates an export. */
export const exportBody = z.strictObject(exportFields, {
  error: (issue) => issue.code === "invalid_type" ? "The body must be a JSON object" : undefined,
}).meta({
  description: "What to export: the source, the range, and how the file is made. Only the source " +
    "and the range are required.",
});

/** The body of an export. */
export type ExportBody = z.infer<typeof exportBody>;
