/**
 * Tables of figures as text.
 *
 * @module
 */

import { type Comparison, type Figure, figureText, isMet, ratioOf } from "./figure.ts";
import type { RaceResult } from "./race.ts";
import { median } from "./spread.ts";

/** What a table of measurements shows next to the times. */
export interface StandingsColumns {
  /** For a column of throughput: its unit, and the throughput of a run of 1 ms. */
  readonly rate?: { readonly unit: string; readonly perMs: number };
  /** The header of a column with the ratio to the first way. */
  readonly ratio?: string;
}

/** Words after a ratio. */
const WORDS: Readonly<Record<Comparison, string>> = {
  fast: "× as fast",
  long: "× as long",
  much: "× as much",
  absolute: "",
};

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

/** A table of figures: ours, what it is compared with, the ratio, the target, and whether it is met. */
export function figuresTable(figures: readonly Figure[]): string {
  const head = ["figure", "ours", "limit or peer", "ratio", "target", "met"];
  return table([head, ...figures.map(figureRow)], [0, 2]);
}

function figureRow(figure: Figure): string[] {
  const { what, ours, unit, as, other, target } = figure;
  const met = isMet(figure);
  return [
    what,
    `${figureText(ours)} ${unit}`,
    as === "absolute"
      ? "absolute"
      : other === null
      ? "not measured"
      : `${other.name}: ${figureText(other.value)} ${unit}`,
    other === null ? "–" : `${figureText(ratioOf(figure))} ${WORDS[as]}`,
    target === null ? "–" : as === "absolute" ? `${target.text} ${unit}` : target.text,
    met === null ? "–" : met ? "yes" : "NO",
  ];
}

/** Aligns rows: some columns to the left, by default the first, and the others to the right. */
export function table(rows: readonly (readonly string[])[], left: readonly number[] = [0]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const [head, ...body] = rows.map((row) =>
    row.map((cell, column) =>
      left.includes(column) ? cell.padEnd(widths[column]) : cell.padStart(widths[column])
    ).join("  ")
  );
  return [head, "─".repeat(head.length), ...body].map((line) => `  ${line.trimEnd()}`).join("\n");
}

/** The same rows as a table of Markdown. */
export function markdownTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const [head, ...body] = rows.map((row) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |`
  );
  return [head, `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...body].join("\n");
}
