/**
 * What ESPI calls the units and kinds of values (`ReadingType` of its schema, NAESB REQ.21).
 *
 * @module
 */

import type { FileColumn } from "./encoder.ts";

/** A unit: its code, the power of ten of the prefix, and the code of the kind of values. */
interface EspiUnit {
  readonly uom: number;
  readonly exponent: number;
  readonly kind: number;
}

const ENERGY = 12, POWER = 37, VOLTAGE = 54, CURRENT = 4, TEMPERATURE = 46, NO_KIND = 0;
/** Units by their names in UCUM. ESPI has no percent; like all others it is "not applicable". */
const UNITS: ReadonlyMap<string, EspiUnit> = new Map([
  ...withPrefixes("Wh", 72, ENERGY),
  ...withPrefixes("VAh", 71, ENERGY),
  ...withPrefixes("varh", 73, ENERGY),
  ...withPrefixes("W", 38, POWER),
  ...withPrefixes("VA", 61, POWER),
  ...withPrefixes("var", 63, POWER),
  ...withPrefixes("V", 29, VOLTAGE),
  ...withPrefixes("A", 5, CURRENT),
  ...withPrefixes("J", 31, ENERGY),
  ["Cel", { uom: 23, exponent: 0, kind: TEMPERATURE }],
  ["Hz", { uom: 33, exponent: 0, kind: NO_KIND }],
  ["m3", { uom: 42, exponent: 0, kind: NO_KIND }],
  ["L", { uom: 134, exponent: 0, kind: NO_KIND }],
  ["s", { uom: 27, exponent: 0, kind: NO_KIND }],
]);
const OTHER: EspiUnit = { uom: 0, exponent: 0, kind: NO_KIND };
/** Average, highest, smallest; a value as it was read is normal. */
const QUALIFIERS: ReadonlyMap<string, number> = new Map([["mean", 2], ["max", 8], ["min", 9]]);
const NORMAL = 12;
/** The difference over an interval; what a needle shows. */
const DELTA = 4, INDICATING = 6;
const ELECTRICITY = 1, FORWARD = 1;

/** The decimals of values that have more than a double holds exactly, or unknown ones. */
const INEXACT_DECIMALS = 6;

function withPrefixes(unit: string, uom: number, kind: number): [string, EspiUnit][] {
  return [["", 0], ["m", -3], ["k", 3], ["M", 6], ["G", 9]].map(([prefix, exponent]) => [
    `${prefix}${unit}`,
    { uom, exponent: Number(exponent), kind },
  ]);
}

/** The decimals with which the values of a column are written as integers. */
export function espiDecimals({ decimals }: FileColumn): number {
  return decimals ?? INEXACT_DECIMALS;
}

/**
 * The `ReadingType` of a column. The power of ten makes integers of all its decimals.
 *
 * @param intervalMs How far apart rows are; null if that is unknown.
 */
export function readingTypeXml(column: FileColumn, intervalMs: number | null): string {
  const { uom, exponent, kind } = UNITS.get(column.unit ?? "") ?? OTHER;
  const isEnergy = kind === ENERGY;
  const fields: [string, number | null][] = [
    ["accumulationBehaviour", isEnergy ? DELTA : INDICATING],
    ["commodity", ELECTRICITY],
    ["dataQualifier", QUALIFIERS.get(column.aggregate ?? "") ?? NORMAL],
    ["flowDirection", isEnergy ? FORWARD : 0],
    ["intervalLength", intervalMs === null ? null : Math.round(intervalMs / 1000)],
    ["kind", kind],
    ["powerOfTenMultiplier", exponent - espiDecimals(column)],
    ["uom", uom],
  ];
  const elements = fields.filter(([, value]) => value !== null)
    .map(([name, value]) => `<${name}>${value}</${name}>`);
  return `<ReadingType xmlns="http://naesb.org/espi">${elements.join("")}</ReadingType>`;
}
