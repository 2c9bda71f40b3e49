/**
 * Splitting a page into parts that fit a block.
 *
 * @module
 */

import { encodePage } from "./page_encoder.ts";
import { type Page, slicePage } from "./page.ts";

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

/**
 * Splits a page into parts of nearly equal length, each within the limits of a block. A part with
 * too many bytes is halved until it fits. A page without readings has no parts.
 */
export function splitPage(page: Page, maxReadings = BLOCK_MAX_READINGS): EncodedPart[] {
  const count = page.timesMs.length;
  const partCount = Math.ceil(count / maxReadings);
  const parts: EncodedPart[] = [];
  for (let index = 0; index < partCount; index++) {
    const start = Math.round(count * index / partCount);
    encodeWithin(page, { start, end: Math.round(count * (index + 1) / partCount) }, parts);
  }
  return parts;
}

function encodeWithin(
  page: Page,
  range: { start: number; end: number },
  into: EncodedPart[],
): void {
  const { start, end } = range;
  const bytes = encodePage(slicePage(page, start, end));
  if (bytes.length <= BLOCK_MAX_BYTES || end - start < 2) {
    into.push({ start, firstMs: page.timesMs[start], bytes });
    return;
  }
  const middle = (start + end) >>> 1;
  encodeWithin(page, { start, end: middle }, into);
  encodeWithin(page, { start: middle, end }, into);
}
