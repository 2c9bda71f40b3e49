/**
 * The binary form of a page, as blocks and segments are stored. All numbers are little-endian.
 *
 * | bytes | what |
 * |---|---|
 * | 0 | format, 1 |
 * | 1 | number of columns |
 * | 2 | times: 0 = regular grid, else bytes an offset (2, 4, 8) |
 * | 4–7 | number of readings, u32 |
 * | 8–15 | earliest time, epoch milliseconds, f64 |
 * | 16–23 | grid step, or what one offset counts, milliseconds, f64 |
 * | 24– | 16 bytes a column: scale (255 = doubles), bytes a value (0, 1, 2, 4, 8), nulls (0 none, 1 bitmap, 2 all), then at 8 the base, f64 |
 *
 * Sections follow, each padded to 8 bytes: offsets (none for a grid), then for each column its null
 * bitmap and its values. A value is base + packed integer (frame of reference); 8 bytes are a
 * mantissa or double as it is.
 *
 * @module
 */

import { COLUMN_BYTES, FLOAT_SCALE_BYTE, FORMAT, HEADER_BYTES, NULLS_ALL } from "./block_layout.ts";
import { FLOAT, toFixed } from "./decimal.ts";
import { encodeReading, ONE_COLUMNS } from "./one_reading.ts";
import type { Column, Page } from "./page.ts";

/** More than any block or segment has; a larger count is a damaged header. */
const MAX_READINGS = 1_000_000;
const NULLS_NONE = 0, NULLS_BITMAP = 1;

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

/** A page, in any order of time, as bytes. Decoding gives the same readings, decimals exact. */
export function encodePage(page: Page): Uint8Array<ArrayBuffer> {
  const count = page.timesMs.length;
  if (count === 1 && page.columns.length <= ONE_COLUMNS) return encodeReading(page);
  const times = planTimes(page.timesMs);
  const columns = page.columns.map(planColumn);
  let size = HEADER_BYTES + COLUMN_BYTES * columns.length + padded(times.width * count);
  for (const { width, nulls } of columns) {
    size += (nulls === NULLS_BITMAP ? padded(count + 7 >>> 3) : 0) + padded(width * count);
  }
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes.set([FORMAT, columns.length, times.width]);
  view.setUint32(4, count, true);
  view.setFloat64(8, times.firstMs, true);
  view.setFloat64(16, times.unitMs, true);
  let at = HEADER_BYTES + COLUMN_BYTES * columns.length;
  if (times.width > 0) {
    const offsets = integers(bytes.buffer, at, { width: times.width, count });
    for (let i = 0; i < count; i++) offsets[i] = (page.timesMs[i] - times.firstMs) / times.unitMs;
    at += padded(times.width * count);
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

/**
 * The page that {@link encodePage} made bytes of.
 *
 * @throws {SyntaxError} when the bytes are of another format or cut short.
 */
export function decodePage(stored: Uint8Array): Page {
  const bytes = aligned(stored);
  requireBytes(bytes, HEADER_BYTES);
  if (bytes[0] !== FORMAT) {
    throw new SyntaxError(`Cannot decode block as its format is not ${FORMAT}: ${bytes[0]}`);
  }
  const view = new DataView(bytes.buffer, 0, bytes.byteLength);
  const [, columnCount, timeWidth] = bytes;
  const count = view.getUint32(4, true);
  if (count > MAX_READINGS) throw new SyntaxError(`Cannot decode block of so many rows: ${count}`);
  let at = HEADER_BYTES + COLUMN_BYTES * columnCount;
  requireBytes(bytes, at + padded(timeWidth * count));
  const timesMs = unpackTimes(bytes, at, { width: timeWidth, count });
  at += padded(timeWidth * count);
  const columns: Column[] = [];
  for (let index = 0; index < columnCount; index++) {
    const header = HEADER_BYTES + COLUMN_BYTES * index;
    const [scaleByte, width, nulls] = bytes.subarray(header, header + 3);
    const base = view.getFloat64(header + 8, true);
    const bitmapAt = at;
    if (nulls === NULLS_BITMAP) at += padded(count + 7 >>> 3);
    requireBytes(bytes, at + padded(width * count));
    const values = unpackValues(bytes.buffer, at, { width, count, base });
    at += padded(width * count);
    if (nulls === NULLS_ALL) values.fill(NaN);
    else if (nulls === NULLS_BITMAP) blankNulls(values, bytes, bitmapAt);
    columns.push({ scale: scaleByte === FLOAT_SCALE_BYTE ? FLOAT : scaleByte, values });
  }
  return { timesMs, columns };
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

/** Largest of a minute, a second, a millisecond that divides every offset. */
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

function packColumn(bytes: Uint8Array<ArrayBuffer>, start: number, column: PackedColumn): number {
  const { values, width, base } = column;
  const count = values.length;
  let at = start;
  if (column.nulls === NULLS_BITMAP) {
    for (let i = 0; i < count; i++) {
      if (values[i] !== values[i]) bytes[at + (i >>> 3)] |= 1 << (i & 7);
    }
    at += padded(count + 7 >>> 3);
  }
  if (width > 0) {
    const packed = integers(bytes.buffer, at, { width, count });
    // A loop a width, as one over arrays of several types is slow. A NaN becomes 0 in an integer
    // array; the bitmap says which zeros those are.
    if (packed instanceof Uint16Array) {
      for (let i = 0; i < count; i++) packed[i] = values[i] - base;
    } else if (packed instanceof Uint8Array) {
      for (let i = 0; i < count; i++) packed[i] = values[i] - base;
    } else if (packed instanceof Uint32Array) {
      for (let i = 0; i < count; i++) packed[i] = values[i] - base;
    } else packed.set(values);
  }
  return at + padded(width * count);
}

function unpackTimes(
  bytes: Uint8Array<ArrayBuffer>,
  at: number,
  { width, count }: { width: number; count: number },
): Float64Array {
  const view = new DataView(bytes.buffer);
  const firstMs = view.getFloat64(8, true);
  const unitMs = view.getFloat64(16, true);
  const timesMs = new Float64Array(count);
  if (width === 0) {
    for (let i = 0; i < count; i++) timesMs[i] = firstMs + i * unitMs;
    return timesMs;
  }
  timesMs.set(integers(bytes.buffer, at, { width, count }));
  for (let i = 0; i < count; i++) timesMs[i] = firstMs + timesMs[i] * unitMs;
  return timesMs;
}

function unpackValues(
  buffer: ArrayBuffer,
  at: number,
  { width, count, base }: { width: number; count: number; base: number },
): Float64Array {
  const values = new Float64Array(count);
  if (width === 0) return values.fill(base);
  // A loop a width, as one over arrays of several types is slow.
  const packed = integers(buffer, at, { width, count });
  if (packed instanceof Uint16Array) {
    for (let i = 0; i < count; i++) values[i] = packed[i] + base;
  } else if (packed instanceof Uint8Array) {
    for (let i = 0; i < count; i++) values[i] = packed[i] + base;
  } else if (packed instanceof Uint32Array) {
    for (let i = 0; i < count; i++) values[i] = packed[i] + base;
  } else values.set(packed);
  return values;
}

function blankNulls(values: Float64Array, bytes: Uint8Array, bitmapAt: number): void {
  for (let i = 0; i < values.length; i++) {
    if (bytes[bitmapAt + (i >>> 3)] & (1 << (i & 7))) values[i] = NaN;
  }
}

function integers(
  buffer: ArrayBuffer,
  at: number,
  { width, count }: { width: number; count: number },
): Uint8Array | Uint16Array | Uint32Array | Float64Array {
  switch (width) {
    case 1:
      return new Uint8Array(buffer, at, count);
    case 2:
      return new Uint16Array(buffer, at, count);
    case 4:
      return new Uint32Array(buffer, at, count);
    default:
      return new Float64Array(buffer, at, count);
  }
}

/** The bytes in a buffer of their own that begins with them, so that typed arrays fit over it. */
function aligned(stored: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = stored;
  if (buffer instanceof ArrayBuffer && byteOffset === 0) {
    return new Uint8Array(buffer, 0, byteLength);
  }
  return new Uint8Array(stored);
}

function requireBytes(bytes: Uint8Array, wanted: number): void {
  if (bytes.length < wanted) {
    throw new SyntaxError(`Cannot decode block as it has ${bytes.length} of ${wanted} bytes`);
  }
}

function padded(size: number): number {
  return size + 7 & ~7;
}
