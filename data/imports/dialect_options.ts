/**
 * Making a dialect from the options of an upload.
 *
 * @module
 */

import type { ColumnMeaning, Dialect, MeterColumn } from "./dialect.ts";
import { createLocalClock } from "../time/zone.ts";
import type { TimeRules } from "./time_sequence.ts";
import type { Profile } from "../readings/profile.ts";
import { unitExponent, unitsFor } from "../readings/units.ts";
import { ENCODINGS, type TextEncoding } from "../text/transcode.ts";
import { foreignUnit, unitInName } from "./header_units.ts";
import {
  EVERY_INTERVAL,
  type IntervalTexts,
  readIntervalOptions,
  readLayout,
} from "./interval_options.ts";
import { readTimeOptions, type TimeOptions, type UploadTimes } from "./time_options.ts";

/** What a user may say about an upload. */
export interface DialectOptions extends TimeOptions, IntervalTexts {
  /** One of {@link ENCODINGS}; `auto` by default. */
  readonly encoding?: string;
  /** One character, or `tab`. A comma by default, a semicolon if the comma is the decimal point. */
  readonly delimiter?: string;
  /** `.` (default) or `,`. */
  readonly decimal?: string;
  /** What groups the digits of numbers: `.`, `,`, `space` or `apostrophe`; nothing by default. */
  readonly thousands?: string;
  /** One or two columns of times; `timestamp` by default. */
  readonly timestamp?: readonly string[];
  /** `column:metric` or `column:metric:unit`. Other metrics keep their own names. */
  readonly map?: readonly string[];
  /** Texts for a missing value. */
  readonly missing?: readonly string[];
  /** The column or property of the ids of meters; by default the one that exports have. */
  readonly meter?: string;
  /** Whether every record must name its meter; they need not by default. */
  readonly hasMeters?: boolean;
}

/** A wrong option. */
export interface OptionProblem {
  /** The option. */
  readonly option: keyof DialectOptions;
  /** Its value. */
  readonly value: string;
  /** The rule, as a sentence. */
  readonly detail: string;
}

/** A dialect, or everything that is wrong with the options. */
export type DialectResult =
  | { readonly dialect: Dialect }
  | { readonly problems: readonly OptionProblem[] };

type AddProblem = (option: keyof DialectOptions, value: string, detail: string) => void;

/** What may group digits, by its name: the spaces are plain, no-break, thin and narrow no-break. */
const THOUSANDS: ReadonlyMap<string, string> = new Map([
  [".", "."],
  [",", ","],
  ["space", " \u00a0\u2009\u202f"],
  [" ", " \u00a0\u2009\u202f"],
  ["apostrophe", "'\u2019"],
  ["'", "'\u2019"],
]);

/** What loggers write for a register that they could not read. */
const NOT_READ: readonly string[] = ["NaN", "nan"];

const MISSING_MAX = 20;
const NAME_MAX = 100;

/** Reads the options of an upload of a profile. */
export function createDialect(profile: Profile, options: DialectOptions): DialectResult {
  const problems: OptionProblem[] = [];
  const addProblem: AddProblem = (option, value, detail) =>
    problems.push({ option, value, detail });
  const point = options.decimal ?? ".";
  if (point !== "." && point !== ",") addProblem("decimal", point, "decimal must be . or ,");
  const delimiter = readDelimiter(options.delimiter ?? (point === "," ? ";" : ","), addProblem);
  const columns = new Map<string, ColumnMeaning>();
  const required = readMap(options.map ?? [], { profile, columns, addProblem });
  const isMapped = [...columns.values()].map(({ metric }) => metric);
  profile.metrics.forEach(({ name }, metric) => {
    const column = name.toLowerCase();
    if (!isMapped.includes(metric) && !columns.has(column)) {
      columns.set(column, { metric, exponent: 0 });
    }
  });
  if (options.layout !== "day-per-row" && columns.has(EVERY_INTERVAL)) {
    addProblem("map", EVERY_INTERVAL, "map=* is for layout=day-per-row");
  }
  const encoding = readEncoding(options.encoding ?? "auto", addProblem);
  const thousands = readThousands(options.thousands, { point, addProblem });
  const layout = readLayout(profile, { layout: options.layout, columns, addProblem });
  const times = readTimesOf(options, layout !== null, addProblem);
  const intervals = readIntervalOptions(profile, options, addProblem);
  const timeColumns = readTimeColumns(options.timestamp ?? ["timestamp"], { columns, addProblem });
  const meters = readMeters(options, { columns, timeColumns, addProblem });
  const missing = readMissing(options.missing ?? [], addProblem);
  if (intervals.values === "cumulative") missing.push(...NOT_READ);
  if (problems.length > 0 || times === null) return { problems };
  return {
    dialect: {
      ...times,
      encoding,
      delimiter,
      point,
      thousands,
      timeColumns,
      columns,
      required: required.filter((name) => name !== EVERY_INTERVAL),
      missing,
      meters,
      intervals,
      layout,
    },
  };
}

/** The options of times; those of days are dates. */
function readTimesOf(
  options: DialectOptions,
  isDays: boolean,
  addProblem: AddProblem,
): UploadTimes | null {
  if (options.values === "cumulative" && options.stamp === "end") {
    addProblem("stamp", "end", "stamp=end is for values=interval; a register is read at its time");
  }
  if (!isDays) return readTimeOptions(options, addProblem);
  const times = readTimeOptions({ timestampFormat: "yyyy-MM-dd", ...options }, addProblem);
  if (times === null) return null;
  const rules: TimeRules = times.rules ?? {
    clock: createLocalClock("UTC"),
    ambiguous: "sequence",
    nonexistent: "reject",
    stamp: "start",
    intervalMs: 0,
  };
  return { ...times, rules, unseen: { ...times.unseen, interval: false } };
}

function readDelimiter(text: string, addProblem: AddProblem): string {
  if (text === "tab" || text === "\\t") return "\t";
  if (!/^[\t\x20-\x7e]$/.test(text) || /[A-Za-z0-9"+.-]/.test(text)) {
    addProblem(
      "delimiter",
      text,
      'delimiter must be tab or one ASCII character other than letters, digits, " . + and -',
    );
  }
  return text;
}

/** Fills in the mapped columns and returns their names. */
function readMap(
  entries: readonly string[],
  { profile, columns, addProblem }: {
    profile: Profile;
    columns: Map<string, ColumnMeaning>;
    addProblem: AddProblem;
  },
): string[] {
  const names = profile.metrics.map(({ name }) => name);
  const mapped = new Set<number>();
  const required: string[] = [];
  for (const entry of entries) {
    // From the right: names of columns may contain colons.
    const parts = entry.split(":");
    const hasUnit = !names.includes(parts[parts.length - 1]);
    const unit = hasUnit ? parts.pop() : undefined;
    const metric = names.indexOf(parts.pop() ?? "");
    const column = parts.join(":").trim();
    if (metric < 0 || column === "" || column.length > NAME_MAX) {
      addProblem(
        "map",
        entry,
        `map must be column:metric or column:metric:unit with one of ${names}`,
      );
      continue;
    }
    const metricUnit = profile.metrics[metric].unit;
    const named = unit ?? unitInName(column, metricUnit);
    const foreign = foreignUnit(unit ?? column);
    const exponent = unitExponent(named ?? metricUnit, metricUnit);
    if (exponent === null || (named === null && foreign !== null)) {
      const units = unitsFor(metricUnit).join(", ");
      const why = foreign === null ? "" : `; ${foreign.unit} is ${foreign.quantity}`;
      addProblem("map", entry, `map accepts ${names[metric]} in ${units}${why}`);
      continue;
    }
    if (mapped.has(metric)) addProblem("map", entry, `map names ${names[metric]} twice`);
    if (columns.has(column.toLowerCase())) addProblem("map", entry, `map names ${column} twice`);
    mapped.add(metric);
    required.push(column);
    columns.set(column.toLowerCase(), { metric, exponent });
  }
  return required;
}

function readEncoding(name: string, addProblem: AddProblem): TextEncoding {
  const encoding = ENCODINGS.find((one) => one === name.toLowerCase());
  if (encoding === undefined) {
    addProblem("encoding", name, `encoding must be one of ${ENCODINGS.join(", ")}`);
  }
  return encoding ?? "auto";
}

function readThousands(
  name: string | undefined,
  { point, addProblem }: { point: string; addProblem: AddProblem },
): string {
  if (name === undefined) return "";
  const characters = THOUSANDS.get(name);
  if (characters === undefined) {
    addProblem("thousands", name, "thousands must be . or , or space or apostrophe");
  } else if (characters === point) {
    addProblem("thousands", name, "thousands and decimal must be different characters");
  }
  return characters ?? "";
}

function readTimeColumns(
  texts: readonly string[],
  { columns, addProblem }: { columns: ReadonlyMap<string, ColumnMeaning>; addProblem: AddProblem },
): readonly string[] {
  const given = texts.join(",");
  const names = texts.map((text) => text.trim());
  const areNames = names.every((name) => name !== "" && name.length <= NAME_MAX);
  if (names.length < 1 || names.length > 2 || !areNames) {
    addProblem("timestamp", given, "timestamp must be the name of a column, or of two");
  } else if (names.length === 2 && names[0].toLowerCase() === names[1].toLowerCase()) {
    addProblem("timestamp", given, "timestamp must name two different columns");
  }
  if (names.some((name) => columns.has(name.toLowerCase()))) {
    addProblem("timestamp", given, "timestamp must not name a column of a metric");
  }
  return names;
}

function readMeters(
  { meter, hasMeters = false }: DialectOptions,
  { columns, timeColumns, addProblem }: {
    columns: ReadonlyMap<string, ColumnMeaning>;
    timeColumns: readonly string[];
    addProblem: AddProblem;
  },
): MeterColumn {
  if (meter === undefined) return { name: null, isRequired: hasMeters };
  const name = meter.trim();
  const lower = name.toLowerCase();
  if (name === "" || name.length > NAME_MAX) {
    addProblem("meter", name, "meter must be the name of a column");
  } else if (columns.has(lower) || timeColumns.some((column) => column.toLowerCase() === lower)) {
    addProblem("meter", name, "meter must not name a column of times or of a metric");
  }
  return { name, isRequired: hasMeters };
}

function readMissing(texts: readonly string[], addProblem: AddProblem): string[] {
  if (texts.length > MISSING_MAX || texts.some((text) => text.length > NAME_MAX)) {
    const rule = `missing must be at most ${MISSING_MAX} texts of at most ${NAME_MAX} characters`;
    addProblem("missing", texts.join(","), rule);
  }
  return texts.map((text) => text.trim());
}
