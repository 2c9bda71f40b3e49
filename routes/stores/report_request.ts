/**
 * Reading the request for a report, and showing it again.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import { TOUCH_RULES } from "../../data/access/touch_rule.ts";
import type { FieldError } from "../../data/app_error.ts";
import { DAY_MS, HOUR_MS, REPORT_HOURS_MAX_DAYS, REPORT_MAX_DAYS } from "../../data/limits.ts";
import { quoted } from "../../data/quoted.ts";
import { type ReportRange, reportRangeSpan } from "../../data/stores/report_range.ts";
import { rangeStartMs, rangeStopMs } from "../../data/time/range_text.ts";
import { instantText } from "../../data/time/time_text.ts";
import type { StoreReportParams } from "../../jobs/stores/report_contract.ts";
import { fieldErrors } from "../http/json_body.ts";
import { createRefusals } from "../../data/exports/rules.ts";
import type { NameField } from "../../data/notify/name_template.ts";
import type { JobTargets } from "../../data/notify/targets.ts";
import {
  draftTargets,
  findWrongTargets,
  type ReadRequest,
  refuseTargets,
  type TargetChecks,
  targetsBody,
  targetsOf,
} from "../notify/targets.ts";
import { type ReportRequest, reportRequest } from "./report_request_schemas.ts";

/** A day may be 25 hours long, and a store's clock may be 14 hours ahead. */
const RANGE_SLACK_MS: number = 2 * DAY_MS;
/** Fields that need a range. */
const RANGE_ONLY = ["timezone", "bucket"] as const;

/** The fields of names that have a value for every report, and for one with a range. */
const NAME_FIELDS: readonly NameField[] = ["format", "ext", "filename", "job", "created"];
const RANGE_NAME_FIELDS: readonly NameField[] = ["start", "end"];

/** What a request asks for. */
export interface ReportAsked {
  /** What the report covers. */
  readonly params: StoreReportParams;
  /** Who hears of its end, and where the file goes. */
  readonly targets?: JobTargets;
}

/** What reading needs. */
export interface ReadReportDeps extends TargetChecks {
  /** The age of the last poll from which a store is stale by default, milliseconds; or null. */
  readonly staleAfterMs: number | null;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** Reads a request, with everything that is wrong. */
export async function readReport(
  deps: ReadReportDeps,
  caller: Caller,
  body: unknown,
): Promise<ReadRequest<ReportAsked>> {
  const result = reportRequest.safeParse(body === undefined ? {} : body);
  const known = result.success ? result.data : knownParts(body);
  const wrong = await findWrongTargets(deps, caller, draftTargets(body));
  const errors = [
    ...(result.success ? [] : fieldErrors(result.error, body)),
    ...rangeErrors(known, deps.now()),
    ...storeErrors(known, caller),
    ...targetErrors(known, body),
    ...wrong.errors,
  ];
  const { missing } = wrong;
  if (!result.success || errors.length > 0) return { asked: null, errors, missing };
  const targets = targetsOf(result.data);
  const params = paramsOf(result.data, deps.staleAfterMs, caller);
  return {
    asked: { params, ...(targets === undefined ? {} : { targets }) },
    errors,
    missing,
  };
}

function paramsOf(
  request: ReportRequest,
  staleByDefaultMs: number | null,
  caller: Caller,
): StoreReportParams {
  const { as_of, max_hold_hours, stale_after_hours, stores, bucket, format } = request;
  const staleAfterMs = stale_after_hours === undefined
    ? staleByDefaultMs
    : hoursMs(stale_after_hours);
  const range = rangeOf(request);
  return {
    asOfMs: as_of === undefined ? null : rangeStopMs(as_of),
    maxHoldMs: max_hold_hours === undefined ? null : hoursMs(max_hold_hours),
    ...(staleAfterMs === null ? {} : { staleAfterMs }),
    ...(range === null ? {} : { range }),
    ...(bucket === undefined ? {} : { bucket }),
    ...(stores === undefined ? {} : { storeIds: stores.toSorted() }),
    ...(format === undefined || format === "csv" ? {} : { format }),
    ...(caller.isRestricted.store ? { visible: [...caller.patterns.store ?? []] } : {}),
  };
}

/** A request that asks for the same report. */
export function requestBody(
  params: StoreReportParams,
  targets?: JobTargets,
): ReportRequest {
  const { asOfMs, maxHoldMs, staleAfterMs, range, bucket, storeIds, format } = params;
  const { zone = null, ...ends } = range ?? {};
  return {
    ...(asOfMs === null ? {} : { as_of: instantText(asOfMs) }),
    ...(maxHoldMs === null ? {} : { max_hold_hours: maxHoldMs / HOUR_MS }),
    ...(staleAfterMs === undefined ? {} : { stale_after_hours: staleAfterMs / HOUR_MS }),
    ...ends,
    ...(zone === null ? {} : { timezone: zone }),
    ...(bucket === undefined ? {} : { bucket }),
    ...(storeIds === undefined ? {} : { stores: [...storeIds] }),
    format: format ?? "csv",
    ...targetsBody(targets),
  };
}

/** The fields that can be read, of a body that has others that cannot. */
function knownParts(body: unknown): Partial<ReportRequest> {
  if (typeof body !== "object" || body === null) return {};
  const given = new Map(Object.entries(body));
  const known = Object.entries(reportRequest.shape).flatMap(([name, schema]) => {
    const field = schema.safeParse(given.get(name));
    return field.success && field.data !== undefined ? [[name, field.data]] : [];
  });
  // Each value is what the schema of its field returned.
  return Object.fromEntries(known) as Partial<ReportRequest>;
}

/** What is wrong with the fields taken together. */
function rangeErrors(request: Partial<ReportRequest>, nowMs: number): FieldError[] {
  const errors: FieldError[] = [];
  const wrong = (name: keyof ReportRequest, detail: string) =>
    errors.push({ pointer: `/${name}`, detail, value: quoted(request[name]) });
  const { from, to, period, as_of } = request;
  if (period !== undefined && from !== undefined) wrong("from", "Send period, or from and to");
  if (period !== undefined && to !== undefined) wrong("to", "Send period, or from and to");
  if (period === undefined && from !== undefined && to === undefined) {
    wrong("from", "from needs to, the end of the range");
  }
  if (period === undefined && to !== undefined && from === undefined) {
    wrong("to", "to needs from, the start of the range");
  }
  const hasRange = [from, to, period].some((end) => end !== undefined);
  if (hasRange && as_of !== undefined) {
    wrong("as_of", "as_of is for reports without from, to and period");
  }
  for (const name of RANGE_ONLY) {
    if (!hasRange && request[name] !== undefined) {
      wrong(name, `${name} needs a range: from and to, or period`);
    }
  }
  const range = rangeOf(request);
  if (range !== null && "from" in range && errors.length === 0) {
    errors.push(...lengthErrors(range, request, nowMs));
  }
  if (period === "last_year" && request.bucket === "hour") wrong("bucket", hoursRule);
  return errors;
}

/** Names the stores that the caller may not touch, whether they exist or not. */
function storeErrors({ stores = [] }: Partial<ReportRequest>, caller: Caller): FieldError[] {
  return stores.flatMap((id, index) => {
    if (caller.mayTouch("store", id)) return [];
    const detail = `stores.${index} must be ${TOUCH_RULES.store}`;
    return [{ pointer: `/stores/${index}`, detail, value: quoted(id), rule: TOUCH_RULES.store }];
  });
}

/** What is wrong with who hears of the report and where its file goes. */
function targetErrors(request: Partial<ReportRequest>, body: unknown): FieldError[] {
  const { errors, refuse } = createRefusals();
  const fields = [...NAME_FIELDS, ...rangeOf(request) === null ? [] : RANGE_NAME_FIELDS];
  refuseTargets(draftTargets(body), fields, refuse);
  return errors;
}

const hoursRule = `bucket hour is for ranges of at most ${REPORT_HOURS_MAX_DAYS} days; send day`;

/** What is wrong with the length and the place of a range. */
function lengthErrors(
  range: Extract<ReportRange, { from: string }>,
  { bucket }: Partial<ReportRequest>,
  nowMs: number,
): FieldError[] {
  // Without a zone, each store has its own: judge the range on the clock of UTC.
  const zone = range.zone ?? "UTC";
  const fromMs = rangeStartMs(range.from, zone) ?? NaN;
  const toMs = rangeStopMs(range.to, zone) ?? NaN;
  const value = { from: quoted(range.from), to: quoted(range.to) };
  const lengthMs = toMs - fromMs;
  const longestMs = (days: number) => days * DAY_MS + RANGE_SLACK_MS / 2;
  if (lengthMs <= 0) {
    return [{ pointer: "/to", detail: "to must be after from", value: value.to }];
  }
  if (lengthMs > longestMs(REPORT_MAX_DAYS)) {
    const detail = `The range must be at most ${REPORT_MAX_DAYS} days`;
    return [{ pointer: "/to", detail, value: value.to }];
  }
  if (bucket === "hour" && lengthMs > longestMs(REPORT_HOURS_MAX_DAYS)) {
    return [{ pointer: "/bucket", detail: hoursRule, value: quoted(bucket) }];
  }
  if (reportRangeSpan(range, zone, nowMs + RANGE_SLACK_MS) === null) {
    return [{ pointer: "/from", detail: "from must be in the past", value: value.from }];
  }
  return [];
}

function rangeOf({ from, to, period, timezone }: Partial<ReportRequest>): ReportRange | null {
  const zone = timezone ?? null;
  if (period !== undefined) return { zone, period };
  return from !== undefined && to !== undefined ? { zone, from, to } : null;
}

/** Hours above 0 in milliseconds, at least 1. */
function hoursMs(hours: number): number {
  return Math.max(1, Math.round(hours * HOUR_MS));
}
