/**
 * Units that an upload may use instead of the unit of a metric. They differ by powers of ten, so
 * decimals stay exact.
 *
 * @module
 */

/** For each unit of a metric: the accepted units, and the power of ten between them. */
const EXPONENTS: ReadonlyMap<string, ReadonlyMap<string, number>> = new Map([
  ["kWh", new Map([["kWh", 0], ["Wh", -3], ["MWh", 3]])],
  ["kW", new Map([["kW", 0], ["W", -3], ["MW", 3]])],
  ["V", new Map([["V", 0], ["mV", -3], ["kV", 3]])],
  ["A", new Map([["A", 0], ["mA", -3], ["kA", 3]])],
]);

/** The units that an upload may use for a metric with this unit. */
export function unitsFor(metricUnit: string): readonly string[] {
  return [...exponentsOf(metricUnit).keys()];
}

/** The power of ten that converts a value to the unit of its metric; null if it cannot. */
export function unitExponent(unit: string, metricUnit: string): number | null {
  return exponentsOf(metricUnit).get(unit) ?? null;
}

function exponentsOf(metricUnit: string): ReadonlyMap<string, number> {
  return EXPONENTS.get(metricUnit) ?? new Map([[metricUnit, 0]]);
}
