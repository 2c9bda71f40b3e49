/**
 * Which metric of a profile takes values of a unit.
 *
 * @module
 */

import type { ColumnMeaning } from "../imports/dialect.ts";
import type { Profile } from "../readings/profile.ts";
import { unitExponent } from "../readings/units.ts";

/** Units of energy, power, voltage and current in upper case, as NEM12 writes them. */
const UNITS: ReadonlyMap<string, string> = new Map(
  ["kWh", "Wh", "MWh", "kW", "W", "MW", "V", "kV", "A", "kA"]
    .map((unit) => [unit.toUpperCase(), unit]),
);

/**
 * The first metric that takes a unit, with the power of ten between the two; null if none does.
 * `more` is another power of ten by which the values of the file are multiplied.
 */
export function metricOfUnit(
  { metrics }: Profile,
  unit: string,
  more = 0,
): ColumnMeaning | null {
  for (const [metric, { unit: metricUnit }] of metrics.entries()) {
    const exponent = unitExponent(unit, metricUnit);
    if (exponent !== null) return { metric, exponent: exponent + more };
  }
  return null;
}

/** A unit as it is usually written, such as `kWh` for `KWH`; the text itself if it is none of these. */
export function usualUnit(text: string): string {
  return UNITS.get(text.toUpperCase()) ?? text;
}
