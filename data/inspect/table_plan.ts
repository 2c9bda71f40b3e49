/**
 * The parameters by which an import would read a table, and doubts about them.
 *
 * @module
 */

import { DAY_MS, MINUTE_MS } from "../limits.ts";
import { unitExponent } from "../readings/units.ts";
import { listText, spanText, stampDoubt } from "./doubts.ts";
import { hasWord, REGISTER_WORDS } from "./header_words.ts";
import type { MetricColumn } from "./metric_columns.ts";
import { guessRegister } from "./register_guess.ts";
import type { TableFindings } from "./table_findings.ts";
import { isUtc } from "./time_columns.ts";
import { clockChanges, readWallTimes, zonesOfChange } from "./wall_times.ts";

/** Parameters of an import by name; most have one value. */
export type Parameters = Readonly<Record<string, readonly string[]>>;

/** What an import of a table would be. */
export interface TablePlan {
  /** The parameters. */
  readonly parameters: Parameters;
  /** Whether a time is the start or the end of its interval; null where it makes no difference. */
  readonly stamp: "start" | "end" | null;
  /** Whether the rows or names prove it. */
  readonly isStampProven: boolean;
  /** What the values of energy are; null without energy. */
  readonly values: "interval" | "cumulative" | null;
  /** Whether times need a zone that the file does not show. */
  readonly isZoneNeeded: boolean;
  /** From one time to the next, as in `interval`; null if it is not known. */
  readonly intervalText: string | null;
}

/** Energy and power below such an interval are much the same at its start and its end. */
const SHORT_MS = 5 * MINUTE_MS;

/**
 * The import of rows with names of columns. Doubts are added to those of the findings.
 *
 * @param isCsv whether the rows are text; otherwise they are JSON, whose numbers have one form.
 */
export function planTable(findings: TableFindings, isCsv: boolean): TablePlan {
  const parameters: Record<string, readonly string[]> = {};
  const { times, pattern, day, meter, metrics } = findings;
  if (isCsv) addDialect(findings, parameters);
  if (times !== null && pattern !== null) {
    const names = times.main.columns.map(({ name }) => name);
    if (names.join() !== "timestamp") parameters.timestamp = names;
    if (pattern !== "iso") parameters.timestamp_format = [pattern];
    doubtPattern(findings);
  }
  const isZoneNeeded = addZone(findings, parameters);
  const map = metrics.chosen.flatMap(mapEntry);
  if (map.length > 0) parameters.map = map;
  doubtMetrics(findings);
  const values = addValues(findings, parameters);
  const stamp = addStamp(findings, { parameters, values });
  const isStampProven = findings.doubts.except([]).every(({ about }) => about !== "stamp");
  if (day !== null) {
    parameters.layout = ["day-per-row"];
    if (!day.isNamed) {
      const detail = `${day.columns.length} columns of numbers look like the intervals of a day`;
      findings.doubts.add("layout", detail, "layout=long");
    }
  }
  if (meter !== null && meter.ids.length > 1) parameters.meter = [meter.column.name];
  const { intervalMs } = findings.steps;
  const intervalText = intervalMs === null ? null : spanText(intervalMs);
  return { parameters, stamp, isStampProven, values, isZoneNeeded, intervalText };
}

function addDialect(
  { table, numbers, missing, doubts }: TableFindings,
  parameters: Record<string, readonly string[]>,
): void {
  const { delimiter } = table;
  const implied = numbers.decimal === "," ? ";" : ",";
  if (delimiter !== implied) parameters.delimiter = [delimiter === "\t" ? "tab" : delimiter];
  if (numbers.decimal === ",") parameters.decimal = [","];
  if (numbers.thousands !== null) parameters.thousands = [thousandsName(numbers.thousands)];
  if (missing.length > 0) parameters.missing = missing;
  if (numbers.unclear !== null) {
    const [group, other] = numbers.decimal === "," ? [",", "."] : [".", ","];
    const detail =
      `Every number has three digits after its ${group}, such as ${numbers.unclear}: ` +
      "they are taken as decimals, but may be thousands";
    doubts.add("decimal", detail, `decimal=${other}&thousands=${group}`);
  }
}

/** A column's entry in `map`; none if its name is that of the metric. */
function mapEntry({ column: { name }, metric, unit }: MetricColumn): string[] {
  if (name.toLowerCase() === metric.name && unit === metric.unit) return [];
  return [unit === metric.unit ? `${name}:${metric.name}` : `${name}:${metric.name}:${unit}`];
}

function doubtPattern({ pattern, otherPattern, times, doubts }: TableFindings): void {
  if (otherPattern === null || pattern === null) return;
  const example = times?.main.texts.find((text) => text !== "") ?? "";
  const dates = [pattern, otherPattern].map((one) =>
    new Date(readWallTimes([example], one)[0]).toISOString().slice(0, 10)
  );
  const detail = `No row shows which number is the day and which the month: ${example} is ` +
    `${dates[0]} as ${pattern}, and ${dates[1]} as ${otherPattern}`;
  doubts.add("timestamp_format", detail, `timestamp_format=${otherPattern}`);
}

/** Whether the zone of the times is missing; adds UTC where a name says so. */
function addZone(
  findings: TableFindings,
  parameters: Record<string, readonly string[]>,
): boolean {
  const { times, doubts } = findings;
  if (times === null || times.main.guess.hasOffset) return false;
  if (isUtc(times.main)) {
    parameters.timezone = ["UTC"];
    return false;
  }
  const [change] = changesIn(findings);
  const zones = change === undefined ? [] : zonesOfChange(change);
  const when = change === undefined ? "" : new Date(change.wallMs).toISOString().slice(0, 16);
  const seen = change === undefined
    ? ""
    : `. The hour from ${when.replace("T", " ")} ${
      change.kind === "repeated" ? "occurs twice" : "is left out"
    }, as where clocks change${zones.length === 0 ? "" : `, for example in ${listText(zones)}`}`;
  const example = zones[0] ?? "Europe/Paris";
  const detail = `The times have no zone. Without timezone they are taken as UTC${seen}`;
  doubts.add("timezone", detail, `timezone=${example}`);
  return true;
}

function changesIn({ wallMs, rowsByMeter, steps }: TableFindings) {
  if (rowsByMeter.length === 0) return [];
  const first = rowsByMeter.toSorted((one, other) => other.length - one.length)[0];
  return clockChanges(
    Float64Array.from(first, (row) => wallMs[row]).filter((ms) => ms === ms),
    steps,
  );
}

function doubtMetrics({ metrics, day, steps, doubts }: TableFindings): void {
  const { chosen, others } = metrics;
  for (const { column, metric, unit, isUnitKnown } of chosen) {
    if (isUnitKnown) continue;
    const detail = `${column.name} names no unit; its values are taken as ${unit}`;
    doubts.add("map", detail, `map=${column.name}:${metric.name}:${unit.replace(/^k/, "")}`);
  }
  for (const { column, metric } of others) {
    const best = chosen.find((one) => one.metric === metric)?.column.name;
    const detail =
      `${column.name} could be ${metric.name} too; a meter has one, taken from ${best}`;
    doubts.add("columns", detail, `map=${column.name}:${metric.name}`);
  }
  const names = chosen.map(({ metric }) => metric.name);
  if (day !== null || names.includes("energy_kwh") || !names.includes("power_kw")) return;
  if (steps.intervalMs === null || steps.regularity < 0.5) return;
  const detail = `The file has power but no energy. derive=energy computes it from the power and ` +
    `the interval of ${spanText(steps.intervalMs)}, if the power is its mean`;
  doubts.add("derive", detail, "derive=energy");
}

/** What the values of energy are, and the parameter that says so if they are a register. */
function addValues(
  findings: TableFindings,
  parameters: Record<string, readonly string[]>,
): TablePlan["values"] {
  const { metrics, steps, day, doubts } = findings;
  const energy = metrics.chosen.find(({ metric }) => metric.name === "energy_kwh");
  if (day !== null) return "interval";
  if (energy === undefined) return null;
  const { column: { name } } = energy;
  if (name.toLowerCase() === energy.metric.name) return "interval";
  const isNamed = hasWord(name, REGISTER_WORDS);
  const { values, isClear } = guessRegister(seriesOf(findings, energy), {
    intervalMs: steps.intervalMs,
    isNamed,
  });
  if (values === "cumulative") parameters.values = ["cumulative"];
  if (!isClear) {
    const [seen, other] = values === "cumulative"
      ? [`${name} only counts up, as a register does`, "interval"]
      : [
        `Too few rows show whether ${name} is the energy of each interval or a register`,
        "cumulative",
      ];
    doubts.add("values", seen, `values=${other}`);
  }
  return values;
}

/** The values of a metric in its own unit, by meter. */
function seriesOf(
  { numbers, rowsByMeter, steps }: TableFindings,
  { column, unit, metric }: MetricColumn,
): Float64Array[] {
  const factor = 10 ** (unitExponent(unit, metric.unit) ?? 0);
  const all = Float64Array.from(column.values, (text) => {
    const bare = numbers.thousands === null ? text : text.replaceAll(numbers.thousands, "");
    const plain = bare.replace(numbers.decimal, ".");
    return plain === "" ? NaN : Number(plain) * factor;
  });
  const series = rowsByMeter.map((rows) => Float64Array.from(rows, (row) => all[row]));
  return steps.isDescending ? series.map((values) => values.toReversed()) : series;
}

/** Whether times are starts or ends of intervals, and the parameters that say so. */
function addStamp(
  findings: TableFindings,
  { parameters, values }: {
    parameters: Record<string, readonly string[]>;
    values: TablePlan["values"];
  },
): TablePlan["stamp"] {
  const { times, day, metrics, steps, doubts } = findings;
  if (times === null || values === "cumulative") return null;
  if (day !== null) {
    if (day.isEnd) parameters.stamp = ["end"];
    return day.isEnd ? "end" : "start";
  }
  const isOwn = metrics.chosen.every(({ column, metric }) =>
    column.name.toLowerCase() === metric.name
  );
  const isMoment = metrics.chosen.every(({ metric }) => metric.aggregate !== "sum") &&
    (steps.intervalMs ?? 0) < SHORT_MS;
  if (isOwn || isMoment) return null;
  const { stamp, isProven } = stampOf(findings);
  if (stamp === "end") {
    parameters.stamp = ["end"];
    if (steps.intervalMs !== null) parameters.interval = [spanText(steps.intervalMs)];
  }
  if (!isProven) {
    const { about, detail, settle } = stampDoubt(stamp);
    doubts.add(about, detail, settle ?? undefined);
  }
  return stamp;
}

function stampOf(
  { times, table, wallMs, rowsByMeter, steps }: TableFindings,
): { stamp: "start" | "end"; isProven: boolean } {
  if (times === null) return { stamp: "start", isProven: false };
  if (times.end !== null || times.isNamedStart) return { stamp: "start", isProven: true };
  if (times.main.guess.has24 || times.isNamedEnd) return { stamp: "end", isProven: true };
  const { intervalMs } = steps;
  if (intervalMs === null || intervalMs >= DAY_MS) return { stamp: "start", isProven: false };
  const rows = rowsByMeter[0].map((row) => wallMs[row]).filter((ms) => ms === ms)
    .toSorted((one, other) => one - other);
  const firstMs = rows[0] % DAY_MS, lastMs = rows[rows.length - 1] % DAY_MS;
  // Whole days from the first interval to the last one, in a file that was read to its end.
  const isWhole = !table.isCut && rows.length * intervalMs >= DAY_MS;
  if (firstMs === intervalMs && (lastMs === 0 || !isWhole)) {
    return { stamp: "end", isProven: isWhole };
  }
  return { stamp: "start", isProven: isWhole && firstMs === 0 && lastMs === DAY_MS - intervalMs };
}

/** What parts thousands, as the parameter names it. */
function thousandsName(text: string): string {
  return text === " " ? "space" : text === "'" ? "apostrophe" : text;
}
