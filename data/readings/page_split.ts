/**
 * Splitting a page into parts that fit a block.
 *
 * @module
 */

import type { AllocateBytes } from "./byte_slab.ts";
import type { Page, Rows } from "./page.ts";
import { encodePage } from "./page_encoder.ts";

/** Most readings of a block: a day of one-minute readings and some more. */
export const BLOCK_MAX_READINGS = 1_500;
/** Most bytes of a block or segment. A KV value may have 65,536 (`docs/storage.md`). */
export const BLOCK_MAX_BYTES = 60_000;

/** Consecutive readings of a page and their encoded form. */
export interface EncodedPart {
  /** Index of the first reading in the page that was split. */
  readonly start: number;
  /** Time of the first reading, epoch milliseconds. */
  readonly firstMs: number;
  /** The encoded page. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Options of {@link splitPage}. */
export interface SplitOptions {
  /** Most readings of a part; by default those of a block. */
  readonly maxReadings?: number;
  /** The rows to split; by default all. */
  readonly rows?: Rows;
  /** Where the bytes of parts come from; by default each has a buffer of its own. */
  readonly allocate?: AllocateBytes;
}

/**
 * Splits a page into parts of nearly equal length, each within the limits of a block. A part with
 * too many bytes is halved until it fits. A page without readings has no parts.
 */
export function splitPage(
  page: Page,
  {
    maxReadings = BLOCK_MAX_READINGS,
    rows: { start, end } = { start: 0, end: page.timesMs.length },
    allocate,
  }: SplitOptions = {},
): EncodedPart[] {
  const count = end - start;
  const partCount = Math.ceil(count / maxReadings);
  const parts: EncodedPart[] = [];
  for (let index = 0; index < partCount; index++) {
    const rows = {
      start: start + Math.round(count * index / partCount),
      end: start + Math.round(count * (index + 1) / partCount),
    };
    encodeWithin(page, { rows, allocate }, parts);
  }
  return parts;
}

function encodeWithin(
  page: Page,
  { rows, allocate }: { rows: Rows; allocate: AllocateBytes | undefined },
  into: EncodedPart[],
): void {
  const { start, end } = rows;
  const bytes = encodePage(page, { rows, allocate });
  if (bytes.length <= BLOCK_MAX_BYTES || end - start < 2) {
    into.push({ start, firstMs: page.timesMs[start], bytes });
    return;
  }
  const middle = (start + end) >>> 1;
  encodeWithin(page, { rows: { start, end: middle }, allocate }, into);
  encodeWithin(page, { rows: { start: middle, end }, allocate }, into);
}
