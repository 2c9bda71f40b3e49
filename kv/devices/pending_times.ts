/**
 * Times of readings that are on their way to the database.
 *
 * Nearly all readings are later than those before them, so a look at the ends of what is on its way says
 * that a time is new. A map of all times would cost a batch a tenth of its time.
 *
 * @module
 */

import type { Rows } from "../../data/readings/page.ts";

/** The times of readings of one device that arrived together. */
export interface RowTimes {
  /** Their first row. */
  readonly start: number;
  /** The row after the last. */
  readonly end: number;
  /** The last row of each time, in the order in which the times first occur; null if they are ascending. */
  readonly lastRows: readonly number[] | null;
  /** The earliest time, epoch milliseconds. */
  readonly firstMs: number;
  /** The latest time, epoch milliseconds. */
  readonly lastMs: number;
  /** All times if they are not ascending; else null. */
  readonly unordered: ReadonlySet<number> | null;
}

/** The same, and where they lie. */
export interface PendingTimes extends RowTimes {
  /** The page that the rows are in. */
  readonly page: { readonly timesMs: Float64Array };
}

/** The times of rows of a page. */
export function rowTimes(timesMs: Float64Array, { start, end }: Rows): RowTimes {
  for (let row = start + 1; row < end; row++) {
    if (timesMs[row] <= timesMs[row - 1]) return unorderedTimes(timesMs, start, end);
  }
  const firstMs = start < end ? timesMs[start] : Infinity;
  const lastMs = start < end ? timesMs[end - 1] : -Infinity;
  return { start, end, lastRows: null, firstMs, lastMs, unordered: null };
}

function unorderedTimes(timesMs: Float64Array, start: number, end: number): RowTimes {
  const rows = new Map<number, number>();
  let firstMs = Infinity, lastMs = -Infinity;
  for (let row = start; row < end; row++) {
    const timeMs = timesMs[row];
    rows.set(timeMs, row);
    firstMs = Math.min(firstMs, timeMs);
    lastMs = Math.max(lastMs, timeMs);
  }
  const lastRows = [...rows.values()];
  return { start, end, lastRows, firstMs, lastMs, unordered: new Set(rows.keys()) };
}

/** Whether a reading with a time is among those on their way. */
export function isPending(all: readonly PendingTimes[], timeMs: number): boolean {
  for (const one of all) {
    if (timeMs >= one.firstMs && timeMs <= one.lastMs && hasTime(one, timeMs)) return true;
  }
  return false;
}

/** Removes readings that are not on their way any more. */
export function removePending(all: PendingTimes[], one: PendingTimes): void {
  const index = all.indexOf(one);
  if (index < 0) return;
  all[index] = all[all.length - 1];
  all.pop();
}

function hasTime(
  { page: { timesMs }, start, end, unordered }: PendingTimes,
  timeMs: number,
): boolean {
  if (unordered !== null) return unordered.has(timeMs);
  let low = start, high = end - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timesMs[middle] < timeMs) low = middle + 1;
    else high = middle;
  }
  return timesMs[low] === timeMs;
}
