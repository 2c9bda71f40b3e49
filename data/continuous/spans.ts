/**
 * The spans of time that an export pass goes through, split into batches of windows.
 *
 * @module
 */

import { windowAt, type WindowPlan } from "./window.ts";
import { DAY_MS } from "../limits.ts";
import type { Span } from "../readings/page.ts";

/** Windows per batch at most, as their manifests are in memory: a month of minutes. */
const BATCH_WINDOWS = 31 * 1440;
/** Length of a batch at most, milliseconds. */
const BATCH_MAX_MS = 366 * DAY_MS;

/** Joins spans that touch or overlap, sorts them, and drops empty ones. */
export function joinSpans(spans: readonly Span[]): Span[] {
  const joined: Span[] = [];
  const sorted = spans.filter(({ fromMs, toMs }) => fromMs < toMs)
    .toSorted((a, b) => a.fromMs - b.fromMs);
  for (const span of sorted) {
    const last = joined.at(-1);
    if (last === undefined || span.fromMs > last.toMs) joined.push(span);
    else joined[joined.length - 1] = { ...last, toMs: Math.max(last.toMs, span.toMs) };
  }
  return joined;
}

/**
 * Splits a span, which must start and end where windows do, into batches. Each ends at midnight or
 * with the span, and has no more windows than fit in memory.
 */
export function* batchesOf(plan: WindowPlan, { fromMs, toMs }: Span): Generator<Span> {
  for (let atMs = fromMs; atMs < toMs;) {
    const window = windowAt(plan, atMs);
    const windowsADay = DAY_MS / (window.toMs - window.fromMs);
    const days = Math.max(1, Math.floor(BATCH_WINDOWS / windowsADay));
    const dayMs = Math.floor(atMs / DAY_MS) * DAY_MS;
    // The length of windows may change at midnight, to far shorter ones.
    const change = plan.find(({ fromDayMs }) => fromDayMs > atMs)?.fromDayMs ?? Infinity;
    const endMs = Math.min(dayMs + Math.min(days * DAY_MS, BATCH_MAX_MS), change, toMs);
    yield { fromMs: atMs, toMs: endMs };
    atMs = endMs;
  }
}

/** Widens a span to whole windows. */
export function wholeWindows(plan: WindowPlan, { fromMs, toMs }: Span): Span {
  return { fromMs: windowAt(plan, fromMs).fromMs, toMs: windowAt(plan, toMs - 1).toMs };
}
