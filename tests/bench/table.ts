/**
 * Figures as text.
 *
 * @module
 */

import { median, type Standing } from "./race.ts";

/** A table of standings with their ratio to the first, which is ours. */
export function standingsTable(standings: readonly Standing[], readings: number): string {
  const oursMs = median(standings[0].runsMs);
  const rows = standings.map(({ contestant, runsMs }) => {
    const ms = median(runsMs);
    return [
      contestant.name,
      String(runsMs.length),
      ms.toFixed(1),
      Math.min(...runsMs).toFixed(1),
      Math.max(...runsMs).toFixed(1),
      (readings / ms / 1000).toFixed(2),
      (ms / oursMs).toFixed(2),
    ];
  });
  const names = ["way", "runs", "median ms", "least", "most", "M readings/s", "× ours"];
  return table([names, ...rows]);
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
