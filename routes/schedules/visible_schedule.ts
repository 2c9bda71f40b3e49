/**
 * Schedules as far as they exist for a caller: its own, and with the scope `manage` those of others whose
 * sources it may touch.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import { AppError } from "../../data/app_error.ts";
import { sourcesOf } from "../../jobs/schedules/schedule_contract.ts";
import {
  getSchedule,
  type ScheduleEntry,
  type ScheduleRecord,
} from "../../kv/schedules/schedules.ts";
import { maySeeOwner, mayTouchAll } from "../access/visible_jobs.ts";

/** Ids are UUIDs. */
const SCHEDULE_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A schedule that exists for the caller; null if there is none. */
export async function findSchedule(
  kv: Pick<Deno.Kv, "get">,
  caller: Caller,
  id: string,
): Promise<ScheduleEntry | null> {
  const lower = id.toLowerCase();
  const entry = SCHEDULE_ID.test(lower) ? await getSchedule(kv, lower) : null;
  return entry !== null && maySeeSchedule(caller, entry.value) ? entry : null;
}

/** Whether a schedule exists for the caller. */
export function maySeeSchedule(caller: Caller, schedule: ScheduleRecord): boolean {
  if (!maySeeOwner(caller, schedule)) return false;
  if (schedule.owner === caller.owner) return true;
  const { kind, ids } = sourcesOf(schedule.request);
  // A report that names no stores is about all that its owner may touch.
  return ids.length === 0 ? !caller.isRestricted[kind] : mayTouchAll(caller, kind, ids);
}

/** The error for a schedule that does not exist for the caller. */
export function unknownSchedule(id: string): AppError {
  return new AppError("SCHEDULE_NOT_FOUND", `There is no schedule '${id}'`);
}
