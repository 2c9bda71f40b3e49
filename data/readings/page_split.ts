/**
 * Cutting a page into blocks.
 *
 * @module
 */

import { encodePage } from "./page_encoder.ts";
import { type Page, slicePage } from "./page.ts";

/** Most readings a block holds: a day of minutes and some repeats of the hour. */
export const BLOCK_MAX_READINGS = 1_500;
/** Most bytes a block or segment has; a KV value may have 65,536 (`docs/storage.md`). */
export const BLOCK_MAX_BYTES = 60_000;

/** A stretch of readings and their stored form. */
export interface EncodedPart {
  /** Index of its first reading in the page that was cut. */
  readonly start: number;
  /** Its first reading's time, epoch milliseconds. */
  readonly firstMs: number;
  /** What {@link encodePage} made of it. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * A page as parts of nearly the same length, each within the limits of a block. A part that is
 * too many bytes is halved until it fits. A page without readings gives no part.
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
