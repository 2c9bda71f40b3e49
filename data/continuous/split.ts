/**
 * Readings of a long span cut into windows, so that many windows need one read.
 *
 * @module
 */

import { windowAt, type WindowPlan } from "./window.ts";
import { lowerBound, slicePage, type Span } from "../readings/page.ts";
import type { SourcePart } from "./source.ts";

/** A window and all its readings; there are some. */
export interface FilledWindow {
  /** The window. */
  readonly window: Span;
  /** Its readings, ascending, in parts of at least one. */
  readonly parts: readonly SourcePart[];
}

/**
 * The windows that readings lie in, ascending; empty ones are left out. Readings are one read of a
 * source, over a span that begins and ends where windows do. One window is in memory at a time. How
 * the readings were cut into parts before makes no difference.
 */
export async function* splitWindows(
  plan: WindowPlan,
  readings: AsyncIterable<SourcePart>,
): AsyncGenerator<FilledWindow> {
  let window: Span | null = null;
  let parts: SourcePart[] = [];
  for await (const part of readings) {
    const { page } = part;
    for (let row = 0; row < page.timesMs.length;) {
      const timeMs = page.timesMs[row];
      if (window === null || timeMs >= window.toMs) {
        if (window !== null) yield { window, parts };
        window = windowAt(plan, timeMs);
        parts = [];
      }
      const end = lowerBound(page.timesMs, window.toMs);
      parts.push({ ...part, page: slicePage(page, row, end) });
      row = end;
    }
  }
  if (window !== null) yield { window, parts };
}
