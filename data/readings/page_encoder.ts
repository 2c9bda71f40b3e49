/**
 * Encoding a page as bytes (the form is in `page_format.ts`).
 *
 * A first pass plans the smallest form of the times and of each column, so that the result is
 * allocated once, at its final size.
 *
 * @module
 */

import { type AllocateBytes, ownBytes } from "./byte_slab.ts";
import { FLOAT, toFixed } from "./decimal.ts";
import type { Column, Page, Rows } from "./page.ts";
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
  /** Index of the first value. */
  readonly start: number;
  readonly width: number;
  readonly nulls: number;
  readonly base: number;
}

/** Options of {@link encodePage}. */
export interface EncodeOptions {
  /** The rows to encode; by default all. */
  readonly rows?: Rows;
  /** Where the bytes come from; by default they have a buffer of their own. */
  readonly allocate?: AllocateBytes | undefined;
}

/**
 * Encodes a page. Its times may be in any order. Decoding returns the same readings, decimals
 * exactly.
 */
export function encodePage(
  page: Page,
  {
    rows = { start: 0, end: page.timesMs.length },
    allocate = ownBytes,
  }: EncodeOptions = {},
): Uint8Array<ArrayBuffer> {
  const { start } = rows;
  const count = rows.end - start;
  const { length } = page.columns;
  if (count === 1 && length <= SINGLE_MAX_COLUMNS) return encodeReading(page, start);
  const times = planTimes(page.timesMs, rows);
  const columns: PackedColumn[] = [];
  let size = HEADER_BYTES + COLUMN_BYTES * length + paddedSize(times.width * count);
  for (let index = 0; index < length; index++) {
    const column = planColumn(page.columns[index], rows);
    const { width, nulls } = column;
    size += (nulls === NULLS_BITMAP ? paddedSize(count + 7 >>> 3) : 0) + paddedSize(width * count);
    columns.push(column);
  }
  const bytes = allocate(size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, size);
  bytes[0] = FORMAT;
  bytes[1] = length;
  bytes[2] = times.width;
  view.setUint32(4, count, true);
  view.setFloat64(8, times.firstMs, true);
  view.setFloat64(16, times.unitMs, true);
  let at = HEADER_BYTES + COLUMN_BYTES * length;
  if (times.width > 0) {
    const { width, firstMs, unitMs } = times;
    const offsets = packedNumbers(bytes.buffer, bytes.byteOffset + at, { width, count });
    for (let i = 0; i < count; i++) offsets[i] = (page.timesMs[start + i] - firstMs) / unitMs;
    at += paddedSize(width * count);
  }
  for (let index = 0; index < length; index++) {
    const column = columns[index];
    const header = HEADER_BYTES + COLUMN_BYTES * index;
    bytes[header] = column.scale === FLOAT ? FLOAT_SCALE_BYTE : column.scale;
    bytes[header + 1] = column.width;
    bytes[header + 2] = column.nulls;
    view.setFloat64(header + 8, column.base, true);
    at = packColumn(bytes, at, { column, count });
  }
  return bytes;
}

function planTimes(timesMs: Float64Array, { start, end }: Rows): PackedTimes {
  const count = end - start;
  const step = count > 1 ? timesMs[start + 1] - timesMs[start] : 1;
  let isGrid = step > 0;
  let firstMs = count > 0 ? timesMs[start] : 0;
  let lastMs = firstMs;
  for (let i = start + 1; i < end; i++) {
    if (timesMs[i] - timesMs[i - 1] !== step) isGrid = false;
    if (timesMs[i] < firstMs) firstMs = timesMs[i];
    if (timesMs[i] > lastMs) lastMs = timesMs[i];
  }
  if (isGrid) return { width: 0, firstMs, unitMs: step };
  const unitMs = largestUnit(timesMs.subarray(start, end), firstMs);
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

function planColumn(column: Column, rows: Rows): PackedColumn {
  if (column.scale === FLOAT) {
    const values = column.values.subarray(rows.start, rows.end);
    return planValues(toFixed(values) ?? { scale: FLOAT, values }, 0, values.length);
  }
  return planValues(column, rows.start, rows.end);
}

function planValues({ scale, values }: Column, start: number, end: number): PackedColumn {
  let min = Infinity, max = -Infinity, missing = 0;
  for (let i = start; i < end; i++) {
    const value = values[i];
    if (value !== value) missing++;
    else {
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
  const nulls = missing === 0 ? NULLS_NONE : missing === end - start ? NULLS_ALL : NULLS_BITMAP;
  if (min > max) return { scale: 0, values, start, width: 0, nulls, base: 0 };
  if (scale === FLOAT) return { scale, values, start, width: 8, nulls, base: 0 };
  const width = valueWidth(max - min);
  return { scale, values, start, width, nulls, base: width === 8 ? 0 : min };
}

function valueWidth(range: number): number {
  if (range === 0) return 0;
  return range <= 0xff ? 1 : range <= 0xffff ? 2 : range <= 0xffff_ffff ? 4 : 8;
}

/** Writes the sections of a column at `from` and returns where the next section begins. */
function packColumn(
  bytes: Uint8Array<ArrayBuffer>,
  from: number,
  { column, count }: { column: PackedColumn; count: number },
): number {
  const { values, start, width, base, nulls } = column;
  let at = from;
  if (nulls === NULLS_BITMAP) {
    for (let i = 0; i < count; i++) {
      const value = values[start + i];
      if (value !== value) bytes[at + (i >>> 3)] |= 1 << (i & 7);
    }
    at += paddedSize(count + 7 >>> 3);
  }
  if (width > 0) {
    const packed = packedNumbers(bytes.buffer, bytes.byteOffset + at, { width, count });
    // One loop per width: a loop that sees several array types is slow. NaN becomes 0 in an integer
    // array; the bitmap says which zeros are missing values.
    if (packed instanceof Uint16Array) {
      for (let i = 0; i < count; i++) packed[i] = values[start + i] - base;
    } else if (packed instanceof Uint8Array) {
      for (let i = 0; i < count; i++) packed[i] = values[start + i] - base;
    } else if (packed instanceof Uint32Array) {
      for (let i = 0; i < count; i++) packed[i] = values[start + i] - base;
    } else packed.set(values.subarray(start, start + count));
  }
  return at + paddedSize(width * count);
}
