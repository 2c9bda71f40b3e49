/**
 * The work on schedules: what routes ask for, the handler of due entries, and the duty that looks after
 * the clock.
 *
 * @module
 */

import { LAST_TIME_MS, nextTimes } from "../../data/schedules/run_times.ts";
import type { CrowdHandler } from "../engine/due_loop.ts";
import type { Duty } from "../engine/duty_loop.ts";
import { createRun } from "./create_run.ts";
import { stageMissed } from "./missed_runs.ts";
import { delayMsOf, paused, rearmed, resumed } from "./next_run.ts";
import { rearmDuty } from "./rearm.ts";
import { type RunDueDeps, scheduleCrowd } from "./run_due.ts";
import { createTimesCache } from "./run_times_cache.ts";
import { requestAt, type Scheduler } from "./schedule_contract.ts";
import { findOwner } from "./schedule_owner.ts";

/** The work on schedules. */
export interface ScheduleWork {
  /** What routes ask for. */
  readonly scheduler: Scheduler;
  /** Handles due entries. */
  readonly crowd: CrowdHandler;
  /** Looks after the clock. */
  readonly duty: Duty;
}

/** The work on the schedules of a database. */
export function scheduleWork(deps: Omit<RunDueDeps, "findTimes">): ScheduleWork {
  const all = { ...deps, findTimes: createTimesCache() };
  return { scheduler: createScheduler(all), crowd: scheduleCrowd(all), duty: rearmDuty(all) };
}

function createScheduler(deps: RunDueDeps): Scheduler {
  const { findTimes, now } = deps;
  return {
    findOwner: (schedule) => findOwner(deps, schedule),
    nextRuns(schedule, count) {
      const { nextMs, timing } = schedule;
      if (nextMs === null) return [];
      const times = [nextMs, ...nextTimes(findTimes(timing), nextMs, count - 1)];
      return times.map((plannedMs) => ({
        plannedMs,
        runsMs: plannedMs + delayMsOf(schedule),
        range: requestAt(schedule, plannedMs).range,
      })).filter(({ runsMs, range }) => Math.max(runsMs, (range?.toMs ?? 0) - 1) <= LAST_TIME_MS);
    },
    armed: (schedule, afterMs) => rearmed(schedule, findTimes(schedule.timing), afterMs),
    paused,
    resumed(schedule, nowMs) {
      const { schedule: active, missed } = resumed(schedule, findTimes(schedule.timing), nowMs);
      if (missed === null) return { schedule: active };
      return {
        schedule: { ...active, runCount: active.runCount + 1 },
        more: (op) => stageMissed(op, active, missed, nowMs),
      };
    },
    runNow({ entry, caller, slot }) {
      const plannedMs = now();
      return createRun(deps, {
        entry,
        caller,
        plannedMs,
        askedSlot: slot,
        after: ({ id }) => ({ ...entry.value, lastRun: { plannedMs, jobId: id } }),
      });
    },
  };
}
