/**
 * The header of an uploaded CSV: what each column is.
 *
 * @module
 */

import { headerFields } from "../text/csv_fields.ts";
import { wrongHeader } from "../text/wrong_header.ts";
import { likelyMeterColumn } from "./meter_columns.ts";
import { closestName, likelyDelimiter, likelyMappings, likelyTimeColumns } from "./column_hints.ts";
import { DAY_COUNTS, type DayColumns, dayColumnsOf } from "./day_columns.ts";
import type { Dialect } from "./dialect.ts";
import { QUOTED_VALUE_MAX } from "../limits.ts";
import type { Profile } from "../readings/profile.ts";

/** A column that is ignored. */
export const IGNORED: number = -1;
/** The column of times, or the first of two. */
export const TIME: number = -2;
/** The second column of times. */
export const SECOND_TIME: number = -3;
/** The column of the ids of series. */
export const ID: number = -4;

/** How many duplicate columns an error names; it counts the rest. */
const DUPLICATES_NAMED = 20;
/** How many of the header's columns an error names. */
const COLUMNS_NAMED = 10;
/** The name of the column of times unless the upload says otherwise. */
const DEFAULT_TIME = "timestamp";

/** The columns of an upload, in its order. */
export interface CsvHeader {
  /** The name of each column. */
  readonly names: readonly string[];
  /**
   * The role of each column: {@link TIME}, {@link SECOND_TIME}, {@link ID}, {@link IGNORED} or the
   * index of a metric.
   */
  readonly roles: readonly number[];
  /** Names of the ignored columns. */
  readonly ignored: readonly string[];
  /** The columns of the intervals of a day; null if records are no days. */
  readonly day: DayColumns | null;
}

/** Delimiters that would not be seen in a sentence. */
const DELIMITER_NAMES: ReadonlyMap<string, string> = new Map([
  [";", "a semicolon"],
  ["\t", "a tab"],
  ["|", "a vertical bar"],
  [",", "a comma"],
]);

/** The columns that a day must have. */
const DAY_RULE = `the intervals of a day: ${DAY_COUNTS.join(", ")} columns named by their times, ` +
  "such as 00:30, or by numbers from 1";

type Problem = readonly [detail: string, rule: string];

/** Whether a line has the columns that the header must have. */
export function isHeader(text: string, profile: Profile, dialect: Dialect): boolean {
  const names = fieldsOf(text, dialect.delimiter);
  const roles = rolesOf(names, profile, dialect);
  return missingProblems(names, roles, { profile, dialect }).length === 0;
}

/** How many columns of a line have a role. */
export function namedColumns(text: string, profile: Profile, dialect: Dialect): number {
  const roles = rolesOf(fieldsOf(text, dialect.delimiter), profile, dialect);
  return roles.filter((role) => role !== IGNORED).length;
}

/**
 * Reads a header, usually line 1. Columns go by the names of the dialect, in any order and any case.
 *
 * @throws {AppError} INVALID_REQUEST with everything that is wrong: a missing column, no metric, a
 * duplicate column. It suggests columns of the header where it can.
 */
export function readHeader(
  text: string,
  profile: Profile,
  dialect: Dialect,
  { line = 1 }: { line?: number } = {},
): CsvHeader {
  const given = fieldsOf(text, dialect.delimiter);
  const roles = rolesOf(given, profile, dialect);
  const problems = problemsOf(given, roles, { profile, dialect });
  if (problems.length === 0) {
    return headerOfRoles(given, roles, dialect);
  }
  // Columns that another delimiter parts are not missing; what is wrong with them is.
  const other = given.length === 1 ? likelyDelimiter(given[0]) : null;
  if (other !== null) {
    const fields = fieldsOf(text, other.delimiter);
    const fieldRoles = rolesOf(fields, profile, dialect);
    const detail = `The header is a single column; send delimiter=${other.name} if ` +
      `${DELIMITER_NAMES.get(other.delimiter) ?? other.name} separates its columns`;
    problems.splice(
      0,
      Infinity,
      [detail, `columns separated by ${dialect.delimiter === "\t" ? "tab" : dialect.delimiter}`],
      ...problemsOf(fields, fieldRoles, { profile, dialect }),
    );
  }
  const encoding = encodingProblem(text);
  if (encoding !== null) problems.push(encoding);
  throw wrongHeader(text, problems, line);
}

/** What the characters of a header say about its encoding. */
function encodingProblem(text: string): Problem | null {
  if (text.includes("\ufffd")) {
    const detail = "The header is not UTF-8; it looks like windows-1252 or a similar encoding. " +
      "Send encoding=windows-1252";
    return [detail, "text in UTF-8"];
  }
  // The bytes of two letters of UTF-8, each read as a letter: Ã¤ instead of ä.
  if (!/[\u00c2\u00c3][\u0080-\u00bf\u2018-\u2122]/.test(text)) return null;
  return [
    "The header looks like UTF-8 that is read in another encoding. Send encoding=utf-8",
    "text in the encoding that encoding= names",
  ];
}

function headerOfRoles(
  names: readonly string[],
  roles: readonly number[],
  { layout }: Dialect,
): CsvHeader {
  const day = layout === null ? null : dayColumnsOf(names, ignoredIndexes(roles));
  const ignored = names.filter((_, index) =>
    roles[index] === IGNORED && !day?.indexes.includes(index)
  );
  return { names, roles, ignored, day };
}

function ignoredIndexes(roles: readonly number[]): number[] {
  return roles.flatMap((role, index) => role === IGNORED ? [index] : []);
}

/** The same columns as another profile has them; null if it has none of them as a metric. */
export function headerOf(
  { names }: CsvHeader,
  profile: Profile,
  dialect: Dialect,
): CsvHeader | null {
  const roles = rolesOf(names, profile, dialect);
  const isNone = dialect.layout === null && !roles.some((role) => role >= 0);
  return isNone ? null : headerOfRoles(names, roles, dialect);
}

function fieldsOf(line: string, delimiter: string): string[] {
  return headerFields(line, delimiter).map((name) => name.trim());
}

function rolesOf(names: readonly string[], profile: Profile, dialect: Dialect): number[] {
  return names.map((name) => roleOf(name.toLowerCase(), profile, dialect));
}

function roleOf(
  name: string,
  { idColumn }: Profile,
  { timeColumns, columns, meters }: Dialect,
): number {
  const time = timeColumns.findIndex((column) => column.toLowerCase() === name);
  if (time >= 0) return time === 0 ? TIME : SECOND_TIME;
  const isId = name === (meters.name ?? idColumn).toLowerCase();
  return columns.get(name)?.metric ?? (isId ? ID : IGNORED);
}

function problemsOf(
  names: readonly string[],
  roles: readonly number[],
  options: { profile: Profile; dialect: Dialect },
): Problem[] {
  const lower = names.map((name) => name.toLowerCase());
  return [...missingProblems(names, roles, options), ...duplicateProblems(lower)];
}

/** A problem for each column that is not there. */
function missingProblems(
  names: readonly string[],
  roles: readonly number[],
  { profile, dialect: { timeColumns, required, meters, layout } }: {
    profile: Profile;
    dialect: Dialect;
  },
): Problem[] {
  const lower = names.map((name) => name.toLowerCase());
  const free = names.filter((name, index) =>
    roles[index] === IGNORED && /[\p{L}\p{N}]/u.test(name)
  );
  const isMissing = (name: string) => !lower.includes(name.toLowerCase());
  const problems: Problem[] = [];
  for (const name of timeColumns.filter(isMissing)) {
    const hint = name === DEFAULT_TIME ? timeHint(free) : closestHint(name, free);
    problems.push([`The header has no ${name} column${hint}`, `${name} column`]);
  }
  for (const name of required.filter(isMissing)) {
    problems.push([
      `The header has no ${name} column${closestHint(name, free)}`,
      `${name} column`,
    ]);
  }
  if (meters.isRequired && !roles.includes(ID)) {
    const name = meters.name ?? profile.idColumn;
    const hint = meters.name === null ? meterHint(free) : closestHint(name, free);
    problems.push([`The header has no ${name} column${hint}`, `${name} column`]);
  }
  if (layout !== null) {
    const isDay = dayColumnsOf(names, ignoredIndexes(roles)) !== null;
    if (!isDay) problems.push([`The header has no columns for ${DAY_RULE}`, DAY_RULE]);
  } else if (!roles.some((role) => role >= 0) && required.length === 0) {
    const metrics = profile.metrics.map(({ name }) => name).join(", ");
    const hint = mapHint(free, profile);
    problems.push([`The header has none of ${metrics}${hint}`, "at least one metric column"]);
  }
  return problems;
}

function timeHint(names: readonly string[]): string {
  const act = "; name the column of times with timestamp=";
  const likely = likelyTimeColumns(names);
  return likely.length > 0
    ? `${act}, for example timestamp=${likely.map(shortened).join(",")}`
    : `${act}${columnsText(names)}`;
}

function meterHint(names: readonly string[]): string {
  const act = "; name the column of meters with meter=";
  const likely = likelyMeterColumn(names);
  return likely === null
    ? `${act}${columnsText(names)}`
    : `${act}, for example meter=${shortened(likely)}`;
}

function mapHint(names: readonly string[], profile: Profile): string {
  const act = "; say which column holds which metric with map=";
  const likely = likelyMappings(names, profile);
  return likely.length > 0
    ? `${act}, for example map=${likely.map(shortened).join(",")}`
    : `${act}, for example map=column:${profile.metrics[0].name}${columnsText(names)}`;
}

function closestHint(missing: string, names: readonly string[]): string {
  const closest = closestName(missing, names);
  return closest === null ? columnsText(names) : `; the closest one is ${shortened(closest)}`;
}

function columnsText(names: readonly string[]): string {
  if (names.length === 0) return "";
  const named = names.slice(0, COLUMNS_NAMED).map(shortened).join(", ");
  const rest = names.length - COLUMNS_NAMED;
  return `; its other columns are ${named}${rest > 0 ? ` and ${rest} more` : ""}`;
}

function duplicateProblems(names: readonly string[]): Problem[] {
  const found = new Set<string>(), duplicates = new Set<string>();
  for (const name of names) (found.has(name) ? duplicates : found).add(name);
  const problems = [...duplicates].slice(0, DUPLICATES_NAMED).map((name): Problem => {
    const what = name === "" ? "an empty column" : shortened(name);
    return [`The header names ${what} twice`, "no column twice"];
  });
  const rest = duplicates.size - DUPLICATES_NAMED;
  if (rest <= 0) return problems;
  return [...problems, [`The header names ${rest} other columns twice`, "no column twice"]];
}

function shortened(name: string): string {
  return name.slice(0, QUOTED_VALUE_MAX);
}
