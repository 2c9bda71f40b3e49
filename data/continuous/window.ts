/**
 * Windows of continuous export. Every UTC day is divided into windows of one length, and each window
 * of each device becomes at most one object.
 *
 * A new length applies from the start of a day. So a window is the same whenever you ask for it, and
 * no two windows overlap.
 *
 * @module
 */

import { DAY_MS, dayStartMs } from "../limits.ts";
import type { Span } from "../readings/page.ts";

/** A length of windows and the day from which it applies. */
export interface WindowLength {
  /** Milliseconds: whole seconds that divide a day. */
  readonly lengthMs: number;
  /** First moment of the first UTC day with that length, epoch milliseconds. */
  readonly fromDayMs: number;
}

/**
 * All lengths, past and future, ascending by day. The first also applies to all days before its
 * own.
 */
export type WindowPlan = readonly WindowLength[];

/** Whether windows may have a length: it must be whole seconds and divide a day. */
export function isWindowLength(lengthMs: number): boolean {
  return lengthMs >= 1_000 && lengthMs % 1_000 === 0 && DAY_MS % lengthMs === 0;
}

/**
 * A plan with one length for all days.
 *
 * @throws {RangeError} if the length does not divide a day into whole seconds.
 */
export function startPlan(lengthMs: number): WindowPlan {
  requireLength(lengthMs);
  return [{ lengthMs, fromDayMs: 0 }];
}

/**
 * The plan after a change of the length. The new length applies from the UTC day after `nowMs`;
 * earlier days stay as they are. Returns the same plan if it already ends with that length.
 *
 * @throws {RangeError} if the length does not divide a day into whole seconds.
 */
export function planLength(plan: WindowPlan, lengthMs: number, nowMs: number): WindowPlan {
  requireLength(lengthMs);
  const fromDayMs = dayStartMs(nowMs) + DAY_MS;
  if (lengthOf(plan, Infinity) === lengthMs) return plan;
  const kept = plan.filter((length, index) => index === 0 || length.fromDayMs < fromDayMs);
  if (lengthOf(kept, Infinity) === lengthMs) return kept;
  return [...kept, { lengthMs, fromDayMs }];
}

/**
 * The plan after some past days became one window each. The span must start and end at midnight; days
 * outside it keep their length.
 */
export function planWholeDays(plan: WindowPlan, { fromMs, toMs }: Span): WindowPlan {
  const changed: WindowPlan = [
    ...plan.filter(({ fromDayMs }) => fromDayMs < fromMs),
    { lengthMs: DAY_MS, fromDayMs: fromMs },
    { lengthMs: lengthOf(plan, toMs), fromDayMs: toMs },
    ...plan.filter(({ fromDayMs }) => fromDayMs > toMs),
  ];
  return changed.filter(({ lengthMs }, index) => lengthMs !== changed[index - 1]?.lengthMs);
}

/** The window that contains a time. */
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
    `Cannot divide days into windows as their length must divide a day into whole seconds: ${lengthMs} ms`,
  );
}
