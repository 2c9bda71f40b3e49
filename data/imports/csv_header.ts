/**
 * What each column of an uploaded CSV is.
 *
 * @module
 */

import { headerFields } from "../text/csv_fields.ts";
import { wrongHeader } from "../text/wrong_header.ts";
import type { Dialect } from "./dialect.ts";
import { QUOTED_VALUE_MAX } from "../limits.ts";
import type { Profile } from "../readings/profile.ts";

/** A column that is read past. */
export const IGNORED: number = -1;
/** The column of times, or the first of two. */
export const TIME: number = -2;
/** The second column of times. */
export const SECOND_TIME: number = -3;
/** The column that repeats the series' id. */
export const ID: number = -4;

/** Columns told by name that are there twice. */
const REPEATS_TOLD = 20;

/** The columns of an upload, in its order. */
export interface CsvHeader {
  /** The name of each column. */
  readonly names: readonly string[];
  /**
   * What each one is: {@link TIME}, {@link SECOND_TIME}, {@link ID}, {@link IGNORED} or the index
   * of a metric.
   */
  readonly roles: readonly number[];
  /** Names of the columns that mean nothing here. */
  readonly ignored: readonly string[];
}

/**
 * Reads a header line by the names of a dialect, in any order and any case.
 *
 * @throws {AppError} INVALID_REQUEST with everything that is wrong: a column of times or one that is
 * mapped is not there, no metric, a column twice, a line that is no CSV.
 */
export function readHeader(line: string, profile: Profile, dialect: Dialect): CsvHeader {
  const given = headerFields(line, dialect.delimiter).map((name) => name.trim());
  const names = given.map((name) => name.toLowerCase());
  const roles = names.map((name) => roleOf(name, profile, dialect));
  const wanted = [...dialect.timeColumns, ...dialect.required]
    .filter((name) => !names.includes(name.toLowerCase()));
  const metrics = profile.metrics.map(({ name }) => name).join(", ");
  const problems: [detail: string, rule: string][] = [];
  for (const name of wanted) {
    problems.push([`The header has no ${name} column`, `${name} column`]);
  }
  if (!roles.some((role) => role >= 0) && dialect.required.length === 0) {
    problems.push([`The header names none of ${metrics}`, "at least one metric column"]);
  }
  const repeated = repeatedNames(names);
  for (const name of repeated.slice(0, REPEATS_TOLD)) {
    const what = name === "" ? "an empty column" : name.slice(0, QUOTED_VALUE_MAX);
    problems.push([`The header names ${what} twice`, "no column twice"]);
  }
  if (repeated.length > REPEATS_TOLD) {
    const others = repeated.length - REPEATS_TOLD;
    problems.push([`The header names ${others} other columns twice`, "no column twice"]);
  }
  if (problems.length > 0) throw wrongHeader(line, problems);
  return { names: given, roles, ignored: given.filter((_, index) => roles[index] === IGNORED) };
}

function repeatedNames(names: readonly string[]): string[] {
  const seen = new Set<string>(), repeated = new Set<string>();
  for (const name of names) (seen.has(name) ? repeated : seen).add(name);
  return [...repeated];
}

function roleOf(name: string, { idColumn }: Profile, { timeColumns, columns }: Dialect): number {
  const time = timeColumns.findIndex((column) => column.toLowerCase() === name);
  if (time >= 0) return time === 0 ? TIME : SECOND_TIME;
  return columns.get(name)?.metric ?? (name === idColumn ? ID : IGNORED);
}
