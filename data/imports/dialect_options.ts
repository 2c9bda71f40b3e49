/**
 * A dialect from what a user says about an upload.
 *
 * @module
 */

import type { ColumnMeaning, Derivation, Dialect, UploadZone } from "./dialect.ts";
import type { Profile } from "../readings/profile.ts";
import { compileTimeFormat, type TimeFormat } from "../time/time_format.ts";
import { unitExponent, unitsFor } from "../readings/units.ts";
import { createLocalClock, isTimeZone } from "../time/zone.ts";

/** What a user may say; everything else is as in a plain upload. */
export interface DialectOptions {
  /** One character, or `tab`; a comma by default, a semicolon where that is the decimal point. */
  readonly delimiter?: string;
  /** `.` (default) or `,`. */
  readonly decimal?: string;
  /** One or two columns of times; `timestamp` by default. */
  readonly timestamp?: readonly string[];
  /** A pattern or name of `data/time/time_format.ts`; `iso` by default. */
  readonly timestampFormat?: string;
  /** Zone of times without an offset; UTC by default. */
  readonly timezone?: string;
  /** `column:metric` or `column:metric:unit`. Metrics not named go by their own names. */
  readonly map?: readonly string[];
  /** Texts that stand for a missing value. */
  readonly missing?: readonly string[];
  /** A metric that is computed where no column gives it. */
  readonly derivation?: Derivation;
}

/** What is wrong with an option. */
export interface OptionProblem {
  /** The option. */
  readonly option: keyof DialectOptions;
  /** What was said. */
  readonly value: string;
  /** A sentence with the rule. */
  readonly detail: string;
}

/** A dialect, or everything that is wrong with what was said. */
export type DialectResult =
  | { readonly dialect: Dialect }
  | { readonly problems: readonly OptionProblem[] };

type Tell = (option: keyof DialectOptions, value: string, detail: string) => void;

const MISSING_MAX = 20;
const NAME_MAX = 100;

/** Reads options for uploads of a profile. */
export function createDialect(profile: Profile, options: DialectOptions): DialectResult {
  const problems: OptionProblem[] = [];
  const tell: Tell = (option, value, detail) => problems.push({ option, value, detail });
  const point = options.decimal ?? ".";
  if (point !== "." && point !== ",") tell("decimal", point, "decimal must be . or ,");
  const delimiter = readDelimiter(options.delimiter ?? (point === "," ? ";" : ","), tell);
  if (delimiter === point) {
    tell("delimiter", delimiter, "delimiter and decimal must be different characters");
  }
  const columns = new Map<string, ColumnMeaning>();
  const required = readMap(options.map ?? [], { profile, columns, tell });
  const isMapped = [...columns.values()].map(({ metric }) => metric);
  profile.metrics.forEach(({ name }, metric) => {
    if (!isMapped.includes(metric) && !columns.has(name)) {
      columns.set(name, { metric, exponent: 0 });
    }
  });
  const timeFormat = readTimeFormat(options.timestampFormat ?? "iso", tell);
  const zone = readZone(options.timezone, tell);
  const timeColumns = readTimeColumns(options.timestamp ?? ["timestamp"], { columns, tell });
  const missing = readMissing(options.missing ?? [], tell);
  if (problems.length > 0 || timeFormat === null) return { problems };
  const derivation = derivationOf(options.derivation, isMapped);
  if (derivation !== null) columns.delete(profile.metrics[derivation.metric].name);
  return {
    dialect: {
      delimiter,
      point,
      timeColumns,
      timeFormat,
      zone,
      columns,
      required,
      missing,
      derivation,
    },
  };
}

function readDelimiter(text: string, tell: Tell): string {
  if (text === "tab" || text === "\\t") return "\t";
  if (!/^[\t\x20-\x7e]$/.test(text) || /[A-Za-z0-9"+.-]/.test(text)) {
    tell(
      "delimiter",
      text,
      'delimiter must be tab or one ASCII character other than letters, digits, " . + and -',
    );
  }
  return text;
}

/** Fills in the columns that are mapped and returns their names. */
function readMap(
  entries: readonly string[],
  { profile, columns, tell }: {
    profile: Profile;
    columns: Map<string, ColumnMeaning>;
    tell: Tell;
  },
): string[] {
  const names = profile.metrics.map(({ name }) => name);
  const mapped = new Set<number>();
  const required: string[] = [];
  for (const entry of entries) {
    // From the right, as names of columns may hold colons.
    const parts = entry.split(":");
    const hasUnit = !names.includes(parts[parts.length - 1]);
    const unit = hasUnit ? parts.pop() : undefined;
    const metric = names.indexOf(parts.pop() ?? "");
    const column = parts.join(":").trim();
    if (metric < 0 || column === "" || column.length > NAME_MAX) {
      tell("map", entry, `map must be column:metric or column:metric:unit with one of ${names}`);
      continue;
    }
    const metricUnit = profile.metrics[metric].unit;
    const exponent = unitExponent(unit ?? metricUnit, metricUnit);
    if (exponent === null) {
      tell("map", entry, `map takes ${names[metric]} in ${unitsFor(metricUnit).join(", ")}`);
      continue;
    }
    if (mapped.has(metric)) tell("map", entry, `map names ${names[metric]} twice`);
    if (columns.has(column.toLowerCase())) tell("map", entry, `map names ${column} twice`);
    mapped.add(metric);
    required.push(column);
    columns.set(column.toLowerCase(), { metric, exponent });
  }
  return required;
}

function readTimeFormat(pattern: string, tell: Tell): TimeFormat | null {
  try {
    return compileTimeFormat(pattern);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    tell("timestampFormat", pattern, `timestamp_format: ${error.message}`);
    return null;
  }
}

function readZone(name: string | undefined, tell: Tell): UploadZone | null {
  if (name === undefined) return null;
  if (isTimeZone(name)) return { name, clock: createLocalClock(name) };
  tell("timezone", name, "timezone must be an IANA time zone or an offset such as +01:00");
  return null;
}

function readTimeColumns(
  texts: readonly string[],
  { columns, tell }: { columns: ReadonlyMap<string, ColumnMeaning>; tell: Tell },
): readonly string[] {
  const given = texts.join(",");
  const names = texts.map((text) => text.trim());
  const areNames = names.every((name) => name !== "" && name.length <= NAME_MAX);
  if (names.length < 1 || names.length > 2 || !areNames) {
    tell("timestamp", given, "timestamp must be the name of a column, or of two");
  } else if (names.length === 2 && names[0].toLowerCase() === names[1].toLowerCase()) {
    tell("timestamp", given, "timestamp must name two different columns");
  }
  if (names.some((name) => columns.has(name.toLowerCase()))) {
    tell("timestamp", given, "timestamp must name no column of a metric");
  }
  return names;
}

function readMissing(texts: readonly string[], tell: Tell): readonly string[] {
  if (texts.length > MISSING_MAX || texts.some((text) => text.length > NAME_MAX)) {
    const rule = `missing must be at most ${MISSING_MAX} texts of at most ${NAME_MAX} characters`;
    tell("missing", texts.join(","), rule);
  }
  return texts.map((text) => text.trim());
}

/** A metric that a column gives is not computed. */
function derivationOf(
  derivation: Derivation | undefined,
  isMapped: readonly number[],
): Derivation | null {
  return derivation === undefined || isMapped.includes(derivation.metric) ? null : derivation;
}
