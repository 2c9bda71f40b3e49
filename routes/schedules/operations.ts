/**
 * The operations under `/api/schedules`, for the OpenAPI document.
 *
 * @module
 */

import { z } from "zod";
import { idempotencyKeyHeader } from "../jobs/request_headers.ts";
import type { Operation, Parameter } from "../openapi/operation.ts";
import type { AnsweredCode } from "../openapi/problem_schema.ts";
import { runListQuery, scheduleBody, scheduleListQuery } from "./request_schemas.ts";
import { scheduleList, scheduleRun, scheduleRunList, scheduleSchema } from "./schemas.ts";

/** The id in the examples. */
const EXAMPLE_SCHEDULE = "7c0b2d6e-1a53-4f0b-9a55-0c2f7d1e8b34";

const EXAMPLES = {
  monthly: {
    summary: "The last month of a meter, on the first day of each month at six in Berlin",
    value: {
      name: "Monthly bill",
      cron: "0 6 1 * *",
      timezone: "Europe/Berlin",
      request: { smart_meter_id: "123", period: "last_month", interval: "15m", csv: "excel-de" },
      catch_up: "last",
    },
  },
  complete: {
    summary: "Yesterday, two hours after midnight, once 98 % of the readings are there",
    value: {
      name: "Yesterday",
      every: "P1D",
      timezone: "America/New_York",
      request: { smart_meter_id: "123", period: "yesterday" },
      delay: "PT2H",
      require_completeness: 0.98,
      completeness_deadline: "PT12H",
    },
  },
  report: {
    summary: "A report on all stores every Monday",
    value: {
      name: "Uptime of the week",
      cron: "0 7 * * MON",
      request: { kind: "report", period: "last_7_days", bucket: "day", format: "xlsx" },
    },
  },
};

const BODY_PROBLEMS: readonly AnsweredCode[] = [
  "INVALID_REQUEST",
  "MALFORMED_BODY",
  "BODY_TOO_LARGE",
  "UNSUPPORTED_MEDIA_TYPE",
  "DELIVERY_NOT_CONFIGURED",
];

const scheduleId: Parameter = {
  in: "path",
  name: "schedule_id",
  description: "The id of the schedule, in upper or lower case.",
  schema: z.string().min(1),
  example: EXAMPLE_SCHEDULE,
};

function listParameters(
  { limit, cursor }: { limit: z.ZodType; cursor: z.ZodType },
  example: string,
): readonly Parameter[] {
  return [
    {
      in: "query",
      name: "limit",
      description: "How many a page has at most, 1 to 100; 20 by default.",
      schema: limit,
      example: 20,
    },
    {
      in: "query",
      name: "cursor",
      description: "Where to continue: take it from `next`.",
      schema: cursor,
      example,
    },
  ];
}

const schedule = [{ mediaType: "application/json", schema: scheduleSchema }];

const create: Operation = {
  method: "post",
  path: "/api/schedules",
  id: "createSchedule",
  tag: "Schedules",
  summary: "Make a schedule",
  description:
    "Makes a schedule that creates an export or a report again and again. The period of " +
    "the request counts from the planned time of each run on the clock of `timezone`. The answer " +
    "shows the next five runs and the range that each would cover.\n\n" +
    "Each planned run creates one job, never two: over restarts, changes of the clock, and with " +
    "several instances. A schedule belongs to the key that made it. If that key is revoked or " +
    "expires, the schedule stops and says why.",
  body: [{ mediaType: "application/json", schema: scheduleBody, examples: EXAMPLES }],
  answers: [{
    status: 201,
    description: "The schedule.",
    headers: ["Location"],
    content: schedule,
    links: {
      runs: {
        operationId: "listScheduleRuns",
        parameters: { schedule_id: "$response.body#/id" },
        description: "List its runs.",
      },
    },
  }],
  problems: [...BODY_PROBLEMS, "TOO_MANY_SCHEDULES"],
};

const list: Operation = {
  method: "get",
  path: "/api/schedules",
  id: "listSchedules",
  tag: "Schedules",
  summary: "List schedules",
  description:
    "Lists your schedules, the earliest first; with the scope `manage` those of others " +
    "too. A page can have fewer than `limit` while `next` is not null.",
  parameters: [
    ...listParameters(scheduleListQuery.shape, `1768467600000_${EXAMPLE_SCHEDULE}`),
    {
      in: "query",
      name: "state",
      description: "Only schedules in this state.",
      schema: scheduleListQuery.shape.state,
      example: "active",
    },
  ],
  answers: [{
    status: 200,
    description: "A page of schedules.",
    headers: ["Cache-Control"],
    mayHave: ["Link"],
    content: [{ mediaType: "application/json", schema: scheduleList }],
  }],
  problems: ["INVALID_REQUEST"],
};

const read: Operation = {
  method: "get",
  path: "/api/schedules/{schedule_id}",
  id: "getSchedule",
  tag: "Schedules",
  summary: "Read a schedule",
  description: "What it requests, its state, its latest run, and its next five runs.",
  parameters: [scheduleId],
  answers: [{
    status: 200,
    description: "The schedule.",
    headers: ["Cache-Control"],
    content: schedule,
  }],
  problems: ["SCHEDULE_NOT_FOUND"],
};

const replace: Operation = {
  method: "put",
  path: "/api/schedules/{schedule_id}",
  id: "replaceSchedule",
  tag: "Schedules",
  summary: "Replace a schedule",
  description:
    "Replaces everything that the body of a schedule says. Its state, its runs and its " +
    "owner stay. If its times stay too, so does its next run.",
  parameters: [scheduleId],
  body: [{ mediaType: "application/json", schema: scheduleBody, examples: EXAMPLES }],
  answers: [{ status: 200, description: "The schedule.", content: schedule }],
  problems: [...BODY_PROBLEMS, "SCHEDULE_NOT_FOUND", "SCHEDULE_STOPPED"],
};

const remove: Operation = {
  method: "delete",
  path: "/api/schedules/{schedule_id}",
  id: "deleteSchedule",
  tag: "Schedules",
  summary: "Delete a schedule",
  description: "Deletes a schedule and the list of its runs. Their jobs and files stay.",
  parameters: [scheduleId],
  answers: [{ status: 204, description: "The schedule was deleted." }],
  problems: ["SCHEDULE_NOT_FOUND"],
};

const run: Operation = {
  method: "post",
  path: "/api/schedules/{schedule_id}/run",
  id: "runSchedule",
  tag: "Schedules",
  summary: "Run a schedule now",
  description: "Creates a run whose period counts from now, without a delay and without waiting " +
    "for late readings. Planned runs stay as they are. A paused schedule can run too.",
  parameters: [scheduleId, idempotencyKeyHeader("bill-again")],
  answers: [{
    status: 202,
    description: "The run, or that of an earlier request with the same key.",
    headers: ["Location"],
    content: [{ mediaType: "application/json", schema: scheduleRun }],
  }],
  problems: [
    "INVALID_REQUEST",
    "SCHEDULE_NOT_FOUND",
    "SCHEDULE_STOPPED",
    "IDEMPOTENCY_KEY_REUSED",
    "JOBS_LIMITED",
    "QUOTA_EXCEEDED",
  ],
};

const pause: Operation = {
  method: "post",
  path: "/api/schedules/{schedule_id}/pause",
  id: "pauseSchedule",
  tag: "Schedules",
  summary: "Pause a schedule",
  description: "It creates no runs until it is resumed. Jobs that it has created stay.",
  parameters: [scheduleId],
  answers: [{ status: 200, description: "The schedule, paused.", content: schedule }],
  problems: ["SCHEDULE_NOT_FOUND"],
};

const resume: Operation = {
  method: "post",
  path: "/api/schedules/{schedule_id}/resume",
  id: "resumeSchedule",
  tag: "Schedules",
  summary: "Resume a schedule",
  description:
    "It goes on with the next planned time. Runs that were planned meanwhile do not take " +
    "place. A schedule that was stopped can be resumed once its key may export again.",
  parameters: [scheduleId],
  answers: [{ status: 200, description: "The schedule, active.", content: schedule }],
  problems: ["SCHEDULE_NOT_FOUND", "SCHEDULE_STOPPED"],
};

const runs: Operation = {
  method: "get",
  path: "/api/schedules/{schedule_id}/runs",
  id: "listScheduleRuns",
  tag: "Schedules",
  summary: "List the runs of a schedule",
  description: "Lists the runs and the planned runs that were missed, the latest planned time " +
    "first. The last 500 are kept.",
  parameters: [
    scheduleId,
    ...listParameters(runListQuery.shape, "1769922000000_planned"),
  ],
  answers: [{
    status: 200,
    description: "A page of runs.",
    headers: ["Cache-Control"],
    mayHave: ["Link"],
    content: [{ mediaType: "application/json", schema: scheduleRunList }],
  }],
  problems: ["INVALID_REQUEST", "SCHEDULE_NOT_FOUND"],
};

/** All operations on schedules. */
export const scheduleOperations: readonly Operation[] = [
  create,
  list,
  read,
  replace,
  remove,
  run,
  pause,
  resume,
  runs,
];
