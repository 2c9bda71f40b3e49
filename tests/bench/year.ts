/**
 * The year that everything here reads and writes: 365 days of the demo meter, a reading a minute.
 *
 * @module
 */

import { DEMO_FROM_MS, DEMO_METER_ID, demoReadings } from "../../data/readings/demo_meter.ts";
import { DAY_MS, MINUTE_MS } from "../../data/limits.ts";
import type { Page, Span } from "../../data/readings/page.ts";
import { PROFILES } from "../../data/readings/profile.ts";

/** The year: 2024-01-01 to 2024-12-30, as 2024 has a day too many. */
export const YEAR: Span = { fromMs: DEMO_FROM_MS, toMs: DEMO_FROM_MS + 365 * DAY_MS };
/** How many readings it has. */
export const YEAR_READINGS = 525_600;
/** Names of the metrics, in the order of columns. */
export const METRICS: readonly string[] = PROFILES.meter.metrics.map(({ name }) => name);
/** The columns of the file. */
export const COLUMNS: readonly string[] = ["timestamp", PROFILES.meter.idColumn, ...METRICS];

/** How far apart the lines are that are looked at; a prime, so that all minutes of a day come. */
const SAMPLE_STEP = 499;

/** The first and last reading's time as users write them, for a range with both ends included. */
export function yearRange(): { start_datetime: string; end_datetime: string } {
  return {
    start_datetime: instant(YEAR.fromMs),
    end_datetime: instant(YEAR.toMs - MINUTE_MS),
  };
}

/** Writes the year as the CSV file that is imported, by none of our own code; its size, bytes. */
export async function writeYearCsv(path: string): Promise<number> {
  const lines = [COLUMNS.join(",")];
  for (const page of demoReadings(YEAR)) {
    for (let row = 0; row < page.timesMs.length; row++) lines.push(lineOf(page, row));
  }
  await Deno.writeTextFile(path, `${lines.join("\n")}\n`, { mode: 0o644 });
  return (await Deno.stat(path)).size;
}

/**
 * Checks a file that was exported: the header, the number of lines, and of a sample of lines time
 * and id as texts, values as numbers, against the generator.
 *
 * @throws {Error} that says what differs.
 */
export async function checkYearCsv(path: string): Promise<void> {
  const lines = (await Deno.readTextFile(path)).split("\n");
  requireSame(path, { line: 1, found: lines[0], wanted: COLUMNS.join(",") });
  requireSame(path, { line: lines.length, found: lines[lines.length - 1], wanted: "" });
  const found = String(lines.length - 2);
  requireSame(`${path}, readings`, { line: 0, found, wanted: String(YEAR_READINGS) });
  let line = 1;
  for (const page of demoReadings(YEAR)) {
    for (let row = 0; row < page.timesMs.length; row++, line++) {
      if (line % SAMPLE_STEP !== 1 && line !== YEAR_READINGS) continue;
      const [time, id, ...texts] = lines[line].split(",");
      const found = [time, id, ...texts.map(Number)].join();
      requireSame(path, { line: line + 1, found, wanted: lineOf(page, row) });
    }
  }
}

/** A reading as a line. An exact mantissa divided by an exact power of ten is the nearest double. */
function lineOf({ timesMs, columns }: Page, row: number): string {
  const values = columns.map(({ scale, values }) => values[row] / 10 ** scale);
  return [instant(timesMs[row]), DEMO_METER_ID, ...values].join();
}

function requireSame(
  path: string,
  { line, found, wanted }: { line: number; found: string; wanted: string },
): void {
  if (found === wanted) return;
  throw new Error(`Cannot compare as ${path} differs in line ${line}: ${found}, not ${wanted}`);
}

function instant(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(".000Z", "Z");
}
