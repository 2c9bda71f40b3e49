/**
 * Reading the query of an import: how the upload writes readings, and whether they are stored.
 *
 * @module
 */

import type { z } from "zod";
import type { FieldError } from "../../data/app_error.ts";
import type { Dialect } from "../../data/imports/dialect.ts";
import type { DialectPlan } from "../../data/imports/dialect_plan.ts";
import { createDialect, type DialectOptions } from "../../data/imports/dialect_options.ts";
import { EVERY_METER } from "../../data/imports/meter_filter.ts";
import { presetNamed } from "../../data/imports/presets.ts";
import type { UploadFormat } from "../../data/meter_files/open_reader.ts";
import { type Profile, PROFILES } from "../../data/readings/profile.ts";
import { quoted } from "../../data/quoted.ts";
import { restoreZonePlus } from "../../data/time/query_plus.ts";
import { parameterErrors } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import { importQuery } from "./import_schemas.ts";
import { parametersOutOfPlace } from "./upload_format.ts";

/** Parameters that may have several values: given several times, or once with commas. */
const LISTS: readonly string[] = ["timestamp", "map", "missing"];
/** Parameters for CSV only. */
const CSV_ONLY = ["preset", "delimiter", "decimal", "thousands", "encoding", "missing"] as const;
/** The names in the query of options that have another name there. */
const QUERY_NAMES: Partial<Record<keyof DialectOptions, string>> = {
  timestampFormat: "timestamp_format",
};

const PRESET_RULE = "preset must be left out for a meter whose profile is not meter";

/** What the query says. */
export interface ImportQuery {
  /** How the upload writes readings. */
  readonly dialect: Dialect;
  /** What that is made of. */
  readonly plan: DialectPlan;
  /** Whether to write nothing. */
  readonly isDryRun: boolean;
  /** The series of a file of meters that one meter takes; null if the query does not say it. */
  readonly register: string | null;
}

/** What is known of an upload besides its query. */
export interface QueriedUpload {
  /** The format. */
  readonly format: UploadFormat;
  /** Whether its records name their meters. */
  readonly isOfManyMeters: boolean;
  /** The profile of its meter; of many, the one that most of them have. */
  readonly profile: Profile;
  /** The zone of its meter; null if it has none. */
  readonly timezone: string | null;
}

/**
 * Reads the query of an import.
 *
 * @throws {AppError} INVALID_REQUEST with everything that is wrong.
 */
export function readImportQuery(
  queries: Readonly<Record<string, string[]>>,
  { format, isOfManyMeters, profile, timezone }: QueriedUpload,
): ImportQuery {
  const { given: sent, errors } = normalized(queries);
  const given = withPreset(sent, isOfManyMeters || "register" in sent);
  const query = importQuery.safeParse(given);
  if (!query.success) {
    errors.push(...parameterErrors(query.error, given));
    // The other parameters are checked all the same.
    for (const name of wrongNames(query.error)) delete given[name];
  }
  const { dry_run, preset, timestamp_format, format: _format, register, ...rest } = importQuery
    .parse(given);
  if (rest.timezone !== undefined) rest.timezone = restoreZonePlus(rest.timezone);
  errors.push(...parametersOutOfPlace(queries, format));
  if (format === "json" || format === "ndjson") {
    for (const name of CSV_ONLY) {
      if (!(name in queries)) continue;
      const detail = `${name} is for text/csv only`;
      errors.push({ pointer: `#${name}`, detail, value: quoted(queries[name][0]) });
    }
  }
  if (preset !== undefined && !isForPresets(profile)) {
    errors.push({ pointer: "#preset", detail: PRESET_RULE, value: preset });
  }
  const options = {
    ...(timezone === null ? {} : { timezone }),
    ...(timestamp_format === undefined ? {} : { timestampFormat: timestamp_format }),
    ...rest,
    hasMeters: isOfManyMeters || choosesMeter(rest.meter, register),
  };
  const result = createDialect(profile, options);
  if ("dialect" in result && errors.length === 0) {
    return {
      dialect: result.dialect,
      plan: { profile, options, otherProfiles: preset === undefined ? null : PRESET_RULE },
      isDryRun: dry_run === "true",
      register: register ?? null,
    };
  }
  const problems = "problems" in result ? result.problems : [];
  throw invalidRequest([
    ...errors,
    ...problems.map(({ option, value, detail }) => {
      return { pointer: `#${QUERY_NAMES[option] ?? option}`, detail, value: quoted(value) };
    }),
  ]);
}

/** Whether an upload into one meter takes only some records, by the ids of their meters. */
function choosesMeter(meter: string | undefined, register: string | undefined): boolean {
  return register !== EVERY_METER && (meter !== undefined || register !== undefined);
}

/** A query with the options of its preset, if it has one. What was sent overrides them. */
function withPreset(
  sent: Record<string, string | string[]>,
  hasMeters: boolean,
): Record<string, string | string[]> {
  const preset = typeof sent.preset === "string" ? presetNamed(sent.preset) : undefined;
  if (preset === undefined) return sent;
  const options = Object.entries(preset.options).map(([name, value]) => {
    const isList = LISTS.includes(name);
    return [name, typeof value === "string" ? isList ? [value] : value : [...value]];
  });
  const meter = hasMeters && preset.meter !== null ? { meter: preset.meter } : {};
  return { ...Object.fromEntries(options), ...meter, ...sent };
}

/** Whether presets, which name metrics of the profile `meter`, can be used. */
function isForPresets({ name }: Profile): boolean {
  return name === PROFILES.meter.name;
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
