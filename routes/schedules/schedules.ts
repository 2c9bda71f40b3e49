/**
 * Schedules over HTTP: make, list, read, replace and delete them, run one now, pause and resume it, and
 * list its runs.
 *
 * @module
 */

import type { Context } from "hono";
import type { JobRecord } from "../../jobs/engine/jobs.ts";
import { listRuns, type RunRecord } from "../../kv/schedules/runs.ts";
import type { ScheduleRecord } from "../../kv/schedules/schedules.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { readIdempotencyKey } from "../http/idempotency_key.ts";
import { parameterErrors, readJson } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import { RUN_CURSOR, runListQuery, scheduleListQuery } from "./request_schemas.ts";
import {
  changeSchedule,
  createSchedule,
  foundSchedule,
  getSchedule,
  pauseSchedule,
  removeSchedule,
  resumeSchedule,
  runSchedule,
  type ScheduleDeps,
  schedulesOf,
} from "./schedule_actions.ts";
import { jobPath, runBodyOf } from "./schedule_body.ts";
import type { ScheduleRun, ScheduleRunList } from "./schemas.ts";

/** The largest body of a schedule, bytes: that of an export and the rest. */
const BODY_MAX_BYTES = 65_536;

/** The routes under `/api/schedules`. */
export function scheduleRoutes(deps: ScheduleDeps): GuardedRoutes {
  return guardedRoutes()
    .get("/api/schedules", async (c) => {
      const query = scheduleListQuery.safeParse(c.req.query());
      if (!query.success) throw invalidRequest(parameterErrors(query.error, c.req.query()));
      const { schedules, next } = await schedulesOf(c, deps, query.data);
      if (next !== null) c.header("link", `<${next}>; rel="next"`);
      c.header("cache-control", "no-store");
      return c.json({ schedules, next });
    })
    .post("/api/schedules", async (c) => {
      const body = await readJson(c.req.raw, BODY_MAX_BYTES);
      const made = await createSchedule(c, deps, body);
      c.header("location", `/api/schedules/${made.id}`);
      return c.json(made, 201);
    })
    .get("/api/schedules/:schedule_id", async (c) => {
      const body = await getSchedule(c, deps, c.req.param("schedule_id"));
      c.header("cache-control", "no-store");
      return c.json(body);
    })
    .put("/api/schedules/:schedule_id", async (c) => {
      const body = await readJson(c.req.raw, BODY_MAX_BYTES);
      return c.json(await changeSchedule(c, deps, { id: c.req.param("schedule_id"), body }));
    })
    .delete("/api/schedules/:schedule_id", async (c) => {
      await removeSchedule(c, deps, c.req.param("schedule_id"));
      return c.body(null, 204);
    })
    .post("/api/schedules/:schedule_id/run", async (c) => {
      const slot = readIdempotencyKey(c.req.header("idempotency-key"));
      const { schedule, job } = await runSchedule(c, deps, {
        id: c.req.param("schedule_id"),
        slot,
      });
      const run = await runOfJob(deps, schedule, job);
      c.header("location", jobPath(job.kind, job.id, schedule.request.kind));
      return c.json(run, 202);
    })
    .post("/api/schedules/:schedule_id/pause", async (c) => {
      return c.json(await pauseSchedule(c, deps, c.req.param("schedule_id")));
    })
    .post("/api/schedules/:schedule_id/resume", async (c) => {
      return c.json(await resumeSchedule(c, deps, c.req.param("schedule_id")));
    })
    .get("/api/schedules/:schedule_id/runs", async (c) => await answerRuns(c, deps));
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
  const id = c.req.param("schedule_id") ?? "";
  const { value: schedule } = await foundSchedule(c, deps, id);
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
