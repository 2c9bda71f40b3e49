/**
 * Windows of continuous export: every UTC day is cut into stretches of one length, and each stretch
 * of each device becomes at most one object.
 *
 * A length is pinned from a day on, so that a window is the same whenever it is looked at, and no
 * two windows overlap.
 *
 * @module
 */

import { DAY_MS, dayStartMs } from "../limits.ts";
import type { Span } from "../readings/page.ts";

/** A length of windows and the day from which it counts. */
export interface WindowLength {
  /** Milliseconds; whole seconds that divide a day. */
  readonly lengthMs: number;
  /** First moment of the first UTC day with that length, epoch milliseconds. */
  readonly fromDayMs: number;
}

/**
 * Every length there was, is and will be, ascending by day. The first also counts for all days
 * before its own.
 */
export type WindowPlan = readonly WindowLength[];

/** Whether windows may have that length: whole seconds that divide a day. */
export function isWindowLength(lengthMs: number): boolean {
  return lengthMs >= 1_000 && lengthMs % 1_000 === 0 && DAY_MS % lengthMs === 0;
}

/** The plan of a beginning: one length for all days.
 *
 * @throws {RangeError} when the length does not divide a day into whole seconds.
 */
export function startPlan(lengthMs: number): WindowPlan {
  requireLength(lengthMs);
  return [{ lengthMs, fromDayMs: 0 }];
}

/**
 * The plan that follows when windows shall have a length from the UTC day after `nowMs` on; days up
 * to then stay cut as they are. The same plan where that is so already.
 *
 * @throws {RangeError} when the length does not divide a day into whole seconds.
 */
export function planLength(plan: WindowPlan, lengthMs: number, nowMs: number): WindowPlan {
  requireLength(lengthMs);
  const fromDayMs = dayStartMs(nowMs) + DAY_MS;
  if (lengthOf(plan, Infinity) === lengthMs) return plan;
  const kept = plan.filter((length, index) => index === 0 || length.fromDayMs < fromDayMs);
  if (lengthOf(kept, Infinity) === lengthMs) return kept;
  return [...kept, { lengthMs, fromDayMs }];
}

/** The window that a time lies in. */
export function windowAt(plan: WindowPlan, timeMs: number): Span {
  const lengthMs = lengthOf(plan, timeMs);
  const dayMs = dayStartMs(timeMs);
  const fromMs = dayMs + Math.floor((timeMs - dayMs) / lengthMs) * lengthMs;
  return { fromMs, toMs: fromMs + lengthMs };
}

function lengthOf(plan: WindowPlan, timeMs: number): number {
  let { lengthMs } = plan[0];
  for (const length of plan) if (length.fromDayMs <= timeMs) lengthMs = length.lengthMs;
  return lengthMs;
}

function requireLength(lengthMs: number): void {
  if (isWindowLength(lengthMs)) return;
  throw new RangeError(
    `Cannot cut days into windows as their length must divide a day into whole seconds: ${lengthMs} ms`,
  );
}
