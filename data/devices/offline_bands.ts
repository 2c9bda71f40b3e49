/**
 * When a device was offline in a span of time, from its events.
 *
 * @module
 */

import type { Span } from "../readings/page.ts";

/** An event of a device. */
export interface PresenceMove {
  /** When, epoch milliseconds. */
  readonly atMs: number;
  /** The state that began. */
  readonly state: "online" | "offline";
}

/**
 * The parts of a span in which a device was offline. `moves` are its events in the span, ascending;
 * `state` is the one it has after the last of them. They alternate, so the first one says how it was
 * before. `createdMs` is when the device became known: it was not offline before.
 */
export function offlineBands(
  moves: readonly PresenceMove[],
  { span, state, createdMs }: {
    readonly span: Span;
    readonly state: "online" | "offline";
    readonly createdMs: number;
  },
): Span[] {
  const bands: Span[] = [];
  const startMs = Math.max(span.fromMs, createdMs);
  const firstState = moves.length === 0
    ? state
    : moves[0].state === "online"
    ? "offline"
    : "online";
  let offlineMs = firstState === "offline" ? startMs : null;
  for (const move of moves) {
    if (move.state === "offline") offlineMs ??= move.atMs;
    else if (offlineMs !== null) {
      bands.push({ fromMs: offlineMs, toMs: move.atMs });
      offlineMs = null;
    }
  }
  if (offlineMs !== null) bands.push({ fromMs: offlineMs, toMs: span.toMs });
  return bands.filter(({ fromMs, toMs }) => fromMs < toMs);
}
