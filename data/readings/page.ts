/**
 * Pages: readings in memory, stored by column. Data moves through the service in pages.
 *
 * @module
 */

import { FLOAT, rescale, toFloats } from "./decimal.ts";

/** The values of one metric: mantissas at a scale, or doubles at scale `FLOAT`. NaN means missing. */
export interface Column {
  /** 0 to 15, or `FLOAT`. */
  readonly scale: number;
  /** One entry per reading. */
  readonly values: Float64Array;
}

/** Readings, one per row: a time, and a value or NaN for each metric of a profile, in its order. */
export interface Page {
  /** Epoch milliseconds, strictly ascending unless a function says that it accepts any order. */
  readonly timesMs: Float64Array;
  /**
   * Each as long as `timesMs`; as many as the profile has metrics, or had when the page was written.
   */
  readonly columns: readonly Column[];
  /**
   * Whether these are parts of readings: merged over others, a missing value leaves the one that is
   * there. By default a reading replaces all values of its time.
   */
  readonly isPartial?: boolean;
}

/** A half-open span of time `[fromMs, toMs)`, epoch milliseconds. */
export interface Span {
  /** First time in the span. */
  readonly fromMs: number;
  /** First time after the span. */
  readonly toMs: number;
}

/** Rows `start` to `end` (exclusive) of a page. */
export interface Rows {
  /** Index of the first row. */
  readonly start: number;
  /** Index after the last row. */
  readonly end: number;
}

/** A page without readings. */
export function emptyPage(columnCount: number): Page {
  const columns = Array.from({ length: columnCount }, () => ({
    scale: 0,
    values: new Float64Array(0),
  }));
  return { timesMs: new Float64Array(0), columns };
}

/** Rows `start` to `end` (exclusive) of a page. Shares the memory of the page. */
export function slicePage(page: Page, start: number, end: number): Page {
  if (start === 0 && end === page.timesMs.length) return page;
  return {
    ...page,
    timesMs: page.timesMs.subarray(start, end),
    columns: page.columns.map(({ scale, values }) => ({
      scale,
      values: values.subarray(start, end),
    })),
  };
}

/** The rows of an ascending page that lie in a span. Shares the memory of the page. */
export function clipPage(page: Page, span: Span): Page {
  return slicePage(
    page,
    lowerBound(page.timesMs, span.fromMs),
    lowerBound(page.timesMs, span.toMs),
  );
}

/** The rows of a page at the given indexes, in that order. */
export function gatherPage(page: Page, indexes: Uint32Array): Page {
  return {
    ...page,
    timesMs: gather(page.timesMs, indexes),
    columns: page.columns.map(({ scale, values }) => ({ scale, values: gather(values, indexes) })),
  };
}

/**
 * The rows of several pages, concatenated. Their times may be in any order. The readings of a page
 * that is narrower than another have no values in the columns that it lacks.
 */
export function concatPages(pages: readonly Page[]): Page {
  if (pages.length === 1) return pages[0];
  let width = 0;
  for (const { columns } of pages) width = Math.max(width, columns.length);
  return {
    timesMs: concat(pages.map((page) => page.timesMs)),
    columns: Array.from({ length: width }, (_, index) => {
      const columns = alignColumns(
        pages.map((page) => page.columns[index] ?? missingColumn(page.timesMs.length)),
      );
      return { scale: columns[0].scale, values: concat(columns.map((column) => column.values)) };
    }),
  };
}

/**
 * A page with the columns of a profile that has so many. Profiles only ever grow at the end, so a
 * narrower page is older: its readings have no values in the columns that it lacks. Of a wider page
 * the last columns are left out.
 */
export function fitPage(page: Page, width: number): Page {
  const { timesMs, columns } = page;
  if (columns.length === width) return page;
  if (columns.length > width) return { timesMs, columns: columns.slice(0, width) };
  const added = Array.from(
    { length: width - columns.length },
    () => missingColumn(timesMs.length),
  );
  return { timesMs, columns: [...columns, ...added] };
}

function missingColumn(length: number): Column {
  return { scale: 0, values: new Float64Array(length).fill(NaN) };
}

/** Converts columns of one metric to their largest scale, or to doubles if a mantissa overflows. */
export function alignColumns(columns: readonly Column[]): Column[] {
  const scale = Math.max(...columns.map((column) => column.scale));
  if (columns.every((column) => column.scale === scale)) return [...columns];
  const fixed = columns.map((column) =>
    column.scale === FLOAT ? null : rescale(column.values, column.scale, scale)
  );
  if (fixed.every((values) => values !== null)) return fixed.map((values) => ({ scale, values }));
  return columns.map((column) => ({
    scale: FLOAT,
    values: toFloats(column.values, column.scale),
  }));
}

/** Index of the first time at or after `timeMs`; the number of times if all are earlier. */
export function lowerBound(timesMs: Float64Array, timeMs: number): number {
  let low = 0;
  let high = timesMs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timesMs[middle] < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function gather(values: Float64Array, indexes: Uint32Array): Float64Array {
  const gathered = new Float64Array(indexes.length);
  for (let i = 0; i < indexes.length; i++) gathered[i] = values[indexes[i]];
  return gathered;
}

function concat(parts: readonly Float64Array[]): Float64Array {
  const joined = new Float64Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
