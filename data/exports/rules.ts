/**
 * The rules of an export beyond the form of each field: times against each other, columns against
 * the profile, and pairs that do not go together, each with the nearest thing that works.
 *
 * @module
 */

import type { FieldError } from "../app_error.ts";
import { formatNamed } from "../encoders/formats.ts";
import { DAY_MS, EXPORT_MAX_RANGE_MS, EXPORT_MIN_RANGE_MS, HOUR_MS } from "../limits.ts";
import { quoted } from "../quoted.ts";
import type { Profile } from "../readings/profile.ts";
import { isDate, rangeLastMs, rangeStartMs, yearsRule } from "../time/range_text.ts";
import { chosenOutputs, hasIdColumn, possibleOutputs, TIMESTAMP } from "./outputs.ts";
import { type ExportSpec, fixedMs, isHourOrMore } from "./spec.ts";

/** The longest range with buckets of an hour or more: ten years, with three leap days. */
export const EXPORT_MAX_LONG_RANGE_MS: number = 3_653 * DAY_MS;

/** Adds an error: the field, its value, what is wrong, and the rule that it breaks. */
export type Refuse = (field: string, value: unknown, rule: string) => void;

/** Collects errors about fields of a body. The rule follows the name of the field. */
export function createRefusals(): { errors: FieldError[]; refuse: Refuse } {
  const errors: FieldError[] = [];
  return {
    errors,
    refuse(field, value, rule) {
      const detail = `${field.replaceAll("/", ".")} ${rule}`;
      const error = { pointer: `/${field}`, detail, rule: rule.replace(/^must be /, "") };
      errors.push(value === undefined ? error : { ...error, value: quoted(value) });
    },
  };
}

/** A range as a request writes it. */
export interface WrittenRange {
  /** Its start. */
  readonly start: string;
  /** Its end, inclusive. */
  readonly end: string;
}

/** The span of a range on the clock of a zone, half-open; null if a rule is broken. */
export function rangeSpan(
  { start, end }: WrittenRange,
  { zone, interval, nowMs }: Pick<ExportSpec, "zone" | "interval"> & { nowMs: number },
  refuse: Refuse,
): { fromMs: number; toMs: number } | null {
  const fromMs = rangeStartMs(start, zone) ?? NaN;
  const lastMs = rangeLastMs(end, zone) ?? NaN;
  let isRight = true;
  const wrong = (field: string, value: string, rule: string) => {
    isRight = false;
    refuse(field, value, rule);
  };
  if (fromMs >= nowMs) wrong("start_datetime", start, "must be in the past");
  if (lastMs >= nowMs) {
    const day = isDate(end) ? `; a date ends at 23:59:59.999 ${zone}` : "";
    wrong("end_datetime", end, `must be in the past${day}`);
  }
  if (fromMs !== fromMs) wrong("start_datetime", start, yearsRule(zone));
  if (lastMs !== lastMs) wrong("end_datetime", end, yearsRule(zone));
  if (lastMs <= fromMs) wrong("end_datetime", end, "must be after start_datetime");
  else if (lastMs - fromMs < EXPORT_MIN_RANGE_MS) {
    wrong("end_datetime", end, "must be at least 1 minute after start_datetime");
  } else if (lastMs - fromMs > longestRangeMs({ zone, interval })) {
    wrong(
      "end_datetime",
      end,
      isHourOrMore(interval)
        ? "must be at most 10 years after start_datetime"
        : "must be at most 366 days after start_datetime, or 10 years with an interval of 1h or more",
    );
  }
  return isRight ? { fromMs, toMs: lastMs + 1 } : null;
}

function longestRangeMs({ zone, interval }: Pick<ExportSpec, "zone" | "interval">): number {
  // Days of a zone have an hour more when its clocks go back.
  const spareMs = zone === "UTC" ? 0 : HOUR_MS;
  return (isHourOrMore(interval) ? EXPORT_MAX_LONG_RANGE_MS : EXPORT_MAX_RANGE_MS) + spareMs;
}

/** The parts of an export that rules compare. */
export type RuledSpec = Omit<ExportSpec, "fromMs" | "toMs" | "period" | "csv" | "profile">;

/** Refuses columns and aggregates that the profile does not have. */
export function refuseUnknownColumns(spec: RuledSpec, profile: Profile, refuse: Refuse): void {
  const metrics = profile.metrics.map(({ name }) => name);
  for (const name of Object.keys(spec.aggregates)) {
    if (!metrics.includes(name)) {
      refuse("aggregates", name, `must be for metrics of the source: ${metrics.join(", ")}`);
    }
  }
  if (spec.columns === null) return;
  const possible = possibleOutputs(profile, spec).map(({ name }) => name);
  const known = [TIMESTAMP, profile.idColumn, ...possible];
  spec.columns.forEach((name, index) => {
    if (!known.includes(name)) {
      refuse(`columns/${index}`, name, `must be one of ${known.join(", ")}`);
    } else if (spec.columns?.indexOf(name) !== index) {
      refuse(`columns/${index}`, name, "must be different from the columns before it");
    }
  });
  refuseColumnOrder(spec.columns, profile, refuse);
}

/** The time comes first in every format, then the id. */
function refuseColumnOrder(
  columns: readonly string[],
  { idColumn }: Profile,
  refuse: Refuse,
): void {
  const timeAt = columns.indexOf(TIMESTAMP), idAt = columns.indexOf(idColumn);
  if (timeAt > 0) refuse("columns", columns, `must have ${TIMESTAMP} first`);
  if (idAt > 0 && !(idAt === 1 && timeAt === 0)) {
    refuse("columns", columns, `must have ${idColumn} first, or after ${TIMESTAMP}`);
  }
}

/** Refuses pairs of options that do not go together. */
export function refusePairs(spec: RuledSpec, profile: Profile | null, refuse: Refuse): void {
  refuseFormatPairs(spec, refuse);
  refuseLayoutPairs(spec, profile, refuse);
  if (spec.interval === "raw" && Object.keys(spec.aggregates).length > 0) {
    refuse("aggregates", spec.aggregates, "must have an interval such as 15m, or be left out");
  }
}

function refuseFormatPairs(spec: RuledSpec, refuse: Refuse): void {
  const { format, interval, compression, gaps, layout, hasUtc } = spec;
  if (format === "xml") {
    if (interval !== "raw" && fixedMs(interval) === null && interval !== "1d") {
      refuse("interval", interval, "must be raw or at most 1d with format xml, such as 1d");
    }
    if (gaps === "null") {
      refuse("gaps", gaps, "must be omit or report with format xml, such as omit");
    }
    if (layout === "wide") refuse("layout", layout, "must be long or per_source with format xml");
  }
  if (hasUtc && (format === "xml" || format === "parquet")) {
    refuse("utc", true, `must be false with format ${format}, whose times are in UTC`);
  }
  if (compression === "gzip" && formatNamed(format).isCompressed) {
    refuse("compression", compression, `must be none with format ${format}, which is compressed`);
  }
}

function refuseLayoutPairs(spec: RuledSpec, profile: Profile | null, refuse: Refuse): void {
  const { layout, compression, ids, columns } = spec;
  if (layout === "per_source" && compression === "gzip") {
    refuse("compression", compression, "must be zip with layout per_source, such as zip");
  }
  if (profile === null) return;
  if (layout === "wide") {
    const values = chosenOutputs(profile, spec);
    if (values.length !== 1) {
      const nearest = JSON.stringify([TIMESTAMP, profile.metrics[0].name]);
      refuse(
        "columns",
        columns ?? undefined,
        `must be one metric with layout wide, such as ${nearest}`,
      );
    }
  } else if (layout === "long" && ids.length > 1 && !hasIdColumn(profile, spec)) {
    refuse("columns", columns, `must have ${profile.idColumn} with several sources in one file`);
  }
  if (columns !== null && chosenOutputs(profile, spec).length === 0) {
    refuse("columns", columns, `must have a metric, such as ${profile.metrics[0].name}`);
  }
}
