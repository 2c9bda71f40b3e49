/**
 * Units that values may come in beside the one of their metric. They differ by powers of ten, so
 * that decimals stay exact.
 *
 * @module
 */

/** For each unit of a metric: the units it takes, and the power of ten between them. */
const EXPONENTS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  kWh: { kWh: 0, Wh: -3, MWh: 3 },
  kW: { kW: 0, W: -3, MW: 3 },
  V: { V: 0, mV: -3, kV: 3 },
  A: { A: 0, mA: -3, kA: 3 },
};

/** The units that values of a metric with this unit may come in. */
export function unitsFor(metricUnit: string): readonly string[] {
  return Object.keys(EXPONENTS[metricUnit] ?? { [metricUnit]: 0 });
}

/** The power of ten that brings a value to the unit of its metric; null where it takes no such. */
export function unitExponent(unit: string, metricUnit: string): number | null {
  return (EXPONENTS[metricUnit] ?? { [metricUnit]: 0 })[unit] ?? null;
}
