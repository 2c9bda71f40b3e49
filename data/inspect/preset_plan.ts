/**
 * The parameters of an import by a preset, and what the file says besides or against it.
 *
 * @module
 */

import type { Preset } from "../imports/preset.ts";
import { type Doubt, listText, stampDoubt } from "./doubts.ts";
import { variantsOf } from "./preset_match.ts";
import type { TableFindings } from "./table_findings.ts";
import type { Parameters, TablePlan } from "./table_plan.ts";
import { readWallTimes } from "./wall_times.ts";

/** An import, with or without a preset. */
export interface PresetPlan {
  /** The parameters to send. */
  readonly parameters: Parameters;
  /** These and the options that the preset stands for. */
  readonly all: Parameters;
  /** Whether times are starts or ends of intervals. */
  readonly stamp: TablePlan["stamp"];
  /** What the values of energy are. */
  readonly values: TablePlan["values"];
  /** What is in doubt. */
  readonly doubts: readonly Doubt[];
  /** What to do before the file can be imported; null if it can be. */
  readonly advice: string | null;
}

/** What a preset always settles: it is known what its files hold. */
const SETTLED = ["values", "map", "columns", "layout", "derive", "decimal"];
/** Share of times that the form of a preset must read. */
const READ_MIN = 0.9;

/** The import by the preset, or by what was found without one. */
export function planWithPreset(
  findings: TableFindings,
  plan: TablePlan,
  preset: Preset | null,
): PresetPlan {
  const { doubts } = findings;
  if (preset === null) {
    const { parameters } = plan;
    return { ...plan, all: parameters, doubts: doubts.except([]), advice: adviceFor(findings) };
  }
  const options = listed(preset.options);
  const added: Record<string, readonly string[]> = {
    ...dialectOver(findings, { options, plan }),
    ...missingOver(options, plan),
    ...meterOf(findings, preset),
  };
  if (options.timezone === undefined && plan.parameters.timezone !== undefined) {
    added.timezone = plan.parameters.timezone;
  }
  const format = timeFormatOver(findings, { options, plan });
  if (format !== null) added.timestamp_format = format;
  const isStampKnown = options.stamp !== undefined || options.layout !== undefined ||
    options.values?.[0] === "cumulative";
  // A guess is no reason to depart from the preset; the doubt says what else could be.
  if (!isStampKnown && plan.stamp === "end" && plan.isStampProven) added.stamp = ["end"];
  const isGuess = plan.stamp !== null && !plan.isStampProven;
  const needsInterval = added.stamp?.[0] === "end" || options.stamp?.[0] === "end" ||
    options.derive !== undefined;
  if (needsInterval && options.interval === undefined && plan.intervalText !== null) {
    added.interval = [plan.intervalText];
  }
  const settled = [
    ...SETTLED,
    ...isStampKnown ? ["stamp"] : [],
    ...options.timezone === undefined ? [] : ["timezone"],
    ...format === null ? ["timestamp_format"] : [],
  ];
  const parameters = { preset: [preset.name], ...added };
  const all: Parameters = { ...options, ...parameters };
  const hasEnergy = all.map?.some((entry) => /:energy_kwh(?::|$)/.test(entry)) ||
    all.derive !== undefined || all.layout !== undefined;
  return {
    parameters,
    all,
    stamp: all.values?.[0] === "cumulative"
      ? null
      : stampIn(all) ?? (isGuess ? "start" : plan.stamp),
    values: all.values?.[0] === "cumulative" ? "cumulative" : hasEnergy ? "interval" : plan.values,
    doubts: [
      ...doubts.except(isGuess ? [...settled, "stamp"] : settled),
      ...isGuess && !isStampKnown ? [stampDoubt("start")] : [],
      ...variantDoubts(preset),
    ],
    advice: null,
  };
}

function stampIn({ stamp }: Parameters): TablePlan["stamp"] {
  const [given] = stamp ?? [];
  return given === "end" || given === "start" ? given : null;
}

/** How the file is written where that differs from the preset: other settings of the exporter. */
function dialectOver(
  { table, numbers }: TableFindings,
  { options, plan }: { options: Parameters; plan: TablePlan },
): Record<string, readonly string[]> {
  const decimal = options.decimal?.[0] ?? ".";
  const delimiter = options.delimiter?.[0] ?? (decimal === "," ? ";" : ",");
  const given = table.delimiter === "\t" ? "tab" : table.delimiter;
  return {
    ...given === delimiter ? {} : { delimiter: [given] },
    ...numbers.isShown && numbers.decimal !== decimal ? { decimal: [numbers.decimal] } : {},
    ...plan.parameters.thousands === undefined ? {} : { thousands: plan.parameters.thousands },
  };
}

/** Texts for a missing value that the preset does not know. */
function missingOver(options: Parameters, plan: TablePlan): Record<string, readonly string[]> {
  const known = options.missing ?? [];
  const more = (plan.parameters.missing ?? []).filter((text) => !known.includes(text));
  return more.length === 0 ? {} : { missing: [...known, ...more] };
}

/** The column of ids, if the file has several meters. */
function meterOf(
  { columns, meter }: TableFindings,
  preset: Preset,
): Record<string, readonly string[]> {
  const named = columns.find(({ name }) => name.toLowerCase() === preset.meter?.toLowerCase());
  const ids = named === undefined ? meter?.ids : new Set(named.values.filter((id) => id !== ""));
  const count = ids === undefined ? 0 : "size" in ids ? ids.size : ids.length;
  const name = named?.name ?? meter?.column.name;
  return count > 1 && name !== undefined ? { meter: [name] } : {};
}

/** The form of times, if that of the preset does not read them; null if it does. */
function timeFormatOver(
  { columns, pattern }: TableFindings,
  { options, plan }: { options: Parameters; plan: TablePlan },
): readonly string[] | null {
  const format = options.timestamp_format?.[0] ?? "iso";
  const parts = (options.timestamp ?? []).map((name) =>
    columns.find((column) => column.name.toLowerCase() === name.toLowerCase())?.values ?? []
  );
  const texts = (parts[0] ?? []).map((text, row) =>
    parts.length === 2 ? `${text} ${parts[1][row]}` : text
  ).filter((text) => text.trim() !== "");
  if (format !== "auto") {
    const read = readWallTimes(texts, format).filter((ms) => ms === ms);
    if (read.length >= texts.length * READ_MIN) return null;
  }
  return pattern === null ? null : plan.parameters.timestamp_format ?? ["iso"];
}

function listed(options: Preset["options"]): Parameters {
  return Object.fromEntries(
    Object.entries(options).map((
      [name, value],
    ) => [name, typeof value === "string" ? [value] : value]),
  );
}

function variantDoubts(preset: Preset): Doubt[] {
  const variants = variantsOf(preset);
  if (variants.length === 0) return [];
  const names = listText(variants.map(({ name, title }) => `preset=${name} (${title})`));
  const detail =
    `The file does not show whose it is. These presets fit it too and know more: ${names}`;
  return [{ about: "preset", detail, settle: `preset=${variants[0].name}` }];
}

/** Why a table without a preset cannot be imported, and what to do; null if it can. */
function adviceFor({ table, times, metrics, day, columns }: TableFindings): string | null {
  if (table.header === null) {
    return "The table has no header. Add a first line that names the columns, for example " +
      "timestamp and energy_kwh, and inspect it again";
  }
  const names = columns.map(({ name }) => name.toLowerCase());
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    return `The header names ${twice === "" ? "an empty column" : twice.slice(0, 100)} twice. ` +
      "Give each column a name of its own";
  }
  if (table.rows.length === 0) return "The table has a header and no rows";
  if (times === null) {
    return "No column holds times that are known. If one does, name it with timestamp= and say " +
      "its form with timestamp_format=";
  }
  if (metrics.chosen.length === 0 && day === null) {
    return "No column is known to hold energy, power, voltage or current. If one does, say which " +
      "with map=, for example map=Value:energy_kwh";
  }
  return null;
}
