/**
 * Comparing the figures of two revisions that were measured side by side.
 *
 * @module
 */

import { figureText, isRate } from "./figure.ts";
import { median } from "./spread.ts";
import { table } from "./table.ts";

/** A value of one run of a part. */
export interface Measured {
  /** The part of the bench. */
  readonly part: string;
  /** What was measured. */
  readonly what: string;
  /** The value. */
  readonly ours: number;
  /** Its unit. */
  readonly unit: string;
}

/** A figure in both revisions. */
export interface Change {
  /** The part of the bench. */
  readonly part: string;
  /** What was measured. */
  readonly what: string;
  /** The unit of both values. */
  readonly unit: string;
  /** The median of the other revision. */
  readonly before: number;
  /** The median of this one. */
  readonly now: number;
  /** The best run of the other revision. */
  readonly bestBefore: number;
  /** The best run of this one. */
  readonly bestNow: number;
}

/** By how much a figure may get worse: 10%. */
const TOLERATED = 0.1;

/**
 * Pairs the figures of two revisions, each measured in one or more runs. A figure that only one of
 * them has is left out.
 */
export function changesOf(before: readonly Measured[], now: readonly Measured[]): Change[] {
  const old = byFigure(before);
  return [...byFigure(now)].flatMap(([key, { figure, values }]) => {
    const match = old.get(key);
    if (match === undefined) return [];
    const { part, what, unit } = figure;
    return [{
      part,
      what,
      unit,
      before: median(match.values),
      now: median(values),
      bestBefore: bestOf(match.values, unit),
      bestNow: bestOf(values, unit),
    }];
  });
}

/** How many times better a figure is than before; below 1 if it is worse. */
export function improvementOf({ unit, before, now }: Change): number {
  return isRate(unit) ? now / before : before / now;
}

/**
 * Whether a figure got worse by more than 10%: a rate below 0.9 of it, all else above 1.1 of it. Both
 * the median and the best run have to be, as other programs on the machine only make figures worse.
 */
export function gotWorse({ unit, before, now, bestBefore, bestNow }: Change): boolean {
  const isWorse = (old: number, value: number) =>
    isRate(unit) ? value < old * (1 - TOLERATED) : value > old * (1 + TOLERATED);
  return isWorse(before, now) && isWorse(bestBefore, bestNow);
}

function bestOf(values: readonly number[], unit: string): number {
  return isRate(unit) ? Math.max(...values) : Math.min(...values);
}

/** A table of changes. */
export function changesTable(changes: readonly Change[], revision: string): string {
  const rows = changes.map((change) => [
    `${change.part}: ${change.what}`,
    `${figureText(change.before)} ${change.unit}`,
    `${figureText(change.now)} ${change.unit}`,
    `${figureText(improvementOf(change))} ×`,
    gotWorse(change) ? "WORSE" : "",
  ]);
  return table([["figure", revision, "now", "better by", ""], ...rows]);
}

/** Figures by part, text and unit. One that occurs several times in a run has the same value there. */
function byFigure(measured: readonly Measured[]) {
  const found = new Map<string, { figure: Measured; values: number[] }>();
  for (const figure of measured) {
    const key = [figure.part, figure.what, figure.unit].join("\n");
    const entry = found.get(key);
    if (entry === undefined) found.set(key, { figure, values: [figure.ours] });
    else entry.values.push(figure.ours);
  }
  return found;
}
