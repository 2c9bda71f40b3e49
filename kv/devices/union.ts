/**
 * Readings that give only some of their metrics: what is stored for the same times fills the rest.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { DAY_MS } from "../../data/limits.ts";
import { FLOAT, toFloats } from "../../data/readings/decimal.ts";
import type { Page } from "../../data/readings/page.ts";
import type { SeriesRef } from "../series/ref.ts";
import type { SeriesStore } from "../series/store.ts";

/** Longer gaps between times are not read: a read takes 16 blocks at once, a day or less each. */
const GAP_MS = 16 * DAY_MS;

/**
 * The page with stored values where it has none. Of the rows later than `afterMs` nothing is stored.
 * The rows may be in any order. Its columns become doubles if anything is filled in.
 */
export async function fillFromStored(
  series: Pick<SeriesStore, "read">,
  ref: SeriesRef,
  { page, afterMs }: { page: Page; afterMs: number },
): Promise<Page> {
  const rows = openRows(page, afterMs);
  if (rows.size === 0) return page;
  const columns = page.columns.map(({ scale, values }) => ({
    scale: FLOAT,
    values: Float64Array.from(toFloats(values, scale)),
  }));
  const filled = { timesMs: page.timesMs, columns };
  for await (const stored of readTimes(series, ref, Float64Array.from(rows.keys()))) {
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
  timesMs: Float64Array,
): AsyncGenerator<Page> {
  const sorted = timesMs.toSorted();
  let start = 0;
  try {
    for (let end = 1; end <= sorted.length; end++) {
      if (sorted[end] - sorted[end - 1] <= GAP_MS) continue;
      const span = { fromMs: sorted[start], toMs: sorted[end - 1] + 1 };
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

/** Runs what concerns one key one after another, in the order of the calls. */
export function createTurns(): <T>(key: string, run: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return async (key, run) => {
    const before = last.get(key) ?? Promise.resolve();
    const turn = before.then(run, run);
    last.set(key, turn);
    try {
      return await turn;
    } finally {
      if (last.get(key) === turn) last.delete(key);
    }
  };
}
