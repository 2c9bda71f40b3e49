/**
 * The binary form of a page, in which blocks and segments are stored. All numbers are little-endian.
 *
 * | bytes | content |
 * |---|---|
 * | 0 | format, 1 |
 * | 1 | number of columns |
 * | 2 | times: 0 for a regular grid, otherwise the bytes per offset (2, 4, 8) |
 * | 4–7 | number of readings, u32 |
 * | 8–15 | earliest time, epoch milliseconds, f64 |
 * | 16–23 | grid step, or the unit of an offset, milliseconds, f64 |
 * | 24– | 16 bytes per column: scale (255 for doubles), bytes per value (0, 1, 2, 4, 8), nulls (0 none, 1 bitmap, 2 all), then at 8 the base, f64 |
 *
 * Sections follow, each padded to 8 bytes: the offsets (none for a grid), then for each column its
 * null bitmap and its values. A value is base + packed integer (frame of reference). A value of
 * 8 bytes is the mantissa or the double itself.
 *
 * `page_encoder.ts` writes this form, `page_decoder.ts` reads it, and `single_reading.ts` does both
 * for pages of one reading.
 *
 * @module
 */

/** The format that this code writes and reads. */
export const FORMAT = 1;
/** More readings than any block or segment holds. A larger count means that the header is damaged. */
export const MAX_READINGS = 1_000_000;
/** Bytes before the column headers. */
export const HEADER_BYTES = 24;
/** Bytes of one column header. */
export const COLUMN_BYTES = 16;
/** Scale byte of a column of doubles. */
export const FLOAT_SCALE_BYTE = 255;
/** Null byte of a column without missing values. */
export const NULLS_NONE = 0;
/** Null byte of a column with a bitmap of its missing values. */
export const NULLS_BITMAP = 1;
/** Null byte of a column whose values are all missing. */
export const NULLS_ALL = 2;

/**
 * The size of a section: a multiple of 8 bytes, so that every typed array is aligned. Damaged numbers may
 * be of any size, so no bitwise operator may make them smaller.
 */
export function paddedSize(sizeBytes: number): number {
  return sizeBytes + 7 - (sizeBytes + 7) % 8;
}

/** A view of `count` numbers: unsigned integers of 1, 2 or 4 bytes, or doubles. */
export function packedNumbers(
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

/** One of such numbers. */
export function numberAt(
  view: DataView,
  at: number,
  { width, index }: { width: number; index: number },
): number {
  if (width === 1) return view.getUint8(at + index);
  if (width === 2) return view.getUint16(at + 2 * index, true);
  if (width === 4) return view.getUint32(at + 4 * index, true);
  return view.getFloat64(at + 8 * index, true);
}

/** The number of readings of an encoded page. */
export function readingsIn(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES).getUint32(4, true);
}

/** The earliest time of an encoded page, epoch milliseconds; NaN if it is cut before that. */
export function earliestMs({ buffer, byteOffset, byteLength }: Uint8Array): number {
  return byteLength < HEADER_BYTES ? NaN : new DataView(buffer, byteOffset).getFloat64(8, true);
}
