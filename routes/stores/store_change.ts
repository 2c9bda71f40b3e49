/**
 * Changing the hours and the time zone of one store.
 *
 * @module
 */

import type { z } from "zod";
import type { Caller } from "../../data/access/caller.ts";
import { AppError, type FieldError } from "../../data/app_error.ts";
import { isStoreId, JSON_BODY_MAX_BYTES, STORE_ID_RULE } from "../../data/limits.ts";
import { readWeeklySpan } from "../../data/stores/business_hours.ts";
import type { StoreSchedule } from "../../data/stores/store_uptime.ts";
import { weeklySpans } from "../../data/stores/settings_rows.ts";
import { getStore, type StoreDetail, type StoreInfoDeps } from "../../kv/stores/info.ts";
import { stageRejectedHoursDelete } from "../../kv/stores/rejected_hours.ts";
import { stageStoreHours, stageStoreZone } from "../../kv/stores/stores.ts";
import { noteAuditChange } from "../access/audited.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import type { Context } from "hono";
import { fieldErrors, readJson } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import { detailBody } from "./store_body.ts";
import { storeChange, type StoreChangeBody } from "./uptime_schemas.ts";

/** What finding a store needs. */
export type VisibleStoreDeps = StoreInfoDeps;

/** What changing a store needs. */
export interface StoreChangeDeps extends VisibleStoreDeps {
  /** The database. */
  readonly kv: VisibleStoreDeps["kv"] & Pick<Deno.Kv, "atomic">;
}

/** `PUT /stores/{store_id}`. */
export function storeChangeRoutes(deps: StoreChangeDeps): GuardedRoutes {
  return guardedRoutes().put("/stores/:store_id", async (c) => {
    const body = await readJson(c.req.raw, JSON_BODY_MAX_BYTES);
    return c.json(detailBody(await changeStore(c, deps, { id: c.req.param("store_id"), body })));
  });
}

/**
 * Changes a store, or sets up one that has no polls yet, and notes it for the audit trail.
 *
 * @throws {AppError} INVALID_REQUEST; STORE_NOT_FOUND if there is none and nothing to set, or if the
 * caller may not touch it.
 */
export async function changeStore(
  c: Context,
  deps: StoreChangeDeps,
  { id, body }: { id: string; body: unknown },
): Promise<StoreDetail> {
  const change = readChange(storeChange, body);
  requireStoreId(id);
  if (!c.get("caller").mayTouch("store", id)) throw unknownStore();
  const before = await getStore(deps, id);
  const { timezone_str: zone, hours } = change;
  if (before === null && zone == null && hours == null) throw unknownStore();
  const op = deps.kv.atomic();
  if (zone !== undefined) stageStoreZone(op, id, zone);
  if (hours !== undefined) {
    stageStoreHours(op, id, changedStore(NOTHING, change).hours);
    // What the last upload got wrong is settled.
    stageRejectedHoursDelete(op, id);
  }
  if (zone !== undefined || hours !== undefined) await op.commit();
  const after = await getStore(deps, id);
  if (after !== null) {
    noteAuditChange(c, before === null ? null : settings(before), settings(after));
  }
  // A change that removes all that there was leaves nothing to show but the id.
  return after ?? { id, zone: null, hours: null, polls: null, rejectedHours: null };
}

/** A schedule with a change. The change passed {@link readChange}. */
export function changedStore<T extends StoreSchedule>(
  store: T,
  { timezone_str: zone, hours }: StoreChangeBody,
): T {
  return {
    ...store,
    zone: zone === undefined ? store.zone : zone,
    hours: hours === undefined ? store.hours : hours === null ? null : spansOf(hours),
  };
}

/**
 * Reads a change, or what has the fields of one.
 *
 * @throws {AppError} INVALID_REQUEST with everything that is wrong.
 */
export function readChange<T extends StoreChangeBody>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (!result.success) throw invalidRequest(fieldErrors(result.error, body));
  const errors = hoursErrors(result.data.hours ?? []);
  if (errors.length > 0) throw invalidRequest(errors);
  return result.data;
}

/**
 * A store that exists for the caller.
 *
 * @throws {AppError} INVALID_REQUEST if it is no id, STORE_NOT_FOUND.
 */
export async function visibleStore(
  deps: VisibleStoreDeps,
  caller: Pick<Caller, "mayTouch">,
  id: string,
): Promise<StoreDetail> {
  requireStoreId(id);
  const store = caller.mayTouch("store", id) ? await getStore(deps, id) : null;
  if (store === null) throw unknownStore();
  return store;
}

/** The problem of a store that does not exist for the caller. */
export function unknownStore(): AppError {
  return new AppError("STORE_NOT_FOUND", "Store not found");
}

const NOTHING: StoreSchedule = { zone: null, hours: null };

type Hours = NonNullable<StoreChangeBody["hours"]>;

function textsOf({ day_of_week, start_time_local, end_time_local }: Hours[number]) {
  return { day: String(day_of_week), start: start_time_local, end: end_time_local };
}

const FIELDS = { day: "day_of_week", start: "start_time_local", end: "end_time_local" } as const;

function hoursErrors(hours: Hours): FieldError[] {
  return hours.flatMap((span, index) => {
    const read = readWeeklySpan(textsOf(span));
    if ("span" in read) return [];
    return read.problems.map(({ field, value, rule }) => ({
      pointer: `/hours/${index}/${FIELDS[field]}`,
      detail: `${FIELDS[field]} must be ${rule}`,
      value: value.slice(0, 100),
    }));
  });
}

function spansOf(hours: Hours) {
  const numbers = hours.flatMap((span) => {
    const read = readWeeklySpan(textsOf(span));
    return "span" in read ? [read.span.day, read.span.startMs, read.span.endMs] : [];
  });
  return weeklySpans(numbers);
}

function settings(store: StoreDetail): Record<string, unknown> {
  const { timezone_str, hours } = detailBody(store);
  return { timezone_str, hours };
}

function requireStoreId(id: string): void {
  if (isStoreId(id)) return;
  const detail = `store_id must be ${STORE_ID_RULE}`;
  throw invalidRequest([{ pointer: "#store_id", detail, value: id.slice(0, 100) }]);
}
