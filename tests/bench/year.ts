/**
 * The year that the bench exports and imports: 365 days of the demo meter, one reading per minute.
 *
 * @module
 */

import { DEMO_FROM_MS, DEMO_METER_ID, demoReadings } from "../../data/readings/demo_meter.ts";
import { DAY_MS, MINUTE_MS } from "../../data/limits.ts";
import type { Page, Span } from "../../data/readings/page.ts";
import { PROFILES } from "../../data/readings/profile.ts";

/** The year: 2024-01-01 to 2024-12-30, 365 days, because 2024 is a leap year. */
export const YEAR: Span = { fromMs: DEMO_FROM_MS, toMs: DEMO_FROM_MS + 365 * DAY_MS };
/** How many readings it has. */
export const YEAR_READINGS = 525_600;
/** Names of the metrics, in the order of columns. */
export const METRICS: readonly string[] = PROFILES.meter.metrics.map(({ name }) => name);
/** The columns of the file. */
export const COLUMNS: readonly string[] = ["timestamp", PROFILES.meter.idColumn, ...METRICS];

/** Distance of the lines that are compared. It is a prime, so that all minutes of a day occur. */
const SAMPLE_STEP = 499;

/** Times of the first and last reading, as users write a range with both ends included. */
export function yearRange(): { start_datetime: string; end_datetime: string } {
  return {
    start_datetime: instant(YEAR.fromMs),
    end_datetime: instant(YEAR.toMs - MINUTE_MS),
  };
}

/** Writes the year as CSV for imports, without code of the service. Returns its size, bytes. */
export async function writeYearCsv(path: string): Promise<number> {
  const lines = [COLUMNS.join(",")];
  for (const page of demoReadings(YEAR)) {
    for (let row = 0; row < page.timesMs.length; row++) lines.push(lineOf(page, row));
  }
  await Deno.writeTextFile(path, `${lines.join("\n")}\n`, { mode: 0o644 });
  return (await Deno.stat(path)).size;
}

/**
 * Compares an exported file with the generator: the header, the number of lines, and for a sample of
 * lines the time and id as text and the values as numbers.
 *
 * @throws {Error} that names the first difference.
 */
export async function checkYearCsv(path: string): Promise<void> {
  const lines = (await Deno.readTextFile(path)).split("\n");
  requireSame(path, { line: 1, found: lines[0], expected: COLUMNS.join(",") });
  requireSame(path, { line: lines.length, found: lines[lines.length - 1], expected: "" });
  const found = String(lines.length - 2);
  requireSame(`${path}, readings`, { line: 0, found, expected: String(YEAR_READINGS) });
  let line = 1;
  for (const page of demoReadings(YEAR)) {
    for (let row = 0; row < page.timesMs.length; row++, line++) {
      if (line % SAMPLE_STEP !== 1 && line !== YEAR_READINGS) continue;
      const [time, id, ...texts] = lines[line].split(",");
      const found = [time, id, ...texts.map(Number)].join();
      requireSame(path, { line: line + 1, found, expected: lineOf(page, row) });
    }
  }
}

/** A reading as a line. The quotient of an exact mantissa and power of ten is correctly rounded. */
function lineOf({ timesMs, columns }: Page, row: number): string {
  const values = columns.map(({ scale, values }) => values[row] / 10 ** scale);
  return [instant(timesMs[row]), DEMO_METER_ID, ...values].join();
}

function requireSame(
  path: string,
  { line, found, expected }: { line: number; found: string; expected: string },
): void {
  if (found === expected) return;
  throw new Error(`${path} differs in line ${line}: expected ${expected}, found ${found}`);
}

function instant(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(".000Z", "Z");
}
