/**
 * The body of the first contract: a CSV of one meter. Its rules and their wording stay.
 *
 * @module
 */

import { z } from "zod";
import type { FieldError } from "../../data/app_error.ts";
import { EXPORT_MAX_RANGE_MS, EXPORT_MIN_RANGE_MS } from "../../data/limits.ts";
import { quoted } from "../../data/quoted.ts";
import { isDate, rangeLastMs, rangeStartMs } from "../../data/time/range_text.ts";
import type { MeterExportParams } from "../../jobs/exports/meter_export_contract.ts";
import { fieldErrors } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import { exportFields } from "./request_schemas.ts";
import { exportRequest } from "./schemas.ts";

/** Whether a body uses nothing that the first contract does not have. */
export function isFirstContract(body: unknown): boolean {
  if (typeof body !== "object" || body === null) return true;
  return Object.keys(body).every((name) =>
    Object.hasOwn(exportRequest.shape, name) || !Object.hasOwn(exportFields, name)
  );
}

/** The export that a body requests, as a half-open span. Throws an error that lists every problem. */
export function parseFirstContract(body: unknown, nowMs: number): MeterExportParams {
  const result = exportRequest.safeParse(body);
  const times = z.looseObject({ start_datetime: z.unknown(), end_datetime: z.unknown() })
    .safeParse(body);
  const start = times.success ? times.data.start_datetime : undefined;
  const end = times.success ? times.data.end_datetime : undefined;
  const errors = [
    ...(result.success ? [] : fieldErrors(result.error, body)),
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
