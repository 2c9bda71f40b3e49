/**
 * Tables of figures as text.
 *
 * @module
 */

import { type Figure, figureText } from "./figure.ts";
import type { RaceResult } from "./race.ts";
import { median } from "./spread.ts";

/** What a table of measurements shows next to the times. */
export interface StandingsColumns {
  /** For a column of throughput: its unit, and the throughput of a run of 1 ms. */
  readonly rate?: { readonly unit: string; readonly perMs: number };
  /** The header of a column with the ratio to the first way. */
  readonly ratio?: string;
}

/** A table of measurements: runs, median, minimum and maximum of each way. */
export function resultsTable(
  results: readonly RaceResult[],
  { rate, ratio }: StandingsColumns = {},
): string {
  const firstMs = median(results[0].runsMs);
  const rows = results.map(({ contestant, runsMs }) => {
    const ms = median(runsMs);
    return [
      contestant.name,
      String(runsMs.length),
      ms.toFixed(1),
      Math.min(...runsMs).toFixed(1),
      Math.max(...runsMs).toFixed(1),
      ...(rate === undefined ? [] : [(rate.perMs / ms).toFixed(2)]),
      ...(ratio === undefined ? [] : [(ms / firstMs).toFixed(2)]),
    ];
  });
  const more = [rate?.unit, ratio].filter((name) => name !== undefined);
  return table([["way", "runs", "median ms", "min", "max", ...more], ...rows]);
}

/** A table of figures with their targets, and whether they are met. */
export function figuresTable(figures: readonly Figure[]): string {
  const rows = figures.map(({ what, value, unit, target }) => [
    what,
    `${figureText(value)} ${unit}`,
    `${target.text} ${unit}`,
    target.isMet(value) ? "yes" : "NO",
  ]);
  return table([["figure", "measured", "target", "met"], ...rows]);
}

/** Aligns rows: the first column to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const [head, ...body] = rows.map((row) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))
      .join("  ")
  );
  return [head, "─".repeat(head.length), ...body].map((line) => `  ${line}`).join("\n");
}
