/**
 * Reading a record of a CSV upload that is a day: a column for each interval.
 *
 * Columns with times are on the clock, so their day has no value for an hour that the clock skips.
 * Columns with numbers count the intervals of the day, which has 23, 24 or 25 hours. Exporters that have
 * no columns for the 25th hour, or fill in those of a 24th that there is not, mean the clock as well.
 *
 * @module
 */

import { DAY_MS } from "../limits.ts";
import { parseGroupedDecimal } from "../text/decimal_fields.ts";
import type { RowProblem } from "../text/upload_reader.ts";
import type { WallTime } from "../time/time_text.ts";
import type { CsvRowOptions } from "./csv_row.ts";
import type { DayColumns } from "./day_columns.ts";
import type { ColumnMeaning, Dialect } from "./dialect.ts";
import { numberRule } from "./number_rule.ts";
import { rangeRule } from "./reading_row.ts";
import { noTimeRule, readTime } from "./upload_time.ts";

/**
 * Reads the intervals of a day from the fields of its record. Calls `reject` for each value that is
 * wrong; the others are kept.
 */
export type ReadDay = (
  values: readonly string[],
  line: number,
  reject: (problem: RowProblem) => void,
) => void;

/** A function that reads days. The rules of times must be those of {@link dayDialect}. */
export function createDayReader(
  { profile, dialect, header: { names }, row }: CsvRowOptions,
  columns: DayColumns,
  meaning: ColumnMeaning,
): ReadDay {
  const lower = names.map((name) => name.toLowerCase());
  const dateIndexes = dialect.timeColumns.map((name) => lower.indexOf(name.toLowerCase()));
  const clockMs = clockTimes(columns, dialect);
  const wall: WallTime = { wallMs: NaN, offsetMs: NaN };

  /** The rule that the value of an interval breaks at the time of `wall`, or null. */
  function readValue(field: string, line: number): string | null {
    const decimal = parseGroupedDecimal(field, dialect);
    if (decimal === null) return numberRule(field, dialect.point);
    row.clear();
    if (!row.set(meaning, decimal)) return rangeRule(profile.metrics[meaning.metric]);
    return row.addAt(wall, line) ? null : noTimeRule(dialect, wall);
  }

  return (values, line, reject) => {
    const text = dateIndexes.map((index) => values[index]).join(" ");
    const date = dialect.timeFormat.parse(text);
    if (date === null) {
      const time = readTime(dialect, text, 0);
      const rule = "rule" in time ? time.rule : dialect.timeFormat.rule;
      return reject({ field: dialect.timeColumns.join(" "), value: text, rule });
    }
    const isCounted = columns.clockMs === null &&
      isCountedDay(values, { columns, dialect, midnightMs: date.wallMs });
    columns.indexes.forEach((index, at) => {
      const value = values[index];
      if (isMissing(value, dialect)) return;
      wall.wallMs = isCounted ? date.wallMs : date.wallMs + clockMs[at];
      wall.period = isCounted ? at + 1 : undefined;
      const rule = readValue(value, line);
      if (rule !== null) reject({ field: names[index], value, rule });
    });
  };
}

/** The same dialect for records that are days with these columns: their length is that of intervals. */
export function dayDialect(dialect: Dialect, { stepMs }: DayColumns): Dialect {
  const { rules } = dialect;
  return {
    ...dialect,
    intervalMs: stepMs,
    rules: rules === null ? null : { ...rules, intervalMs: stepMs },
  };
}

/** The time that each column stands for by the clock, milliseconds after midnight. */
function clockTimes({ clockMs, indexes, stepMs, areEnds }: DayColumns, dialect: Dialect): number[] {
  const isEnd = dialect.rules?.stamp === "end";
  // Times that are ends by their names become starts, unless the upload says the same of all times.
  if (clockMs !== null) return clockMs.map((ms) => areEnds && !isEnd ? ms - stepMs : ms);
  return indexes.map((_, at) => (isEnd ? at + 1 : at) * stepMs);
}

/** Whether the values of a day count its intervals, instead of being at the times of a clock. */
function isCountedDay(
  values: readonly string[],
  { columns: { indexes, stepMs }, dialect, midnightMs }: {
    columns: DayColumns;
    dialect: Dialect;
    midnightMs: number;
  },
): boolean {
  const clock = dialect.rules?.clock;
  const dayMs = clock === undefined
    ? DAY_MS
    : clock.toCompatibleMs(midnightMs + DAY_MS) - clock.toCompatibleMs(midnightMs);
  const areFilled = (from: number) =>
    indexes.slice(from).some((index) => !isMissing(values[index], dialect));
  return dayMs > DAY_MS ? areFilled(DAY_MS / stepMs) : !areFilled(Math.ceil(dayMs / stepMs));
}

function isMissing(field: string, { missing }: Dialect): boolean {
  return field === "" || missing.includes(field);
}
