/**
 * What routes and jobs share about schedules: what a run asks for, what its job stores about the run that
 * it is, and the port to the work on schedules.
 *
 * @module
 */

import { z } from "zod";
import type { Caller } from "../../data/access/caller.ts";
import type { Span } from "../../data/readings/page.ts";
import { reportRangeSpan } from "../../data/stores/report_range.ts";
import { periodSpan } from "../../data/time/period.ts";
import type { Staging } from "../../kv/budget.ts";
import type { ScheduleEntry, ScheduleRecord } from "../../kv/schedules/schedules.ts";
import type { JobRecord } from "../engine/jobs.ts";
import type { Json } from "../engine/transitions.ts";
import { EXPORT, exportParamsOf, exportSpecOf } from "../exports/export_contract.ts";
import { STORE_REPORT, storeReportParams } from "../stores/report_contract.ts";

/** The owner of a schedule, or why it may not run. */
export type FoundOwner =
  | { readonly caller: Caller; readonly reason: null }
  | { readonly caller: null; readonly reason: string };

/** The next record of a schedule. */
export interface ChangedSchedule {
  /** The record. */
  readonly schedule: ScheduleRecord;
  /** What else belongs to the commit. */
  readonly more?: (op: Staging) => void;
}

/** A run to come. Times are epoch milliseconds. */
export interface NextRun {
  /** The planned time. */
  readonly plannedMs: number;
  /** When it runs: later with a delay. */
  readonly runsMs: number;
  /** What it would cover; null for a report on the last hour, day and week. */
  readonly range: Span | null;
}

/** The work on schedules, as routes use it. */
export interface Scheduler {
  /** Finds the owner of a schedule, with the rights of now. */
  findOwner(schedule: ScheduleRecord): Promise<FoundOwner>;
  /** The next runs of a schedule, at most `count`; none unless it is active. */
  nextRuns(schedule: ScheduleRecord, count: number): readonly NextRun[];
  /** The schedule, active, with the first planned time after `afterMs` as its next run. */
  armed(schedule: ScheduleRecord, afterMs: number): ScheduleRecord;
  /** The schedule, paused at `nowMs`. */
  paused(schedule: ScheduleRecord, nowMs: number): ScheduleRecord;
  /** The schedule, active again at `nowMs`, and what else belongs to the commit. */
  resumed(schedule: ScheduleRecord, nowMs: number): ChangedSchedule;
  /**
   * Creates a run whose planned time is now. Null if the schedule has changed meanwhile.
   *
   * @throws {AppError} JOBS_LIMITED or QUOTA_EXCEEDED if the account has reached a limit;
   * IDEMPOTENCY_KEY_REUSED for a slot of another request.
   */
  runNow(
    run: { entry: ScheduleEntry; caller: Caller; slot: string | null },
  ): Promise<JobRecord | null>;
}

/** A request for a job. */
export interface PlannedRequest {
  /** The kind of the job. */
  readonly kind: string;
  /** Its parameters. */
  readonly params: Json;
  /** What it covers; null for a report on the last hour, day and week. */
  readonly range: Span | null;
}

/** What the stored request asks for at a planned time. */
export function requestAt(
  { request, timing }: Pick<ScheduleRecord, "request" | "timing">,
  plannedMs: number,
): PlannedRequest {
  if (request.kind === "export") {
    const spec = exportSpecOf(request.params);
    if (spec.period === null) throw new TypeError("Cannot plan an export that names two times");
    const range = periodSpan(spec.period, spec.zone, plannedMs);
    return { kind: EXPORT, params: exportParamsOf({ ...spec, ...range }), range };
  }
  const params = storeReportParams.parse(request.params);
  const { range } = params;
  const planned = range === undefined
    ? { ...params, asOfMs: plannedMs }
    : { ...params, atMs: plannedMs };
  return {
    kind: STORE_REPORT,
    params: { ...planned },
    range: range === undefined
      ? null
      : reportRangeSpan(range, range.zone ?? timing.zone, plannedMs),
  };
}

/** What a request names: meters, devices or stores. A report on all stores names none. */
export function sourcesOf(
  request: ScheduleRecord["request"],
): { kind: "meter" | "device" | "store"; ids: readonly string[] } {
  if (request.kind === "report") {
    return { kind: "store", ids: storeReportParams.parse(request.params).storeIds ?? [] };
  }
  const { sourceKind, ids } = exportSpecOf(request.params);
  return { kind: sourceKind, ids };
}

const paramsSchema = z.object({
  schedule: z.object({
    id: z.string(),
    plannedMs: z.number(),
    waitsFor: z.object({ least: z.number(), untilMs: z.number() }).optional(),
  }).optional(),
});

const resultSchema = z.object({ completeness: z.number().nullable().optional() }).nullable();

/** A run, from the record of its job. */
export interface ScheduledRun {
  /** The schedule; null if the job is no run. */
  readonly scheduleId: string | null;
  /** The planned time, epoch milliseconds; null if the job is no run. */
  readonly plannedMs: number | null;
  /** The share of the expected readings for which it waits, and until when; null if it does not. */
  readonly waitsFor: { readonly least: number; readonly untilMs: number } | null;
  /** The share that was there when it ran; null before. */
  readonly reached: number | null;
}

/** The run that a job is, from its stored parameters and result. */
export function scheduledRunOf(params: unknown, result: unknown = null): ScheduledRun {
  const schedule = paramsSchema.safeParse(params).data?.schedule;
  return {
    scheduleId: schedule?.id ?? null,
    plannedMs: schedule?.plannedMs ?? null,
    waitsFor: schedule?.waitsFor ?? null,
    reached: resultSchema.safeParse(result).data?.completeness ?? null,
  };
}
