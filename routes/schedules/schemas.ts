/**
 * What the routes under `/api/schedules` answer.
 *
 * @module
 */

import { z } from "zod";
import { CATCH_UPS, MISSED_COUNTED_MAX } from "../../data/schedules/due_run.ts";
import { deliverBody, notifyBody } from "../notify/target_schemas.ts";
import { count, instant } from "../openapi/schema_parts.ts";
import { SCHEDULE_STATES, scheduledRequest } from "./request_schemas.ts";

const EXAMPLE_JOB = "4a9c7a4e-8f0e-4c57-9d3f-2b6f0c1d5e7a";
const EXAMPLE_SCHEDULE = "7c0b2d6e-1a53-4f0b-9a55-0c2f7d1e8b34";

const range = z.strictObject({
  start: instant("The first time.", "2026-01-31T23:00:00Z"),
  end: instant("The last time, inclusive.", "2026-02-28T22:59:59.999Z"),
}).nullable().meta({
  description: "What it covers. Null for a report without a period: the last hour, day and week.",
});

const jobId = z.string().meta({ description: "The id of the job.", examples: [EXAMPLE_JOB] });

const nextRun = z.strictObject({
  planned_at: instant("The planned time.", "2026-03-01T05:00:00Z"),
  runs_at: instant("When it runs: the planned time and the delay.", "2026-03-01T07:00:00Z"),
  range,
}).meta({ id: "NextRun", description: "A run to come, and the range that it covers." });

/** A schedule. */
export const scheduleSchema = z.strictObject({
  id: z.string().meta({ description: "Its id.", examples: [EXAMPLE_SCHEDULE] }),
  name: z.string().meta({ description: "What people call it.", examples: ["Monthly bill"] }),
  cron: z.string().optional().meta({
    description: "The cron expression, unless it has `every`.",
    examples: ["0 6 1 * *"],
  }),
  every: z.string().optional().meta({
    description: "The repeated duration, unless it has `cron`.",
    examples: ["P1D"],
  }),
  start: instant("The first run of `every`.", "2026-01-01T05:00:00Z").optional(),
  timezone: z.string().meta({
    description: "The zone whose clock counts.",
    examples: ["Europe/Berlin"],
  }),
  request: scheduledRequest,
  notify: notifyBody.optional(),
  deliver: deliverBody.optional(),
  catch_up: z.enum(CATCH_UPS).meta({
    description: "What happens to runs that were missed.",
    examples: ["last"],
  }),
  delay: z.string().nullable().meta({
    description: "How long after the planned time it runs, as a duration of ISO 8601.",
    examples: ["PT2H"],
  }),
  require_completeness: z.number().nullable().meta({
    description: "The share of the expected readings for which a run waits.",
    examples: [0.98],
  }),
  completeness_deadline: z.string().nullable().meta({
    description: "How long a run waits for them, as a duration of ISO 8601.",
    examples: ["PT12H"],
  }),
  state: z.enum(SCHEDULE_STATES).meta({
    description:
      "`active`; `paused` by a request; or `stopped` because the key that made it may not " +
      "export any more.",
    examples: ["active"],
  }),
  stop_reason: z.string().nullable().meta({
    description: "Why it is stopped.",
    examples: ["The key that made it was revoked"],
  }),
  problem: z.strictObject({
    at: instant("When.", "2026-02-01T05:00:00Z"),
    code: z.string().meta({ description: "The code.", examples: ["JOBS_LIMITED"] }),
    message: z.string().meta({ description: "A sentence.", examples: ["At most 5 jobs may wait"] }),
  }).nullable().meta({
    description: "Why the latest run could not be created yet. It is tried again every minute.",
  }),
  owner: z.string().meta({ description: "To whom it belongs.", examples: ["key:roofgateway"] }),
  created_at: instant("When it was made.", "2026-01-15T09:00:00Z"),
  updated_at: instant("When somebody last changed it.", "2026-01-15T09:00:00Z"),
  last_run: z.strictObject({
    planned_at: instant("Its planned time.", "2026-02-01T05:00:00Z"),
    job_id: jobId,
  }).nullable().meta({ description: "The latest run." }),
  next_runs: z.array(nextRun).meta({ description: "The next five runs." }),
}).meta({ description: "An export or a report that runs again and again." });

/** A schedule. */
export type Schedule = z.infer<typeof scheduleSchema>;

/** A page of schedules. */
export const scheduleList = z.strictObject({
  schedules: z.array(scheduleSchema).meta({ description: "The schedules, the earliest first." }),
  next: z.string().nullable().meta({
    description: "The path of the next page; null at the end.",
    format: "uri-reference",
    examples: [`/api/schedules?limit=20&cursor=1768467600000_${EXAMPLE_SCHEDULE}`],
  }),
}).meta({ description: "A page of schedules." });

/** A page of schedules. */
export type ScheduleList = z.infer<typeof scheduleList>;

const RUN_STATUSES = [
  "pending",
  "running",
  "completed",
  "failed",
  "cancelled",
  "expired",
  "deleted",
  "missed",
] as const;

/** A run of a schedule. */
export const scheduleRun = z.strictObject({
  planned_at: instant(
    "The planned time; when it was requested, if somebody did.",
    "2026-02-01T05:00:00Z",
  ),
  trigger: z.enum(["schedule", "request"]).meta({
    description: "Whether the schedule or somebody requested it.",
    examples: ["schedule"],
  }),
  status: z.enum(RUN_STATUSES).meta({
    description: "The status of its job; `deleted` if the job is gone, `missed` if it had none.",
    examples: ["completed"],
  }),
  job_id: jobId.nullable(),
  job_url: z.string().nullable().meta({
    description: "The path of the export or report.",
    format: "uri-reference",
    examples: [`/api/exports/${EXAMPLE_JOB}`],
  }),
  created_at: instant(
    "When its job was created, or that it was missed noticed.",
    "2026-02-01T05:00:00Z",
  ),
  ended_at: instant("When its job ended.", "2026-02-01T05:00:04Z").nullable(),
  range,
  missed: z.strictObject({
    last: instant("The planned time of the last one.", "2026-02-01T05:00:00Z"),
    count: count(`How many there were, counted as far as ${MISSED_COUNTED_MAX}.`, 3),
    is_more: z.boolean().meta({ description: "Whether there were more.", examples: [false] }),
  }).nullable().meta({
    description: "Planned runs that did not take place, from `planned_at` on.",
  }),
  completeness: z.strictObject({
    required: z.number().meta({ description: "The share that was required.", examples: [0.98] }),
    reached: z.number().nullable().meta({
      description: "The share that was there when it ran; null before.",
      examples: [0.995],
    }),
    is_met: z.boolean().nullable().meta({
      description: "Whether that was enough; null before it ran.",
      examples: [true],
    }),
    waits_until: instant("Until when it waits.", "2026-02-01T17:00:00Z"),
  }).nullable().meta({ description: "How complete its readings are; null if none was required." }),
  error: z.strictObject({
    code: z.string().meta({ description: "The code.", examples: ["SMART_METER_NOT_FOUND"] }),
    message: z.string().meta({
      description: "A sentence.",
      examples: ["Smart meter with ID '123' not found"],
    }),
  }).nullable().meta({ description: "Why its job failed." }),
}).meta({ description: "A run of a schedule, or planned runs that were missed." });

/** A run of a schedule. */
export type ScheduleRun = z.infer<typeof scheduleRun>;

/** A page of runs. */
export const scheduleRunList = z.strictObject({
  runs: z.array(scheduleRun).meta({
    description: "The runs, the latest planned time first; the last 500 are kept.",
  }),
  next: z.string().nullable().meta({
    description: "The path of the next page; null at the end.",
    format: "uri-reference",
    examples: [
      `/api/schedules/${EXAMPLE_SCHEDULE}/runs?limit=20&cursor=1769922000000_planned`,
    ],
  }),
}).meta({ description: "A page of runs." });

/** A page of runs. */
export type ScheduleRunList = z.infer<typeof scheduleRunList>;
