/**
 * Handles the schedules that are due: at most one run of each at a time.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import type { Caller } from "../../data/access/caller.ts";
import type { Log } from "../../data/log.ts";
import { type DueRun, planDueRun } from "../../data/schedules/due_run.ts";
import { isHandled } from "../../data/schedules/handled.ts";
import type { Staging } from "../../kv/budget.ts";
import type { CrowdKind, Due } from "../../kv/jobs/due.ts";
import { oldRunKeys, plannedRunVersion } from "../../kv/schedules/runs.ts";
import {
  commitSchedule,
  dropStaleRun,
  getSchedules,
  type ScheduleEntry,
  type ScheduleRecord,
} from "../../kv/schedules/schedules.ts";
import type { CrowdHandler } from "../engine/due_loop.ts";
import { createRun, type CreateRunDeps } from "./create_run.ts";
import { stageMissed } from "./missed_runs.ts";
import { delayMsOf, movedOn, stoppedFor, triedLater } from "./next_run.ts";
import type { FindTimes } from "./run_times_cache.ts";
import { findOwner, type OwnerDeps } from "./schedule_owner.ts";

/** How long a schedule whose handling failed is left alone, milliseconds. */
const FAILED_PAUSE_MS = 60_000;

/** What the handler needs. */
export interface RunDueDeps extends CreateRunDeps, OwnerDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "getMany" | "list" | "atomic">;
  /** Finds planned times. */
  readonly findTimes: FindTimes;
  /** The log. */
  readonly log: Log;
}

/** The handler of the due entries of schedules. One that fails does not stop the others. */
export function scheduleCrowd(deps: RunDueDeps): CrowdHandler {
  const { kv, log } = deps;
  return {
    kind: "schedule_run",
    async handle(dues) {
      const entries = await readable(deps, dues);
      for (const [index, due] of dues.entries()) {
        // The kind of the handler says of which kind the entries are.
        const own = due as Due<"schedule_run">;
        const entry = entries[index];
        try {
          if (!entry || entry.value.dueMs !== due.atMs) {
            await dropStaleRun(kv, own, entry);
          } else await runSchedule(deps, entry);
        } catch (error) {
          log("error", "schedule not run", { scheduleId: due.id, error });
          if (entry) await leaveAlone(deps, entry).catch(() => {});
        }
        // To find the times of one takes a while, and leases must be renewed meanwhile.
        await new Promise((resolve) => setTimeout(resolve));
      }
    },
  };
}

/** The schedules of due entries; undefined for one whose record is damaged, whose entry is deleted. */
async function readable(
  { kv, log }: RunDueDeps,
  dues: readonly Due<CrowdKind>[],
): Promise<(ScheduleEntry | null | undefined)[]> {
  try {
    return await getSchedules(kv, dues.map(({ id }) => id));
  } catch {
    const entries: (ScheduleEntry | null | undefined)[] = [];
    for (const { id } of dues) {
      try {
        entries.push((await getSchedules(kv, [id]))[0]);
      } catch (error) {
        log("error", "schedule not run", { scheduleId: id, error });
        entries.push(undefined);
      }
    }
    return entries;
  }
}

/** A schedule that cannot be handled must not keep others from being read. */
async function leaveAlone({ kv, now }: RunDueDeps, entry: ScheduleEntry): Promise<void> {
  await commitSchedule(kv, entry, { ...entry.value, dueMs: now() + FAILED_PAUSE_MS });
}

/** Runs a schedule that is due, or records what it missed. Another process may do the same. */
async function runSchedule(deps: RunDueDeps, entry: ScheduleEntry): Promise<void> {
  const { kv, now, log } = deps;
  const schedule = entry.value;
  if (schedule.nextMs === null) return;
  const { caller, reason } = await findOwner(deps, schedule);
  if (caller === null) {
    if (await commitSchedule(kv, entry, stoppedFor(schedule, reason, now()))) {
      log("warn", "schedule stopped", { scheduleId: schedule.id, reason });
    }
    return;
  }
  const nowMs = now();
  const plan = planDueRun(deps.findTimes(schedule.timing), {
    nextMs: schedule.nextMs,
    nowMs,
    delayMs: delayMsOf(schedule),
    catchUp: schedule.catchUp,
  });
  const { missed } = plan;
  if (missed !== null) {
    log("warn", "schedule missed", { scheduleId: schedule.id, count: missed.count });
  }
  await carryOut(deps, { entry, caller, plan, nowMs });
}

async function carryOut(
  deps: RunDueDeps,
  { entry, caller, plan, nowMs }: {
    entry: ScheduleEntry;
    caller: Caller;
    plan: DueRun;
    nowMs: number;
  },
): Promise<void> {
  const { kv } = deps;
  const schedule = entry.value;
  const { missed, runMs, nextMs } = plan;
  const more = (op: Staging) => {
    if (missed !== null) stageMissed(op, schedule, missed, nowMs);
  };
  const moveOn = async () => {
    const old = missed === null ? [] : await oldRunKeys(kv, schedule);
    await commitSchedule(kv, entry, moved(null), (op) => {
      for (const key of old) op.delete(key);
      more(op);
    });
  };
  const moved = (ran: { plannedMs: number; jobId: string } | null): ScheduleRecord =>
    movedOn(schedule, { ran, nextMs, nowMs, hasMissed: missed !== null });
  if (runMs === null || await hasRun(kv, schedule, runMs)) {
    await moveOn();
    return;
  }
  try {
    await createRun(deps, {
      entry,
      caller,
      plannedMs: runMs,
      after: ({ id }) => moved({ plannedMs: runMs, jobId: id }),
      more,
    });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (error.code === "IDEMPOTENCY_KEY_REUSED") {
      // The planned time has a job already.
      await moveOn();
      return;
    }
    // Limits of the account: later, there may be room.
    await commitSchedule(kv, entry, triedLater(schedule, error, nowMs));
  }
}

/** Whether a planned time has run, which it may have if the clock was set back since. */
async function hasRun(
  kv: Pick<Deno.Kv, "get">,
  { id, handled }: ScheduleRecord,
  plannedMs: number,
): Promise<boolean> {
  return isHandled(handled, plannedMs) ||
    (await plannedRunVersion(kv, id, plannedMs)).versionstamp !== null;
}
