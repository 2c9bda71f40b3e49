/**
 * Encoding and decoding pages of one reading (the form is in `page_format.ts`).
 *
 * Live telemetry makes many of them. Such a page is nearly all header, so it is written and read
 * without the arrays that a longer page needs.
 *
 * @module
 */

import type { AllocateBytes } from "./byte_slab.ts";
import { FLOAT, mantissaOf, powerOfTen, scaleOf } from "./decimal.ts";
import type { Column, Page } from "./page.ts";
import { COLUMN_BYTES, FLOAT_SCALE_BYTE, FORMAT, HEADER_BYTES, NULLS_ALL } from "./page_format.ts";

/** Most columns of a page that {@link encodeReading} accepts. */
export const SINGLE_MAX_COLUMNS = 64;
/** Scratch space in which a page is built; nothing in it outlives a call. */
const SCRATCH_BYTES = new Uint8Array(HEADER_BYTES + SINGLE_MAX_COLUMNS * (COLUMN_BYTES + 8));
const SCRATCH_VIEW = new DataView(SCRATCH_BYTES.buffer);

/** Encodes a reading of a page alone. The bytes are those that the general encoder would write. */
export function encodeReading(
  { timesMs, columns }: Page,
  row: number,
  allocate?: AllocateBytes,
): Uint8Array<ArrayBuffer> {
  let size = HEADER_BYTES + COLUMN_BYTES * columns.length;
  SCRATCH_BYTES.fill(0, 0, size);
  SCRATCH_BYTES[0] = FORMAT;
  SCRATCH_BYTES[1] = columns.length;
  SCRATCH_BYTES[4] = 1;
  SCRATCH_VIEW.setFloat64(8, timesMs[row], true);
  SCRATCH_VIEW.setFloat64(16, 1, true);
  for (let index = 0; index < columns.length; index++) {
    const header = HEADER_BYTES + COLUMN_BYTES * index;
    const value = columns[index].values[row];
    if (value !== value) {
      SCRATCH_BYTES[header + 2] = NULLS_ALL;
      continue;
    }
    const isFloat = columns[index].scale === FLOAT;
    const scale = isFloat ? scaleOf(value) : columns[index].scale;
    if (scale === FLOAT) {
      SCRATCH_BYTES[header] = FLOAT_SCALE_BYTE;
      SCRATCH_BYTES[header + 1] = 8;
      SCRATCH_VIEW.setFloat64(size, value, true);
      size += 8;
    } else {
      SCRATCH_BYTES[header] = scale;
      SCRATCH_VIEW.setFloat64(header + 8, isFloat ? mantissaOf(value, scale) : value, true);
    }
  }
  if (allocate === undefined) return SCRATCH_BYTES.slice(0, size);
  const bytes = allocate(size);
  bytes.set(SCRATCH_BYTES.subarray(0, size));
  return bytes;
}

/** Whether bytes are a page of one reading whose values are all mantissas in the header. */
export function isPlainReading(stored: Uint8Array): boolean {
  if (stored[0] !== FORMAT || stored[4] !== 1) return false;
  return (stored[5] | stored[6] | stored[7]) === 0 &&
    stored.length === HEADER_BYTES + COLUMN_BYTES * stored[1];
}

/**
 * Decodes plain pages (see {@link isPlainReading}), all with the same number of columns, into one
 * page that keeps their order. Null if a mantissa does not fit at the largest scale.
 */
export function decodeReadings(stored: readonly Uint8Array[]): Page | null {
  const views = stored.map(({ buffer, byteOffset }) => new DataView(buffer, byteOffset));
  const timesMs = new Float64Array(stored.length);
  views.forEach((view, row) => timesMs[row] = view.getFloat64(8, true));
  const columns: Column[] = [];
  for (let index = 0; index < stored[0][1]; index++) {
    const column = decodeColumn(stored, views, HEADER_BYTES + COLUMN_BYTES * index);
    if (column === null) return null;
    columns.push(column);
  }
  return { timesMs, columns };
}

function decodeColumn(
  stored: readonly Uint8Array[],
  views: readonly DataView[],
  header: number,
): Column | null {
  let scale = 0;
  for (const bytes of stored) if (bytes[header] > scale) scale = bytes[header];
  const values = new Float64Array(stored.length);
  for (let row = 0; row < stored.length; row++) {
    const bytes = stored[row];
    const isNull = bytes[header + 2] === NULLS_ALL;
    const value = isNull ? NaN : views[row].getFloat64(header + 8, true);
    values[row] = value * powerOfTen(scale - bytes[header]);
    if (Math.abs(values[row]) > Number.MAX_SAFE_INTEGER) return null;
  }
  return { scale, values };
}
