/**
 * Decoding many short pages of one metric, such as the polls of a store day by day.
 *
 * For a page of 24 readings, the arrays and views of the general decoder (`page_decoder.ts`) are most of the
 * work, and they fill the heap. This one writes the readings where they belong.
 *
 * @module
 */

import { MAX_SCALE } from "./decimal.ts";
import type { Page } from "./page.ts";
import {
  COLUMN_BYTES,
  FORMAT,
  HEADER_BYTES,
  MAX_READINGS,
  NULLS_NONE,
  paddedSize,
} from "./page_format.ts";

/** Where an encoded page is. */
export interface EncodedPage {
  /** The memory around it. */
  readonly view: DataView;
  /** Where it begins in the view. */
  readonly at: number;
  /** Its length, bytes. */
  readonly length: number;
}

/** Readings in memory that is used again. */
export interface PageRows {
  /** Forgets the readings so far. */
  clear(): void;
  /**
   * Adds the readings of a page that is plain: one metric without missing values, mantissas at the scale of
   * the pages before it. False, with nothing added, if it is not, or is damaged.
   */
  append(page: EncodedPage): boolean;
  /** How many readings there are. */
  count(): number;
  /** The time of a reading, epoch milliseconds. */
  timeMs(index: number): number;
  /** The readings. The page is valid until `clear()`. */
  page(): Page;
}

const FIRST_ROWS = 1_024;
const SECTIONS_AT = HEADER_BYTES + COLUMN_BYTES;

/** Creates memory without readings. */
export function createPageRows(): PageRows {
  let times = new Float64Array(FIRST_ROWS), values = new Float64Array(FIRST_ROWS);
  let rows = 0, scale = 0;

  function makeRoom(added: number): void {
    const room = rows + added;
    if (room <= times.length) return;
    times = grown(times, 2 * room);
    values = grown(values, 2 * room);
  }

  return {
    clear() {
      rows = 0;
    },
    append({ view, at, length }) {
      if (length < SECTIONS_AT) return false;
      const count = view.getUint32(at + 4, true);
      const timeWidth = view.getUint8(at + 2);
      const ownScale = view.getUint8(at + HEADER_BYTES);
      const width = view.getUint8(at + HEADER_BYTES + 1);
      const valuesAt = SECTIONS_AT + paddedSize(timeWidth * count);
      const isPlain = view.getUint8(at) === FORMAT && view.getUint8(at + 1) === 1 &&
        isWidth(timeWidth) && isWidth(width) && ownScale <= MAX_SCALE &&
        view.getUint8(at + HEADER_BYTES + 2) === NULLS_NONE &&
        valuesAt + paddedSize(width * count) <= length && count <= MAX_READINGS &&
        (rows === 0 || ownScale === scale);
      if (!isPlain) return false;
      scale = ownScale;
      makeRoom(count);
      const firstMs = view.getFloat64(at + 8, true), unitMs = view.getFloat64(at + 16, true);
      for (let i = 0; i < count; i++) {
        const steps = timeWidth === 0 ? i : numberAt(view, at + SECTIONS_AT, timeWidth, i);
        times[rows + i] = firstMs + steps * unitMs;
      }
      // A value of 8 bytes is the mantissa itself.
      const base = width === 8 ? 0 : view.getFloat64(at + HEADER_BYTES + 8, true);
      for (let i = 0; i < count; i++) {
        values[rows + i] = width === 0 ? base : base + numberAt(view, at + valuesAt, width, i);
      }
      rows += count;
      return true;
    },
    count: () => rows,
    timeMs: (index) => times[index],
    page: () => ({
      timesMs: times.subarray(0, rows),
      columns: [{ scale, values: values.subarray(0, rows) }],
    }),
  };
}

/** The number at an index of an array whose numbers have so many bytes. */
function numberAt(view: DataView, at: number, width: number, index: number): number {
  switch (width) {
    case 1:
      return view.getUint8(at + index);
    case 2:
      return view.getUint16(at + 2 * index, true);
    case 4:
      return view.getUint32(at + 4 * index, true);
    default:
      return view.getFloat64(at + 8 * index, true);
  }
}

function isWidth(width: number): boolean {
  return width === 0 || width === 1 || width === 2 || width === 4 || width === 8;
}

function grown(array: Float64Array<ArrayBuffer>, length: number): Float64Array<ArrayBuffer> {
  const longer = new Float64Array(length);
  longer.set(array);
  return longer;
}
