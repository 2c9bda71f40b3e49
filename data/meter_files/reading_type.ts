/**
 * What a `ReadingType` of ESPI says about values (NAESB REQ.21, Energy Services Provider Interface).
 *
 * @module
 */

/** The units that a meter takes, by `uom`. */
const UNITS: ReadonlyMap<number, string> = new Map([[72, "Wh"], [38, "W"], [29, "V"], [5, "A"]]);
/** Other units that occur, for the reason why they are left out. */
const OTHER_UNITS: ReadonlyMap<number, string> = new Map([
  [0, "none"],
  [23, "°C"],
  [31, "J"],
  [33, "Hz"],
  [42, "m³"],
  [61, "VA"],
  [63, "var"],
  [65, "power factor"],
  [71, "VAh"],
  [73, "varh"],
  [80, "currency"],
  [106, "Ah"],
  [111, "count"],
  [119, "ft³"],
  [128, "US gallons"],
  [132, "Btu"],
  [134, "litres"],
  [169, "therms"],
]);
/** Behaviours of registers: bulk, continuously cumulative, cumulative, summation. */
const REGISTERS: ReadonlySet<number> = new Set([1, 2, 3, 9]);
/** What the id of a series has for a direction of flow. Delivered to the customer is the usual one. */
const FLOWS: ReadonlyMap<number, string> = new Map([
  [0, ""],
  [1, ""],
  [4, "_net"],
  [19, "_received"],
  [20, "_total"],
]);
/** The same for a single phase. */
const PHASES: ReadonlyMap<number, string> = new Map([[128, "_a"], [64, "_b"], [32, "_c"]]);

/** The fields of a `ReadingType` that count here; NaN for those that it lacks. */
export interface ReadingType {
  /** The unit. */
  uom: number;
  /** The power of ten by which values are multiplied. */
  powerOfTenMultiplier: number;
  /** Whether energy is delivered to the customer, received from there, or both. */
  flowDirection: number;
  /** Whether values are those of an interval or of a register. */
  accumulationBehaviour: number;
  /** The length of intervals, seconds. */
  intervalLength: number;
  /** The phase or phases. */
  phase: number;
}

/** A type without fields. */
export function emptyReadingType(): ReadingType {
  return {
    uom: NaN,
    powerOfTenMultiplier: NaN,
    flowDirection: NaN,
    accumulationBehaviour: NaN,
    intervalLength: NaN,
    phase: NaN,
  };
}

/** The unit of the values and the power of ten to multiply them by; or why they are left out. */
export function unitOf(
  { uom, powerOfTenMultiplier }: ReadingType,
): { unit: string; exponent: number } | { reason: string } {
  const unit = UNITS.get(uom);
  const exponent = orZero(powerOfTenMultiplier);
  if (unit !== undefined) return { unit, exponent };
  if (uom !== uom) return { reason: "its ReadingType has no uom" };
  const name = OTHER_UNITS.get(uom);
  return { reason: `a meter has no metric in ${name ?? "this unit"} (uom ${uom})` };
}

/** Whether the values are reads of a register, which only grow. */
export function isRegister({ uom, accumulationBehaviour }: ReadingType): boolean {
  return uom === 72 && REGISTERS.has(accumulationBehaviour);
}

/** What the id of a series has after that of its usage point. */
export function seriesSuffix({ flowDirection, phase }: ReadingType): string {
  const flow = orZero(flowDirection);
  return `${FLOWS.get(flow) ?? `_flow${flow}`}${PHASES.get(phase) ?? ""}`;
}

function orZero(value: number): number {
  return value === value ? value : 0;
}
