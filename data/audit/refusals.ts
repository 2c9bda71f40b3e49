/**
 * Counting equal events, so that a flood of refused requests takes a bounded number of entries.
 *
 * Events are equal if action, actor, address, subject and code are. Equal events of an hour are one
 * entry with a count. Of different events an hour has at most {@link DISTINCT_MAX}; of more, only the
 * action and the code are kept.
 *
 * @module
 */

import { HOUR_MS } from "../limits.ts";
import type { AuditActor, AuditEvent } from "./event.ts";

/** How many different entries are kept an hour. */
export const DISTINCT_MAX = 500;
/** How long equal events are one entry, milliseconds. */
const WINDOW_MS = HOUR_MS;

/** The actor of an entry that stands for several callers. */
const SEVERAL: AuditActor = { kind: "several", id: "", name: "" };

/** An entry that counts equal events. */
export interface EventCount {
  /** The event, without what differs. */
  readonly event: AuditEvent;
  /** When the first one was, epoch milliseconds. */
  readonly firstMs: number;
  /** When the last one was. */
  lastMs: number;
  /** How many there were. */
  count: number;
}

/** Counts events. */
export interface EventCounter {
  /** Counts one event. The entry has a count of 1 if it is new. */
  add(event: AuditEvent, nowMs: number): EventCount;
}

/** Starts with nothing counted. */
export function createEventCounter(): EventCounter {
  const counts = new Map<string, EventCount>();

  function isOver({ firstMs }: EventCount, nowMs: number): boolean {
    // A clock that was set back begins a new entry too.
    return nowMs - firstMs >= WINDOW_MS || nowMs < firstMs;
  }

  function entryOf(name: string, nowMs: number): EventCount | undefined {
    const found = counts.get(name);
    return found === undefined || isOver(found, nowMs) ? undefined : found;
  }

  function hasRoom(nowMs: number): boolean {
    if (counts.size < DISTINCT_MAX) return true;
    for (const [name, one] of counts) if (isOver(one, nowMs)) counts.delete(name);
    return counts.size < DISTINCT_MAX;
  }

  return {
    add(event, nowMs) {
      const { action, subject, address, code = null, caller: { actor } } = event;
      let name = JSON.stringify([action, actor.kind, actor.id, address, subject, code]);
      let kept = event;
      if (entryOf(name, nowMs) === undefined && !hasRoom(nowMs)) {
        name = JSON.stringify([action, code]);
        kept = { ...event, caller: { actor: SEVERAL }, address: null, subject: null, details: {} };
      }
      const known = entryOf(name, nowMs);
      if (known === undefined) {
        const first = { event: kept, firstMs: nowMs, lastMs: nowMs, count: 1 };
        counts.set(name, first);
        return first;
      }
      known.count++;
      known.lastMs = nowMs;
      return known;
    },
  };
}
