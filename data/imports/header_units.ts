/**
 * Units that columns carry in their names: `Verbrauch (Wh)`, `P [kW]`, `Energy, MWh`, `usage_wh`.
 *
 * @module
 */

import { unitsFor } from "../readings/units.ts";

/** Units of quantities that are not energy, power, voltage or current, in small letters. */
const FOREIGN: readonly [quantity: string, units: string][] = [
  ["apparent power", "va kva mva"],
  ["apparent energy", "vah kvah mvah"],
  ["reactive power", "var kvar mvar"],
  ["reactive energy", "varh kvarh mvarh kvarlh kvarch"],
  ["a volume", "m3 m³ ccf nm3 liter litres liters"],
  ["heat in other units", "therm therms gj mj btu mmbtu"],
  ["money", "eur usd gbp chf nok sek dkk aud € $ £ ct cent cents"],
];

/** A unit that no metric of energy, power, voltage or current can be in. */
export interface ForeignUnit {
  /** The unit as it is written. */
  readonly unit: string;
  /** What it is a unit of. */
  readonly quantity: string;
}

/**
 * The unit of a metric that the name of a column carries, as `unitsFor()` spells it; null if it
 * carries none. Case does not matter where it means nothing: `wh` is Wh, but `MV` is not mV.
 */
export function unitInName(name: string, metricUnit: string): string | null {
  const units = unitsFor(metricUnit);
  const parts = partsOf(name).reverse();
  const exact = parts.flatMap((part) => units.filter((unit) => unit === part));
  if (exact.length > 0) return exact[0];
  const loose = parts.flatMap((part, at) => {
    // A lone letter within a name is more often a phase or a word than a unit.
    if (part.length === 1 && at > 0) return [];
    return units.filter((unit) => isLoosely(part, unit));
  });
  return loose[0] ?? null;
}

/** The unit of another quantity that the name of a column, or a unit, carries; null if none. */
export function foreignUnit(name: string): ForeignUnit | null {
  for (const unit of partsOf(name).reverse()) {
    const found = FOREIGN.find(([, units]) => units.split(" ").includes(unit.toLowerCase()));
    if (found !== undefined) return { unit, quantity: found[0] };
  }
  return null;
}

/** Whether a text is a unit in another case, in which milli and mega stay different. */
function isLoosely(text: string, unit: string): boolean {
  if (text.toLowerCase() !== unit.toLowerCase()) return false;
  const isMilli = text.startsWith("m") && text !== text.toLowerCase();
  return text.startsWith("M") ? unit.startsWith("M") : !(isMilli && unit.startsWith("M"));
}

/** The words of a name. */
function partsOf(name: string): string[] {
  return name.split(/[^\p{L}\p{N}€$£³]+/u).filter((part) => part !== "");
}
