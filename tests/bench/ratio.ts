/**
 * What the standings of a race say about the targets of those in it.
 *
 * @module
 */

import type { Figure } from "./figure.ts";
import type { Standing } from "./race.ts";
import { median } from "./spread.ts";

/** The median of each way that has a target, as a multiple of the first one's, which is ours. */
export function ratioFigures(what: string, [ours, ...others]: readonly Standing[]): Figure[] {
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
