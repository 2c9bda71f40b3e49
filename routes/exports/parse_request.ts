/**
 * Reads the body of an export, and lists everything that is wrong with it at once.
 *
 * @module
 */

import type { FieldError } from "../../data/app_error.ts";
import { CSV_DIALECTS, type CsvDialect } from "../../data/encoders/csv_dialect.ts";
import { readTimeForm } from "../../data/encoders/time_form.ts";
import { periodSpan } from "../../data/time/period.ts";
import {
  createRefusals,
  rangeSpan,
  type Refuse,
  refusePairs,
  refuseUnknownColumns,
} from "../../data/exports/rules.ts";
import type { ExportSpec } from "../../data/exports/spec.ts";
import type { NameField } from "../../data/notify/name_template.ts";
import type { JobTargets } from "../../data/notify/targets.ts";
import type { Span } from "../../data/readings/page.ts";
import type { Profile } from "../../data/readings/profile.ts";
import { fieldErrors } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import { draftTargets, refuseTargets, targetsOf } from "../notify/targets.ts";
import { type ExportBody, exportBody, exportFields } from "./request_schemas.ts";

/** Finds the profile that sources share. It may refuse the field that names them. */
export type FindProfile = (
  sources: { kind: ExportSpec["sourceKind"]; ids: readonly string[]; field: string },
  refuse: Refuse,
) => Promise<Profile | null>;

/** What a body asks for. */
export interface ExportAsked {
  /** What it exports. */
  readonly spec: ExportSpec;
  /** The profile of the sources. */
  readonly profile: Profile;
  /** Who hears of its end, and where the file goes. */
  readonly targets?: JobTargets;
}

/** A body that was read. */
export interface ExportRead {
  /** What it asks for; null if something is wrong. */
  readonly asked: ExportAsked | null;
  /** What is wrong with it. */
  readonly errors: readonly FieldError[];
  /** Its sources, range and rows, if those are right; null otherwise. */
  readonly sized: Pick<ExportAsked, "spec" | "profile"> | null;
}

/** Fields that do not change how many rows there are. */
const UNSIZED = ["notify", "deliver", "utc", "csv", "compression"];

/**
 * What a body exports.
 *
 * @throws {AppError} INVALID_REQUEST with everything that is wrong.
 */
export async function parseExportRequest(
  body: unknown,
  options: { nowMs: number; findProfile: FindProfile },
): Promise<ExportAsked> {
  const { asked, errors } = await readExportRequest(body, options);
  if (asked === null) throw invalidRequest(errors);
  return asked;
}

/** Reads what a body exports, with everything that is wrong. */
export async function readExportRequest(
  body: unknown,
  { nowMs, findProfile }: { nowMs: number; findProfile: FindProfile },
): Promise<ExportRead> {
  const { draft, errors } = readFields(body);
  // A body that is no object has no fields to check further.
  if (draft === null) return { asked: null, errors, sized: null };
  const { errors: broken, refuse } = createRefusals();
  const wrong = new Set(errors.map(({ pointer }) => pointer.split("/")[1]));
  const source = sourceOf(draft, wrong, refuse);
  const options = optionsOf(draft, refuse);
  const span = spanOf(draft, { ...options, nowMs, wrong }, refuse);
  const profile = source === null ? null : await findProfile(source, refuse);
  const ruled = {
    ...options,
    sourceKind: source?.kind ?? "meter",
    ids: source?.ids ?? [""],
  };
  refusePairs(ruled, profile, refuse);
  if (profile !== null) refuseUnknownColumns(ruled, profile, refuse);
  refuseTargets(draftTargets(body), nameFieldsOf(ruled), refuse);
  const all = [...errors, ...broken];
  if (span === null || profile === null) return { asked: null, errors: all, sized: null };
  const period = draft.period ?? null;
  const spec = { ...ruled, ...span, period, profile: profile.name };
  const targets = targetsOf(draft);
  const asked = { spec, profile, ...(targets === undefined ? {} : { targets }) };
  const isSized = all.every(({ pointer }) => !isSizing(pointer.split("/")[1]));
  return {
    asked: all.length === 0 ? asked : null,
    errors: all,
    sized: isSized ? { spec, profile } : null,
  };
}

/** Whether a field of the body has to do with how many rows there are. */
function isSizing(field: string): boolean {
  return Object.hasOwn(exportFields, field) && !UNSIZED.includes(field);
}

/** The fields of names that have a value for an export. */
function nameFieldsOf({ sourceKind, ids }: Pick<ExportSpec, "sourceKind" | "ids">): NameField[] {
  const ofOne: NameField[] = ids.length === 1 ? [sourceKind, "source"] : [];
  return [...ofOne, ...NAME_FIELDS_OF_ALL];
}

const NAME_FIELDS_OF_ALL: readonly NameField[] = [
  "profile",
  "interval",
  "format",
  "ext",
  "filename",
  "job",
  "start",
  "end",
  "created",
];

/** The fields that are right, and the errors of the others; null if the body is no object. */
function readFields(body: unknown): { draft: ExportBody | null; errors: FieldError[] } {
  const whole = exportBody.safeParse(body);
  if (whole.success) return { draft: whole.data, errors: [] };
  const errors = fieldErrors(whole.error, body).map(withRule);
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    return { draft: null, errors };
  }
  const right = Object.entries(exportFields).flatMap(([name, schema]) => {
    const field = schema.safeParse(Reflect.get(body, name));
    return field.success && field.data !== undefined ? [[name, field.data]] : [];
  });
  return { draft: exportBody.parse(Object.fromEntries(right)), errors };
}

/** Names the rule by itself, which the sentence of an error has after the field. */
function withRule(error: FieldError): FieldError {
  const rule = / must be (.*)$/.exec(error.detail)?.[1];
  return rule === undefined ? error : { ...error, rule };
}

const SOURCE_FIELDS = ["smart_meter_id", "smart_meter_ids", "device_id", "device_ids"] as const;

function sourceOf(
  draft: ExportBody,
  wrong: ReadonlySet<string>,
  refuse: Refuse,
): Parameters<FindProfile>[0] | null {
  const given = SOURCE_FIELDS.filter((field) => draft[field] !== undefined);
  if (given.length > 1) {
    refuse(given[1], draft[given[1]], `must not be there with ${given[0]}: name the sources once`);
    return null;
  }
  if (given.length === 0) {
    const isWrong = SOURCE_FIELDS.some((field) => wrong.has(field));
    if (!isWrong) {
      refuse("smart_meter_id", undefined, "is required, or device_id, or a list of ids");
    }
    return null;
  }
  const [field] = given;
  const value = draft[field] ?? [];
  return {
    kind: field.startsWith("device") ? "device" : "meter",
    ids: typeof value === "string" ? [value] : value,
    field,
  };
}

type Options = Omit<ExportSpec, "sourceKind" | "ids" | "profile" | "period" | "fromMs" | "toMs">;

function optionsOf(draft: ExportBody, refuse: Refuse): Options {
  const format = draft.format ?? "csv";
  const layout = draft.layout ?? "long";
  if (draft.csv !== undefined && format !== "csv") {
    refuse("csv", draft.csv, `must be left out with format ${format}`);
  }
  return {
    zone: draft.timezone ?? "UTC",
    hasUtc: draft.utc ?? false,
    interval: draft.interval ?? "raw",
    aggregates: draft.aggregates ?? {},
    gaps: draft.gaps ?? "omit",
    columns: draft.columns ?? null,
    format,
    csv: dialectOf(draft.csv, refuse),
    compression: draft.compression ?? (layout === "per_source" ? "zip" : "none"),
    layout,
  };
}

function dialectOf(csv: ExportBody["csv"], refuse: Refuse): CsvDialect {
  if (csv === undefined || typeof csv === "string") return CSV_DIALECTS[csv ?? "rfc4180"];
  const base = CSV_DIALECTS[csv.dialect ?? "rfc4180"];
  const dialect = {
    ...base,
    delimiter: csv.delimiter ?? base.delimiter,
    decimal: csv.decimal ?? base.decimal,
    bom: csv.bom ?? base.bom,
    dateFormat: csv.date_format ?? base.dateFormat,
  };
  if (dialect.delimiter === dialect.decimal) {
    refuse("csv/decimal", dialect.decimal, "must differ from csv.delimiter");
  }
  const wrongForm = timeFormProblem(dialect);
  if (wrongForm !== null) refuse("csv/date_format", dialect.dateFormat, wrongForm);
  return dialect;
}

/** What is wrong with the form of times, as a rule; null if nothing is. */
function timeFormProblem({ dateFormat, decimal }: CsvDialect): string | null {
  try {
    readTimeForm(dateFormat, decimal);
    return null;
  } catch (error) {
    if (error instanceof SyntaxError) return `must be a form of times: ${error.message}`;
    throw error;
  }
}

function spanOf(
  draft: ExportBody,
  { zone, interval, nowMs, wrong }: Options & { nowMs: number; wrong: ReadonlySet<string> },
  refuse: Refuse,
): Span | null {
  const { start_datetime: start, end_datetime: end, period } = draft;
  if (period !== undefined) {
    for (const field of ["start_datetime", "end_datetime"] as const) {
      if (draft[field] !== undefined) {
        refuse(field, draft[field], "must not be there with period: name the range once");
      }
    }
    return periodSpan(period, zone, nowMs);
  }
  if (wrong.has("period")) return null;
  for (const field of ["start_datetime", "end_datetime"] as const) {
    if (draft[field] === undefined && !wrong.has(field)) {
      refuse(field, undefined, "is required, or period");
    }
  }
  return start === undefined || end === undefined
    ? null
    : rangeSpan({ start, end }, { zone, interval, nowMs }, refuse);
}
