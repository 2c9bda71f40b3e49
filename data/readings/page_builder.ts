/**
 * Building a page row by row, without allocating an object per reading.
 *
 * @module
 */

import { FLOAT, MAX_SCALE, powerOfTen } from "./decimal.ts";
import type { Column, Page } from "./page.ts";

const NO_ROWS = new Uint32Array(0);

/** Collects rows. A row is a time, and a mantissa with its scale for each metric. */
export interface PageBuilder {
  /** How many rows it holds. */
  length(): number;
  /**
   * Adds a row. `values[i]` is a mantissa at `scales[i]`, a double at scale `FLOAT`, or NaN.
   * Both arrays are copied.
   */
  add(timeMs: number, values: Float64Array, scales: Int8Array): void;
  /** Changes the time of a row, by its index. */
  setTime(row: number, timeMs: number): void;
  /** Returns the rows so far, in the order in which they were added, and empties the builder. */
  take(): Page;
  /**
   * Returns the rows as several pages and empties the builder: the first page has the rows at
   * `order[0]` to `order[ends[0] - 1]`, the next those up to `ends[1]`, and so on. Each page has
   * scales of its own. Rows in `kept`, ascending, stay and are the first ones then.
   */
  takeSlices(order: Uint32Array, ends: readonly number[], kept?: Uint32Array): Page[];
}

/** Creates a builder for pages of `columnCount` metrics, with room for `capacity` rows at first. */
export function createPageBuilder(columnCount: number, capacity = 1024): PageBuilder {
  let room = Math.max(1, capacity);
  let length = 0;
  let timesMs = new Float64Array(room);
  let values = newColumns(() => new Float64Array(room));
  let scales = newColumns(() => new Int8Array(room));

  function newColumns<T>(make: () => T): T[] {
    return Array.from({ length: columnCount }, make);
  }

  function grow(): void {
    room *= 2;
    timesMs = widened(timesMs, new Float64Array(room));
    values = values.map((column) => widened(column, new Float64Array(room)));
    scales = scales.map((column) => widened(column, new Int8Array(room)));
  }

  return {
    length: () => length,
    add(timeMs, rowValues, rowScales) {
      if (length === room) grow();
      timesMs[length] = timeMs;
      for (let column = 0; column < columnCount; column++) {
        values[column][length] = rowValues[column];
        scales[column][length] = rowScales[column];
      }
      length++;
    },
    setTime(row, timeMs) {
      timesMs[row] = timeMs;
    },
    take() {
      const page = {
        timesMs: timesMs.slice(0, length),
        columns: values.map((column, index) =>
          toColumn(column.slice(0, length), scales[index].subarray(0, length))
        ),
      };
      length = 0;
      return page;
    },
    takeSlices(order, ends, kept = NO_ROWS) {
      const pages = ends.map((end, index) => {
        const rows = order.subarray(index === 0 ? 0 : ends[index - 1], end);
        return {
          timesMs: gathered(timesMs, rows, new Float64Array(rows.length)),
          columns: values.map((column, metric) =>
            toColumn(
              gathered(column, rows, new Float64Array(rows.length)),
              gathered(scales[metric], rows, new Int8Array(rows.length)),
            )
          ),
        };
      });
      length = kept.length;
      // Each row moves to an earlier place, so ascending ones can be moved in place.
      gathered(timesMs, kept, timesMs);
      for (let column = 0; column < columnCount; column++) {
        gathered(values[column], kept, values[column]);
        gathered(scales[column], kept, scales[column]);
      }
      return pages;
    },
  };
}

/** Converts the values of a column, in place, to their largest scale, or to doubles. */
function toColumn(values: Float64Array, scales: Int8Array): Column {
  let scale = 0, least = MAX_SCALE, largest = 0;
  let isFixed = true;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value !== value) continue;
    const own = scales[i];
    if (own === FLOAT) isFixed = false;
    else {
      if (own > scale) scale = own;
      if (own < least) least = own;
    }
    const size = Math.abs(value);
    if (size > largest) largest = size;
  }
  // Most files write all values of a column with the same number of decimals, or have none at all.
  const isUniform = least === scale || largest === 0 && scale === 0;
  if (isFixed && isUniform && largest <= Number.MAX_SAFE_INTEGER) return { scale, values };
  isFixed &&= scale <= MAX_SCALE && allMantissasFit(values, scales, scale);
  for (let i = 0; i < values.length; i++) {
    if (isFixed) values[i] *= powerOfTen(scale - scales[i]);
    else if (scales[i] > 0) values[i] /= powerOfTen(scales[i]);
  }
  return { scale: isFixed ? scale : FLOAT, values };
}

function allMantissasFit(values: Float64Array, scales: Int8Array, scale: number): boolean {
  for (let i = 0; i < values.length; i++) {
    if (Math.abs(values[i]) * powerOfTen(scale - scales[i]) > Number.MAX_SAFE_INTEGER) return false;
  }
  return true;
}

function gathered<T extends Float64Array | Int8Array>(from: T, rows: Uint32Array, into: T): T {
  for (let i = 0; i < rows.length; i++) into[i] = from[rows[i]];
  return into;
}

function widened<T extends Float64Array | Int8Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
