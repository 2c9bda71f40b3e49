/**
 * Reads the body of a schedule, and lists everything that is wrong with it at once. The request in it is
 * read by the code that reads it anywhere else.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import type { FieldError } from "../../data/app_error.ts";
import { createRefusals, type Refuse } from "../../data/exports/rules.ts";
import { NAME_FIELDS } from "../../data/notify/name_template.ts";
import { parseDuration } from "../../data/schedules/duration.ts";
import {
  createRunTimes,
  defaultAnchorMs,
  LAST_TIME_MS,
  type Timing,
} from "../../data/schedules/run_times.ts";
import { rangeStartMs } from "../../data/time/range_text.ts";
import type { ScheduleRecord } from "../../kv/schedules/schedules.ts";
import { type CreateDeps, readAskedExport } from "../exports/create_export.ts";
import { fieldErrors } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import { targetFields } from "../notify/target_schemas.ts";
import {
  draftTargets,
  findWrongTargets,
  type ReadRequest,
  refuseTargets,
  rightRequest,
  targetsBody,
} from "../notify/targets.ts";
import { readReport } from "../stores/report_request.ts";
import { type ScheduleBody, scheduleFields } from "./request_schemas.ts";
import { z } from "zod";

/** How long a run waits for late readings by default. */
const DEADLINE = "P1D";
/** A period for requests without one, so that the rest of them is checked too. */
const ANY_PERIOD = "yesterday";
/** Fields of requests that name a range which does not move with the planned time. */
const FIXED_RANGE = {
  export: ["start_datetime", "end_datetime"],
  report: ["as_of", "from", "to"],
} as const;

/** What a body says about a schedule. */
export type AskedSchedule = Pick<
  ScheduleRecord,
  "name" | "timing" | "request" | "targets" | "catchUp" | "delay" | "completeness"
>;

/** What reading needs. */
export interface ParseDeps extends Omit<CreateDeps, "jobs" | "series"> {
  /** The age of the last poll from which a store is stale by default, milliseconds; or null. */
  readonly staleAfterMs: number | null;
}

type Fields = Partial<Omit<ScheduleBody, "request">>;
type Kind = ScheduleRecord["request"]["kind"];

/** The fields that are checked with the request, so any value is right here. */
const withRequest = {
  request: z.unknown().optional(),
  notify: z.unknown().optional(),
  deliver: z.unknown().optional(),
};
const ownFields = z.strictObject({ ...scheduleFields, ...withRequest }, {
  error: (issue) => issue.code === "invalid_type" ? "The body must be a JSON object" : undefined,
});

/**
 * What a body says about a schedule that was created at `createdMs`.
 *
 * @throws {AppError} INVALID_REQUEST with everything that is wrong; DELIVERY_NOT_CONFIGURED if a setting
 * is missing.
 */
export async function parseSchedule(
  deps: ParseDeps,
  body: unknown,
  { caller, createdMs }: { caller: Caller; createdMs: number },
): Promise<AskedSchedule> {
  const result = ownFields.safeParse(body);
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw invalidRequest(result.success ? [] : fieldErrors(result.error, body));
  }
  const errors = result.success ? [] : fieldErrors(result.error, body);
  const fields = rightFields(body);
  const { errors: broken, refuse } = createRefusals();
  const timing = timingOf(fields, { createdMs, given: body }, refuse);
  const read = await requestOf(deps, { body, fields, caller });
  refuseCompleteness(fields, kindOf(body), refuse);
  const all = [...errors, ...broken, ...read.errors];
  const asked = rightRequest({ ...read, errors: all });
  if (timing === null || fields.name === undefined) throw invalidRequest(all);
  const { require_completeness: least, completeness_deadline: deadline } = fields;
  return {
    name: fields.name,
    timing,
    ...asked,
    catchUp: fields.catch_up ?? "last",
    delay: fields.delay ?? null,
    completeness: least === undefined ? null : { least, deadline: deadline ?? DEADLINE },
  };
}

/** The fields that are right. */
function rightFields(body: object): Fields {
  const right = Object.entries(scheduleFields).flatMap(([name, schema]) => {
    const field = schema.safeParse(Reflect.get(body, name));
    return field.success && field.data !== undefined ? [[name, field.data]] : [];
  });
  // Each value is what the schema of its field returned.
  return Object.fromEntries(right) as Fields;
}

function timingOf(
  { cron, every, start, timezone: zone = "UTC" }: Fields,
  { createdMs, given }: { createdMs: number; given: object },
  refuse: Refuse,
): Timing | null {
  const has = (name: string) => Reflect.get(given, name) !== undefined;
  if (!has("cron") && !has("every")) refuse("cron", undefined, "is required, or every");
  if (has("cron") && has("every")) {
    refuse("every", Reflect.get(given, "every"), "must not be there with cron: name one of them");
    return null;
  }
  if (start !== undefined && has("cron")) refuse("start", start, "must be left out with cron");
  if (cron !== undefined) {
    const timing = { zone, cron };
    if (createRunTimes(timing).after(createdMs) !== null) return timing;
    refuse("cron", cron, "must be a time that comes, such as 0 0 28 2 *");
    return null;
  }
  const duration = every === undefined ? null : parseDuration(every);
  if (every === undefined || duration === null) return null;
  const anchorMs = start === undefined
    ? defaultAnchorMs(duration, zone, createdMs)
    : rangeStartMs(start, zone) ?? NaN;
  if (anchorMs <= LAST_TIME_MS) return { zone, every, anchorMs };
  refuse("start", start, `must be a time of the years 1970 to 9999 in ${zone}`);
  return null;
}

function refuseCompleteness(
  { require_completeness: least, completeness_deadline: deadline }: Fields,
  kind: Kind | null,
  refuse: Refuse,
): void {
  if (deadline !== undefined && least === undefined) {
    refuse("completeness_deadline", deadline, "must be there only with require_completeness");
  }
  if (least !== undefined && kind === "report") {
    refuse(
      "require_completeness",
      least,
      "must be left out with a report, whose polls are not counted",
    );
  }
}

type AskedRequest = Pick<ScheduleRecord, "request" | "targets">;

/** The kind of the request; null if it is none. */
function kindOf(body: object): Kind | null {
  const given: unknown = Reflect.get(body, "request");
  if (typeof given !== "object" || given === null || Array.isArray(given)) return null;
  const kind: unknown = Reflect.get(given, "kind") ?? "export";
  return kind === "export" || kind === "report" ? kind : null;
}

/** The request as it is stored, and everything that is wrong with it and with its targets. */
async function requestOf(
  deps: ParseDeps,
  { body, fields, caller }: { body: object; fields: Fields; caller: Caller },
): Promise<ReadRequest<AskedRequest>> {
  const given: unknown = Reflect.get(body, "request");
  const kind = kindOf(body);
  if (kind === null) {
    const { errors, missing } = await wrongTargets(deps, ownTargets(body, {}, []), caller);
    return { asked: null, errors: [requestProblem(given), ...errors], missing };
  }
  // With a kind, it is an object.
  const { kind: _, ...rest }: Record<string, unknown> = { ...given as object };
  const errors: FieldError[] = [];
  const request = relativeRequest(kind, rest, fields, errors);
  const own = ownTargets(body, rest, errors);
  const read = await readKind(deps, kind, { ...request, ...own }, caller);
  const within = (found: readonly FieldError[]) => found.map((one) => withinRequest(one, own));
  return {
    asked: errors.length > 0 ? null : read.asked,
    errors: [...errors, ...within(read.errors)],
    missing: within(read.missing),
  };
}

/** What is wrong with a request that has no kind. */
function requestProblem(given: unknown): FieldError {
  const pushed = (pointer: string, rule: string) => ({ pointer, detail: `request${rule}` });
  if (given === undefined) return pushed("/request", " is required: an export or a report");
  return typeof given !== "object" || given === null || Array.isArray(given)
    ? pushed("/request", " must be an object: an export or a report")
    : pushed("/request/kind", ".kind must be export or report");
}

/** What is wrong with the targets of a schedule whose request cannot be read. */
async function wrongTargets(
  deps: ParseDeps,
  own: Record<string, unknown>,
  caller: Caller,
): Promise<Omit<ReadRequest<never>, "asked">> {
  const form = z.object(targetFields).safeParse(own);
  const { errors, refuse } = createRefusals();
  const draft = draftTargets(own);
  refuseTargets(draft, NAME_FIELDS, refuse);
  const wrong = await findWrongTargets(deps, caller, draft);
  const broken = form.success ? [] : fieldErrors(form.error, own);
  return { missing: wrong.missing, errors: [...broken, ...errors, ...wrong.errors] };
}

/** The request with a period on the clock of the schedule; fields that do not move with it are refused. */
function relativeRequest(
  kind: Kind,
  given: Record<string, unknown>,
  { timezone }: Fields,
  errors: FieldError[],
): Record<string, unknown> {
  const request = { ...given };
  const { errors: broken, refuse } = createRefusals();
  for (const name of FIXED_RANGE[kind]) {
    if (request[name] === undefined) continue;
    refuse(
      `request/${name}`,
      request[name],
      "must be left out: the period counts from the planned time",
    );
    delete request[name];
  }
  if (kind === "export" && request.period === undefined) {
    refuse("request/period", undefined, "is required: a period that counts from the planned time");
    request.period = ANY_PERIOD;
  }
  if (request.period !== undefined) request.timezone ??= timezone ?? "UTC";
  errors.push(...broken);
  return request;
}

/** `notify` and `deliver` of the schedule, which its request must not have too. */
function ownTargets(
  body: object,
  request: Record<string, unknown>,
  errors: FieldError[],
): Record<string, unknown> {
  const own: Record<string, unknown> = {};
  const { errors: broken, refuse } = createRefusals();
  for (const name of ["notify", "deliver"]) {
    const value: unknown = Reflect.get(body, name);
    if (value === undefined) continue;
    if (request[name] !== undefined) {
      refuse(`request/${name}`, request[name], `must not be there with ${name}: name it once`);
    }
    own[name] = value;
  }
  errors.push(...broken);
  return own;
}

/** Reads a request as the route does that creates its job at once. */
async function readKind(
  deps: ParseDeps,
  kind: Kind,
  body: Record<string, unknown>,
  caller: Caller,
): Promise<ReadRequest<AskedRequest>> {
  const read = kind === "export"
    ? await readAskedExport(deps, caller, body)
    : await readReport(deps, caller, body);
  if (read.asked === null) return { ...read, asked: null };
  const { params, targets } = read.asked;
  const asked = { request: { kind, params: { ...params } }, targets: targetsBody(targets) };
  return { ...read, asked };
}

/** An error of the request, as one of the schedule. `own` are fields that the schedule itself has. */
function withinRequest(error: FieldError, own: Record<string, unknown>): FieldError {
  const [, field = ""] = error.pointer.split("/");
  if (Object.hasOwn(own, field)) return error;
  const isNamed = field !== "" && error.detail.startsWith(field);
  return {
    ...error,
    pointer: `/request${error.pointer}`,
    detail: isNamed ? `request.${error.detail}` : `request: ${error.detail}`,
  };
}
