/**
 * The columns of values of an export: which metric each shows, and how it is aggregated.
 *
 * @module
 */

import type { FileColumn } from "../encoders/encoder.ts";
import type { Profile } from "../readings/profile.ts";
import type { AggregateName, ExportSpec } from "./spec.ts";

/** The name of the column with the share of the expected readings that are there. */
export const COMPLETENESS = "completeness";
/** The name of the column with the time. */
export const TIMESTAMP = "timestamp";

/** A profile as files of meters or devices show it: the column with the id is named for them. */
export function exportProfile(profile: Profile, kind: ExportSpec["sourceKind"]): Profile {
  return { ...profile, idColumn: kind === "meter" ? "smart_meter_id" : "device_id" };
}

/** A column of values. */
export interface Output {
  /** Its name. */
  readonly name: string;
  /** The index of its metric in the profile; -1 for {@link COMPLETENESS}. */
  readonly metric: number;
  /** How its values are aggregated; null for readings as they are. */
  readonly aggregate: AggregateName | null;
}

/** What decides which columns there are. */
export type OutputChoice = Pick<ExportSpec, "interval" | "aggregates" | "columns" | "format">;

/**
 * Every column of values that an export can have, in the order of the profile. A metric whose
 * aggregates the request names has a column `metric_aggregate` for each of them.
 */
export function possibleOutputs(
  profile: Profile,
  { interval, aggregates }: Pick<OutputChoice, "interval" | "aggregates">,
): Output[] {
  if (interval === "raw") {
    return profile.metrics.map(({ name }, metric) => ({ name, metric, aggregate: null }));
  }
  const outputs = profile.metrics.flatMap((described, metric): Output[] => {
    const { name } = described;
    if (!Object.hasOwn(aggregates, name)) {
      return [{ name, metric, aggregate: described.aggregate }];
    }
    return aggregates[name].map((aggregate) => ({
      name: `${name}_${aggregate}`,
      metric,
      aggregate,
    }));
  });
  return [...outputs, { name: COMPLETENESS, metric: -1, aggregate: null }];
}

/** The columns of values of an export, in its order. Names that no column has are left out. */
export function chosenOutputs(profile: Profile, choice: OutputChoice): Output[] {
  const possible = possibleOutputs(profile, choice);
  if (choice.columns !== null) {
    return choice.columns.flatMap((name) => possible.filter((output) => output.name === name));
  }
  // ESPI has no kind of reading for a share of readings.
  return choice.format === "xml" ? possible.filter(({ metric }) => metric >= 0) : possible;
}

/** Whether the file has the column with the id of the source. */
export function hasIdColumn(profile: Profile, { columns }: Pick<OutputChoice, "columns">): boolean {
  return columns === null || columns.includes(profile.idColumn);
}

/** A column as encoders know it. */
export function fileColumn(
  profile: Profile,
  { name, metric, aggregate }: Output,
  { source = null, decimals = null }: Partial<Pick<FileColumn, "source" | "decimals">> = {},
): FileColumn {
  const described = metric < 0 ? null : profile.metrics[metric];
  return {
    name: source ?? name,
    unit: aggregate === "count" ? null : described?.unit ?? null,
    kind: aggregate === "count" ? "integer" : "double",
    metric: described?.name ?? null,
    aggregate,
    source,
    decimals,
  };
}
