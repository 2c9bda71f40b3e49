/**
 * Smart meters over HTTP: list, show and set them up, read and import their readings.
 *
 * @module
 */

import type { Context } from "hono";
import { accepts } from "hono/accepts";
import type { Caller } from "../../data/access/caller.ts";
import { AppError, type FieldError } from "../../data/app_error.ts";
import { JSON_BODY_MAX_BYTES } from "../../data/limits.ts";
import type { Log } from "../../data/log.ts";
import { quoted } from "../../data/quoted.ts";
import { isBuiltIn } from "../../data/readings/profile.ts";
import type { AcceptedTimes } from "../../data/time/accepted_times.ts";
import { instantText } from "../../data/time/time_text.ts";
import { changeMeter, type MeterRecord, PLAIN_METER } from "../../kv/meters/meters.ts";
import type { ProfileStore } from "../../kv/profiles/profiles.ts";
import type { SeriesInfo, SeriesStore } from "../../kv/series/store.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { type List, listVisible } from "../access/list_visible.ts";
import { requireTouch, withoutHiddenTaker } from "../access/touch.ts";
import { noteAuditChange } from "../access/audited.ts";
import { fieldErrors, parameterErrors, readJson } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import {
  createRunningImports,
  importBody,
  type RunningImports,
} from "../imports/running_imports.ts";
import { readReadingsQuery } from "../readings/query.ts";
import { readingsResponse } from "../readings/response.ts";
import { importPresetRoutes } from "./import_presets.ts";
import { type ImportRouteDeps, importRoutes } from "./imports.ts";
import { inspectRoutes } from "./inspect.ts";
import { meterId } from "./meter_id.ts";
import { type ListedMeter, listMeters } from "../../kv/meters/list.ts";
import { meterSource } from "./meter_source.ts";
import {
  listQuery,
  type MeterBody,
  meterChange,
  type MeterDetailBody,
  type MeterListBody,
} from "./schemas.ts";

/** How many profiles an error names. */
const PROFILES_NAMED = 10;

/** What the routes need. */
export interface MeterDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list" | "atomic">;
  /** Where readings are. */
  readonly series:
    & Pick<SeriesStore, "describe" | "list" | "read">
    & ImportRouteDeps["series"];
  /** The profiles. */
  readonly profiles: Pick<ProfileStore, "get" | "list" | "current">;
  /** Limits on stored readings. */
  readonly quotas: ImportRouteDeps["quotas"];
  /** What reads uploads. */
  readonly uploads: ImportRouteDeps["uploads"];
  /** Which times readings may have; an import only has the oldest one. */
  readonly acceptedTimes: AcceptedTimes;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
}

/** What listing meters needs. */
export interface MeterPageDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "list">;
  /** Where readings are. */
  readonly series: Pick<SeriesStore, "describe" | "list">;
}

/** The routes under `/api/meters`. */
export function meterRoutes(deps: MeterDeps): GuardedRoutes {
  const { series, now } = deps;
  const imports = createRunningImports();
  return guardedRoutes()
    .route("/", importRoutes({ ...deps, imports }))
    .route("/", inspectRoutes(deps))
    .route("/", importPresetRoutes(deps))
    .get("/api/meters", (c) => listAnswer(c, deps))
    .get("/api/meters/:id", async (c) => {
      const id = meterId(c.req.param("id"));
      const caller = c.get("caller");
      if (!caller.mayTouch("meter", id)) throw unknownMeter(id);
      const source = await meterSource(deps, id, caller);
      const info = await series.describe(source.ref);
      const running = imports.of(id);
      // The first import of a meter may be running before any of its readings is stored.
      const isThere = info !== null || source.entry !== null ||
        running.some(({ isDryRun }) => !isDryRun);
      if (!isThere) throw unknownMeter(id);
      const meter = source.entry?.value ?? PLAIN_METER;
      const body: MeterDetailBody = {
        ...meterBody(id, meter, info),
        imports: running.map(importBody),
      };
      return c.json(body);
    })
    .put("/api/meters/:id", (c) => putAnswer(c, deps, imports))
    .get("/api/meters/:id/readings", async (c) => {
      const id = meterId(c.req.param("id"));
      const caller = c.get("caller");
      const { ref, profile, timezone } = await meterSource(deps, id, caller);
      const given = timezone === null ? c.req.query() : { timezone, ...c.req.query() };
      const query = readReadingsQuery(given, now());
      const isVisible = caller.mayTouch("meter", id);
      if (!isVisible || await series.describe(ref) === null) throw unknownMeter(id);
      const isCsv = accepts(c, {
        header: "Accept",
        supports: ["application/json", "text/csv"],
        default: "application/json",
      }) === "text/csv";
      return await readingsResponse(series, { ref, profile, query, url: c.req.url, isCsv });
    });
}

async function listAnswer(c: Context, { kv, series }: MeterDeps): Promise<Response> {
  const query = listQuery.safeParse(c.req.query());
  if (!query.success) throw invalidRequest(parameterErrors(query.error, c.req.query()));
  const { limit, after = "" } = query.data;
  const { meters, nextAfter } = await meterPage(
    { kv, series },
    c.get("caller"),
    { afterId: after, limit },
  );
  const next = nextAfter === null
    ? null
    : `/api/meters?limit=${limit}&after=${encodeURIComponent(nextAfter)}`;
  if (next !== null) c.header("link", `<${next}>; rel="next"`);
  return c.json({ meters, next } satisfies MeterListBody);
}

/** A page of the meters that a caller may see, and the id after which the next page begins. */
export async function meterPage(
  { kv, series }: MeterPageDeps,
  caller: Caller,
  { afterId, limit }: { afterId: string; limit: number },
): Promise<{ meters: MeterBody[]; nextAfter: string | null }> {
  // One more than the page holds shows whether there is a next page.
  const page = { afterId, limit: limit + 1 };
  const list: List<ListedMeter> = (page) => listMeters({ kv, series }, page);
  const found = await listVisible<ListedMeter>(caller, { kind: "meter", list }, page);
  const shown = found.slice(0, limit);
  const meters = await meterBodies({ series }, shown);
  return { meters, nextAfter: found.length > limit ? shown[limit - 1].id : null };
}

/** Meters of a list as the API shows them. */
export function meterBodies(
  { series }: Pick<MeterPageDeps, "series">,
  listed: readonly ListedMeter[],
): Promise<MeterBody[]> {
  return Promise.all(listed.map(async ({ id, meter, plainInfo }) => {
    const isPlain = meter.profile === PLAIN_METER.profile;
    const info = isPlain ? plainInfo : await series.describe({ profile: meter.profile, id });
    return meterBody(id, meter, info);
  }));
}

async function putAnswer(
  c: Context,
  deps: MeterDeps,
  imports: RunningImports,
): Promise<Response> {
  const id = meterId(c.req.param("id") ?? "");
  const caller = c.get("caller");
  requireTouch(caller, "meter", id);
  const body = await readJson(c.req.raw, JSON_BODY_MAX_BYTES);
  const change = meterChange.safeParse(body);
  const errors = [
    ...await profileErrors(deps, body),
    ...(change.success ? [] : fieldErrors(change.error, body)),
  ];
  if (!change.success || errors.length > 0) throw invalidRequest(errors);
  const { profile, label, timezone } = change.data;
  const source = await meterSource(deps, id, caller);
  const isChange = profile !== undefined && profile !== source.profile.name;
  if (isChange && imports.of(id).some(({ isDryRun }) => !isDryRun)) {
    const detail = `Readings of meter ${id} are being imported, so its profile cannot change now`;
    throw new AppError("METER_PROFILE_FIXED", detail);
  }
  const fields = { profile, label, timezone };
  const { before, meter } = await withoutHiddenTaker(
    caller,
    { kind: "device", id },
    () => changeMeter(deps, id, fields),
  );
  const isNew = before === null;
  noteAuditChange(c, before && settingsBody(before), settingsBody(meter));
  deps.log("info", "meter set up", { meterId: id, isNew });
  const info = await deps.series.describe({ profile: meter.profile, id });
  const answer: MeterBody = meterBody(id, meter, info);
  return c.json(answer, isNew ? 201 : 200);
}

/** What users set, as the audit trail shows it. */
function settingsBody({ profile, label, timezone }: MeterRecord): Record<string, unknown> {
  return { profile, label, timezone };
}

/** What is wrong with the name of a profile in a body, if anything is. */
async function profileErrors(
  { profiles }: MeterDeps,
  body: unknown,
): Promise<FieldError[]> {
  const { profile: name } = Object(body);
  if (typeof name !== "string") return [];
  const ofMeters = () =>
    profiles.list().filter((one) => one.name === PLAIN_METER.profile || !isBuiltIn(one.name));
  // Another process may have defined it.
  const profile = profiles.get(name) ?? await profiles.current(name);
  if (profile !== undefined && ofMeters().includes(profile)) return [];
  const names = ofMeters().map((one) => one.name).slice(0, PROFILES_NAMED);
  const rule = `${names.join(" or ")}; PUT /api/profiles/{name} defines others`;
  return [{ pointer: "/profile", detail: `profile must be ${rule}`, value: quoted(name), rule }];
}

function meterBody(
  id: string,
  { profile, label, timezone }: MeterRecord,
  info: SeriesInfo | null,
): MeterBody {
  return {
    smart_meter_id: id,
    profile,
    label,
    timezone,
    count: info?.count ?? 0,
    first_reading: info === null ? null : instantText(info.firstMs),
    last_reading: info === null ? null : instantText(info.lastMs),
  };
}

function unknownMeter(id: string): AppError {
  return new AppError("SMART_METER_NOT_FOUND", `Smart meter with ID '${id}' not found`);
}
