/**
 * Which columns of a table hold which metric, and in which unit.
 *
 * @module
 */

import type { Metric } from "../readings/profile.ts";
import { unitsFor } from "../readings/units.ts";
import {
  EXPORT_WORDS,
  hasWord,
  IMPORT_WORDS,
  METRIC_WORDS,
  NOT_METRIC_WORDS,
} from "./header_words.ts";
import { isMissingLike, isNumberLike } from "./number_guess.ts";
import type { SampleColumn } from "./time_columns.ts";

/** A metric that a column seems to hold. */
export interface MetricColumn {
  /** The column. */
  readonly column: SampleColumn;
  /** The metric. */
  readonly metric: Metric;
  /** The unit, as in `map`. */
  readonly unit: string;
  /** Whether the file names the unit. */
  readonly isUnitKnown: boolean;
  /** How well it fits; the best column of a metric is proposed. */
  readonly score: number;
}

/** A column with numbers that is left out, and why. */
export interface LeftColumn {
  /** The column. */
  readonly column: SampleColumn;
  /** Why it is not imported. */
  readonly reason: string;
}

/** The columns of metrics. */
export interface MetricColumns {
  /** The best column of each metric. */
  readonly chosen: readonly MetricColumn[];
  /** Other columns that fit a metric that has a better one. */
  readonly others: readonly MetricColumn[];
  /** Columns of numbers that fit no metric. */
  readonly left: readonly LeftColumn[];
}

/** Units that no metric of a meter has, and what they measure. */
const OTHER_UNITS: Readonly<Record<string, string>> = {
  kvarh: "reactive energy",
  varh: "reactive energy",
  kvar: "reactive power",
  var: "reactive power",
  kVAh: "apparent energy",
  kVA: "apparent power",
  VA: "apparent power",
  "m3": "a volume",
  "m³": "a volume",
  therms: "gas in therms",
  Therms: "gas in therms",
  therm: "gas in therms",
  l: "a volume",
  L: "a volume",
  dl: "a volume",
  Hz: "a frequency",
  "°C": "a temperature",
  "%": "a share",
  EUR: "money",
  USD: "money",
  GBP: "money",
  "€": "money",
  "$": "money",
  "£": "money",
};
/** Share of a column's filled values that must be numbers. */
const NUMBERS_MIN = 0.8;

/** The columns of metrics in a table, given the columns that are not times or ids. */
export function findMetrics(
  columns: readonly SampleColumn[],
  { metrics, units }: { metrics: readonly Metric[]; units: readonly string[] | null },
): MetricColumns {
  const fits: MetricColumn[] = [], left: LeftColumn[] = [];
  for (const column of columns.filter(isNumeric)) {
    const unitText = units?.[column.index] ?? "";
    const fit = fitOf(column, unitText, metrics);
    if ("reason" in fit) left.push({ column, reason: fit.reason });
    else fits.push({ column, ...fit });
  }
  const best = metrics.flatMap((metric) =>
    fits.filter((fit) => fit.metric === metric).toSorted((one, other) =>
      other.score - one.score || one.column.index - other.column.index
    ).slice(0, 1)
  );
  return { chosen: best, others: fits.filter((fit) => !best.includes(fit)), left };
}

/** Whether a column holds numbers: among its filled values, or in a column that is empty otherwise. */
export function isNumeric({ values }: SampleColumn): boolean {
  const filled = values.filter((text) => text !== "" && !isMissingLike(text));
  return filled.length > 0 && filled.filter(isNumberLike).length >= filled.length * NUMBERS_MIN;
}

type Fit = Omit<MetricColumn, "column">;

/** The metric that a column fits, or why it fits none. */
function fitOf(
  { name }: SampleColumn,
  unitText: string,
  metrics: readonly Metric[],
): Fit | { reason: string } {
  const exact = metrics.find((metric) => metric.name === name.toLowerCase());
  if (exact !== undefined) {
    return { metric: exact, unit: exact.unit, isUnitKnown: true, score: 100 };
  }
  const other = otherUnit(unitText) ?? otherUnit(name);
  if (other !== null) return { reason: `It holds ${other}, which a meter does not keep` };
  for (const metric of metrics) {
    const unit = unitIn(unitText, metric) ?? unitIn(name, metric);
    if (unit === null) continue;
    return { metric, unit, isUnitKnown: true, score: 10 + directionScore(name) };
  }
  if (hasWord(name, NOT_METRIC_WORDS)) return { reason: "Its name is not that of a reading" };
  for (const metric of metrics) {
    const words = METRIC_WORDS[metric.name];
    if (words === undefined || !hasWord(name, words)) continue;
    return { metric, unit: metric.unit, isUnitKnown: false, score: directionScore(name) };
  }
  return { reason: "Its name says no metric and no unit" };
}

/** Consumption before production; totals and plain names before parts. */
function directionScore(name: string): number {
  const isOut = hasWord(name, EXPORT_WORDS), isIn = hasWord(name, IMPORT_WORDS);
  const isOther = hasWord(name, NOT_METRIC_WORDS);
  return (isIn ? 3 : 0) - (isOut ? 4 : 0) - (isOther ? 6 : 0);
}

/** The unit of a metric in a name: `Usage (kWh)`, `USAGE_KWH`, `usage_wh`; null if there is none. */
function unitIn(name: string, { unit: metricUnit }: Metric): string | null {
  const units = unitsFor(metricUnit);
  const bracketed = [...name.matchAll(/[[(]([^\])]+)[\])]/g)].map(([, text]) => text.trim());
  const exact = units.find((unit) => name === unit || bracketed.includes(unit));
  if (exact !== undefined) return exact;
  // Single letters are names of phases more often than units; mV and MV differ by case alone.
  const parts = name.split(/[^A-Za-z°]+/);
  return units.find((unit) =>
    unit.length > 1 && parts.some((part) => part === unit || isSameUnit(part, unit))
  ) ?? null;
}

function isSameUnit(part: string, unit: string): boolean {
  const isPlain = /^(?:kwh|wh|mwh|kw)$/i.test(unit);
  return isPlain && part.toLowerCase() === unit.toLowerCase();
}

function otherUnit(name: string): string | null {
  const parts = name.split(/[^A-Za-z0-9°%€$£³]+/);
  const unit = Object.keys(OTHER_UNITS).find((one) => parts.includes(one));
  return unit === undefined ? null : OTHER_UNITS[unit];
}
