/**
 * The bodies of schedules and of their runs.
 *
 * @module
 */

import type { Span } from "../../data/readings/page.ts";
import { instantText } from "../../data/time/time_text.ts";
import type { JobRecord } from "../../jobs/engine/jobs.ts";
import { exportSpecOf } from "../../jobs/exports/export_contract.ts";
import { type NextRun, scheduledRunOf } from "../../jobs/schedules/schedule_contract.ts";
import { storeReportParams } from "../../jobs/stores/report_contract.ts";
import type { RunEntry } from "../../kv/schedules/runs.ts";
import type { ScheduleRecord } from "../../kv/schedules/schedules.ts";
import { requestOf } from "../exports/export_body.ts";
import { currentState } from "../jobs/job_state.ts";
import { targetsBody } from "../notify/targets.ts";
import { requestBody } from "../stores/report_request.ts";
import type { Schedule, ScheduleRun } from "./schemas.ts";

/**
 * A schedule as its resource shows it. `stopReason` says why it may not run now, also if no run was due
 * since; null if it may.
 */
export function scheduleBodyOf(
  schedule: ScheduleRecord,
  { nextRuns, stopReason }: { nextRuns: readonly NextRun[]; stopReason: string | null },
): Schedule {
  const { id, name, timing, targets, catchUp, delay, completeness, lastRun, owner } = schedule;
  const isStopped = schedule.state === "stopped" ||
    (schedule.state === "active" && stopReason !== null);
  return {
    id,
    name,
    ...("cron" in timing
      ? { cron: timing.cron }
      : { every: timing.every, start: instantText(timing.anchorMs) }),
    timezone: timing.zone,
    request: requestBodyOf(schedule),
    ...targetsBody(targets),
    catch_up: catchUp,
    delay,
    require_completeness: completeness?.least ?? null,
    completeness_deadline: completeness?.deadline ?? null,
    state: isStopped ? "stopped" : schedule.state,
    stop_reason: isStopped ? schedule.stopReason ?? stopReason : null,
    problem: schedule.problem === null ? null : {
      at: instantText(schedule.problem.atMs),
      code: schedule.problem.code,
      message: schedule.problem.message,
    },
    owner,
    created_at: instantText(schedule.createdMs),
    updated_at: instantText(schedule.updatedMs),
    last_run: lastRun === null
      ? null
      : { planned_at: instantText(lastRun.plannedMs), job_id: lastRun.jobId },
    next_runs: isStopped ? [] : nextRuns.map(({ plannedMs, runsMs, range }) => ({
      planned_at: instantText(plannedMs),
      runs_at: instantText(runsMs),
      range: rangeBody(range),
    })),
  };
}

function requestBodyOf({ request }: ScheduleRecord): Schedule["request"] {
  if (request.kind === "export") {
    const spec = exportSpecOf(request.params);
    const { start_datetime: _, end_datetime: __, ...body } = requestOf(spec);
    return { kind: "export", ...body, period: spec.period ?? "yesterday", timezone: spec.zone };
  }
  const { as_of: _, from: __, to: ___, ...body } = requestBody(
    storeReportParams.parse(request.params),
  );
  return { kind: "report", ...body };
}

function rangeBody(range: Span | null): ScheduleRun["range"] {
  return range === null
    ? null
    : { start: instantText(range.fromMs), end: instantText(range.toMs - 1) };
}

/** A run as a list shows it; `job` is null if it is gone. */
export function runBodyOf(
  { plannedMs, value }: Pick<RunEntry, "plannedMs" | "value">,
  job: JobRecord | null,
  { request, nowMs }: Pick<ScheduleRecord, "request"> & { nowMs: number },
): ScheduleRun {
  const { kind, jobId, missed } = value;
  return {
    planned_at: instantText(plannedMs),
    trigger: kind === "asked" ? "request" : "schedule",
    status: statusOf(value.kind, job, nowMs),
    job_id: jobId,
    job_url: jobId === null || job === null ? null : jobPath(job.kind, jobId, request.kind),
    created_at: instantText(value.createdMs),
    ended_at: job === null || job.endedMs === null ? null : instantText(job.endedMs),
    range: rangeBody(value.range),
    missed: missed === null ? null : {
      last: instantText(missed.lastMs),
      count: missed.count,
      is_more: missed.isMore,
    },
    completeness: job === null ? null : completenessOf(job),
    error: job === null || job.error === null
      ? null
      : { code: job.error.code, message: job.error.message },
  };
}

function statusOf(
  kind: RunEntry["value"]["kind"],
  job: JobRecord | null,
  nowMs: number,
): ScheduleRun["status"] {
  if (kind === "missed") return "missed";
  return job === null ? "deleted" : currentState(job, nowMs);
}

/** Where the job of a run is read. */
export function jobPath(kind: string, id: string, asked: "export" | "report"): string {
  return kind === "store_report" || asked === "report"
    ? `/get_report/${id}/`
    : `/api/exports/${id}`;
}

function completenessOf({ params, result }: JobRecord): ScheduleRun["completeness"] {
  const { waitsFor, reached } = scheduledRunOf(params, result);
  if (waitsFor === null) return null;
  return {
    required: waitsFor.least,
    reached,
    is_met: reached === null ? null : reached >= waitsFor.least,
    waits_until: instantText(waitsFor.untilMs),
  };
}
