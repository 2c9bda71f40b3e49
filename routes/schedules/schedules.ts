/**
 * Schedules over HTTP: make, list, read, replace and delete them, run one now, pause and resume it, and
 * list its runs.
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
import { listRuns, type RunRecord } from "../../kv/schedules/runs.ts";
import {
  commitSchedule,
  deleteSchedule,
  type ScheduleEntry,
  type ScheduleRecord,
  stageNewSchedule,
} from "../../kv/schedules/schedules.ts";
import { noteAuditChange, noteAuditSubject } from "../access/audited.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { readIdempotencyKey } from "../http/idempotency_key.ts";
import { parameterErrors, readJson } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import { listSchedules } from "./list_schedules.ts";
import { type ParseDeps, parseSchedule } from "./parse_schedule.ts";
import { RUN_CURSOR, runListQuery, scheduleListQuery } from "./request_schemas.ts";
import { jobPath, runBodyOf, scheduleBodyOf } from "./schedule_body.ts";
import type { Schedule, ScheduleRun, ScheduleRunList } from "./schemas.ts";
import { findSchedule, unknownSchedule } from "./visible_schedule.ts";

/** How many runs to come a schedule shows. */
const NEXT_RUNS = 5;
/** The largest body of a schedule, bytes: that of an export and the rest. */
const BODY_MAX_BYTES = 65_536;
/** The largest record of a schedule, as JSON; a value of the database has 65,536 bytes. */
const RECORD_MAX_BYTES = 62_000;

/** What the routes need. */
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

/** The routes under `/api/schedules`. */
export function scheduleRoutes(deps: ScheduleDeps): GuardedRoutes {
  const { kv, now, log, scheduler } = deps;
  const bodyOf = (schedule: ScheduleRecord) => shown(scheduler, schedule);
  const pause = (schedule: ScheduleRecord) => ({ schedule: scheduler.paused(schedule, now()) });
  return guardedRoutes()
    .get("/api/schedules", async (c) => {
      const query = scheduleListQuery.safeParse(c.req.query());
      if (!query.success) throw invalidRequest(parameterErrors(query.error, c.req.query()));
      const { found, next } = await listSchedules(kv, c.get("caller"), query.data);
      if (next !== null) c.header("link", `<${next}>; rel="next"`);
      c.header("cache-control", "no-store");
      return c.json({ schedules: await Promise.all(found.map(bodyOf)), next });
    })
    .post("/api/schedules", async (c) => {
      const schedule = await makeSchedule(c, deps);
      noteAuditSubject(c, "schedule", schedule.id);
      const body = await bodyOf(schedule);
      noteAuditChange(c, null, auditedFields(body));
      log("info", "schedule made", { scheduleId: schedule.id });
      c.header("location", `/api/schedules/${schedule.id}`);
      return c.json(body, 201);
    })
    .get("/api/schedules/:schedule_id", async (c) => {
      const { value } = await found(c, deps);
      c.header("cache-control", "no-store");
      return c.json(await bodyOf(value));
    })
    .put("/api/schedules/:schedule_id", async (c) => {
      const { before, after } = await replaceSchedule(c, deps);
      const body = await bodyOf(after);
      noteAuditChange(c, auditedFields(await bodyOf(before)), auditedFields(body));
      return c.json(body);
    })
    .delete("/api/schedules/:schedule_id", async (c) => {
      for (;;) {
        const entry = await found(c, deps);
        if (!await deleteSchedule(kv, entry)) continue;
        log("info", "schedule deleted", { scheduleId: entry.value.id });
        return c.body(null, 204);
      }
    })
    .post("/api/schedules/:schedule_id/run", async (c) => await runNow(c, deps))
    .post("/api/schedules/:schedule_id/pause", async (c) => {
      return c.json(await bodyOf(await changed(c, deps, pause)));
    })
    .post("/api/schedules/:schedule_id/resume", async (c) => {
      const { value } = await found(c, deps);
      await requireOwner(deps, value);
      const resume = (schedule: ScheduleRecord) =>
        schedule.state === "active" ? { schedule } : scheduler.resumed(schedule, now());
      return c.json(await bodyOf(await changed(c, deps, resume)));
    })
    .get("/api/schedules/:schedule_id/runs", async (c) => await answerRuns(c, deps));
}

async function found(c: Context, { kv }: ScheduleDeps): Promise<ScheduleEntry> {
  const id = c.req.param("schedule_id") ?? "";
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
): Promise<ScheduleRecord> {
  const { kv, now, newId } = deps;
  const caller = c.get("caller");
  const body = await readJson(c.req.raw, BODY_MAX_BYTES);
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
): Promise<{ before: ScheduleRecord; after: ScheduleRecord }> {
  const body = await readJson(c.req.raw, BODY_MAX_BYTES);
  for (;;) {
    const entry = await found(c, deps);
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
  change: (schedule: ScheduleRecord) => ChangedSchedule,
): Promise<ScheduleRecord> {
  for (;;) {
    const entry = await found(c, deps);
    const { schedule: next, more } = change(entry.value);
    if (next === entry.value) return next;
    if (await commitSchedule(deps.kv, entry, next, more)) {
      noteAuditChange(c, { state: entry.value.state }, { state: next.state });
      return next;
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

async function runNow(c: Context, deps: ScheduleDeps): Promise<Response> {
  const slot = readIdempotencyKey(c.req.header("idempotency-key"));
  for (;;) {
    const entry = await found(c, deps);
    const schedule = entry.value;
    const caller = await requireOwner(deps, schedule);
    const job = await deps.scheduler.runNow({ entry, caller, slot });
    if (job === null) continue;
    const run = await runOfJob(deps, schedule, job);
    c.header("location", jobPath(job.kind, job.id, schedule.request.kind));
    return c.json(run, 202);
  }
}

/** The run of a job, which an earlier request with the same key may have created. */
async function runOfJob(
  { kv, now }: ScheduleDeps,
  schedule: ScheduleRecord,
  job: JobRecord,
): Promise<ScheduleRun> {
  const runs = await listRuns(kv, schedule.id, { limit: 100 });
  const run = runs.findLast(({ value }) => value.jobId === job.id);
  const value: RunRecord = run?.value ??
    { v: 1, kind: "asked", createdMs: job.createdMs, jobId: job.id, range: null, missed: null };
  const plannedMs = run?.plannedMs ?? job.createdMs;
  return runBodyOf({ plannedMs, value }, job, { ...schedule, nowMs: now() });
}

async function answerRuns(c: Context, deps: ScheduleDeps): Promise<Response> {
  const query = runListQuery.safeParse(c.req.query());
  if (!query.success) throw invalidRequest(parameterErrors(query.error, c.req.query()));
  const { value: schedule } = await found(c, deps);
  const { limit, cursor } = query.data;
  const [, plannedMs, part] = RUN_CURSOR.exec(cursor ?? "") ?? [];
  const before = plannedMs === undefined ? {} : { before: { plannedMs: Number(plannedMs), part } };
  const entries = await listRuns(deps.kv, schedule.id, { limit: limit + 1, ...before });
  const page = entries.slice(0, limit);
  const runs = await Promise.all(page.map(async (entry) => {
    const { jobId } = entry.value;
    const job = jobId === null ? null : await deps.jobs.get(jobId);
    return runBodyOf(entry, job, { ...schedule, nowMs: deps.now() });
  }));
  const last = entries.length > limit ? page.at(-1) : undefined;
  const next = last === undefined
    ? null
    : `/api/schedules/${schedule.id}/runs?limit=${limit}&cursor=${last.plannedMs}_${last.part}`;
  if (next !== null) c.header("link", `<${next}>; rel="next"`);
  c.header("cache-control", "no-store");
  return c.json({ runs, next } satisfies ScheduleRunList);
}
