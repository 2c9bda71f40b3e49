/**
 * Joining rows of several sources to rows with a column for each source (`layout: wide`).
 *
 * @module
 */

import { type Column, concatPages, type Page } from "../readings/page.ts";

/**
 * Rows at every time that one of the sources has, in pages of at most `rowsMax` rows. Each source has
 * pages of one column, ascending; a source without a row at a time has no value there.
 */
export function* joinRows(
  sources: readonly (readonly Page[])[],
  rowsMax: number,
): Generator<Page> {
  const joined = sources.map((pages) => pages.length === 0 ? null : concatPages(pages));
  const allMs = unionOfTimes(joined.flatMap((page) => page === null ? [] : [page.timesMs]));
  const columnsAt = joined.map(columnReader);
  for (let at = 0; at < allMs.length; at += rowsMax) {
    const timesMs = allMs.slice(at, at + rowsMax);
    yield { timesMs, columns: columnsAt.map((columnAt) => columnAt(timesMs)) };
  }
}

/** The times of all lists, ascending, each once. */
function unionOfTimes(lists: readonly Float64Array[]): Float64Array {
  const [base = new Float64Array(0), ...others] = lists;
  // Sources mostly share their times.
  const parts = [base, ...others.filter((times) => !containsAll(base, times))];
  if (parts.length === 1) return base;
  const all = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
  let length = 0;
  for (const part of parts) {
    all.set(part, length);
    length += part.length;
  }
  all.sort();
  let count = 0;
  for (let i = 0; i < all.length; i++) {
    if (count === 0 || all[i] !== all[count - 1]) all[count++] = all[i];
  }
  return all.slice(0, count);
}

function containsAll(all: Float64Array, some: Float64Array): boolean {
  let at = 0;
  for (let i = 0; i < some.length; i++) {
    while (at < all.length && all[at] < some[i]) at++;
    if (at === all.length || all[at] !== some[i]) return false;
  }
  return true;
}

/** Reads the column of a source at ascending times, call by call. They include all of its own. */
function columnReader(page: Page | null): (timesMs: Float64Array) => Column {
  let row = 0;
  return (timesMs) => {
    const values = new Float64Array(timesMs.length).fill(NaN);
    if (page === null) return { scale: 0, values };
    const { timesMs: ownMs, columns: [column] } = page;
    for (let at = 0; at < timesMs.length; at++) {
      if (ownMs[row] === timesMs[at]) values[at] = column.values[row++];
    }
    return { scale: column.scale, values };
  };
}
