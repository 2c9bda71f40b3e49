/**
 * Reading the query of an import: how the upload writes readings, and whether they are stored.
 *
 * @module
 */

import type { z } from "zod";
import type { FieldError } from "../../data/app_error.ts";
import type { Dialect } from "../../data/imports/dialect.ts";
import { createDialect, type DialectOptions } from "../../data/imports/dialect_options.ts";
import { PRESETS } from "../../data/imports/presets.ts";
import { PROFILES } from "../../data/readings/profile.ts";
import { quoted } from "../../data/quoted.ts";
import { restoreZonePlus } from "../../data/time/query_plus.ts";
import { parameterErrors } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import { importQuery } from "./import_schemas.ts";

/** The media types of uploads. */
export const UPLOAD_TYPES = ["text/csv", "application/x-ndjson", "application/json"] as const;

/** One of {@link UPLOAD_TYPES}. */
export type UploadType = typeof UPLOAD_TYPES[number];

/** Parameters that may have several values: given several times, or once with commas. */
const LISTS: readonly string[] = ["timestamp", "map", "missing"];
/** Parameters for CSV only. */
const CSV_ONLY = ["preset", "delimiter", "decimal", "thousands", "encoding", "missing"] as const;
/** The names in the query of options that have another name there. */
const QUERY_NAMES: Partial<Record<keyof DialectOptions, string>> = {
  timestampFormat: "timestamp_format",
};

/** What the query says. */
export interface ImportQuery {
  /** How the upload writes readings. */
  readonly dialect: Dialect;
  /** Whether to write nothing. */
  readonly isDryRun: boolean;
}

/**
 * Reads the query of an import.
 *
 * @throws {AppError} INVALID_REQUEST with everything that is wrong.
 */
export function readImportQuery(
  queries: Readonly<Record<string, string[]>>,
  { mediaType, isOfManyMeters }: { mediaType: UploadType; isOfManyMeters: boolean },
): ImportQuery {
  const { given, errors } = normalized(queries);
  const query = importQuery.safeParse(given);
  if (!query.success) {
    errors.push(...parameterErrors(query.error, given));
    // The other parameters are checked all the same.
    for (const name of wrongNames(query.error)) delete given[name];
  }
  const { dry_run, preset, timestamp_format, ...rest } = importQuery.parse(given);
  if (rest.timezone !== undefined) rest.timezone = restoreZonePlus(rest.timezone);
  if (mediaType !== "text/csv") {
    for (const name of CSV_ONLY) {
      if (!(name in queries)) continue;
      const detail = `${name} is for text/csv only`;
      errors.push({ pointer: `#${name}`, detail, value: quoted(queries[name][0]) });
    }
  }
  const result = createDialect(PROFILES.meter, {
    ...(preset === undefined ? {} : PRESETS[preset]),
    ...(timestamp_format === undefined ? {} : { timestampFormat: timestamp_format }),
    ...rest,
    isOfManyMeters,
  });
  if ("dialect" in result && errors.length === 0) {
    return { dialect: result.dialect, isDryRun: dry_run === "true" };
  }
  const problems = "problems" in result ? result.problems : [];
  throw invalidRequest([
    ...errors,
    ...problems.map(({ option, value, detail }) => {
      return { pointer: `#${QUERY_NAMES[option] ?? option}`, detail, value: quoted(value) };
    }),
  ]);
}

/** The names of the parameters that a schema refuses. */
function wrongNames({ issues }: z.ZodError): string[] {
  return issues.flatMap((issue) =>
    issue.code === "unrecognized_keys" ? issue.keys : [String(issue.path[0])]
  );
}

/** The query with lists as lists and everything else as its one value. */
function normalized(
  queries: Readonly<Record<string, string[]>>,
): { given: Record<string, string | string[]>; errors: FieldError[] } {
  const given: Record<string, string | string[]> = {};
  const errors: FieldError[] = [];
  for (const [name, values] of Object.entries(queries)) {
    if (LISTS.includes(name)) {
      given[name] = values.length === 1 ? values[0].split(",") : values;
      continue;
    }
    given[name] = values[0];
    if (values.length === 1) continue;
    const detail = `${name.slice(0, 100)} must be given once`;
    errors.push({ pointer: `#${name.slice(0, 100)}`, detail, value: quoted(values.join(", ")) });
  }
  return { given, errors };
}
