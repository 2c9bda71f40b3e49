/**
 * Decoding the bytes of a page (the form is in `page_format.ts`).
 *
 * @module
 */

import { FLOAT, MAX_SCALE } from "./decimal.ts";
import type { Column, Page } from "./page.ts";
import {
  COLUMN_BYTES,
  FLOAT_SCALE_BYTE,
  FORMAT,
  HEADER_BYTES,
  MAX_READINGS,
  NULLS_ALL,
  NULLS_BITMAP,
  packedNumbers,
  paddedSize,
} from "./page_format.ts";

/** Memory in which pages are decoded one after the other. It grows with the largest page. */
export interface PageMemory {
  /** Room for the numbers of a page. */
  numbers: Float64Array<ArrayBuffer>;
}

/** Memory without any room yet. */
export function createPageMemory(): PageMemory {
  return { numbers: new Float64Array(0) };
}

/**
 * Decodes what `encodePage` in `page_encoder.ts` wrote, into memory that only this page uses. With
 * `memory`, the page is valid until another one is decoded there. With `only`, just the columns at
 * these indexes are decoded; the values of the others mean nothing.
 *
 * @throws {SyntaxError} when the bytes are of another format, cut short, or have an impossible header.
 */
export function decodePage(
  stored: Uint8Array,
  memory: PageMemory = createPageMemory(),
  only?: readonly number[],
): Page {
  const bytes = aligned(stored);
  requireBytes(bytes, HEADER_BYTES);
  if (bytes[0] !== FORMAT) {
    throw new SyntaxError(`Cannot decode block as its format is not ${FORMAT}: ${bytes[0]}`);
  }
  const { buffer, byteOffset } = bytes;
  const view = new DataView(buffer, byteOffset, bytes.byteLength);
  const columnCount = bytes[1], timeWidth = bytes[2];
  const count = view.getUint32(4, true);
  if (count > MAX_READINGS) {
    const fact = `it may have at most ${MAX_READINGS} readings`;
    throw new SyntaxError(`Cannot decode block as ${fact}: ${count}`);
  }
  requireWidth(timeWidth);
  let at = HEADER_BYTES + COLUMN_BYTES * columnCount;
  requireBytes(bytes, at + paddedSize(timeWidth * count));
  const room = roomFor(memory, count * (1 + columnCount));
  const timesMs = room.subarray(0, count);
  unpackTimes(timesMs, view, at, timeWidth);
  at += paddedSize(timeWidth * count);
  const columns: Column[] = [];
  for (let index = 0; index < columnCount; index++) {
    const header = HEADER_BYTES + COLUMN_BYTES * index;
    const scaleByte = bytes[header], width = bytes[header + 1], nulls = bytes[header + 2];
    requireWidth(width);
    if (nulls > NULLS_ALL || (scaleByte > MAX_SCALE && scaleByte !== FLOAT_SCALE_BYTE)) {
      throw new SyntaxError(`Cannot decode block as its column ${index} has a damaged header`);
    }
    const base = view.getFloat64(header + 8, true);
    const bitmapAt = at;
    if (nulls === NULLS_BITMAP) at += paddedSize(count + 7 >>> 3);
    requireBytes(bytes, at + paddedSize(width * count));
    if (only !== undefined && !only.includes(index)) {
      at += paddedSize(width * count);
      columns.push({ scale: 0, values: timesMs });
      continue;
    }
    const values = room.subarray(count * (1 + index), count * (2 + index));
    unpackValues(values, { buffer, at: byteOffset + at, width, base });
    at += paddedSize(width * count);
    if (nulls === NULLS_ALL) values.fill(NaN);
    else if (nulls === NULLS_BITMAP) blankNulls(values, bytes, bitmapAt);
    columns.push({ scale: scaleByte === FLOAT_SCALE_BYTE ? FLOAT : scaleByte, values });
  }
  return { timesMs, columns };
}

function roomFor(memory: PageMemory, numbers: number): Float64Array<ArrayBuffer> {
  if (memory.numbers.length < numbers) memory.numbers = new Float64Array(numbers);
  return memory.numbers;
}

function unpackTimes(
  timesMs: Float64Array,
  view: DataView<ArrayBuffer>,
  at: number,
  width: number,
): void {
  const count = timesMs.length;
  const firstMs = view.getFloat64(8, true);
  const unitMs = view.getFloat64(16, true);
  if (width === 0) {
    for (let i = 0; i < count; i++) timesMs[i] = firstMs + i * unitMs;
    return;
  }
  timesMs.set(packedNumbers(view.buffer, view.byteOffset + at, { width, count }));
  for (let i = 0; i < count; i++) timesMs[i] = firstMs + timesMs[i] * unitMs;
}

function unpackValues(
  values: Float64Array,
  { buffer, at, width, base }: { buffer: ArrayBuffer; at: number; width: number; base: number },
): void {
  if (width === 0) {
    values.fill(base);
    return;
  }
  // One loop per width: a loop that sees several array types is slow.
  const packed = packedNumbers(buffer, at, { width, count: values.length });
  if (packed instanceof Uint16Array) {
    for (let i = 0; i < packed.length; i++) values[i] = packed[i] + base;
  } else if (packed instanceof Uint8Array) {
    for (let i = 0; i < packed.length; i++) values[i] = packed[i] + base;
  } else if (packed instanceof Uint32Array) {
    for (let i = 0; i < packed.length; i++) values[i] = packed[i] + base;
  } else values.set(packed);
}

function blankNulls(values: Float64Array, bytes: Uint8Array, bitmapAt: number): void {
  for (let i = 0; i < values.length; i++) {
    if (bytes[bitmapAt + (i >>> 3)] & (1 << (i & 7))) values[i] = NaN;
  }
}

/** The bytes, copied only if they are not where typed arrays align: at a multiple of 8 bytes. */
function aligned(stored: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = stored;
  if (buffer instanceof ArrayBuffer && byteOffset % 8 === 0) {
    return new Uint8Array(buffer, byteOffset, byteLength);
  }
  return new Uint8Array(stored);
}

/** Numbers are packed in 0, 1, 2, 4 or 8 bytes, with 0 for a value that the header has. */
function requireWidth(width: number): void {
  if (width === 0 || width === 1 || width === 2 || width === 4 || width === 8) return;
  throw new SyntaxError(`Cannot decode block as no number has so many bytes: ${width}`);
}

function requireBytes(bytes: Uint8Array, required: number): void {
  if (bytes.length < required) {
    throw new SyntaxError(`Cannot decode block as it has ${bytes.length} of ${required} bytes`);
  }
}
