/**
 * Figures of a race: how much faster ours is than the others.
 *
 * @module
 */

import type { Figure } from "./figure.ts";
import type { RaceResult } from "./race.ts";
import { median } from "./spread.ts";

/** For each way with a target: its median as a multiple of the median of the first way, ours. */
export function ratioFigures(what: string, [ours, ...others]: readonly RaceResult[]): Figure[] {
  const oursMs = median(ours.runsMs);
  return others.flatMap(({ contestant: { name, target }, runsMs }) =>
    target === undefined ? [] : [{
      what: `${what}, time of ${name}`,
      value: median(runsMs) / oursMs,
      unit: "× ours",
      target,
    }]
  );
}
