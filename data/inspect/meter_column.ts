/**
 * The column with the ids of meters, and columns that tell apart rows of the same time.
 *
 * @module
 */

import { METER_ID_PATTERN } from "../limits.ts";
import { METER_WORDS, wordsOf } from "./header_words.ts";
import { isNumeric } from "./metric_columns.ts";
import type { SampleColumn } from "./time_columns.ts";

/** A column with ids. */
export interface MeterColumn {
  /** The column. */
  readonly column: SampleColumn;
  /** Its different values, in the order of the file. */
  readonly ids: readonly string[];
  /** Whether all of them can be ids of meters. */
  readonly areIds: boolean;
  /** Whether its name says that it holds ids. */
  readonly isNamed: boolean;
}

/** Share of the rows that may repeat because clocks were set back: 2 hours of some days. */
const REPEATED_HOUR = 0.02;

/** Most meters of a file of `rows` rows: otherwise a column differs in every row. */
function mostIds(rows: number): number {
  return Math.max(1, rows / 2);
}

/** The column of ids by its name; null if there is none. */
export function findMeters(columns: readonly SampleColumn[]): MeterColumn | null {
  const named = columns.flatMap((column) => {
    const words = wordsOf(column.name);
    const compact = column.name.toLowerCase().replaceAll(/[^a-z_]/g, "");
    const rank = METER_WORDS.findIndex((word) => words.includes(word) || compact === word);
    const ids = distinct(column);
    // An id of its own for each row is that of a record, unless the name says otherwise.
    const most = METER_WORDS[rank] === "id" ? mostIds(column.values.length) : Infinity;
    return rank < 0 || ids.length === 0 || ids.length > most ? [] : [{ column, rank, ids }];
  }).toSorted((one, other) => one.rank - other.rank || one.column.index - other.column.index);
  const [best] = named;
  return best === undefined ? null : meterOf(best.column, best.ids, true);
}

/** A column whose values tell apart the rows of each time, such as a register; null if none does. */
export function findSeparator(
  columns: readonly SampleColumn[],
  times: readonly string[],
): MeterColumn | null {
  const found = columns.find((column) => {
    const ids = distinct(column);
    if (ids.length < 2 || ids.length > Math.min(100, mostIds(times.length))) return false;
    if (isNumeric(column) && column.values.some((text) => /[.,]/.test(text))) return false;
    const keys = times.map((time, row) => `${time}\n${column.values[row]}`);
    return repeatsOf(keys) <= keys.length * REPEATED_HOUR;
  });
  return found === undefined ? null : meterOf(found, distinct(found), false);
}

/** How many texts occurred before; empty ones do not count. */
export function repeatsOf(texts: readonly string[]): number {
  const filled = texts.filter((text) => text !== "" && !text.startsWith("\n"));
  return filled.length - new Set(filled).size;
}

function meterOf(column: SampleColumn, ids: readonly string[], isNamed: boolean): MeterColumn {
  return { column, ids, areIds: ids.every((id) => METER_ID_PATTERN.test(id)), isNamed };
}

function distinct({ values }: SampleColumn): string[] {
  return [...new Set(values)].filter((text) => text !== "");
}
