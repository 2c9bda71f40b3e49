/**
 * What of the request of a schedule its owner may have now.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import type { ScheduleRecord } from "../../kv/schedules/schedules.ts";
import { STORE_REPORT, storeReportParams } from "../stores/report_contract.ts";
import { type PlannedRequest, sourcesOf } from "./schedule_contract.ts";

/** The same request for a caller whose rights may have changed since it was stored. */
export function requestFor(planned: PlannedRequest, caller: Caller): PlannedRequest {
  if (planned.kind !== STORE_REPORT) return planned;
  const { visible: _, ...params } = storeReportParams.parse(planned.params);
  if (!caller.isRestricted.store) return { ...planned, params: { ...params } };
  return { ...planned, params: { ...params, visible: [...caller.patterns.store ?? []] } };
}

/** What of a request a caller may not touch, in words; null if it may touch all of it. */
export function untouchable(
  { request }: Pick<ScheduleRecord, "request">,
  caller: Caller,
): string | null {
  const { kind, ids } = sourcesOf(request);
  const hidden = ids.find((id) => !caller.mayTouch(kind, id));
  return hidden === undefined ? null : `the ${kind} '${hidden}'`;
}
