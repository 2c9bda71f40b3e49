/**
 * Columns that are left out because their unit is of a quantity that the profile does not measure.
 *
 * @module
 */

import { IGNORED_LISTED, QUOTED_VALUE_MAX } from "../limits.ts";
import type { Profile } from "../readings/profile.ts";
import { foreignUnit } from "./header_units.ts";

/** A column that is left out. */
export interface LeftOut {
  /** Its name. */
  readonly column: string;
  /** Why. */
  readonly reason: string;
}

/** The ignored columns whose names say why, each with its reason; the first 100. */
export function leftOutColumns(ignored: readonly string[], { name }: Profile): readonly LeftOut[] {
  return ignored.flatMap((column) => {
    const foreign = foreignUnit(column);
    if (foreign === null) return [];
    const { unit, quantity } = foreign;
    const reason = `${unit} is ${quantity}, which the profile ${name} does not have`;
    return [{ column: column.slice(0, QUOTED_VALUE_MAX), reason }];
  }).slice(0, IGNORED_LISTED);
}
