/**
 * Figures of races: ours next to the others.
 *
 * @module
 */

import type { Comparison, Figure } from "./figure.ts";
import type { RaceResult } from "./race.ts";
import { median } from "./spread.ts";

/** How the times of a race become figures. */
export interface RaceFigureOptions {
  /** How ours is compared, if a contestant does not say it. */
  readonly as?: Comparison;
  /** For rates instead of times: the unit, and the rate of a run of 1 ms. */
  readonly rate?: { readonly unit: string; readonly perMs: number };
}

/**
 * The median of the first way, ours, next to that of each other way with a target. Without any, one
 * figure that is compared with nothing.
 */
export function raceFigures(
  what: string,
  [ours, ...others]: readonly RaceResult[],
  { as = "fast", rate }: RaceFigureOptions = {},
): Figure[] {
  const valueOf = ({ runsMs }: RaceResult) =>
    rate === undefined ? median(runsMs) : rate.perMs / median(runsMs);
  const figure = { what, ours: valueOf(ours), unit: rate?.unit ?? "ms" };
  const rows = others.flatMap((result) => {
    const { name, target, as: own = as } = result.contestant;
    if (target === undefined) return [];
    return [{ ...figure, as: own, other: { name, value: valueOf(result) }, target }];
  });
  return rows.length > 0 ? rows : [{ ...figure, as, other: null, target: null }];
}
