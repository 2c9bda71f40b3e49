/**
 * The query of the history of exports.
 *
 * @module
 */

import { z } from "zod";
import { restorePlus } from "../../data/time/query_plus.ts";
import { rangeStartMs, rangeStopMs } from "../../data/time/range_text.ts";
import { rangeTimeMeta, rangeTimeRule } from "../openapi/range_time.ts";
import { EXPORT_STATES } from "./resource_schemas.ts";

/** A cursor: when the last export of a page was created, and its id. */
export const EXPORT_CURSOR: RegExp = /^(\d{1,15})_([0-9a-f-]{36})$/;

function listTime(name: string, description: string) {
  return z.string()
    .refine((text) => rangeStartMs(restorePlus(text)) !== null, rangeTimeRule(name))
    .meta(rangeTimeMeta(description, "2024-02-01")).optional();
}

/** The query of the history. */
export const exportListQuery = z.strictObject({
  limit: z.string().regex(/^\d{1,3}$/, "limit must be a whole number of 1 to 100").transform(Number)
    .pipe(z.int().min(1, "limit must be at least 1").max(100, "limit must be at most 100"))
    .default(20),
  cursor: z.string().regex(EXPORT_CURSOR, "cursor must be that of a next page").optional(),
  status: z.enum(EXPORT_STATES, `status must be one of ${EXPORT_STATES.join(", ")}`).optional(),
  source: z.string().min(1).max(64, "source must be the id of a meter or device").optional(),
  from: listTime("from", "The first time, inclusive."),
  to: listTime("to", "The end, exclusive; a date means the end of that day."),
}).refine(({ from, to }) => isForward(from, to), { path: ["to"], error: "to must be after from" });

/** Whether a range is not empty; a range with one end or none never is. */
function isForward(from: string | undefined, to: string | undefined): boolean {
  if (from === undefined || to === undefined) return true;
  return (rangeStartMs(restorePlus(from)) ?? NaN) < (rangeStopMs(restorePlus(to)) ?? NaN);
}

/** The query of the history. */
export type ExportListQuery = z.infer<typeof exportListQuery>;
