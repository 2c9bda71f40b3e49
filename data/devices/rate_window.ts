/**
 * Counts requests in a sliding window.
 *
 * A window has 64 sub-windows. Each is dated by its last request and leaves the window together with
 * it. So no stretch of the window's length ever holds more accepted requests than the limit, and
 * requests that are at least a sub-window apart are counted exactly.
 *
 * @module
 */

/** How many requests are accepted in any stretch of a length. */
export interface RateLimit {
  /** How many, 1 or more. */
  readonly requests: number;
  /** The length, milliseconds. */
  readonly windowMs: number;
}

/** The requests that were accepted lately, by sub-windows, oldest first. */
export interface RateWindow {
  /** When the last request of each arrived, epoch milliseconds. */
  readonly timesMs: number[];
  /** How many requests each has. */
  readonly counts: number[];
}

/** Sub-windows of a window. */
const SUB_WINDOWS = 64;
const ENTRY_BYTES = 16;

/** A window without requests. */
export function createRateWindow(): RateWindow {
  return { timesMs: [], counts: [] };
}

/** How many requests of the window before `nowMs` were accepted. Older ones are removed. */
export function usedRequests(window: RateWindow, limit: RateLimit, nowMs: number): number {
  dropOldRequests(window, limit, nowMs);
  const { counts } = window;
  let sum = 0;
  // This runs for every reading, so without a function for each count.
  for (let index = 0; index < counts.length; index++) sum += counts[index];
  return sum;
}

/** Removes the requests that are older than the window before `nowMs`. */
export function dropOldRequests(
  { timesMs, counts }: RateWindow,
  { windowMs }: RateLimit,
  nowMs: number,
): void {
  let old = 0;
  while (old < timesMs.length && timesMs[old] <= nowMs - windowMs) old++;
  if (old === 0) return;
  timesMs.splice(0, old);
  counts.splice(0, old);
}

/** Counts an accepted request. */
export function countRequest(window: RateWindow, { windowMs }: RateLimit, nowMs: number): void {
  const { timesMs, counts } = window;
  const last = timesMs.length - 1;
  const subWindowMs = windowMs / SUB_WINDOWS;
  const isSame = last >= 0 &&
    Math.floor(timesMs[last] / subWindowMs) >= Math.floor(nowMs / subWindowMs);
  if (isSame) {
    timesMs[last] = Math.max(timesMs[last], nowMs);
    counts[last]++;
  } else {
    timesMs.push(nowMs);
    counts.push(1);
  }
}

/**
 * Removes the request that was counted last because it failed after all. Others of its sub-window
 * leave when it would have left.
 */
export function uncountRequest({ timesMs, counts }: RateWindow): void {
  if (timesMs.length === 0) return;
  if (--counts[counts.length - 1] > 0) return;
  timesMs.pop();
  counts.pop();
}

/** How long until another request is accepted, milliseconds; 0 if it would be now. */
export function waitMs(windows: readonly RateWindow[], limit: RateLimit, nowMs: number): number {
  let over = windows.reduce((sum, window) => sum + usedRequests(window, limit, nowMs), 0) -
    limit.requests + 1;
  if (over <= 0) return 0;
  const entries = windows.flatMap(({ timesMs, counts }) =>
    timesMs.map((timeMs, index) => ({ timeMs, count: counts[index] }))
  ).sort((a, b) => a.timeMs - b.timeMs);
  for (const { timeMs, count } of entries) {
    over -= count;
    if (over <= 0) return timeMs + limit.windowMs - nowMs;
  }
  return limit.windowMs;
}

/** The number of bytes that {@link encodeRateWindow} writes. */
export function rateWindowBytes({ timesMs }: RateWindow): number {
  return timesMs.length * ENTRY_BYTES;
}

/** Writes a window from `start` on: for each sub-window its time and count, f64 little-endian. */
export function encodeRateWindow(
  { timesMs, counts }: RateWindow,
  view: DataView,
  start: number,
): void {
  for (let index = 0; index < timesMs.length; index++) {
    view.setFloat64(start + index * ENTRY_BYTES, timesMs[index], true);
    view.setFloat64(start + index * ENTRY_BYTES + 8, counts[index], true);
  }
}

/** Reads a window that {@link encodeRateWindow} wrote. */
export function decodeRateWindow(bytes: Uint8Array): RateWindow {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const window = createRateWindow();
  for (let at = 0; at + ENTRY_BYTES <= bytes.length; at += ENTRY_BYTES) {
    window.timesMs.push(view.getFloat64(at, true));
    window.counts.push(view.getFloat64(at + 8, true));
  }
  return window;
}
