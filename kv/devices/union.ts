/**
 * Readings that give only some of their metrics: what is stored for the same times fills the rest.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { DAY_MS } from "../../data/limits.ts";
import { FLOAT, toFloats } from "../../data/readings/decimal.ts";
import { fitPage, type Page } from "../../data/readings/page.ts";
import type { Profile } from "../../data/readings/profile.ts";
import type { SeriesRef } from "../series/ref.ts";
import type { SeriesStore } from "../series/store.ts";

/** Longer gaps between times are not read: a read takes 16 blocks at once, a day or less each. */
const GAP_MS = 16 * DAY_MS;

/** What {@link fillFromStored} fills. */
export interface PartialReadings {
  /** The readings, in any order. */
  readonly page: Page;
  /** Of later rows nothing is stored, epoch milliseconds. */
  readonly afterMs: number;
  /**
   * The profile as the database has it now. If it has more metrics than the page, so has the result;
   * otherwise a metric that another process appended would be lost.
   */
  readonly profile?: Profile;
}

/**
 * The page with stored values where it has none. Its columns become doubles if anything is filled in.
 */
export async function fillFromStored(
  series: Pick<SeriesStore, "read">,
  ref: SeriesRef,
  { page: given, afterMs, profile }: PartialReadings,
): Promise<Page> {
  const width = profile?.metrics.length ?? 0;
  const page = width > given.columns.length ? fitPage(given, width) : given;
  const rows = openRows(page, afterMs);
  if (rows.size === 0) return page;
  const columns = page.columns.map(({ scale, values }) => ({
    scale: FLOAT,
    values: Float64Array.from(toFloats(values, scale)),
  }));
  const filled = { timesMs: page.timesMs, columns };
  for await (const stored of readTimes(series, ref, { rows, profile })) {
    fill(filled, stored, rows);
  }
  return filled;
}

/** The rows with a missing value that may be stored already, by their times. */
function openRows({ timesMs, columns }: Page, afterMs: number): Map<number, number[]> {
  const rows = new Map<number, number[]>();
  for (let row = 0; row < timesMs.length; row++) {
    const timeMs = timesMs[row];
    if (timeMs > afterMs || columns.every(({ values }) => values[row] === values[row])) continue;
    const others = rows.get(timeMs);
    if (others === undefined) rows.set(timeMs, [row]);
    else others.push(row);
  }
  return rows;
}

/** The stored readings around some times. What lies in long gaps between these is not read. */
async function* readTimes(
  series: Pick<SeriesStore, "read">,
  ref: SeriesRef,
  { rows, profile }: { rows: ReadonlyMap<number, readonly number[]>; profile?: Profile },
): AsyncGenerator<Page> {
  const sorted = Float64Array.from(rows.keys()).sort();
  let start = 0;
  try {
    for (let end = 1; end <= sorted.length; end++) {
      if (sorted[end] - sorted[end - 1] <= GAP_MS) continue;
      const span = { fromMs: sorted[start], toMs: sorted[end - 1] + 1, profile };
      // Never aborted: the read ends where the page ends.
      yield* series.read(ref, span, new AbortController().signal);
      start = end;
    }
  } catch (error) {
    // Then nothing is stored any more.
    if (!(error instanceof AppError) || error.code !== "SERIES_REMOVED") throw error;
  }
}

function fill({ columns }: Page, stored: Page, rows: ReadonlyMap<number, readonly number[]>): void {
  const storedColumns = stored.columns.map(({ scale, values }) => toFloats(values, scale));
  stored.timesMs.forEach((timeMs, storedRow) => {
    for (const row of rows.get(timeMs) ?? []) {
      columns.forEach(({ values }, index) => {
        // A profile may have more metrics than when the reading was stored.
        if (values[row] !== values[row]) values[row] = storedColumns[index]?.[storedRow] ?? NaN;
      });
    }
  });
}
