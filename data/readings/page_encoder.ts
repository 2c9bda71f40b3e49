/**
 * Encoding a page as bytes (the form is in `page_format.ts`).
 *
 * A first pass plans the smallest form of the times and of each column, so that the result is
 * allocated once, at its final size.
 *
 * @module
 */

import { FLOAT, toFixed } from "./decimal.ts";
import type { Column, Page } from "./page.ts";
import {
  COLUMN_BYTES,
  FLOAT_SCALE_BYTE,
  FORMAT,
  HEADER_BYTES,
  NULLS_ALL,
  NULLS_BITMAP,
  NULLS_NONE,
  packedNumbers,
  paddedSize,
} from "./page_format.ts";
import { encodeReading, SINGLE_MAX_COLUMNS } from "./single_reading.ts";

interface PackedTimes {
  readonly width: number;
  readonly firstMs: number;
  readonly unitMs: number;
}

interface PackedColumn {
  readonly scale: number;
  readonly values: Float64Array;
  readonly width: number;
  readonly nulls: number;
  readonly base: number;
}

/**
 * Encodes a page. Its times may be in any order. Decoding returns the same readings, decimals
 * exactly.
 */
export function encodePage(page: Page): Uint8Array<ArrayBuffer> {
  const count = page.timesMs.length;
  if (count === 1 && page.columns.length <= SINGLE_MAX_COLUMNS) return encodeReading(page);
  const times = planTimes(page.timesMs);
  const columns = page.columns.map(planColumn);
  let size = HEADER_BYTES + COLUMN_BYTES * columns.length + paddedSize(times.width * count);
  for (const { width, nulls } of columns) {
    size += (nulls === NULLS_BITMAP ? paddedSize(count + 7 >>> 3) : 0) + paddedSize(width * count);
  }
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes.set([FORMAT, columns.length, times.width]);
  view.setUint32(4, count, true);
  view.setFloat64(8, times.firstMs, true);
  view.setFloat64(16, times.unitMs, true);
  let at = HEADER_BYTES + COLUMN_BYTES * columns.length;
  if (times.width > 0) {
    const offsets = packedNumbers(bytes.buffer, at, { width: times.width, count });
    for (let i = 0; i < count; i++) offsets[i] = (page.timesMs[i] - times.firstMs) / times.unitMs;
    at += paddedSize(times.width * count);
  }
  columns.forEach((column, index) => {
    const header = HEADER_BYTES + COLUMN_BYTES * index;
    const scaleByte = column.scale === FLOAT ? FLOAT_SCALE_BYTE : column.scale;
    bytes.set([scaleByte, column.width, column.nulls], header);
    view.setFloat64(header + 8, column.base, true);
    at = packColumn(bytes, at, column);
  });
  return bytes;
}

function planTimes(timesMs: Float64Array): PackedTimes {
  const count = timesMs.length;
  const step = count > 1 ? timesMs[1] - timesMs[0] : 1;
  let isGrid = step > 0;
  let firstMs = count > 0 ? timesMs[0] : 0;
  let lastMs = firstMs;
  for (let i = 1; i < count; i++) {
    if (timesMs[i] - timesMs[i - 1] !== step) isGrid = false;
    if (timesMs[i] < firstMs) firstMs = timesMs[i];
    if (timesMs[i] > lastMs) lastMs = timesMs[i];
  }
  if (isGrid) return { width: 0, firstMs, unitMs: step };
  const unitMs = largestUnit(timesMs, firstMs);
  return { width: offsetWidth((lastMs - firstMs) / unitMs), firstMs, unitMs };
}

/** The largest of a minute, a second and a millisecond that divides every offset. */
function largestUnit(timesMs: Float64Array, firstMs: number): number {
  for (const unitMs of [60_000, 1_000]) {
    if (timesMs.every((timeMs) => (timeMs - firstMs) % unitMs === 0)) return unitMs;
  }
  return 1;
}

function offsetWidth(largest: number): number {
  return largest <= 0xffff ? 2 : largest <= 0xffff_ffff ? 4 : 8;
}

function planColumn(column: Column): PackedColumn {
  const fixed = column.scale === FLOAT ? toFixed(column.values) : null;
  const { scale, values } = fixed ?? column;
  let min = Infinity, max = -Infinity, missing = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value !== value) missing++;
    else {
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
  const nulls = missing === 0 ? NULLS_NONE : missing === values.length ? NULLS_ALL : NULLS_BITMAP;
  if (min > max) return { scale: 0, values, width: 0, nulls, base: 0 };
  if (scale === FLOAT) return { scale, values, width: 8, nulls, base: 0 };
  const width = valueWidth(max - min);
  return { scale, values, width, nulls, base: width === 8 ? 0 : min };
}

function valueWidth(range: number): number {
  if (range === 0) return 0;
  return range <= 0xff ? 1 : range <= 0xffff ? 2 : range <= 0xffff_ffff ? 4 : 8;
}

/** Writes the sections of a column at `start` and returns where the next section begins. */
function packColumn(bytes: Uint8Array<ArrayBuffer>, start: number, column: PackedColumn): number {
  const { values, width, base } = column;
  const count = values.length;
  let at = start;
  if (column.nulls === NULLS_BITMAP) {
    for (let i = 0; i < count; i++) {
      if (values[i] !== values[i]) bytes[at + (i >>> 3)] |= 1 << (i & 7);
    }
    at += paddedSize(count + 7 >>> 3);
  }
  if (width > 0) {
    const packed = packedNumbers(bytes.buffer, at, { width, count });
    // One loop per width: a loop that sees several array types is slow. NaN becomes 0 in an integer
    // array; the bitmap says which zeros are missing values.
    if (packed instanceof Uint16Array) {
      for (let i = 0; i < count; i++) packed[i] = values[i] - base;
    } else if (packed instanceof Uint8Array) {
      for (let i = 0; i < count; i++) packed[i] = values[i] - base;
    } else if (packed instanceof Uint32Array) {
      for (let i = 0; i < count; i++) packed[i] = values[i] - base;
    } else packed.set(values);
  }
  return at + paddedSize(width * count);
}
