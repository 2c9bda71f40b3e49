/**
 * What a table of text shows about itself: columns, times, numbers, and what stays in doubt.
 *
 * @module
 */

import { PROFILES } from "../readings/profile.ts";
import { type DayColumns, findDayColumns } from "./day_rows.ts";
import { createDoubts, type Doubts, listText } from "./doubts.ts";
import { findMeters, findSeparator, type MeterColumn, repeatsOf } from "./meter_column.ts";
import { findMetrics, type MetricColumns } from "./metric_columns.ts";
import { guessNumbers, isMissingLike, isNumberLike, type NumberGuess } from "./number_guess.ts";
import type { TableSample } from "./table_sample.ts";
import { findTimes, type SampleColumn, type TableTimes } from "./time_columns.ts";
import { isTimeLike } from "./time_guess.ts";
import { steadierPattern, type Steps, stepsOf } from "./wall_times.ts";
import { readWallTimes } from "./wall_times.ts";

/** Columns that are looked at. */
const COLUMNS_MAX = 1_000;

/** The rows of one meter, by their indexes in the sample, in the order of the file. */
export type MeterRowIndexes = readonly number[];

/** What a table shows. */
export interface TableFindings {
  /** The table. */
  readonly table: TableSample;
  /** Its columns; none if it has no header. */
  readonly columns: readonly SampleColumn[];
  /** How its numbers are written. */
  readonly numbers: NumberGuess;
  /** Texts for a missing value. */
  readonly missing: readonly string[];
  /** Its times; null if it has none. */
  readonly times: TableTimes | null;
  /** The form of the times that is most likely; null without times. */
  readonly pattern: string | null;
  /** Another form that reads them too; null if there is none, or if the order of rows rules it out. */
  readonly otherPattern: string | null;
  /** The columns of a day's intervals, in a table with a day a row; else null. */
  readonly day: DayColumns | null;
  /** The column of ids; null if there is none. */
  readonly meter: MeterColumn | null;
  /** The columns of metrics. */
  readonly metrics: MetricColumns;
  /** The times in that form: UTC if they have an offset, else local; NaN where there is none. */
  readonly wallMs: Float64Array;
  /** The rows of each meter. */
  readonly rowsByMeter: readonly MeterRowIndexes[];
  /** The steps between times of a meter. */
  readonly steps: Steps;
  /** Doubts so far. */
  readonly doubts: Doubts;
}

/** What a table shows, in the order in which one thing rests on another. */
export function findInTable(table: TableSample): TableFindings {
  const doubts = createDoubts();
  const columns = columnsOf(table);
  const day = findDayColumns(columns.filter(({ values }) => !values.some(isDateText)));
  const plain = columns.filter((column) => !day?.columns.includes(column));
  const times = findTimes(plain);
  const timeColumns = [...times?.main.columns ?? [], ...times?.end?.columns ?? []];
  const others = plain.filter((column) => !timeColumns.includes(column));
  const meter = meterOf(others, { times, doubts });
  const metrics = day === null
    ? findMetrics(others.filter((column) => column !== meter?.column), {
      metrics: PROFILES.meter.metrics,
      units: table.units?.fields ?? null,
    })
    : { chosen: [], others: [], left: [] };
  const valueColumns = day?.columns ??
    [...metrics.chosen, ...metrics.others].map((one) => one.column);
  const cells = valueColumns.flatMap(({ values }) => values);
  const rowsByMeter = groupsOf(table.rows.length, meter?.column ?? null);
  const texts = times?.main.texts ?? [];
  const patterns = times?.main.guess.patterns ?? [];
  const chosen = patterns.length === 0
    ? null
    : steadierPattern(patterns, rowsByMeter.map((rows) => rows.map((row) => texts[row])));
  const pattern = chosen?.pattern ?? null;
  const otherPattern = chosen === null || chosen.isProven
    ? null
    : patterns.find((one) => one !== pattern) ?? null;
  // The candidates were read by the first form.
  const wallMs = pattern === null || pattern === patterns[0]
    ? times?.main.wallMs ?? new Float64Array(0)
    : readWallTimes(texts, pattern);
  return {
    table,
    columns,
    numbers: guessNumbers(cells.filter(isNumberLike)),
    missing: [...new Set(cells.filter(isMissingLike))],
    times,
    pattern,
    otherPattern,
    day,
    meter,
    metrics,
    rowsByMeter,
    wallMs,
    steps: stepsOf(
      rowsByMeter.map((rows) =>
        Float64Array.from(rows, (row) => wallMs[row]).filter((ms) => ms === ms)
      ),
    ),
    doubts,
  };
}

/** The values of each column. */
function columnsOf({ header, rows }: TableSample): SampleColumn[] {
  return (header?.fields ?? []).slice(0, COLUMNS_MAX).map((name, index) => ({
    name,
    index,
    values: rows.map(({ fields }) => fields[index]),
  }));
}

function isDateText(text: string): boolean {
  return isTimeLike(text) && /[-./]/.test(text);
}

/** The column of ids: by its name, or because it alone tells rows of the same time apart. */
function meterOf(
  columns: readonly SampleColumn[],
  { times, doubts }: { times: TableTimes | null; doubts: Doubts },
): MeterColumn | null {
  const named = findMeters(columns);
  const texts = times?.main.texts ?? [];
  const keys = named === null
    ? texts
    : texts.map((time, row) => time === "" ? "" : `${time}\n${named.column.values[row]}`);
  // The hour that clocks repeat is a small part of any file.
  if (repeatsOf(keys) <= texts.length * 0.2) return usable(named, doubts);
  const separator = findSeparator(columns.filter((column) => column !== named?.column), keys);
  if (separator === null) {
    const detail = "Many times occur more than once, and no column tells the rows apart. Of the " +
      "readings of one time an import keeps the last";
    doubts.add("rows", detail);
    return usable(named, doubts);
  }
  const { column, ids, areIds } = separator;
  if (named === null && areIds) {
    const detail = `Rows of the same time differ in ${column.name}, so its values ` +
      `(${listText(ids)}) seem to be meters`;
    doubts.add("meter", detail, `meter=${column.name}`);
    return separator;
  }
  const detail = `Each time occurs more than once; ${column.name} tells the rows apart ` +
    `(${listText(ids)}). A meter keeps one reading of a time, the last one. Split the file by ` +
    `${column.name} and import each part into a meter of its own`;
  doubts.add("rows", detail);
  return usable(named, doubts);
}

/** A column whose ids cannot be those of meters is reported, not used. */
function usable(meter: MeterColumn | null, doubts: Doubts): MeterColumn | null {
  if (meter === null || meter.areIds) return meter;
  const detail =
    `${meter.column.name} seems to hold ids of meters, but ${listText(meter.ids, 2)} ` +
    "cannot be one: 1 to 64 characters of A-Z a-z 0-9 _ . : - are allowed. Import into a meter " +
    "that you name in the address";
  doubts.add("meter", detail);
  return meter.ids.length === 1 ? null : meter;
}

function groupsOf(rows: number, column: SampleColumn | null): MeterRowIndexes[] {
  const groups = new Map<string, number[]>();
  for (let row = 0; row < rows; row++) {
    const id = column?.values[row] ?? "";
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [row]);
    else group.push(row);
  }
  return [...groups.values()];
}
