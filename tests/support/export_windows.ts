/**
 * All windows of a day, for tests that iterate over them.
 *
 * @module
 */

import { windowAt, type WindowPlan } from "../../data/continuous/window.ts";
import type { Span } from "../../data/readings/page.ts";

const DAY_MS = 86_400_000;

/** The windows of the UTC day that starts at `dayMs`, in order. */
export function windowsOfDay(plan: WindowPlan, dayMs: number): Span[] {
  const windows: Span[] = [];
  for (let atMs = dayMs; atMs < dayMs + DAY_MS;) {
    const window = windowAt(plan, atMs);
    windows.push(window);
    atMs = window.toMs;
  }
  return windows;
}
