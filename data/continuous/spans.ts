/**
 * Which stretches of time an export looks at, and in what pieces.
 *
 * @module
 */

import { windowAt, type WindowPlan } from "./window.ts";
import { DAY_MS } from "../limits.ts";
import type { Span } from "../readings/page.ts";

/** Most windows of a piece, as what was written of them is in memory: a month of minutes. */
const PIECE_WINDOWS = 31 * 1440;
/** Longest piece, milliseconds. */
const PIECE_MAX_MS = 366 * DAY_MS;

/** Spans joined where they touch or overlap, ascending; empty ones are left out. */
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
 * A span, which begins and ends where windows do, in pieces of whole days or less, none of which has
 * more windows than fit in memory.
 */
export function* piecesOf(plan: WindowPlan, { fromMs, toMs }: Span): Generator<Span> {
  for (let atMs = fromMs; atMs < toMs;) {
    const window = windowAt(plan, atMs);
    const windowsADay = DAY_MS / (window.toMs - window.fromMs);
    const days = Math.max(1, Math.floor(PIECE_WINDOWS / windowsADay));
    const dayMs = Math.floor(atMs / DAY_MS) * DAY_MS;
    // A length may change at midnight, to far shorter windows.
    const change = plan.find(({ fromDayMs }) => fromDayMs > atMs)?.fromDayMs ?? Infinity;
    const endMs = Math.min(dayMs + Math.min(days * DAY_MS, PIECE_MAX_MS), change, toMs);
    yield { fromMs: atMs, toMs: endMs };
    atMs = endMs;
  }
}

/** A span widened to whole windows. */
export function wholeWindows(plan: WindowPlan, { fromMs, toMs }: Span): Span {
  return { fromMs: windowAt(plan, fromMs).fromMs, toMs: windowAt(plan, toMs - 1).toMs };
}
