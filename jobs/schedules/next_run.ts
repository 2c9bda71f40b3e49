/**
 * The next record of a schedule: pure moves between its states.
 *
 * | from | to | move |
 * |---|---|---|
 * | active | active | {@link movedOn}: a run was created, or planned times were missed |
 * | active | active | {@link triedLater}: no run could be created now |
 * | active | active | {@link rearmed}: its timing changed, or the clock was set back |
 * | active | stopped | {@link stoppedFor}: its owner may not export any more |
 * | active | paused | {@link paused}: somebody asked for it |
 * | paused, stopped | active | {@link resumed} |
 *
 * @module
 */

import { approximateMs, parseDuration } from "../../data/schedules/duration.ts";
import { type MissedTimes, missedTimes } from "../../data/schedules/due_run.ts";
import { withHandled } from "../../data/schedules/handled.ts";
import type { RunTimes } from "../../data/schedules/run_times.ts";
import { MINUTE_MS } from "../../data/limits.ts";
import type { AppError } from "../../data/app_error.ts";
import type { ScheduleRecord } from "../../kv/schedules/schedules.ts";

/** When a run that could not be created is tried again, milliseconds. */
const TRY_AGAIN_MS: number = MINUTE_MS;

/** How long after its planned time a schedule runs, milliseconds. */
export function delayMsOf({ delay }: Pick<ScheduleRecord, "delay">): number {
  return delay === null ? 0 : lengthMs(delay);
}

/** The length of a stored duration without months, milliseconds. */
export function lengthMs(duration: string): number {
  const parsed = parseDuration(duration);
  if (parsed === null) throw new SyntaxError(`Cannot count with this duration: ${duration}`);
  return approximateMs(parsed);
}

/** The schedule after a planned time ran, or after some were missed. */
export function movedOn(
  schedule: ScheduleRecord,
  { ran, nextMs, nowMs, hasMissed }: {
    ran: { plannedMs: number; jobId: string } | null;
    nextMs: number | null;
    nowMs: number;
    hasMissed: boolean;
  },
): ScheduleRecord {
  const handled = ran === null
    ? schedule.handled
    : withHandled(schedule.handled, ran.plannedMs, hasMissed ? null : schedule.previousMs);
  return {
    ...schedule,
    handled: handled.map(([fromMs, toMs]) => [fromMs, toMs]),
    lastRun: ran ?? schedule.lastRun,
    problem: ran === null ? schedule.problem : null,
    previousMs: ran?.plannedMs ?? null,
    nextMs,
    dueMs: dueMsOf(schedule, nextMs, nowMs),
    runCount: schedule.runCount + (hasMissed ? 1 : 0),
  };
}

/** The schedule after a run that could not be created; it is tried again in a minute. */
export function triedLater(
  schedule: ScheduleRecord,
  { code, message }: Pick<AppError, "code" | "message">,
  nowMs: number,
): ScheduleRecord {
  const problem = { atMs: nowMs, code, message };
  return { ...schedule, problem, dueMs: nowMs + TRY_AGAIN_MS };
}

/** The schedule, active, with the first planned time after `afterMs` as its next run. */
export function rearmed(
  schedule: ScheduleRecord,
  times: RunTimes,
  afterMs: number,
): ScheduleRecord {
  const nextMs = times.after(afterMs);
  return {
    ...schedule,
    state: "active",
    stopReason: null,
    previousMs: null,
    nextMs,
    dueMs: dueMsOf(schedule, nextMs, -Infinity),
  };
}

/**
 * The schedule, active again at `nowMs`. Its next run is the first one whose delay has not passed. What
 * was planned before it was paused, and whose delay has passed since, is missed.
 */
export function resumed(
  { held, ...schedule }: ScheduleRecord,
  times: RunTimes,
  nowMs: number,
): { schedule: ScheduleRecord; missed: MissedTimes | null } {
  if (held === undefined) return { schedule: rearmed(schedule, times, nowMs), missed: null };
  const passedMs = nowMs - delayMsOf(schedule);
  // Nothing before the run that was next then.
  const active = rearmed(schedule, times, Math.min(nowMs, Math.max(passedMs, held.nextMs - 1)));
  const [lastMs] = times.upTo(Math.min(passedMs, held.atMs), 1);
  return lastMs === undefined || lastMs < held.nextMs
    ? { schedule: active, missed: null }
    : { schedule: active, missed: missedTimes(times, held.nextMs, lastMs) };
}

/** The schedule without a next run, and why. */
export function stoppedFor(
  schedule: ScheduleRecord,
  stopReason: string,
  nowMs: number,
): ScheduleRecord {
  return { ...paused(schedule, nowMs), state: "stopped", stopReason };
}

/** The schedule without a next run until somebody resumes it. */
export function paused(schedule: ScheduleRecord, nowMs: number): ScheduleRecord {
  const { nextMs } = schedule;
  return {
    ...schedule,
    nextMs: null,
    dueMs: null,
    previousMs: null,
    state: "paused",
    stopReason: null,
    ...(nextMs === null ? {} : { held: { nextMs, atMs: nowMs } }),
  };
}

/** When a planned time is looked at. One that is due already comes after all that are due now. */
function dueMsOf(
  schedule: ScheduleRecord,
  nextMs: number | null,
  nowMs: number,
): number | null {
  return nextMs === null ? null : Math.max(nextMs + delayMsOf(schedule), nowMs);
}
