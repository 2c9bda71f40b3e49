/**
 * Figures as text.
 *
 * @module
 */

import { type Figure, figureText } from "./figure.ts";
import type { Standing } from "./race.ts";
import { median } from "./spread.ts";

/** What a table of standings shows beside the times. */
export interface StandingsColumns {
  /** How much one run does, in a unit a second: the unit, and what one run of 1 ms comes to. */
  readonly rate?: { readonly unit: string; readonly perMs: number };
  /** The head of a column with the ratio to the first, for ways that stand side by side. */
  readonly ratio?: string;
}

/** A table of standings: runs, median, least and most of each way. */
export function standingsTable(
  standings: readonly Standing[],
  { rate, ratio }: StandingsColumns = {},
): string {
  const firstMs = median(standings[0].runsMs);
  const rows = standings.map(({ contestant, runsMs }) => {
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
  return table([["way", "runs", "median ms", "least", "most", ...more], ...rows]);
}

/** A table of figures with what they should be, and whether they are. */
export function figuresTable(figures: readonly Figure[]): string {
  const rows = figures.map(({ what, value, unit, target }) => [
    what,
    `${figureText(value)} ${unit}`,
    `${target.text} ${unit}`,
    target.isMet(value) ? "yes" : "NO",
  ]);
  return table([["figure", "measured", "target", "met"], ...rows]);
}

/** Rows as lines, the first column to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const [head, ...body] = rows.map((row) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))
      .join("  ")
  );
  return [head, "─".repeat(head.length), ...body].map((line) => `  ${line}`).join("\n");
}
