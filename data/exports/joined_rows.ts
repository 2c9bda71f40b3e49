/**
 * Joining rows of several sources to rows with a column for each source (`layout: wide`).
 *
 * @module
 */

import { alignColumns, type Column, type Page } from "../readings/page.ts";

/**
 * Rows at every time that one of the sources has. Each source has pages of one column, ascending;
 * a source without a row at a time has no value there.
 */
export function joinRows(sources: readonly (readonly Page[])[]): Page {
  const timesMs = unionOfTimes(sources);
  return {
    timesMs,
    columns: sources.map((pages) => columnAt(timesMs, pages)),
  };
}

function unionOfTimes(sources: readonly (readonly Page[])[]): Float64Array {
  let union: Float64Array = new Float64Array(0);
  for (const pages of sources) {
    for (const { timesMs } of pages) {
      // Sources mostly share their times, so most pages add nothing.
      if (!containsAll(union, timesMs)) union = merged(union, timesMs);
    }
  }
  return union;
}

function containsAll(all: Float64Array, some: Float64Array): boolean {
  let at = 0;
  for (let i = 0; i < some.length; i++) {
    while (at < all.length && all[at] < some[i]) at++;
    if (at === all.length || all[at] !== some[i]) return false;
  }
  return true;
}

/** Ascending times of both, each once. */
function merged(one: Float64Array, other: Float64Array): Float64Array {
  const all = new Float64Array(one.length + other.length);
  let length = 0;
  for (let a = 0, b = 0; a < one.length || b < other.length; length++) {
    const next = Math.min(one[a] ?? Infinity, other[b] ?? Infinity);
    if (one[a] === next) a++;
    if (other[b] === next) b++;
    all[length] = next;
  }
  return all.slice(0, length);
}

function columnAt(timesMs: Float64Array, pages: readonly Page[]): Column {
  const columns = alignColumns(pages.map((page) => page.columns[0]));
  const values = new Float64Array(timesMs.length).fill(NaN);
  let at = 0;
  pages.forEach((page, index) => {
    const from = columns[index].values;
    for (let row = 0; row < page.timesMs.length; row++) {
      while (timesMs[at] < page.timesMs[row]) at++;
      values[at] = from[row];
    }
  });
  return { scale: columns[0]?.scale ?? 0, values };
}
