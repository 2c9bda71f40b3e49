/**
 * What is known of the past of subjects whose latest values are all between the limit and the value that
 * clears it. Their state was decided long ago. So that it is not read back that far at each look, the
 * turns before an anchor are remembered, a start of a UTC day, for as long as the change feed says that no
 * reading before it changed.
 *
 * @module
 */

import type { Condition } from "../../data/alerts/rule.ts";
import type { Timeline, Turn } from "../../data/alerts/timeline.ts";
import { DAY_MS, dayStartMs, HOUR_MS } from "../../data/limits.ts";
import { hasChangesWithin } from "../../kv/series/changes.ts";
import type { SeriesRef } from "../../kv/series/ref.ts";
import { getRevisionEntry } from "../../kv/series/revisions.ts";

/** How far back it is read at most, before the latest reading, milliseconds. */
export const LOOK_BACK_MS = 60 * DAY_MS;
/** The anchor is at least this old, so that readings that come a little late are after it, milliseconds. */
const ANCHOR_AGE_MS = 6 * HOUR_MS;
/** More turns before the anchor make no difference to a signal or to whether it is decided. */
const KEPT_TURNS = 3;

/** What is known of the time before an anchor. */
export interface KnownPast extends Pick<Timeline, "turns" | "knownFromMs"> {
  /** The anchor, the start of a UTC day, epoch milliseconds. */
  readonly anchorMs: number;
  /** Whether it would not be read further back even if this does not decide the state. */
  readonly isAll: boolean;
  /** The change feed has every change that is regarded under this version or an earlier one. */
  readonly version: string;
}

/** The past of a subject as far as it is remembered. */
export interface PastReading {
  /** What is remembered and still right; null for nothing. */
  readonly past: KnownPast | null;
  /** Remembers a timeline that was read from a time on, after this was found. */
  keep(timeline: Timeline, read: { fromMs: number; nowMs: number; isAll: boolean }): void;
}

/** Remembers pasts. */
export interface PastMemory {
  /** Finds the past of a series for a condition. Costs a read, and another one if it is remembered. */
  find(condition: Condition, ref: SeriesRef): Promise<PastReading>;
}

/** Remembers the pasts for each condition as long as the condition is in use. */
export function createPastMemory(kv: Pick<Deno.Kv, "get" | "list">): PastMemory {
  const byCondition = new WeakMap<Condition, Map<string, KnownPast>>();
  return {
    async find(condition, { profile, id }) {
      const pasts = byCondition.get(condition) ?? new Map<string, KnownPast>();
      byCondition.set(condition, pasts);
      const name = `${profile} ${id}`;
      const { versionstamp: version } = await getRevisionEntry(kv, { profile, id });
      const known = pasts.get(name) ?? null;
      const isOutdated = known !== null && await hasChangesWithin(kv, { profile, id }, {
        ...spanOf(known),
        after: known.version,
      });
      if (isOutdated) pasts.delete(name);
      return {
        past: isOutdated ? null : known,
        keep({ turns, knownFromMs }, { fromMs, nowMs, isAll }) {
          const anchorMs = dayStartMs(nowMs - ANCHOR_AGE_MS);
          if (fromMs >= anchorMs) return;
          const kept = turns.filter(({ atMs }) => atMs < anchorMs).slice(-KEPT_TURNS);
          if (kept.length === 0 && !isAll) return;
          pasts.set(name, { anchorMs, turns: kept, knownFromMs, isAll, version });
        },
      };
    },
  };
}

/** The days whose changes could make a difference. */
function spanOf({ anchorMs, turns }: KnownPast): { fromMs: number; toMs: number } {
  const [first]: readonly (Turn | undefined)[] = turns;
  const fromMs = dayStartMs(Math.min(first?.atMs ?? Infinity, anchorMs - LOOK_BACK_MS));
  return { fromMs: Math.max(0, fromMs), toMs: anchorMs };
}
