/**
 * What people do with schedules: the API and the pages do it by these functions.
 *
 * @module
 */

import type { Context } from "hono";
import { accountOf } from "../../data/access/account.ts";
import type { Caller } from "../../data/access/caller.ts";
import { AppError } from "../../data/app_error.ts";
import { SCHEDULES_PER_OWNER_MAX } from "../../data/limits.ts";
import type { Log } from "../../data/log.ts";
import type { JobRecord, Jobs } from "../../jobs/engine/jobs.ts";
import type { ChangedSchedule, Scheduler } from "../../jobs/schedules/schedule_contract.ts";
import { countSchedules } from "../../kv/schedules/lists.ts";
import {
  commitSchedule,
  deleteSchedule,
  type ScheduleEntry,
  type ScheduleRecord,
  stageNewSchedule,
} from "../../kv/schedules/schedules.ts";
import { noteAuditChange, noteAuditSubject } from "../access/audited.ts";
import { invalidRequest } from "../http/problem.ts";
import { listSchedules } from "./list_schedules.ts";
import { type ParseDeps, parseSchedule } from "./parse_schedule.ts";
import type { ScheduleListQuery } from "./request_schemas.ts";
import { scheduleBodyOf } from "./schedule_body.ts";
import type { Schedule, ScheduleList } from "./schemas.ts";
import { findSchedule, unknownSchedule } from "./visible_schedule.ts";

/** How many runs to come a schedule shows. */
const NEXT_RUNS = 5;
/** The largest record of a schedule, as JSON; a value of the database has 65,536 bytes. */
const RECORD_MAX_BYTES = 62_000;

/** What acting on schedules needs. */
export interface ScheduleDeps extends ParseDeps {
  /** The database. */
  readonly kv: ParseDeps["kv"] & Pick<Deno.Kv, "get" | "getMany" | "list" | "atomic">;
  /** The jobs. */
  readonly jobs: Pick<Jobs, "get">;
  /** The work on schedules. */
  readonly scheduler: Scheduler;
  /** Returns a new UUID. */
  readonly newId: () => string;
  /** The log. */
  readonly log: Log;
}

/** A page of the schedules that a caller sees. */
export async function schedulesOf(
  c: Context,
  { kv, scheduler }: ScheduleDeps,
  query: ScheduleListQuery,
): Promise<ScheduleList> {
  const { found, next } = await listSchedules(kv, c.get("caller"), query);
  return { schedules: await Promise.all(found.map((one) => shown(scheduler, one))), next };
}

/** A schedule that the caller sees. @throws {AppError} SCHEDULE_NOT_FOUND. */
export async function getSchedule(c: Context, deps: ScheduleDeps, id: string): Promise<Schedule> {
  const { value } = await foundSchedule(c, deps, id);
  return await shown(deps.scheduler, value);
}

/** Makes a schedule from the body of a request. */
export async function createSchedule(
  c: Context,
  deps: ScheduleDeps,
  body: unknown,
): Promise<Schedule> {
  const schedule = await makeSchedule(c, deps, body);
  noteAuditSubject(c, "schedule", schedule.id);
  const made = await shown(deps.scheduler, schedule);
  noteAuditChange(c, null, auditedFields(made));
  deps.log("info", "schedule made", { scheduleId: schedule.id });
  return made;
}

/** Replaces a schedule. */
export async function changeSchedule(
  c: Context,
  deps: ScheduleDeps,
  { id, body }: { id: string; body: unknown },
): Promise<Schedule> {
  const { before, after } = await replaceSchedule(c, deps, { id, body });
  const changed = await shown(deps.scheduler, after);
  noteAuditChange(c, auditedFields(await shown(deps.scheduler, before)), auditedFields(changed));
  return changed;
}

/** Deletes a schedule. */
export async function removeSchedule(c: Context, deps: ScheduleDeps, id: string): Promise<void> {
  while (!await deleteSchedule(deps.kv, await foundSchedule(c, deps, id)));
  deps.log("info", "schedule deleted", { scheduleId: id });
}

/** Pauses a schedule. Does nothing if it is paused. */
export async function pauseSchedule(
  c: Context,
  deps: ScheduleDeps,
  id: string,
): Promise<Schedule> {
  const { scheduler, now } = deps;
  return await changed(c, deps, {
    id,
    change: (schedule) => ({ schedule: scheduler.paused(schedule, now()) }),
  });
}

/** Resumes a schedule whose owner may still export. Does nothing if it is active. */
export async function resumeSchedule(
  c: Context,
  deps: ScheduleDeps,
  id: string,
): Promise<Schedule> {
  const { scheduler, now } = deps;
  await requireOwner(deps, (await foundSchedule(c, deps, id)).value);
  return await changed(c, deps, {
    id,
    change: (schedule) =>
      schedule.state === "active" ? { schedule } : scheduler.resumed(schedule, now()),
  });
}

/** Runs a schedule now: its job. A request that is sent again with its key gets the same one. */
export async function runSchedule(
  c: Context,
  deps: ScheduleDeps,
  { id, slot }: { id: string; slot: SlotOfRun },
): Promise<{ schedule: ScheduleRecord; job: JobRecord }> {
  for (;;) {
    const entry = await foundSchedule(c, deps, id);
    const caller = await requireOwner(deps, entry.value);
    const job = await deps.scheduler.runNow({ entry, caller, slot });
    if (job !== null) return { schedule: entry.value, job };
  }
}

/** The idempotency slot of a run. */
export type SlotOfRun = Parameters<Scheduler["runNow"]>[0]["slot"];

/** A schedule that the caller sees. @throws {AppError} SCHEDULE_NOT_FOUND. */
export async function foundSchedule(
  c: Context,
  { kv }: Pick<ScheduleDeps, "kv">,
  id: string,
): Promise<ScheduleEntry> {
  const entry = await findSchedule(kv, c.get("caller"), id);
  if (entry === null) throw unknownSchedule(id);
  return entry;
}

async function shown(scheduler: Scheduler, schedule: ScheduleRecord): Promise<Schedule> {
  const { reason } = await scheduler.findOwner(schedule);
  const nextRuns = scheduler.nextRuns(schedule, NEXT_RUNS);
  return scheduleBodyOf(schedule, { nextRuns, stopReason: reason });
}

/** What the audit trail records of a schedule: what people set, and nothing that passes. */
function auditedFields(
  { next_runs: _, last_run: __, problem: ___, updated_at: ____, created_at: _____, ...set }:
    Schedule,
): Record<string, unknown> {
  return set;
}

async function makeSchedule(
  c: Context,
  deps: ScheduleDeps,
  body: unknown,
): Promise<ScheduleRecord> {
  const { kv, now, newId } = deps;
  const caller = c.get("caller");
  const createdMs = now();
  const asked = await parseSchedule(deps, body, { caller, createdMs });
  const { meter, device, store } = caller.patterns;
  const record = requireShort(deps.scheduler.armed(
    {
      v: 1,
      id: newId(),
      ...asked,
      owner: caller.owner,
      account: accountOf(caller),
      patterns: {
        meter: meter && [...meter],
        device: device && [...device],
        store: store && [...store],
      },
      state: "active",
      stopReason: null,
      problem: null,
      createdMs,
      updatedMs: createdMs,
      nextMs: null,
      dueMs: null,
      previousMs: null,
      handled: [],
      lastRun: null,
      runCount: 0,
    },
    createdMs,
  ));
  for (;;) {
    const { count, version } = await countSchedules(kv, caller.owner);
    if (count >= SCHEDULES_PER_OWNER_MAX) {
      throw new AppError(
        "TOO_MANY_SCHEDULES",
        `You can have at most ${SCHEDULES_PER_OWNER_MAX} schedules; delete some`,
      );
    }
    const op = kv.atomic().check(version);
    stageNewSchedule(op, record);
    if ((await op.commit()).ok) return record;
  }
}

async function replaceSchedule(
  c: Context,
  deps: ScheduleDeps,
  { id, body }: { id: string; body: unknown },
): Promise<{ before: ScheduleRecord; after: ScheduleRecord }> {
  for (;;) {
    const entry = await foundSchedule(c, deps, id);
    const before = entry.value;
    const caller = c.get("caller");
    const asked = await parseSchedule(deps, body, { caller, createdMs: before.createdMs });
    const next = { ...before, ...asked, updatedMs: deps.now(), problem: null };
    const after = requireShort(replanned(deps, before, next));
    const owner = await deps.scheduler.findOwner(after);
    // Whoever manages schedules of others cannot give them more than their owners may have.
    if (owner.reason !== null && caller.owner !== before.owner) {
      throw new AppError("SCHEDULE_STOPPED", owner.reason);
    }
    if (await commitSchedule(deps.kv, entry, after)) return { before, after };
  }
}

/** A changed schedule: its next run stays if its times do. */
function replanned(
  { scheduler, now }: ScheduleDeps,
  before: ScheduleRecord,
  next: ScheduleRecord,
): ScheduleRecord {
  const isSame = JSON.stringify(before.timing) === JSON.stringify(next.timing);
  if (before.state !== "active") {
    const { held: _, ...withoutHeld } = next;
    return isSame ? next : withoutHeld;
  }
  if (!isSame || before.nextMs === null) return scheduler.armed(next, now());
  // Times are whole milliseconds, so the first one after this is the same run.
  return { ...scheduler.armed(next, before.nextMs - 1), previousMs: before.previousMs };
}

function requireShort(record: ScheduleRecord): ScheduleRecord {
  const sizeBytes = JSON.stringify(record).length;
  if (sizeBytes <= RECORD_MAX_BYTES) return record;
  const detail =
    `The schedule must be at most ${RECORD_MAX_BYTES} bytes as it is stored, where it ` +
    `has ${sizeBytes}: name fewer sources or columns in one request`;
  throw invalidRequest([{ pointer: "", detail }]);
}

async function changed(
  c: Context,
  deps: ScheduleDeps,
  { id, change }: { id: string; change: (schedule: ScheduleRecord) => ChangedSchedule },
): Promise<Schedule> {
  for (;;) {
    const entry = await foundSchedule(c, deps, id);
    const { schedule: next, more } = change(entry.value);
    if (next === entry.value) return await shown(deps.scheduler, next);
    if (await commitSchedule(deps.kv, entry, next, more)) {
      noteAuditChange(c, { state: entry.value.state }, { state: next.state });
      return await shown(deps.scheduler, next);
    }
  }
}

async function requireOwner(
  { scheduler }: ScheduleDeps,
  schedule: ScheduleRecord,
): Promise<Caller> {
  const { caller, reason } = await scheduler.findOwner(schedule);
  if (caller === null) throw new AppError("SCHEDULE_STOPPED", reason);
  return caller;
}
