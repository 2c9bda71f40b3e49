/**
 * How long a store was up and down within its business hours, in each of several spans of time.
 *
 * The rules are those of `data/stores/uptime.ts`: the status of a poll holds until the next poll, time
 * before the first poll takes the status of that poll, and time too far from any poll is unknown.
 *
 * @module
 */

import { lowerBound, type Page, type Span } from "../readings/page.ts";
import type { OpenTime } from "./uptime.ts";

/** When the measurement ends, and how long polls hold. */
export interface OpenTimeOptions {
  /** Polls after this time are ignored, and no status holds longer. Epoch milliseconds. */
  readonly asOfMs: number;
  /** How far from a poll its status holds, milliseconds; null for no limit. */
  readonly maxHoldMs: number | null;
}

/**
 * The open time in each span; null if the store has no poll up to `asOfMs`. The page holds its polls
 * in ascending order, with a status of 1 or 0: at least those within the spans and the last one
 * before them. `open` are the times when the store was open, `spans` those to measure. Both are
 * ascending and disjoint, and no span ends after `asOfMs`.
 */
export function measureOpenTime(
  { timesMs, columns: [{ values }] }: Page,
  open: readonly Span[],
  spans: readonly Span[],
  { asOfMs, maxHoldMs }: OpenTimeOptions,
): OpenTime[] | null {
  const count = lowerBound(timesMs, asOfMs + 1);
  if (count === 0) return null;
  const holdMs = maxHoldMs ?? Infinity;
  const times = spans.map(() => ({ upMs: 0, downMs: 0, unknownMs: 0 }));
  /** The last poll up to the current time, or the first of all. */
  let poll = 0;
  forEachOverlap(open, spans, (fromMs, toMs, index) => {
    const time = times[index];
    for (let atMs = fromMs, endMs = toMs; atMs < toMs; atMs = endMs) {
      while (poll + 1 < count && timesMs[poll + 1] <= atMs) poll++;
      const pollMs = timesMs[poll];
      const isBeforeFirst = pollMs > atMs;
      const changeMs = isBeforeFirst ? pollMs : poll + 1 < count ? timesMs[poll + 1] : Infinity;
      endMs = Math.min(changeMs, toMs);
      const heldFromMs = isBeforeFirst ? Math.max(atMs, pollMs - holdMs) : atMs;
      const heldToMs = isBeforeFirst ? endMs : Math.min(endMs, pollMs + holdMs);
      const heldMs = Math.max(0, heldToMs - heldFromMs);
      time[values[poll] > 0 ? "upMs" : "downMs"] += heldMs;
      time.unknownMs += endMs - atMs - heldMs;
    }
  });
  return times;
}

/** Calls back for each common part of two ascending lists of spans, with the index of the second. */
function forEachOverlap(
  first: readonly Span[],
  second: readonly Span[],
  onOverlap: (fromMs: number, toMs: number, index: number) => void,
): void {
  for (let i = 0, j = 0; i < first.length && j < second.length;) {
    const fromMs = Math.max(first[i].fromMs, second[j].fromMs);
    const toMs = Math.min(first[i].toMs, second[j].toMs);
    if (fromMs < toMs) onOverlap(fromMs, toMs, j);
    if (first[i].toMs < second[j].toMs) i++;
    else j++;
  }
}
