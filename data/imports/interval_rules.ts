/**
 * What the values of an upload mean for the intervals between its times, for one profile.
 *
 * @module
 */

import type { Profile } from "../readings/profile.ts";

/** What a user says about intervals. */
export interface IntervalOptions {
  /** Whether energies are those of the intervals, or register values that only grow. */
  readonly values: "interval" | "cumulative";
  /** Where a register begins at 0 again, in the unit of its column; null if that is not known. */
  readonly rollover: number | null;
  /** Which metric to compute from the other one and the interval; null for none. */
  readonly derive: "power" | "energy" | null;
  /** The length of an interval, milliseconds; 0 if the upload has to show it. */
  readonly intervalMs: number;
}

/** Computes one metric from another: it is the other one times `over / under` for each hour. */
export interface DerivedMetric {
  /** Index of the computed metric. */
  readonly metric: number;
  /** Index of the metric that it is computed from. */
  readonly from: number;
  /** Whether an energy is computed from a power, instead of a power from an energy. */
  readonly isEnergy: boolean;
  /** The computed metric's unit is smaller by this power of ten. */
  readonly exponent: number;
}

/** What the values of a profile mean. */
export interface IntervalRules {
  /** Indexes of the metrics whose values are those of registers. */
  readonly registers: readonly number[];
  /** As the user says it. */
  readonly rollover: number | null;
  /** The computed metrics. */
  readonly derived: readonly DerivedMetric[];
  /** The length of an interval, milliseconds; 0 if the upload has to show it. */
  readonly intervalMs: number;
}

/** Values are those of their intervals, and nothing is computed. */
export const PLAIN_INTERVALS: IntervalOptions = {
  values: "interval",
  rollover: null,
  derive: null,
  intervalMs: 0,
};

/** Powers of ten by which units of energy and of power differ from kWh and kW. */
const ENERGY_UNITS: ReadonlyMap<string, number> = new Map([["Wh", -3], ["kWh", 0], ["MWh", 3]]);
const POWER_UNITS: ReadonlyMap<string, number> = new Map([["W", -3], ["kW", 0], ["MW", 3]]);

/**
 * The rules of a profile; null if nothing happens to its values; or the rule that the profile breaks.
 */
export function intervalRulesOf(
  { metrics }: Profile,
  { values, rollover, derive, intervalMs }: IntervalOptions,
): IntervalRules | null | { readonly rule: string } {
  if (values === "interval" && derive === null) return null;
  const registers = values === "interval"
    ? []
    : metrics.flatMap(({ aggregate }, metric) => aggregate === "sum" ? [metric] : []);
  const derived = derive === null ? [] : derivedMetrics({ metrics }, derive === "energy");
  if (values === "cumulative" && registers.length === 0) {
    return { rule: "values=cumulative needs a metric that is summed" };
  }
  if (derive !== null && derived.length === 0) {
    return { rule: `derive=${derive} needs a metric in kWh and one in kW` };
  }
  return { registers, rollover, derived, intervalMs };
}

/** Pairs of an energy and a power: of the same name apart from these words, or the only two. */
function derivedMetrics(
  { metrics }: Pick<Profile, "metrics">,
  isEnergy: boolean,
): DerivedMetric[] {
  const indexes = (units: ReadonlyMap<string, number>) =>
    metrics.flatMap(({ unit }, metric) => units.has(unit) ? [metric] : []);
  const energies = indexes(ENERGY_UNITS), powers = indexes(POWER_UNITS);
  const isOnly = energies.length === 1 && powers.length === 1;
  return energies.flatMap((energy) => {
    const stem = stemOf(metrics[energy].name);
    const power = powers.find((one) => isOnly || stemOf(metrics[one].name) === stem);
    if (power === undefined) return [];
    const exponent = (ENERGY_UNITS.get(metrics[energy].unit) ?? 0) -
      (POWER_UNITS.get(metrics[power].unit) ?? 0);
    return [
      isEnergy
        ? { metric: energy, from: power, isEnergy, exponent }
        : { metric: power, from: energy, isEnergy, exponent: 0 - exponent },
    ];
  });
}

/** A name without what says that it is an energy or a power: `import` for `import_energy_kwh`. */
function stemOf(name: string): string {
  return name.split("_")
    .filter((word) => !/^(energy|power|k?wh?|mwh?|active)$/.test(word)).join("_");
}
