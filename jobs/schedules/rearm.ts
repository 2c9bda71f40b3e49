/**
 * Finds schedules whose next run is later than it should be: the clock was set forward when they ran and
 * back since, or the rules of their zone have changed. Once at the start, and whenever the clock goes
 * back.
 *
 * What has run does not run again: `handled` of the record says so.
 *
 * @module
 */

import type { Log } from "../../data/log.ts";
import { listPlaces, type SchedulePlace } from "../../kv/schedules/lists.ts";
import { commitSchedule, getSchedules, type ScheduleEntry } from "../../kv/schedules/schedules.ts";
import type { Duty } from "../engine/duty_loop.ts";
import { pause } from "../engine/pause.ts";
import { rearmed } from "./next_run.ts";
import type { FindTimes } from "./run_times_cache.ts";

/** How many schedules are read at once. */
const AT_ONCE = 100;
/** How often the clock is looked at, milliseconds. */
const EVERY_MS = 5_000;
/** How far the clock must go back, milliseconds. */
const BACK_MS = 1_000;

/** What it needs. */
export interface RearmDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "list" | "getMany" | "atomic">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** Finds planned times. */
  readonly findTimes: FindTimes;
  /** The log. */
  readonly log: Log;
}

/** The duty. */
export function rearmDuty(deps: RearmDeps): Duty {
  let latestMs = Infinity;
  return {
    name: "schedules",
    everyMs: EVERY_MS,
    async round({ signal }) {
      const nowMs = deps.now();
      const isBack = nowMs < latestMs - BACK_MS;
      if (isBack) {
        const count = await rearmSchedules(deps, signal);
        if (count > 0) deps.log("info", "schedules moved", { count });
        if (signal.aborted) return;
      }
      latestMs = nowMs;
    },
  };
}

/** Moves the next run of schedules where it is too late. Returns how many. */
export async function rearmSchedules(deps: RearmDeps, signal: AbortSignal): Promise<number> {
  let count = 0;
  let after: SchedulePlace | undefined;
  while (!signal.aborted) {
    const places: SchedulePlace[] = await listPlaces(deps.kv, { after, limit: AT_ONCE });
    for (const entry of await entriesOf(deps, places)) {
      if (entry !== null && await rearm(deps, entry)) count++;
    }
    after = places.at(-1);
    if (places.length < AT_ONCE) break;
    await pause(0, signal);
  }
  return count;
}

async function entriesOf(
  { kv, log }: RearmDeps,
  places: readonly SchedulePlace[],
): Promise<(ScheduleEntry | null)[]> {
  try {
    return await getSchedules(kv, places.map(({ id }) => id));
  } catch (error) {
    log("error", "schedules not moved", { error });
    return [];
  }
}

async function rearm({ kv, now, findTimes }: RearmDeps, entry: ScheduleEntry): Promise<boolean> {
  const { state, timing, nextMs } = entry.value;
  if (state !== "active" || nextMs === null) return false;
  const nowMs = now();
  const times = findTimes(timing);
  const rightMs = times.after(nowMs);
  if (rightMs === null || rightMs >= nextMs) return false;
  return await commitSchedule(kv, entry, rearmed(entry.value, times, nowMs));
}
