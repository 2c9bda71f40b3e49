/**
 * The figures of a run as JSON.
 *
 * @module
 */

import { z } from "zod";
import type { Measured } from "./compare.ts";
import { type Figure, isMet, ratioOf } from "./figure.ts";

/** A figure and the part that measured it. */
export interface PartFigure {
  /** The part. */
  readonly part: string;
  /** The figure. */
  readonly figure: Figure;
}

/** On what the figures were measured. */
export interface Machine {
  /** The version of the service. */
  readonly version: string;
  /** The version of Deno. */
  readonly deno: string;
  /** How many processors it has. */
  readonly processors: number;
  /** Its load before and after the run: the average of a minute. */
  readonly load: readonly number[];
}

const measured = z.object({
  part: z.string(),
  what: z.string(),
  ours: z.number().nullable(),
  unit: z.string(),
});
const report = z.object({ figures: z.array(measured) });

/** The text of a report. Numbers that are none, such as the ratio to nothing, are null. */
export function reportText(figures: readonly PartFigure[], machine: Machine): string {
  const rows = figures.map(({ part, figure }) => {
    const { what, ours, unit, as, other, target } = figure;
    const compared = { as, other, ratio: ratioOf(figure), target: target?.text ?? null };
    return { part, what, ours, unit, ...compared, met: isMet(figure) };
  });
  return JSON.stringify({ ...machine, figures: rows }, null, 2);
}

/** The values in the text of a report. */
export function readReport(text: string): Measured[] {
  return report.parse(JSON.parse(text)).figures.flatMap(({ ours, ...figure }) =>
    ours === null ? [] : [{ ...figure, ours }]
  );
}
