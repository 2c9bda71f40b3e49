/**
 * What a table of text is and how it would be imported.
 *
 * @module
 */

import { PROFILES } from "../readings/profile.ts";
import { type ContentKind, kindOf } from "./content_kind.ts";
import { spanText } from "./doubts.ts";
import {
  type ColumnReport,
  type Inspection,
  type TableReport,
  type TimeReport,
  unknownFile,
} from "./inspection.ts";
import { matchPresets, variantsOf } from "./preset_match.ts";
import { planWithPreset, type PresetPlan } from "./preset_plan.ts";
import { findInTable, type TableFindings } from "./table_findings.ts";
import { planTable } from "./table_plan.ts";
import { readTable, type TableSample } from "./table_sample.ts";

const SAMPLES = 3;
const IDS_LISTED = 20;
const LINES_LISTED = 20;
const TEXT_LISTED = 100;
const COLUMNS_LISTED = 400;

/**
 * What a table is.
 *
 * @param isWhole whether the text is the whole file.
 */
export function inspectTable(text: string, isWhole: boolean): Inspection {
  const table = readTable(text, isWhole);
  if (table === null) {
    const advice = "Send a file with a header and a line for each reading";
    return unknownFile({ format: "text", title: "a text without a table", advice });
  }
  return inspectRows(table, kindOf("csv"));
}

/** What rows of columns are, in a table or as objects of JSON. */
export function inspectRows(table: TableSample, kind: ContentKind): Inspection {
  const isCsv = kind.format === "csv";
  const findings = findInTable(table);
  const plan = planTable(findings, isCsv);
  const { columns, meter, steps, day } = findings;
  const presets = matchPresets({ format: kind.format, columns, preamble: table.preamble });
  const final = planWithPreset(findings, plan, presets[0] ?? null);
  const intervalMs = day?.intervalMs ?? steps.intervalMs;
  return {
    ...unknownFile({ ...kind, advice: final.advice }),
    isImportable: final.advice === null,
    table: isCsv ? tableReport(findings) : null,
    columns: columns.slice(0, COLUMNS_LISTED).map(createColumnReport(findings, final)),
    meter: meter === null
      ? null
      : { column: meter.column.name, ids: meter.ids.slice(0, IDS_LISTED), count: meter.ids.length },
    time: timeReport(findings),
    interval: final.all.interval?.[0] ?? (intervalMs === null ? null : spanText(intervalMs)),
    stamp: final.stamp,
    values: final.values,
    layout: isCsv ? day === null ? "long" : "day-per-row" : null,
    isZoneNeeded: plan.isZoneNeeded && final.all.timezone === undefined,
    presets: presets.flatMap((preset) => [preset, ...variantsOf(preset)]),
    parameters: final.parameters,
    hasManyMeters: final.parameters.meter !== undefined,
    doubts: final.doubts,
  };
}

function tableReport({ table, numbers }: TableFindings): TableReport {
  return {
    delimiter: table.delimiter,
    decimal: numbers.decimal,
    thousands: numbers.thousands,
    headerLine: table.header?.line ?? null,
    preamble: table.preamble.slice(0, LINES_LISTED).map((line) => line.slice(0, TEXT_LISTED)),
  };
}

function timeReport({ times, pattern, otherPattern }: TableFindings): TimeReport | null {
  if (times === null || pattern === null) return null;
  const { columns, guess, texts } = times.main;
  return {
    columns: columns.map(({ name }) => name),
    format: pattern,
    formats: otherPattern === null ? [pattern] : [pattern, otherPattern],
    hasOffset: guess.hasOffset,
    sample: texts.find((text) => text !== "") ?? "",
  };
}

/** A function that says what a column is for, by the parameters of the import. */
function createColumnReport(
  { times, meter, day }: TableFindings,
  { all }: PresetPlan,
): (column: TableFindings["columns"][number]) => ColumnReport {
  const metrics = metricsByColumn(all.map ?? []);
  const timeNames = (all.timestamp ?? []).map((name) => name.toLowerCase());
  return (column) => {
    const name = column.name.toLowerCase();
    const filled = column.values.filter((text) => text !== "");
    const samples = filled.slice(0, SAMPLES).map((text) => text.slice(0, TEXT_LISTED));
    const metric = metrics.get(name);
    const report = { name: column.name.slice(0, TEXT_LISTED), metric: null, unit: null, samples };
    if (timeNames.includes(name)) return { ...report, role: "time" };
    if (metric !== undefined) return { ...report, role: "metric", ...metric };
    if (times?.end?.columns.includes(column)) return { ...report, role: "end" };
    if (meter?.column === column) return { ...report, role: "meter" };
    return { ...report, role: day?.columns.includes(column) ? "value_of_day" : "other" };
  };
}

/** The metric and unit of each column in `map`, and of those that have the name of a metric. */
function metricsByColumn(
  entries: readonly string[],
): Map<string, { readonly metric: string; readonly unit: string }> {
  const { metrics } = PROFILES.meter;
  const found = new Map(
    metrics.map(({ name, unit }) => [name, { metric: name, unit }]),
  );
  for (const entry of entries) {
    const parts = entry.split(":");
    const own = metrics.find(({ name }) => name === parts[parts.length - 1]);
    const unit = own?.unit ?? parts.pop() ?? "";
    const metric = parts.pop() ?? "";
    // A metric that another column is mapped to is not read from the one with its name.
    if (found.get(metric)?.metric === metric) found.delete(metric);
    found.set(parts.join(":").trim().toLowerCase(), { metric, unit });
  }
  return found;
}
