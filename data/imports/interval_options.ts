/**
 * The options of an upload that say what its values mean for intervals.
 *
 * @module
 */

import type { Profile } from "../readings/profile.ts";
import { parseDecimal } from "../text/decimal_fields.ts";
import { toNumber } from "../readings/decimal.ts";
import { type IntervalOptions, intervalRulesOf, PLAIN_INTERVALS } from "./interval_rules.ts";

/** Options about intervals, each as the query has it. */
export interface IntervalTexts {
  /** Whether values are those of intervals (`interval`, default) or of a register (`cumulative`). */
  readonly values?: string;
  /** Where a register begins at 0 again, in the unit of its column. */
  readonly rollover?: string;
  /** Whether a record is a reading (`long`, default) or a day of them (`day-per-row`). */
  readonly layout?: string;
  /** The metric to compute from the other one: `power` or `energy`. */
  readonly derive?: string;
}

/** Records that are days. */
export interface DayLayout {
  /** What the columns of intervals mean. */
  readonly meaning: { readonly metric: number; readonly exponent: number };
}

/** Takes a wrong option, its value, and the rule as a sentence. */
export type AddIntervalProblem = (
  option: keyof IntervalTexts,
  value: string,
  detail: string,
) => void;

/** The column of `map` that stands for all columns of intervals. */
export const EVERY_INTERVAL = "*";

/** Reads what values mean. Every wrong option is a problem. */
export function readIntervalOptions(
  profile: Profile,
  { values = "interval", rollover, derive }: IntervalTexts,
  addProblem: AddIntervalProblem,
): IntervalOptions {
  if (values !== "interval" && values !== "cumulative") {
    addProblem("values", values, "values must be interval or cumulative");
    return PLAIN_INTERVALS;
  }
  if (derive !== undefined && derive !== "power" && derive !== "energy") {
    addProblem("derive", derive, "derive must be power or energy");
    return PLAIN_INTERVALS;
  }
  const options: IntervalOptions = {
    values,
    rollover: readRollover(rollover, values, addProblem),
    derive: derive ?? null,
    intervalMs: 0,
  };
  const rules = intervalRulesOf(profile, options);
  if (rules !== null && "rule" in rules) {
    addProblem(values === "cumulative" ? "values" : "derive", derive ?? values, rules.rule);
  }
  return options;
}

function readRollover(
  text: string | undefined,
  values: string,
  addProblem: AddIntervalProblem,
): number | null {
  if (text === undefined) return null;
  const decimal = parseDecimal(text);
  const size = decimal === null ? NaN : toNumber(decimal.value, decimal.scale);
  if (!(size > 0)) {
    addProblem("rollover", text, "rollover must be a positive number, such as 100000");
  }
  if (values !== "cumulative") {
    addProblem("rollover", text, "rollover is for values=cumulative");
  }
  return size > 0 ? size : null;
}

/** Reads whether records are days, and what their columns mean; null if each is a reading. */
export function readLayout(
  profile: Profile,
  { layout = "long", columns, addProblem }: {
    layout: string | undefined;
    columns: ReadonlyMap<string, DayLayout["meaning"]>;
    addProblem: AddIntervalProblem;
  },
): DayLayout | null {
  if (layout !== "long" && layout !== "day-per-row") {
    addProblem("layout", layout, "layout must be long or day-per-row");
  }
  if (layout !== "day-per-row") return null;
  const energy = profile.metrics.findIndex(({ unit }) => unit === "kWh");
  const first = { metric: Math.max(0, energy), exponent: 0 };
  return { meaning: columns.get(EVERY_INTERVAL) ?? first };
}
