/**
 * The points of a group as a page of a profile.
 *
 * @module
 */

import { PROFILE_METRICS_MAX } from "../limits.ts";
import { rangeRule } from "../imports/reading_row.ts";
import { FLOAT } from "../readings/decimal.ts";
import { gatherPage, type Page } from "../readings/page.ts";
import { isBuiltIn, type Metric, type Profile } from "../readings/profile.ts";
import type { LineProblems } from "./line_problems.ts";
import { aggregateOf, unitOf } from "./names.ts";
import type { PointGroup } from "./point_group.ts";

/** A page, and the lines that it comes from. */
export interface GroupPage {
  /** The points, in the order of the group. */
  readonly page: Page;
  /** The last line of each point. */
  readonly lines: readonly number[];
  /** How many lines make up the points. */
  readonly lineCount: number;
  /** What is wrong with the last line that was dropped; null if none was. */
  readonly reason: string | null;
  /** How many lines were dropped. */
  readonly droppedCount: number;
}

/** The metrics that a profile needs for the fields of a group. */
export function metricsOf({ fields }: Pick<PointGroup, "fields">): readonly Metric[] {
  return fields.map(({ metric: name }) => ({
    name,
    unit: unitOf(name),
    min: -Number.MAX_VALUE,
    max: Number.MAX_VALUE,
    aggregate: aggregateOf(name),
  }));
}

/**
 * The points as a page with the columns of a profile. Points with a value out of range, or without a
 * required one, are dropped. Fields that the profile does not have are left out; a point that has
 * nothing else is dropped.
 */
export function groupPage(
  group: PointGroup,
  profile: Profile,
  problems: LineProblems,
): GroupPage {
  const { metrics } = profile;
  const columns = columnsOf(group, profile);
  reportLeftOut(group, profile, { columns, problems });
  const kept: number[] = [], lines: number[] = [];
  let lineCount = 0, droppedCount = 0;
  let reason: string | null = null;
  for (let point = 0; point < group.timesMs.length; point++) {
    const wrong = pointRule(group, { metrics, columns }, point);
    if (wrong === null) {
      kept.push(point);
      lines.push(group.lines[point]);
      lineCount += group.lineCounts[point];
    } else {
      reason = wrong;
      droppedCount += group.lineCounts[point];
      problems.drop({ line: group.lines[point], reason }, group.lineCounts[point]);
    }
  }
  const page = wholePage(group, columns);
  const isWhole = kept.length === group.timesMs.length;
  return {
    page: isWhole ? page : gatherPage(page, Uint32Array.from(kept)),
    lines,
    lineCount,
    reason,
    droppedCount,
  };
}

/** The column of the group for each metric of the profile; -1 if there is none. */
function columnsOf({ fields }: PointGroup, { metrics }: Profile): readonly number[] {
  const names = fields.map(({ metric }) => metric.toLowerCase());
  return metrics.map(({ name }) => names.indexOf(name.toLowerCase()));
}

/** Reports fields that have values but no metric, each once. */
function reportLeftOut(
  group: PointGroup,
  profile: Profile,
  { columns, problems }: { columns: readonly number[]; problems: LineProblems },
): void {
  group.fields.forEach(({ key }, column) => {
    const point = group.columns[column]?.findIndex((value) => value === value) ?? -1;
    if (point < 0 || columns.includes(column)) return;
    const why = whyLeftOut(profile);
    const reason = `field ${key} is left out: the profile ${profile.name} ${why}`;
    problems.leaveOut({ line: group.lines[point], reason });
  });
}

/** Why a profile does not have a field. One with room gets it, unless others have the profile too. */
function whyLeftOut({ name, metrics }: Profile): string {
  if (isBuiltIn(name)) return "is built in and does not have it; send it in another measurement";
  return metrics.length === PROFILE_METRICS_MAX
    ? "has no room for it"
    : "does not have it, and something that your key may not touch has that profile too; send it " +
      "in another measurement";
}

/** What is wrong with a point; null if it can be stored. */
function pointRule(
  { columns: given, deviceId }: PointGroup,
  { metrics, columns }: { metrics: readonly Metric[]; columns: readonly number[] },
  point: number,
): string | null {
  let known = 0;
  let missing: string | null = null;
  for (let index = 0; index < metrics.length; index++) {
    const value = given[columns[index]]?.[point] ?? NaN;
    const { name, min, max, isRequired } = metrics[index];
    if (value !== value) {
      if (isRequired === true) missing ??= name;
      continue;
    }
    known++;
    if (value < min || value > max) {
      return `device ${deviceId}: ${name} must be from ${rangeRule(metrics[index])}: ${value}`;
    }
  }
  if (known === 0) return `device ${deviceId}: no field is a metric of its profile`;
  return missing === null ? null : `device ${deviceId}: ${missing} is required`;
}

function wholePage({ timesMs, columns: given }: PointGroup, columns: readonly number[]): Page {
  const count = timesMs.length;
  return {
    timesMs: Float64Array.from(timesMs),
    columns: columns.map((column) => {
      const values = new Float64Array(count).fill(NaN);
      const from = given[column] ?? [];
      for (let point = 0; point < from.length; point++) values[point] = from[point];
      return { scale: FLOAT, values };
    }),
  };
}
