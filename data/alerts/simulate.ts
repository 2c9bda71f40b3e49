/**
 * What a rule would have said of a past time, as if every reading had come at its own time.
 *
 * @module
 */

import type { Span } from "../readings/page.ts";
import type { AlertSettings } from "./rule.ts";
import { type AlertState, step, type Transition } from "./step.ts";
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
  rule: Pick<AlertSettings, "resolveAfterMs" | "damping">,
  timeline: Timeline,
  { fromMs, toMs, mutedUntilMs }: Simulation,
): { readonly before: AlertState | null; readonly moves: SimulatedMove[] } {
  const { turns } = timeline;
  const moves: SimulatedMove[] = [];
  let state: AlertState | null = null, before: AlertState | null = null;
  let next = 0;
  for (let atMs = turns[0]?.atMs ?? Infinity; atMs < toMs;) {
    while (next < turns.length && turns[next].atMs <= atMs) next++;
    const signal = signalAt(timeline, atMs);
    const result = step(rule, state, { nowMs: atMs, mutedUntilMs: mutedUntilMs(atMs), signal });
    const { reached, transition } = result;
    const isMove = reached !== null &&
      (transition !== null || reached.state !== (state?.state ?? "ok"));
    if (isMove && atMs >= fromMs) moves.push({ atMs, state: reached, transition });
    state = result.next;
    if (atMs < fromMs) before = state;
    atMs = Math.min(turns[next]?.atMs ?? Infinity, state?.dueMs ?? Infinity);
  }
  return { before, moves };
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
