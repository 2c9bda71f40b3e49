/**
 * The body that makes a schedule, and the queries of its lists: the form of each field.
 * `parse_schedule.ts` checks the fields against each other.
 *
 * @module
 */

import { z } from "zod";
import { cronProblem } from "../../data/schedules/cron.ts";
import { CATCH_UPS, CAUGHT_UP_MAX } from "../../data/schedules/due_run.ts";
import { approximateMs, parseDuration } from "../../data/schedules/duration.ts";
import { DAY_MS, MINUTE_MS } from "../../data/limits.ts";
import { PERIODS } from "../../data/time/period.ts";
import { rangeStartMs } from "../../data/time/range_text.ts";
import { isTimeZone } from "../../data/time/zone.ts";
import { exportBody } from "../exports/request_schemas.ts";
import { targetFields } from "../notify/target_schemas.ts";
import { rangeTimeMeta, rangeTimeRule } from "../openapi/range_time.ts";
import { reportRequest } from "../stores/report_request_schemas.ts";

/** The longest name of a schedule, characters. */
const NAME_MAX = 100;
/** The longest cron expression, characters. */
const CRON_MAX = 200;
/** The longest delay and deadline, milliseconds: 31 days. */
const WAIT_MAX_MS: number = 31 * DAY_MS;
/** The longest repeated duration, milliseconds: ten years. */
const EVERY_MAX_MS: number = 3_653 * DAY_MS;

const NAME_RULE = `name must be a text of 1 to ${NAME_MAX} characters`;
const CRON_RULE = "cron must be five fields such as 0 6 1 * *";
const EVERY_RULE = "every must be a duration of ISO 8601 from 1 minute to 10 years, such as P1D";
const ZONE_RULE = "timezone must be an IANA time zone or an offset such as +05:30";
const CATCH_UP_RULE = "catch_up must be none, last or all";
const COMPLETENESS_RULE = "require_completeness must be a number above 0, at most 1";

const cron = z.string(CRON_RULE).max(CRON_MAX, `cron must be at most ${CRON_MAX} characters`)
  .superRefine((text, context) => {
    const problem = cronProblem(text);
    if (problem !== null) context.addIssue({ code: "custom", message: `cron ${problem}` });
  }).meta({
    description:
      "When to run: minute, hour, day of the month, month and day of the week, on the clock " +
      "of `timezone`. A time that the clock skips runs once, right after the gap; one that it shows " +
      "twice runs once. With `*` for the hours, runs follow elapsed time.",
    examples: ["0 6 1 * *"],
  });

function waitText(field: string, description: string, example: string) {
  const rule = `${field} must be a duration of ISO 8601 in days, hours, minutes and seconds, at ` +
    "most 31 days, such as PT2H";
  return z.string(rule).refine((text) => {
    const duration = parseDuration(text);
    return duration !== null && duration.months === 0 && approximateMs(duration) <= WAIT_MAX_MS;
  }, rule).meta({ description, examples: [example] });
}

/** The fields of a schedule besides its request. */
export const scheduleFields = {
  name: z.string(NAME_RULE).max(NAME_MAX, NAME_RULE).regex(/\S/, NAME_RULE)
    .meta({ description: "What people call it.", examples: ["Monthly bill"] }),
  cron: cron.optional(),
  every: z.string(EVERY_RULE).refine((text) => {
    const duration = parseDuration(text);
    const lengthMs = duration === null ? 0 : approximateMs(duration);
    return lengthMs >= MINUTE_MS && lengthMs <= EVERY_MAX_MS;
  }, EVERY_RULE).meta({
    description:
      "Instead of `cron`: a duration of ISO 8601 that is repeated from `start` on. Days, " +
      "weeks, months and years are those of `timezone`.",
    examples: ["P1D"],
  }).optional(),
  start: z.string(rangeTimeRule("start"))
    .refine((text) => (rangeStartMs(text) ?? -1) >= 0, rangeTimeRule("start"))
    .meta(rangeTimeMeta(
      "The first run of `every`, on the clock of `timezone` unless it has an offset. By default the " +
        "start of the day; of the week for weeks, of the year for months and years.",
      "2026-01-01T05:00:00Z",
    )).optional(),
  timezone: z.string(ZONE_RULE).refine((text) => text !== "" && isTimeZone(text), ZONE_RULE).meta({
    description: "The zone whose clock counts, for runs and for the period of the request. `UTC` " +
      "by default.",
    examples: ["Europe/Berlin"],
  }).optional(),
  ...targetFields,
  catch_up: z.enum(CATCH_UPS, CATCH_UP_RULE).meta({
    description:
      "What happens to planned runs that did not take place within five minutes, as no process " +
      `ran: \`none\` of them runs, the \`last\` one (default), or \`all\`, at most ${CAUGHT_UP_MAX}.`,
    examples: ["last"],
  }).optional(),
  delay: waitText("delay", "How long to wait after the planned time, for late readings.", "PT2H")
    .optional(),
  require_completeness: z.number(COMPLETENESS_RULE).gt(0, COMPLETENESS_RULE)
    .max(1, COMPLETENESS_RULE).meta({
      description:
        "An export waits until this share of the expected readings is there, at most until the " +
        "deadline. Then it runs, and its run says how complete it is.",
      examples: [0.98],
    }).optional(),
  completeness_deadline: waitText(
    "completeness_deadline",
    "How long after the planned time and the delay an incomplete export runs. `P1D` by default.",
    "PT12H",
  ).optional(),
};

const period = z.enum(PERIODS).meta({
  description: "The range: a period that counts from the planned time of the run.",
  examples: ["last_month"],
});

/** An export as a schedule requests it. */
export const scheduledExport = exportBody
  .omit({ start_datetime: true, end_datetime: true, period: true }).extend({
    kind: z.literal("export").optional().meta({ description: "`export` by default." }),
    period,
  }).meta({
    id: "ScheduledExport",
    description: "An export, as for `POST /api/exports`, with a period. Its zone is that of the " +
      "schedule unless it names one.",
  });

/** A report as a schedule requests it. */
export const scheduledReport = reportRequest
  .omit({ as_of: true, from: true, to: true }).extend({
    kind: z.literal("report").meta({ description: "A report on stores." }),
  }).meta({
    id: "ScheduledReport",
    description:
      "A report, as for `POST /trigger_report/`, with a period. Without one, it covers " +
      "the last hour, day and week before the planned time. Its zone is that of the schedule " +
      "unless it names one.",
  });

/** The request of a schedule. */
export const scheduledRequest = z.union([scheduledExport, scheduledReport]).meta({
  description: "What each run requests.",
});

/** The body that makes or replaces a schedule. */
export const scheduleBody = z.strictObject({ ...scheduleFields, request: scheduledRequest }, {
  error: (issue) => issue.code === "invalid_type" ? "The body must be a JSON object" : undefined,
}).meta({
  description: "When to run, what to request, and who hears of it. `name`, `request` and one of " +
    "`cron` and `every` are required.",
});

/** The body of a schedule. */
export type ScheduleBody = z.infer<typeof scheduleBody>;

/** The states of a schedule. */
export const SCHEDULE_STATES = ["active", "paused", "stopped"] as const;

/** A cursor of schedules: when the last one of a page was made, and its id. */
export const SCHEDULE_CURSOR: RegExp = /^(\d{1,15})_([0-9a-f-]{36})$/;
/** A cursor of runs: the planned time of the last one of a page, and what tells it from others. */
export const RUN_CURSOR: RegExp = /^(\d{1,15})_(planned|missed|[0-9a-f-]{36})$/;

const limit = z.string().regex(/^\d{1,3}$/, "limit must be a whole number of 1 to 100")
  .transform(Number)
  .pipe(z.int().min(1, "limit must be at least 1").max(100, "limit must be at most 100"))
  .default(20);

/** The query of the list of schedules. */
export const scheduleListQuery = z.strictObject({
  limit,
  cursor: z.string().regex(SCHEDULE_CURSOR, "cursor must be that of a next page").optional(),
  state: z.enum(SCHEDULE_STATES, `state must be one of ${SCHEDULE_STATES.join(", ")}`).optional(),
});

/** The query of the list of schedules. */
export type ScheduleListQuery = z.infer<typeof scheduleListQuery>;

/** The query of the list of runs. */
export const runListQuery = z.strictObject({
  limit,
  cursor: z.string().regex(RUN_CURSOR, "cursor must be that of a next page").optional(),
});
