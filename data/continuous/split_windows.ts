/**
 * Splits the readings of a long span into windows, so that many windows need only one read.
 *
 * @module
 */

import { windowAt, type WindowPlan } from "./window.ts";
import { lowerBound, slicePage, type Span } from "../readings/page.ts";
import type { SourcePart } from "./telemetry_source.ts";

/** A window that has readings. */
export interface FilledWindow {
  /** The window. */
  readonly window: Span;
  /** Its readings, ascending, in parts of at least one reading. */
  readonly parts: readonly SourcePart[];
}

/**
 * Splits readings into their windows, ascending, without empty ones. The readings must come from one
 * read over a span that starts and ends where windows do. How they were split into parts before
 * makes no difference. One window at a time is in memory.
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
