/**
 * The query of an upload: how it writes readings, and whether they are stored.
 *
 * @module
 */

import { z } from "zod";
import type { FieldError } from "../../data/app_error.ts";
import type { Dialect } from "../../data/imports/dialect.ts";
import { createDialect, type DialectOptions } from "../../data/imports/dialect_options.ts";
import { type PresetName, PRESETS } from "../../data/imports/presets.ts";
import { PROFILES } from "../../data/readings/profile.ts";
import { quoted } from "../../data/quoted.ts";
import { parameterErrors } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";

/** The media types of uploads. */
export const UPLOAD_TYPES = ["text/csv", "application/x-ndjson", "application/json"] as const;

/** One of {@link UPLOAD_TYPES}. */
export type UploadType = typeof UPLOAD_TYPES[number];

// The names of an object are texts; of this one they are just the names of the presets.
const presetNames = Object.keys(PRESETS) as PresetName[];

/** The query as it is written, lists taken apart. */
export const importQuery: z.ZodObject<{
  dry_run: z.ZodOptional<z.ZodEnum<{ true: "true"; false: "false" }>>;
  preset: z.ZodOptional<z.ZodEnum<{ [Name in PresetName]: Name }>>;
  delimiter: z.ZodOptional<z.ZodString>;
  decimal: z.ZodOptional<z.ZodEnum<{ ".": "."; ",": "," }>>;
  timestamp: z.ZodOptional<z.ZodArray<z.ZodString>>;
  timestamp_format: z.ZodOptional<z.ZodString>;
  timezone: z.ZodOptional<z.ZodString>;
  map: z.ZodOptional<z.ZodArray<z.ZodString>>;
  missing: z.ZodOptional<z.ZodArray<z.ZodString>>;
}, z.core.$strict> = z.strictObject({
  dry_run: z.enum(["true", "false"], "dry_run must be true or false").optional(),
  preset: z.enum(presetNames, `preset must be ${presetNames.join(" or ")}`).optional(),
  delimiter: z.string().optional(),
  decimal: z.enum([".", ","], "decimal must be . or ,").optional(),
  timestamp: z.array(z.string()).optional(),
  timestamp_format: z.string().optional(),
  timezone: z.string().optional(),
  map: z.array(z.string()).optional(),
  missing: z.array(z.string()).optional(),
});

/** Parameters that may have several values: repeated, or one with commas between them. */
const LISTS: readonly string[] = ["timestamp", "map", "missing"];
/** Parameters that say something of CSV alone. */
const CSV_ONLY = ["preset", "delimiter", "decimal", "missing"] as const;
/** What options that go by two words are called in the query. */
const QUERY_NAMES: Partial<Record<keyof DialectOptions, string>> = {
  timestampFormat: "timestamp_format",
};

/** What the query of an upload asks for. */
export interface ImportQuery {
  /** How the upload writes readings. */
  readonly dialect: Dialect;
  /** Whether nothing is to be written. */
  readonly isDryRun: boolean;
}

/**
 * Reads the query of an upload.
 *
 * @throws {AppError} INVALID_REQUEST with everything that is wrong.
 */
export function readImportQuery(
  queries: Readonly<Record<string, string[]>>,
  mediaType: UploadType,
): ImportQuery {
  const { given, errors } = normalized(queries);
  const query = importQuery.safeParse(given);
  if (!query.success) {
    errors.push(...parameterErrors(query.error, given));
    // What can be read of the rest is looked at all the same.
    for (const name of wrongNames(query.error)) delete given[name];
  }
  const { dry_run, preset, timestamp_format, ...rest } = importQuery.parse(given);
  // A plus that stands in a query as it is comes as a space.
  if (rest.timezone !== undefined) rest.timezone = rest.timezone.replace(/^ (?=\d)/, "+");
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

/** The parameters that a schema refuses. */
function wrongNames({ issues }: z.ZodError): string[] {
  return issues.flatMap((issue) =>
    issue.code === "unrecognized_keys" ? issue.keys : [String(issue.path[0])]
  );
}

/** Lists as lists, everything else as its one value. */
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
