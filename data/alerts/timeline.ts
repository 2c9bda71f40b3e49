/**
 * Timelines: when a condition holds for a subject, from what is known of it.
 *
 * A timeline says from when on the condition holds, or does not. How long it must hold, and what happens
 * then, is the matter of `step.ts`. Times after the present belong to it too: a meter that sends nothing
 * until then, or a store that is still closed.
 *
 * @module
 */

import { toFloats } from "../readings/decimal.ts";
import type { Page } from "../readings/page.ts";
import type { OpenAhead } from "../stores/open_ahead.ts";
import type { ChangeCondition, LimitCondition, MetricCondition } from "./rule.ts";

/** A time at which a condition begins or ends. */
export interface Turn {
  /** When, epoch milliseconds. */
  readonly atMs: number;
  /** Whether the condition holds from then on. */
  readonly holds: boolean;
  /** The value that decided it; null if there is none. */
  readonly value: number | null;
}

/** When a condition holds. */
export interface Timeline {
  /** Its turns, ascending; each differs from the one before in `holds`. */
  readonly turns: readonly Turn[];
  /** When a condition that holds since a time has held long enough; Infinity for never. */
  readonly ripeMs: (sinceMs: number) => number;
  /** From when on everything is known, epoch milliseconds; -Infinity if nothing was left out. */
  readonly knownFromMs: number;
}

/** What a timeline says about one moment. */
export interface Signal {
  /** Whether the condition holds. */
  readonly holds: boolean;
  /** Since when, epoch milliseconds. */
  readonly sinceMs: number;
  /** When it has held long enough, if it goes on; Infinity for never. */
  readonly ripeMs: number;
  /** When the condition turns by itself; null for never. */
  readonly nextMs: number | null;
  /** How long it was the other way before, milliseconds; 0 if that is not known. */
  readonly pauseMs: number;
  /** The value that decided it; null if there is none. */
  readonly value: number | null;
}

/** The signal at a moment; null if nothing is known of that time. */
export function signalAt(
  { turns, ripeMs }: Pick<Timeline, "turns" | "ripeMs">,
  nowMs: number,
): Signal | null {
  const at = turnAt(turns, nowMs);
  if (at < 0) return null;
  const { atMs, holds, value } = turns[at];
  return {
    holds,
    sinceMs: atMs,
    ripeMs: holds ? ripeMs(atMs) : Infinity,
    nextMs: turns[at + 1]?.atMs ?? null,
    pauseMs: at === 0 ? 0 : atMs - turns[at - 1].atMs,
    value,
  };
}

/** How much must be known of the past. */
export interface Needs {
  /** How long a condition must hold, milliseconds. */
  readonly forMs: number;
  /** How long it must be over, milliseconds; null for a subject that does not fire. */
  readonly holdMs: number | null;
}

/** Whether earlier readings would make no difference to what the turns say about a moment. */
export function isDecided(
  { turns }: Pick<Timeline, "turns">,
  nowMs: number,
  { forMs, holdMs }: Needs,
): boolean {
  const at = turnAt(turns, nowMs);
  if (at < 0) return false;
  const { atMs, holds } = turns[at];
  const lastedMs = nowMs - atMs;
  if (holds ? lastedMs >= forMs : lastedMs >= (holdMs ?? 0)) return true;
  if (at === 0) return false;
  // Of a subject that fires, the pause before tells whether it was resolved in between.
  return !holds || holdMs === null || at > 1 || atMs - turns[at - 1].atMs >= holdMs;
}

/** The timeline of a device that goes offline and online, from its states in the order of time. */
export function presenceTimeline(
  states: readonly { readonly atMs: number; readonly state: "online" | "offline" }[],
  forMs: number,
): Timeline {
  const turns: Turn[] = [];
  for (const { atMs, state } of states) {
    addTurn(turns, { atMs, holds: state === "offline", value: null });
  }
  return { turns, ripeMs: (sinceMs) => sinceMs + forMs, knownFromMs: -Infinity };
}

/** The timeline of a series that must not be silent for longer than `forMs`, from its times, ascending. */
export function silenceTimeline(timesMs: ArrayLike<number>, forMs: number): Timeline {
  const turns: Turn[] = [];
  for (let i = 0; i < timesMs.length; i++) {
    addTurn(turns, { atMs: timesMs[i], holds: false, value: null });
    const silentMs = timesMs[i] + forMs;
    if (i + 1 < timesMs.length && timesMs[i + 1] <= silentMs) continue;
    addTurn(turns, { atMs: silentMs, holds: true, value: null });
  }
  return { turns, ripeMs: (sinceMs) => sinceMs, knownFromMs: -Infinity };
}

/**
 * The timeline of a store, from its polls in ascending order. A store is down from the first moment of
 * its business hours at which its latest poll is inactive. That it closes does not end it, but only
 * business hours count. The timeline is valid as far as it is known when it is open.
 */
export function storeTimeline(
  { timesMs, columns: [{ values }] }: Page,
  open: OpenAhead,
  forMs: number,
): Timeline {
  const turns: Turn[] = [];
  for (let i = 0; i < timesMs.length; i++) {
    if (values[i] > 0) {
      addTurn(turns, { atMs: timesMs[i], holds: false, value: 1 });
      continue;
    }
    if (turns.at(-1)?.holds) continue;
    // Nothing is known before the first poll. Until it opens, a store is not down.
    if (turns.length === 0) turns.push({ atMs: timesMs[i], holds: false, value: 0 });
    const downMs = open.firstMs(timesMs[i]);
    if (downMs === null || (i + 1 < timesMs.length && timesMs[i + 1] <= downMs)) continue;
    addTurn(turns, { atMs: downMs, holds: true, value: 0 });
  }
  return { turns, ripeMs: (sinceMs) => open.ripeMs(sinceMs, forMs), knownFromMs: -Infinity };
}

/** Which readings a timeline is made of. */
export interface MetricReadings {
  /** The index of the metric in pages. */
  readonly metricIndex: number;
  /** Earlier readings only serve to compare with, epoch milliseconds. */
  readonly fromMs?: number;
  /** Whether these are all readings of the series. Then its first value does not hold unless it decides so. */
  readonly isWhole?: boolean;
  /** What is known of the time before these readings, if the condition is about a limit. */
  readonly base?: Pick<Timeline, "turns" | "knownFromMs">;
}

/** The timeline of a metric, from readings in ascending order. */
export function metricTimeline(
  condition: MetricCondition,
  page: Page,
  { metricIndex, fromMs = -Infinity, isWhole = false, base }: MetricReadings,
): Timeline {
  const { scale, values: mantissas } = page.columns[metricIndex] ?? NO_COLUMN;
  const values = toFloats(mantissas, scale);
  const readings = { timesMs: page.timesMs, values, fromMs, isWhole };
  const turns = condition.type === "change"
    ? changeTurns(condition, readings)
    : limitTurns(condition, readings, base?.turns);
  const knownFromMs = base?.knownFromMs ?? (isWhole ? -Infinity : fromMs);
  return { turns, ripeMs: (sinceMs) => sinceMs + condition.forMs, knownFromMs };
}

/** The column of a page without readings. */
const NO_COLUMN = { scale: 0, values: new Float64Array() };

/** Values in the order of time; NaN is missing. */
interface Values {
  readonly timesMs: Float64Array;
  readonly values: Float64Array;
  readonly fromMs: number;
  readonly isWhole: boolean;
}

function limitTurns(
  condition: LimitCondition,
  { timesMs, values, fromMs, isWhole }: Values,
  before: readonly Turn[] = [],
): Turn[] {
  const { limit, clearAt } = condition;
  const isAbove = condition.type === "above";
  const turns: Turn[] = [...before];
  for (let i = 0; i < timesMs.length; i++) {
    const value = values[i];
    if (timesMs[i] < fromMs || Number.isNaN(value)) continue;
    const holds = isAbove ? value > limit : value < limit;
    const isClear = isAbove ? value <= clearAt : value >= clearAt;
    const isFirst = isWhole && turns.length === 0;
    if (holds || isClear || isFirst) addTurn(turns, { atMs: timesMs[i], holds, value });
  }
  return turns;
}

/** A change that no later reading confirms is over when it is no longer within the time. */
function changeTurns(
  condition: ChangeCondition,
  { timesMs, values, fromMs, isWhole }: Values,
): Turn[] {
  const { by, direction, withinMs } = condition;
  const turns: Turn[] = [];
  let overMs = Infinity;
  for (let i = 0, oldest = 0; i < timesMs.length; i++) {
    const atMs = timesMs[i], value = values[i];
    if (Number.isNaN(value)) continue;
    while (timesMs[oldest] < atMs - withinMs || Number.isNaN(values[oldest])) oldest++;
    if (isWhole && turns.length === 0) turns.push({ atMs, holds: false, value });
    if (oldest === i || atMs < fromMs) continue;
    if (overMs < atMs) addTurn(turns, { atMs: overMs, holds: false, value: null });
    const change = value - values[oldest];
    const holds = direction === "rise"
      ? change > by
      : direction === "fall"
      ? -change > by
      : Math.abs(change) > by;
    addTurn(turns, { atMs, holds, value });
    overMs = holds ? atMs + withinMs : Infinity;
  }
  if (overMs < Infinity) addTurn(turns, { atMs: overMs, holds: false, value: null });
  return turns;
}

/** The index of the last turn up to a time; -1 if there is none. */
function turnAt(turns: readonly Turn[], timeMs: number): number {
  let low = 0, high = turns.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (turns[middle].atMs <= timeMs) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function addTurn(turns: Turn[], turn: Turn): void {
  if (turns.at(-1)?.holds !== turn.holds) turns.push(turn);
}
