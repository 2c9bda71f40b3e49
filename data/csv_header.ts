/**
 * What each column of an uploaded CSV is.
 *
 * @module
 */

import { AppError, type FieldError } from "./app_error.ts";
import { QUOTED_VALUE_MAX } from "./limits.ts";
import { parse } from "./std_csv.ts";
import type { Profile } from "./profile.ts";

/** A column that is read past. */
export const IGNORED: number = -1;
/** The column of times. */
export const TIME: number = -2;
/** The column that repeats the series' id. */
export const ID: number = -3;

/** The columns of an upload, in its order. */
export interface CsvHeader {
  /** The name of each column. */
  readonly names: readonly string[];
  /** What each one is: {@link TIME}, {@link ID}, {@link IGNORED} or the index of a metric. */
  readonly roles: readonly number[];
  /** Names of the columns that mean nothing here. */
  readonly ignored: readonly string[];
}

/**
 * Reads a header line by the names of a profile, in any order and any case.
 *
 * @throws {AppError} INVALID_REQUEST with everything that is wrong: no `timestamp`, no metric, a
 * column twice, a line that is no CSV.
 */
export function readHeader(line: string, profile: Profile): CsvHeader {
  const given = headerFields(line).map((name) => name.trim());
  const names = given.map((name) => name.toLowerCase());
  const metrics = profile.metrics.map(({ name }) => name);
  const roles = names.map((name) =>
    name === "timestamp" ? TIME : name === profile.idColumn ? ID : metrics.indexOf(name)
  );
  const errors: FieldError[] = [];
  const wrong = (detail: string, rule: string) =>
    errors.push({ pointer: "#line=1", detail, value: line.slice(0, QUOTED_VALUE_MAX), rule });
  if (!roles.includes(TIME)) wrong("The header has no timestamp column", "timestamp column");
  if (!roles.some((role) => role >= 0)) {
    wrong(`The header names none of ${metrics.join(", ")}`, "at least one metric column");
  }
  for (const name of new Set(names.filter((name, index) => names.indexOf(name) !== index))) {
    wrong(`The header names ${name === "" ? "an empty column" : name} twice`, "no column twice");
  }
  if (errors.length > 0) {
    throw new AppError("INVALID_REQUEST", errors.map(({ detail }) => detail).join("; "), {
      errors,
    });
  }
  return { names: given, roles, ignored: given.filter((_, index) => roles[index] === IGNORED) };
}

function headerFields(line: string): string[] {
  try {
    return parse(line, { lazyQuotes: true })[0] ?? [];
  } catch {
    return [line];
  }
}
