/**
 * What a rule would have said of a past time, as if every reading had come at its own time.
 *
 * @module
 */

import type { Span } from "../readings/page.ts";
import { type AlertState, type Step, step, type StepRules, type Transition } from "./step.ts";
import { signalAt, type Timeline } from "./timeline.ts";

/** A change of the state of a subject. */
export interface SimulatedMove {
  /** When, epoch milliseconds. */
  readonly atMs: number;
  /** The new state. */
  readonly state: AlertState;
  /** What is reported; null for nothing. */
  readonly transition: Transition | null;
}

/** What a simulation needs. */
export interface Simulation extends Span {
  /** When the maintenance ends that mutes the subject at a time; null if nothing mutes it then. */
  readonly mutedUntilMs: (timeMs: number) => number | null;
}

/** A message that would have been sent. */
export interface SimulatedMessage {
  /** When, epoch milliseconds. */
  readonly atMs: number;
  /** What it reports. */
  readonly transition: Transition;
  /** The ids of its subjects. */
  readonly ids: readonly string[];
}

/**
 * The moves of a subject within a span, oldest first. `before` says in which state it was at the start;
 * null for none.
 */
export function simulate(
  rule: StepRules,
  timeline: Timeline,
  { fromMs, toMs, mutedUntilMs }: Simulation,
): { readonly before: AlertState | null; readonly moves: SimulatedMove[] } {
  const moves: SimulatedMove[] = [];
  let last: AlertState["state"] = "ok";
  let before: AlertState | null = null;
  const startMs = timeline.turns[0]?.atMs ?? Infinity;
  for (
    const { atMs, next, reached, transition } of walk(rule, timeline, {
      state: null,
      fromMs: startMs,
      toMs,
      mutedUntilMs,
    })
  ) {
    const isMove = reached !== null && (transition !== null || reached.state !== last);
    if (isMove && atMs >= fromMs) moves.push({ atMs, state: reached, transition });
    if (atMs < fromMs) before = next;
    last = next?.state ?? "ok";
  }
  return { before, moves };
}

/** The steps of a subject from one moment to another, each at the time at which something happens. */
export function* walk(
  rule: StepRules,
  timeline: Timeline,
  { state, fromMs, toMs, mutedUntilMs }: Simulation & { readonly state: AlertState | null },
): Generator<Step & { readonly atMs: number }> {
  const { turns } = timeline;
  let current = state;
  let next = 0;
  for (let atMs = fromMs; atMs < toMs;) {
    while (next < turns.length && turns[next].atMs <= atMs) next++;
    const signal = signalAt(timeline, atMs);
    if (signal !== null) {
      const result = step(rule, current, { nowMs: atMs, mutedUntilMs: mutedUntilMs(atMs), signal });
      yield { ...result, atMs };
      current = result.next;
    }
    const dueMs = current?.dueMs ?? Infinity;
    atMs = Math.min(turns[next]?.atMs ?? Infinity, dueMs > atMs ? dueMs : Infinity);
  }
}

/** The messages of the moves of several subjects, in the order of time. */
export function groupMoves(
  moves: readonly (SimulatedMove & { readonly id: string })[],
  groupMs: number,
): SimulatedMessage[] {
  const messages: { atMs: number; transition: Transition; ids: string[] }[] = [];
  const open: Partial<Record<Transition, typeof messages[number]>> = {};
  for (const { atMs, transition, id } of moves.toSorted((one, other) => one.atMs - other.atMs)) {
    if (transition === null) continue;
    const group = open[transition];
    if (group !== undefined && atMs <= group.atMs) group.ids.push(id);
    else {
      const opened = { atMs: atMs + groupMs, transition, ids: [id] };
      open[transition] = opened;
      messages.push(opened);
    }
  }
  return messages.toSorted((one, other) => one.atMs - other.atMs);
}
