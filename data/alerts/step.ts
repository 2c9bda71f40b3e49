/**
 * The states of a subject of an alert.
 *
 * | from | to | when |
 * |---|---|---|
 * | ok | pending | the condition holds, not yet for long enough |
 * | ok, pending | firing | the condition has held for long enough: `alert.firing`, unless maintenance mutes it |
 * | pending | ok | the condition ends |
 * | firing | firing | the maintenance is over, and nobody has been told yet: `alert.firing` |
 * | firing | ok, pending | the condition has been over for `resolveAfterMs`, or `calmMs` if it flaps: `alert.resolved` if somebody was told |
 *
 * A subject that fires for the `firings`-th time within `withinMs` flaps. It stays firing until it has
 * been calm for a longer time, so that it causes no more messages meanwhile.
 *
 * `muted` is no state of its own: it is how a firing subject is shown during maintenance.
 *
 * @module
 */

import type { AlertSettings } from "./rule.ts";
import type { Signal } from "./timeline.ts";

/** What is kept about a subject. Times are epoch milliseconds. */
export interface AlertState {
  /** Its state. */
  readonly state: "ok" | "pending" | "firing";
  /** Since when: a time of readings, or when the condition had held for long enough. */
  readonly sinceMs: number;
  /** The value that decided it last; null if there is none. */
  readonly value: number | null;
  /** Whether a message says that it fires. */
  readonly isTold: boolean;
  /** Whether it flaps. */
  readonly isFlapping: boolean;
  /** When it began to fire, for as long as that counts for flapping; ascending. */
  readonly firingsMs: readonly number[];
  /** When the state must be looked at again though nothing changed; null for never. */
  readonly dueMs: number | null;
}

/** What a message reports. */
export type Transition = "firing" | "resolved";

/** The next state of a subject. */
export interface Step {
  /** What to keep; null for nothing. */
  readonly next: AlertState | null;
  /** The next state, whether it is kept or not; null if the subject left. */
  readonly reached: AlertState | null;
  /** What to report; null for nothing. */
  readonly transition: Transition | null;
}

/** The circumstances of a step. */
export interface StepContext {
  /** Epoch milliseconds now. */
  readonly nowMs: number;
  /** When the maintenance ends that mutes the subject; null if nothing mutes it. */
  readonly mutedUntilMs: number | null;
}

/** The step of a subject of which nothing is known: it is not there any more. */
export const LEFT: Step = { next: null, reached: null, transition: null };

/** What a step needs of a rule. */
export type StepRules = Pick<AlertSettings, "resolveAfterMs" | "damping">;

/**
 * The next state, from what the timeline says now. If nothing is known of it, as after its readings were
 * deleted, the subject leaves without a message. A step that is repeated changes nothing.
 */
export function step(
  rule: StepRules,
  before: AlertState | null,
  { signal, ...context }: StepContext & { signal: Signal | null },
): Step {
  if (signal === null) return LEFT;
  const isFiring = before?.state === "firing";
  if (isFiring && !signal.holds) return calmed(rule, before, signal, context);
  const wasOver = isFiring && signal.ripeMs > context.nowMs && signal.pauseMs > 0 &&
    signal.pauseMs >= holdMs(rule, before);
  if (isFiring && !wasOver) return told({ ...before, value: signal.value }, signal, context);
  if (signal.holds && signal.ripeMs <= context.nowMs) return fired(rule, before, signal, context);
  const firingsMs = recent(rule, before, context.nowMs);
  const transition = isFiring && before.isTold ? "resolved" : null;
  return quiet(rule, {
    state: signal.holds ? "pending" : "ok",
    sinceMs: signal.sinceMs,
    value: signal.value,
    isTold: false,
    isFlapping: false,
    firingsMs,
    dueMs: earliest(signal.holds ? signal.ripeMs : null, signal.nextMs),
  }, transition);
}

function fired(
  rule: StepRules,
  before: AlertState | null,
  signal: Signal,
  context: StepContext,
): Step {
  const firingsMs = [...recent(rule, before, context.nowMs), context.nowMs];
  const isFlapping = rule.damping !== null && firingsMs.length >= rule.damping.firings;
  const state: AlertState = {
    state: "firing",
    sinceMs: signal.ripeMs,
    value: signal.value,
    isTold: false,
    isFlapping,
    firingsMs,
    dueMs: null,
  };
  return told(state, signal, context);
}

/** A firing subject whose condition holds. */
function told(state: AlertState, signal: Signal, { mutedUntilMs }: StepContext): Step {
  if (state.isTold || mutedUntilMs !== null) {
    const endMs = state.isTold ? null : mutedUntilMs;
    return kept({ ...state, dueMs: earliest(signal.nextMs, endMs) }, null);
  }
  return kept({ ...state, isTold: true, dueMs: earliest(signal.nextMs) }, "firing");
}

/** A firing subject whose condition does not hold. */
function calmed(rule: StepRules, state: AlertState, signal: Signal, { nowMs }: StepContext): Step {
  const overMs = signal.sinceMs + holdMs(rule, state);
  if (overMs > nowMs) {
    return kept({ ...state, dueMs: earliest(overMs, signal.nextMs) }, null);
  }
  return quiet(rule, {
    state: "ok",
    sinceMs: overMs,
    value: signal.value,
    isTold: false,
    isFlapping: false,
    firingsMs: recent(rule, state, nowMs),
    dueMs: earliest(signal.nextMs),
  }, state.isTold ? "resolved" : null);
}

function kept(state: AlertState, transition: Transition | null): Step {
  return { next: state, reached: state, transition };
}

/** A subject without anything to wait for or to remember is not kept. */
function quiet({ damping }: StepRules, state: AlertState, transition: Transition | null): Step {
  const [firstMs] = state.firingsMs;
  const forgetMs = damping === null || firstMs === undefined ? null : firstMs + damping.withinMs;
  const dueMs = earliest(state.dueMs, forgetMs);
  const isKept = state.state !== "ok" || dueMs !== null;
  return { next: isKept ? { ...state, dueMs } : null, reached: state, transition };
}

function recent({ damping }: StepRules, state: AlertState | null, nowMs: number): number[] {
  if (damping === null || state === null) return [];
  return state.firingsMs.filter((atMs) => atMs + damping.withinMs > nowMs).slice(
    -damping.firings,
  );
}

/** How long the condition must be over until a firing subject is resolved, milliseconds. */
export function holdMs({ resolveAfterMs, damping }: StepRules, { isFlapping }: AlertState): number {
  return isFlapping ? Math.max(resolveAfterMs, damping?.calmMs ?? 0) : resolveAfterMs;
}

function earliest(...timesMs: (number | null)[]): number | null {
  const earliestMs = Math.min(...timesMs.map((timeMs) => timeMs ?? Infinity));
  return earliestMs === Infinity ? null : earliestMs;
}
