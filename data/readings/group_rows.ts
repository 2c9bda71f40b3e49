/**
 * Reading rows of a group where they lie.
 *
 * A fold reads hundreds of rows of one series, each from another group. So a row alone is encoded as a
 * page without arrays of its own.
 *
 * @module
 */

import type { AllocateBytes } from "./byte_slab.ts";
import { FLOAT } from "./decimal.ts";
import {
  type DecodedGroup,
  type GroupSection,
  idsOf,
  receiptsOf,
  rowStarts,
  statesOf,
} from "./group_decoder.ts";
import type { GroupItem } from "./group_format.ts";
import type { Page } from "./page.ts";
import { encodePage } from "./page_encoder.ts";
import {
  COLUMN_BYTES,
  FLOAT_SCALE_BYTE,
  HEADER_BYTES,
  NULLS_ALL,
  NULLS_BITMAP,
  numberAt,
  paddedSize,
} from "./page_format.ts";
import { encodeReading, SINGLE_MAX_COLUMNS } from "./single_reading.ts";

/** A page whose arrays are filled again and again. */
interface OpenPage {
  readonly timesMs: Float64Array;
  readonly columns: { scale: number; readonly values: Float64Array }[];
}

/** Encodes rows of a section as a page. */
export type EncodeRows = (
  section: GroupSection,
  rows: { start: number; end: number },
  allocate?: AllocateBytes,
) => Uint8Array<ArrayBuffer>;

/** Rows of a section, which are read where they lie. */
export function sectionRows(
  section: GroupSection,
  { start, end }: { start: number; end: number },
): Page {
  const page = openPage(section.view.getUint8(section.pageAt + 1), end - start);
  readRows(section, start, page);
  return page;
}

/** Creates an encoder that is made for many calls. */
export function createRowEncoder(): EncodeRows {
  /** A page of one reading by its number of columns; nothing in it outlives a call. */
  const pages: OpenPage[] = [];
  return (section, { start, end }, allocate) => {
    const width = section.view.getUint8(section.pageAt + 1);
    if (end - start !== 1 || width > SINGLE_MAX_COLUMNS) {
      return encodePage(sectionRows(section, { start, end }), { allocate });
    }
    const page = pages[width] ??= openPage(width, 1);
    readRows(section, start, page);
    return encodeReading(page, 0, allocate);
  };
}

/** All items of a group, in its order. */
export function itemsOf({ sections }: DecodedGroup): GroupItem[] {
  return sections.flatMap((section) => {
    const starts = rowStarts(section), states = statesOf(section), receiptAt = receiptsOf(section);
    return idsOf(section).map((id, index) => ({
      profile: section.profile,
      id,
      page: sectionRows(section, { start: starts[index], end: starts[index + 1] }),
      receipt: receiptAt(index),
      state: states[index],
    }));
  });
}

function openPage(width: number, count: number): OpenPage {
  const columns = [];
  for (let column = 0; column < width; column++) {
    columns.push({ scale: FLOAT, values: new Float64Array(count) });
  }
  return { timesMs: new Float64Array(count), columns };
}

/** Fills a page with the rows of a section from `start` on. */
function readRows({ view, pageAt }: GroupSection, start: number, page: OpenPage): void {
  const { timesMs, columns } = page;
  const end = start + timesMs.length;
  const timeWidth = view.getUint8(pageAt + 2);
  const count = view.getUint32(pageAt + 4, true);
  const firstMs = view.getFloat64(pageAt + 8, true), unitMs = view.getFloat64(pageAt + 16, true);
  let at = pageAt + HEADER_BYTES + COLUMN_BYTES * columns.length;
  for (let index = start; index < end; index++) {
    const offset = timeWidth === 0 ? index : numberAt(view, at, { width: timeWidth, index });
    timesMs[index - start] = firstMs + offset * unitMs;
  }
  at += paddedSize(timeWidth * count);
  for (let column = 0; column < columns.length; column++) {
    const { values } = columns[column];
    const header = pageAt + HEADER_BYTES + COLUMN_BYTES * column;
    const scaleByte = view.getUint8(header), width = view.getUint8(header + 1);
    const nulls = view.getUint8(header + 2);
    const base = view.getFloat64(header + 8, true);
    const bitmapAt = at;
    if (nulls === NULLS_BITMAP) at += paddedSize(count + 7 >>> 3);
    for (let index = start; index < end; index++) {
      const isNull = nulls === NULLS_ALL ||
        nulls === NULLS_BITMAP &&
          (view.getUint8(bitmapAt + (index >>> 3)) & (1 << (index & 7))) !== 0;
      // A value of 8 bytes has no base.
      const value = width === 0 ? base : numberAt(view, at, { width, index });
      values[index - start] = isNull ? NaN : width === 0 || width === 8 ? value : value + base;
    }
    at += paddedSize(width * count);
    columns[column].scale = scaleByte === FLOAT_SCALE_BYTE ? FLOAT : scaleByte;
  }
}
