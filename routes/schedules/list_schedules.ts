/**
 * The list of schedules, page by page.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import { listPlaces, type SchedulePlace } from "../../kv/schedules/lists.ts";
import { getSchedules, type ScheduleRecord } from "../../kv/schedules/schedules.ts";
import { SCHEDULE_CURSOR, type ScheduleListQuery } from "./request_schemas.ts";
import { maySeeSchedule } from "./visible_schedule.ts";

/** How many schedules are read at once, and for one page at most. */
const READ_AT_ONCE = 100, READ_MAX = 1_000;

/** The schedules of a page that exist for a caller, and the path of the next page. */
export async function listSchedules(
  kv: Pick<Deno.Kv, "list" | "getMany">,
  caller: Caller,
  query: ScheduleListQuery,
): Promise<{ found: ScheduleRecord[]; next: string | null }> {
  const { limit, cursor, state } = query;
  const owner = caller.scopes.has("manage") ? undefined : caller.owner;
  const [, createdMs, id] = SCHEDULE_CURSOR.exec(cursor ?? "") ?? [];
  let after: SchedulePlace | undefined = id === undefined
    ? undefined
    : { createdMs: Number(createdMs), id };
  const found: ScheduleRecord[] = [];
  for (let read = 0; read < READ_MAX;) {
    const places = await listPlaces(kv, { owner, after, limit: READ_AT_ONCE });
    const entries = await getSchedules(kv, places.map((place) => place.id));
    for (const [index, entry] of entries.entries()) {
      const schedule = entry?.value;
      if (schedule !== undefined && maySeeSchedule(caller, schedule)) {
        if (found.length === limit) return { found, next: nextPath(query, after) };
        if (state === undefined || schedule.state === state) found.push(schedule);
      }
      after = places[index];
      read++;
    }
    if (places.length < READ_AT_ONCE) return { found, next: null };
  }
  return { found, next: nextPath(query, after) };
}

function nextPath(
  { limit, state }: ScheduleListQuery,
  after: SchedulePlace | undefined,
): string | null {
  if (after === undefined) return null;
  const next = new URLSearchParams({
    limit: String(limit),
    cursor: `${after.createdMs}_${after.id}`,
  });
  if (state !== undefined) next.set("state", state);
  return `/api/schedules?${next}`;
}
