/**
 * The header of a CSV table whose columns may have several names.
 *
 * @module
 */

import { headerFields } from "./csv_fields.ts";
import { wrongHeader } from "./wrong_header.ts";
import { QUOTED_VALUE_MAX } from "../limits.ts";

/** How many columns of the table an error names. */
const FOUND_LISTED = 20;

/** A column that a table must have. */
export interface TableColumn {
  /** Its documented name. */
  readonly name: string;
  /** Its other names. Case, spaces, `_` and `-` do not matter. */
  readonly aliases: readonly string[];
}

/** The columns of a table, in its order. */
export interface TableHeader {
  /** Which required column each one is; -1 for an ignored one. */
  readonly roles: readonly number[];
  /** The index of each required column. */
  readonly places: readonly number[];
  /** Names of the ignored columns. */
  readonly ignored: readonly string[];
}

/**
 * Reads a header line.
 *
 * @throws {AppError} INVALID_REQUEST if a column is missing or there twice; it says which columns were
 * found and which are required.
 */
export function readTableHeader(line: string, columns: readonly TableColumn[]): TableHeader {
  const names = headerFields(line, ",").map((name) => name.trim());
  const roles = names.map((name) => columns.findIndex((column) => isColumn(name, column)));
  const places = columns.map((_, role) => roles.indexOf(role));
  const required = columns.map(({ name }) => name).join(", ");
  const problems: [detail: string, rule: string][] = [];
  const missing = columns.filter((_, role) => places[role] < 0).map(({ name }) => name);
  if (missing.length > 0) {
    const found = foundText(names);
    const detail = `The header has no ${
      missing.join(", no ")
    }: found ${found}; required ${required}`;
    problems.push([detail, `the columns ${required}`]);
  }
  columns.forEach(({ name }, role) => {
    const same = names.filter((_, index) => roles[index] === role);
    if (same.length < 2) return;
    problems.push([`The header has ${name} twice: ${foundText(same)}`, "no column twice"]);
  });
  if (problems.length > 0) throw wrongHeader(line, problems);
  return { roles, places, ignored: names.filter((_, index) => roles[index] < 0) };
}

function isColumn(name: string, { name: documented, aliases }: TableColumn): boolean {
  const given = plainName(name);
  return [documented, ...aliases].some((one) => plainName(one) === given);
}

function plainName(name: string): string {
  return name.toLowerCase().replaceAll(/[\s_-]/g, "");
}

function foundText(names: readonly string[]): string {
  if (names.every((name) => name === "")) return "no name";
  const listed = names.slice(0, FOUND_LISTED).map((name) =>
    name.slice(0, QUOTED_VALUE_MAX) || '""'
  );
  if (names.length > FOUND_LISTED) listed.push(`${names.length - FOUND_LISTED} more`);
  return listed.join(", ");
}
