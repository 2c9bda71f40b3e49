/**
 * The uptime of one store over HTTP: in parts, a day with its reasons, and a change of hours tried on
 * the last week.
 *
 * @module
 */

import type { Context } from "hono";
import type { z } from "zod";
import type { Caller } from "../../data/access/caller.ts";
import type { FieldError } from "../../data/app_error.ts";
import {
  DAY_MS,
  HOUR_MS,
  JSON_BODY_MAX_BYTES,
  REPORT_HOURS_MAX_DAYS,
  REPORT_MAX_DAYS,
} from "../../data/limits.ts";
import { DEFAULT_STORE_ZONE } from "../../data/stores/business_hours.ts";
import type { ReportRange } from "../../data/stores/report_range.ts";
import { type OpenTotal, stateOf, totalOf, uptimePercent } from "../../data/stores/store_uptime.ts";
import { rangeStartMs, rangeStopMs } from "../../data/time/range_text.ts";
import { instantText } from "../../data/time/time_text.ts";
import { localDate, localDaySpan } from "../../data/time/zone.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { parameterErrors, readJson } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import { changedStore, readChange, visibleStore, type VisibleStoreDeps } from "./store_change.ts";
import { hoursBody } from "./store_body.ts";
import {
  type StoreDayBody,
  type StoreUptimeBody,
  uptimeDayQuery,
  type UptimePartBody,
  type UptimePreviewBody,
  uptimePreviewRequest,
  type UptimeQuery,
  uptimeQuery,
} from "./uptime_schemas.ts";
import type { ScheduledStore, StoreUptime, UptimeAsk, UptimeReader } from "./uptime_reader.ts";

/** How many days there are by default. */
const DAYS = 90;
/** A day may be 25 hours long. */
const SLACK_MS: number = 2 * HOUR_MS;

/** What the routes need. */
export interface UptimeRouteDeps extends VisibleStoreDeps {
  /** Reads the uptime. */
  readonly uptime: UptimeReader;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** The routes under `/stores/{store_id}/uptime`. */
export function uptimeRoutes(deps: UptimeRouteDeps): GuardedRoutes {
  return guardedRoutes()
    .get("/stores/:store_id/uptime", async (c) => {
      const query = queryOf(uptimeQuery, c);
      const store = await visibleStore(deps, c.get("caller"), c.req.param("store_id"));
      const zone = store.zone ?? DEFAULT_STORE_ZONE;
      const errors = rangeErrors(query, zone);
      if (errors.length > 0) throw invalidRequest(errors);
      return c.json(await uptimeBody(deps, store, askOf(query, zone, deps.now())));
    })
    .get("/stores/:store_id/uptime/:date", async (c) => {
      // A path of its own, below.
      if (c.req.param("date") === "preview") return c.notFound();
      const { max_hold_hours } = queryOf(uptimeDayQuery, c);
      const maxHoldMs = max_hold_hours === undefined ? null : Number(max_hold_hours) * HOUR_MS;
      const { store_id, date } = c.req.param();
      return c.json(await dayBody(deps, c.get("caller"), { id: store_id, date, maxHoldMs }));
    })
    .post("/stores/:store_id/uptime/preview", async (c) => {
      const body = await readJson(c.req.raw, JSON_BODY_MAX_BYTES);
      const id = c.req.param("store_id");
      return c.json(await previewBody(deps, c.get("caller"), { id, body }));
    });
}

/** The uptime of a store, as the API answers. */
export async function uptimeBody(
  { uptime }: Pick<UptimeRouteDeps, "uptime">,
  store: ScheduledStore,
  ask: UptimeAsk,
): Promise<StoreUptimeBody> {
  const { id, zone, hours } = store;
  const measured = await uptime.read({ id, zone, hours }, ask);
  const total = totalOf(measured.parts);
  return {
    store_id: id,
    ...measuredBody(measured, ask),
    bucket: ask.bucket,
    state: stateOf(total),
    ...timesBody(total),
    parts: measured.parts.map((part) => partBody(part, measured.zone)),
  };
}

/** The last `days` days on the clock of a zone, today included. */
export function lastDays(days: number, zone: string, nowMs: number): ReportRange {
  const today = localDate(zone, nowMs);
  const from = instantText(Date.parse(today) - (days - 1) * DAY_MS).slice(0, 10);
  return { zone: null, from, to: today };
}

/**
 * A day of a store with its reasons.
 *
 * @throws {AppError} INVALID_REQUEST, STORE_NOT_FOUND.
 */
export async function dayBody(
  deps: UptimeRouteDeps,
  caller: Caller,
  { id, date, maxHoldMs }: { id: string; date: string; maxHoldMs: number | null },
): Promise<StoreDayBody> {
  const store = await visibleStore(deps, caller, id);
  const zone = store.zone ?? DEFAULT_STORE_ZONE;
  const span = localDaySpan(zone, date);
  if (span === null || span.fromMs < 0 || span.fromMs >= deps.now()) {
    const detail = "date must be a day such as 2024-01-31, since 1970 and not in the future";
    throw invalidRequest([{ pointer: "#date", detail, value: date.slice(0, 100) }]);
  }
  const ask = { range: { zone: null, from: date, to: date }, bucket: "day", maxHoldMs } as const;
  const explained = await deps.uptime.explain(store, ask);
  const { parts: [part = { ...span, upMs: 0, downMs: 0, unknownMs: 0, openMs: 0 }] } = explained;
  return {
    store_id: store.id,
    timezone: zone,
    ...partBody(part, zone),
    date,
    max_hold_hours: maxHoldMs === null ? null : maxHoldMs / HOUR_MS,
    open: explained.open.map(({ fromMs, toMs }) => ({
      from: instantText(fromMs),
      to: instantText(toMs),
    })),
    stretches: explained.stretches.map((stretch) => ({
      from: instantText(stretch.fromMs),
      to: instantText(stretch.toMs),
      state: stretch.state,
      polls: stretch.polls,
      first_poll: stretch.firstPollMs === null ? null : instantText(stretch.firstPollMs),
      last_poll: stretch.lastPollMs === null ? null : instantText(stretch.lastPollMs),
    })),
  };
}

/**
 * What a change of a store would have made of the seven days before today.
 *
 * @throws {AppError} INVALID_REQUEST, STORE_NOT_FOUND.
 */
export async function previewBody(
  deps: UptimeRouteDeps,
  caller: Caller,
  { id, body }: { id: string; body: unknown },
): Promise<UptimePreviewBody> {
  const { max_hold_hours, ...change } = readChange(uptimePreviewRequest, body);
  const store = await visibleStore(deps, caller, id);
  const after = changedStore(store, change);
  const maxHoldMs = max_hold_hours === undefined ? null : max_hold_hours * HOUR_MS;
  const ask = {
    range: { zone: null, period: "last_7_days" },
    bucket: "day",
    maxHoldMs,
  } as const;
  return {
    before: await uptimeBody(deps, store, ask),
    after: await uptimeBody(deps, after, ask),
    hours: after.hours?.map(hoursBody) ?? null,
  };
}

function queryOf<T>(schema: z.ZodType<T>, c: Context): T {
  const result = schema.safeParse(c.req.query());
  if (!result.success) throw invalidRequest(parameterErrors(result.error, c.req.query()));
  return result.data;
}

function rangeErrors({ days, from, to, bucket }: UptimeQuery, zone: string): FieldError[] {
  const wrong = (name: string, detail: string, value?: string) => [
    { pointer: `#${name}`, detail, ...(value === undefined ? {} : { value }) },
  ];
  if (days !== undefined && (from ?? to) !== undefined) {
    return wrong("days", "Send days, or from and to", days);
  }
  const most = bucket === "hour" ? REPORT_HOURS_MAX_DAYS : REPORT_MAX_DAYS;
  const tooLong = `The range must be at most ${most} days with bucket ${bucket}`;
  if (from === undefined && to === undefined) {
    return Number(days ?? DAYS) > most ? wrong("days", tooLong, days) : [];
  }
  if (from === undefined) return wrong("to", "to needs from, the start of the range", to);
  if (to === undefined) return wrong("from", "from needs to, the end of the range", from);
  const [fromMs, toMs] = [rangeStartMs(from, zone), rangeStopMs(to, zone)];
  if (fromMs === null || toMs === null || fromMs < 0) {
    return wrong("from", "from and to must be in the years 1970 to 9999", from);
  }
  if (fromMs >= toMs) return wrong("to", "to must be after from", to);
  return toMs - fromMs > most * DAY_MS + SLACK_MS ? wrong("from", tooLong, from) : [];
}

function askOf(
  { days, from, to, bucket, max_hold_hours }: UptimeQuery,
  zone: string,
  nowMs: number,
): UptimeAsk {
  const range = from === undefined || to === undefined
    ? lastDays(Number(days ?? DAYS), zone, nowMs)
    : { zone: null, from, to };
  return {
    range,
    bucket,
    maxHoldMs: max_hold_hours === undefined ? null : Number(max_hold_hours) * HOUR_MS,
  };
}

function measuredBody({ zone, span }: StoreUptime, { maxHoldMs }: UptimeAsk) {
  return {
    timezone: zone,
    from: span === null ? null : instantText(span.fromMs),
    to: span === null ? null : instantText(span.toMs),
    max_hold_hours: maxHoldMs === null ? null : maxHoldMs / HOUR_MS,
  };
}

function partBody(part: StoreUptime["parts"][number], zone: string): UptimePartBody {
  return {
    date: localDate(zone, part.fromMs),
    from: instantText(part.fromMs),
    to: instantText(part.toMs),
    state: stateOf(part),
    ...timesBody(part),
  };
}

function timesBody(total: OpenTotal) {
  return {
    open_seconds: total.openMs / 1_000,
    up_seconds: total.upMs / 1_000,
    down_seconds: total.downMs / 1_000,
    unknown_seconds: total.unknownMs / 1_000,
    uptime_percent: uptimePercent(total),
  };
}
