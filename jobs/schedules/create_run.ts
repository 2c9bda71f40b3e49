/**
 * Creating the job of a run. Its slot is the schedule and the planned time, so there is one job, however
 * often this is tried.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import type { Staging } from "../../kv/budget.ts";
import { oldRunKeys, plannedRunVersion, stageRun } from "../../kv/schedules/runs.ts";
import {
  type ScheduleEntry,
  type ScheduleRecord,
  stageSchedule,
} from "../../kv/schedules/schedules.ts";
import type { JobRecord, Jobs } from "../engine/jobs.ts";
import { delayMsOf, lengthMs } from "./next_run.ts";
import { requestAt, scheduledRunOf } from "./schedule_contract.ts";
import { requestFor } from "./schedule_request.ts";

/** Slots of requests are ASCII (`routes/http/idempotency_key.ts`), so no request has one of these. */
const SLOT = "§schedule";

/** What the creation of a run needs. */
export interface CreateRunDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list">;
  /** The jobs. */
  readonly jobs: Pick<Jobs, "createWith">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** A run to create. */
export interface NewRun {
  /** The schedule as it was read. */
  readonly entry: ScheduleEntry;
  /** Its owner. */
  readonly caller: Caller;
  /** The planned time, epoch milliseconds; when it was asked for if somebody asked for it. */
  readonly plannedMs: number;
  /** The slot of a run that somebody asked for; null for one without. Absent for a planned run. */
  readonly askedSlot?: string | null;
  /** The schedule after the run. */
  readonly after: (job: JobRecord) => ScheduleRecord;
  /** What else belongs to the commit. */
  readonly more?: (op: Staging) => void;
}

/**
 * Creates the job of a run together with the next record of its schedule. Null if the schedule has
 * changed meanwhile.
 *
 * @throws {AppError} JOBS_LIMITED or QUOTA_EXCEEDED if the account has reached a limit;
 * IDEMPOTENCY_KEY_REUSED for a slot of another request.
 */
export async function createRun(
  { kv, jobs, now }: CreateRunDeps,
  { entry, caller, plannedMs, askedSlot, after, more }: NewRun,
): Promise<JobRecord | null> {
  const schedule = entry.value;
  const isPlanned = askedSlot === undefined;
  const planned = requestFor(requestAt(schedule, plannedMs), caller);
  const old = await oldRunKeys(kv, schedule);
  const ran = isPlanned ? [await plannedRunVersion(kv, schedule.id, plannedMs)] : [];
  const params = {
    // The parameters of a kind are an object.
    ...planned.params as Record<string, JobRecord["params"]>,
    schedule: runOf(schedule, plannedMs, isPlanned),
  };
  return await jobs.createWith({
    kind: planned.kind,
    params,
    targets: { ...schedule.targets, origin: { kind: "schedule", id: schedule.id } },
    owner: schedule.owner,
    account: schedule.account,
    limits: caller.limits,
    slot: isPlanned ? slotOf(schedule.id, plannedMs) : askedSlot,
    isSame: (stored) => isPlanned || scheduledRunOf(stored).scheduleId === schedule.id,
  }, (job, isEarlier) => {
    // The same request again: its run was stored with the job.
    if (isEarlier && !isPlanned) return null;
    return {
      checks: [entry, ...ran],
      stage(op) {
        const next = after(job);
        stageSchedule(op, entry, { ...next, runCount: next.runCount + 1 });
        stageRun(op, {
          scheduleId: schedule.id,
          plannedMs,
          run: {
            v: 1,
            kind: isPlanned ? "planned" : "asked",
            createdMs: now(),
            jobId: job.id,
            range: planned.range === null ? null : { ...planned.range },
            missed: null,
          },
        });
        for (const key of old) op.delete(key);
        more?.(op);
      },
    };
  });
}

/** The slot of a planned run. */
export function slotOf(scheduleId: string, plannedMs: number): string {
  return `${SLOT} ${scheduleId} ${plannedMs}`;
}

function runOf(
  schedule: ScheduleRecord,
  plannedMs: number,
  isPlanned: boolean,
): { id: string; plannedMs: number; waitsFor?: { least: number; untilMs: number } } {
  const { id, completeness } = schedule;
  // Whoever asks for a run wants it now.
  if (completeness === null || !isPlanned) return { id, plannedMs };
  const untilMs = plannedMs + delayMsOf(schedule) + lengthMs(completeness.deadline);
  return { id, plannedMs, waitsFor: { least: completeness.least, untilMs } };
}
