/**
 * The body of the first contract: a CSV of one meter. Its rules and their wording stay.
 *
 * @module
 */

import { z } from "zod";
import type { Caller } from "../../data/access/caller.ts";
import type { FieldError } from "../../data/app_error.ts";
import { createRefusals } from "../../data/exports/rules.ts";
import { EXPORT_MAX_RANGE_MS, EXPORT_MIN_RANGE_MS, METER_ID_PATTERN } from "../../data/limits.ts";
import { quoted } from "../../data/quoted.ts";
import { isDate, rangeLastMs, rangeStartMs } from "../../data/time/range_text.ts";
import type { MeterExportParams } from "../../jobs/exports/meter_export_contract.ts";
import { fieldErrors } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import { exportFields } from "./request_schemas.ts";
import { exportRequest } from "./schemas.ts";
import { refuseHiddenMeters } from "./sources.ts";

/** Whether a body uses nothing that the first contract does not have. */
export function isFirstContract(body: unknown): boolean {
  if (typeof body !== "object" || body === null) return true;
  return Object.keys(body).every((name) =>
    Object.hasOwn(exportRequest.shape, name) || !Object.hasOwn(exportFields, name)
  );
}

/** The export that a body requests, as a half-open span. Throws an error that lists every problem. */
export function parseFirstContract(
  body: unknown,
  { nowMs, caller }: { nowMs: number; caller: Caller },
): MeterExportParams {
  const result = exportRequest.safeParse(body);
  const fields = z.looseObject({
    smart_meter_id: z.unknown(),
    start_datetime: z.unknown(),
    end_datetime: z.unknown(),
  }).safeParse(body);
  const { smart_meter_id: id, start_datetime: start, end_datetime: end } = fields.data ?? {};
  const errors = [
    ...(result.success ? [] : fieldErrors(result.error, body)),
    ...meterErrors(id, caller),
    ...rangeErrors({ start, end }, nowMs),
  ];
  if (!result.success || errors.length > 0) throw invalidRequest(errors);
  return {
    meterId: result.data.smart_meter_id,
    fromMs: rangeStartMs(result.data.start_datetime) ?? NaN,
    toMs: (rangeLastMs(result.data.end_datetime) ?? NaN) + 1,
    format: "csv",
  };
}

/** What is wrong with an id that can be one of a meter. */
function meterErrors(id: unknown, caller: Caller): FieldError[] {
  if (typeof id !== "string" || !METER_ID_PATTERN.test(id)) return [];
  const { errors, refuse } = createRefusals();
  refuseHiddenMeters(caller, { ids: [id], field: "smart_meter_id" }, refuse);
  return errors;
}

/** What is wrong with the times that can be read. The schema reports those that cannot. */
function rangeErrors(
  { start, end }: { start: unknown; end: unknown },
  nowMs: number,
): FieldError[] {
  const startMs = typeof start === "string" ? rangeStartMs(start) : null;
  const endMs = typeof end === "string" ? rangeLastMs(end) : null;
  const errors: FieldError[] = [];
  const wrong = (name: string, value: unknown, detail: string) =>
    errors.push({ pointer: `/${name}`, detail, value: quoted(value) });
  if (startMs !== null && startMs >= nowMs) {
    wrong("start_datetime", start, "start_datetime must be in the past");
  }
  if (endMs !== null && endMs >= nowMs) {
    const day = typeof end === "string" && isDate(end) ? "; a date ends at 23:59:59.999 UTC" : "";
    wrong("end_datetime", end, `end_datetime must be in the past${day}`);
  }
  if (startMs === null || endMs === null) return errors;
  if (endMs <= startMs) {
    wrong("end_datetime", end, "end_datetime must be after start_datetime");
  } else if (endMs - startMs < EXPORT_MIN_RANGE_MS) {
    wrong("end_datetime", end, "Minimum date range is 1 minute");
  } else if (endMs - startMs > EXPORT_MAX_RANGE_MS) {
    wrong("end_datetime", end, "Maximum date range is 1 year");
  }
  return errors;
}
