/**
 * Devices over HTTP: list, get, create or change, and their events.
 *
 * @module
 */

import type { Context } from "hono";
import { z } from "zod";
import type { FieldError } from "../../data/app_error.ts";
import { quoted } from "../../data/quoted.ts";
import { JSON_BODY_MAX_BYTES } from "../../data/limits.ts";
import type { Log } from "../../data/log.ts";
import { toFloats } from "../../data/readings/decimal.ts";
import { fitPage, type Page } from "../../data/readings/page.ts";
import { deviceProfileRule } from "../../data/devices/message.ts";
import type { Profile } from "../../data/readings/profile.ts";
import { listVisible } from "../access/list_visible.ts";
import { requireTouch, withoutHiddenTaker } from "../access/touch.ts";
import { plusHint, restorePlus } from "../../data/time/query_plus.ts";
import { instantText, parseInstant } from "../../data/time/time_text.ts";
import { lastReceivedMs, lastSeenOfMany } from "../../kv/devices/last_seen.ts";
import { listDeviceEvents } from "../../kv/devices/events.ts";
import {
  type DeviceRejections,
  getRejections,
  rejectedOnDay,
} from "../../kv/devices/rejections.ts";
import type { DeviceIntake } from "../../kv/devices/intake.ts";
import { type DeviceRecord, listDevices } from "../../kv/devices/devices.ts";
import type { ProfileStore } from "../../kv/profiles/profiles.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import {
  currentProfile,
  type DeviceBody,
  deviceChange,
  type DeviceDetailBody,
  type DeviceEventsBody,
  type DeviceListBody,
  type LatestReadingBody,
  profileText,
  stateText,
} from "./schemas.ts";
import { visibleDevice } from "./visible_device.ts";
import { deviceSettings, putDevice } from "./put_device.ts";
import { deviceId } from "../openapi/device_id.ts";
import { cursorText, fieldsText, limitText } from "../openapi/list_query.ts";
import { noteAuditChange } from "../access/audited.ts";
import { fieldErrors, parameterErrors, readJson } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";

/** What the routes need. */
export interface DeviceDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list" | "atomic">;
  /** The series store. */
  readonly series: Pick<SeriesStore, "describe" | "latest">;
  /** The profiles. */
  readonly profiles: Pick<ProfileStore, "get" | "ofDevices" | "current">;
  /** Accepts readings; caches devices. */
  readonly intake: Pick<DeviceIntake, "invalidate">;
  /** The time without messages after which a device is offline, unless it has its own, milliseconds. */
  readonly offlineAfterMs: number;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
}

const listQuery = z.strictObject({
  limit: limitText,
  cursor: cursorText.optional(),
  state: stateText.optional(),
  profile: profileText.optional(),
  fields: fieldsText.optional(),
});

const eventsQuery = z.strictObject({
  limit: limitText,
  after: z.string().refine((text) => parseInstant(restorePlus(text)) !== null, {
    error: ({ input }) => `after must be an ISO 8601 time${plusHint(input)}`,
  }).optional(),
});

/** The routes under `/devices` except those of readings. */
export function deviceRoutes(deps: DeviceDeps): GuardedRoutes {
  const { kv } = deps;
  return guardedRoutes()
    .get("/devices", (c) => listAnswer(c, deps))
    .get("/devices/:device_id", async (c) => {
      const id = deviceId(c.req.param("device_id"));
      const { value } = await visibleDevice(kv, c.get("caller"), id);
      return c.json(await detailBody(deps, id, value));
    })
    .put("/devices/:device_id", async (c) => {
      const id = deviceId(c.req.param("device_id"));
      requireTouch(c.get("caller"), "device", id);
      const body = await readJson(c.req.raw, JSON_BODY_MAX_BYTES);
      const change = deviceChange.safeParse(body);
      const errors = [
        ...await profileErrors(deps, "/profile", profileIn(body)),
        ...(change.success ? [] : fieldErrors(change.error, body)),
      ];
      if (!change.success || errors.length > 0) throw invalidRequest(errors);
      const { before, device } = await withoutHiddenTaker(
        c.get("caller"),
        { kind: "meter", id },
        () => putDevice(deps, id, change.data),
      );
      const isNew = before === null;
      noteAuditChange(c, before && deviceSettings(before), deviceSettings(device));
      deps.log("info", "device set up", { deviceId: id, isNew });
      return c.json(await detailBody(deps, id, device), isNew ? 201 : 200);
    })
    .get("/devices/:device_id/events", (c) => eventsAnswer(c, deps));
}

/** The name of a profile in a body; undefined if it has none that is a text. */
function profileIn(body: unknown): string | undefined {
  const { profile } = Object(body);
  return typeof profile === "string" ? profile : undefined;
}

/** What is wrong with the name of a profile, if anything is. */
async function profileErrors(
  { profiles }: DeviceDeps,
  pointer: string,
  name: string | undefined,
): Promise<FieldError[]> {
  if (name === undefined) return [];
  // Another process may have defined it.
  const profile = profiles.get(name) ?? await profiles.current(name);
  if (profile !== undefined && profiles.ofDevices().includes(profile)) return [];
  const rule = deviceProfileRule(profiles);
  return [{ pointer, detail: `profile must be ${rule}`, value: quoted(name), rule }];
}

async function listAnswer(c: Context, deps: DeviceDeps): Promise<Response> {
  const query = listQuery.safeParse(c.req.query());
  const errors = [
    ...await profileErrors(deps, "#profile", c.req.query().profile),
    ...(query.success ? [] : parameterErrors(query.error, c.req.query())),
  ];
  if (!query.success || errors.length > 0) throw invalidRequest(errors);
  const { limit, cursor = "", state, profile, fields } = query.data;
  // One device more than requested shows whether there is a next page.
  const isFiltered = state !== undefined || profile !== undefined;
  const matches = ({ device }: ListedDevice) =>
    device.state === (state ?? device.state) && device.profile === (profile ?? device.profile);
  const found = await listVisible<ListedDevice>(
    c.get("caller"),
    {
      kind: "device",
      list: (page) => listDevices(deps.kv, page),
      matches: isFiltered ? matches : undefined,
    },
    { afterId: cursor, limit: limit + 1 },
  );
  const devices = found.slice(0, limit);
  const next = found.length > limit ? nextPage(c.req.url, { cursor: devices[limit - 1].id }) : null;
  if (next !== null) c.header("link", `<${next}>; rel="next"`);
  const bodies = await deviceBodies(deps, devices, fields === "latest");
  return c.json({ devices: bodies, next } satisfies DeviceListBody);
}

async function eventsAnswer(c: Context, { kv }: DeviceDeps): Promise<Response> {
  const id = deviceId(c.req.param("device_id") ?? "");
  const query = eventsQuery.safeParse(c.req.query());
  if (!query.success) throw invalidRequest(parameterErrors(query.error, c.req.query()));
  const { limit, after } = query.data;
  await visibleDevice(kv, c.get("caller"), id);
  const afterMs = after === undefined ? null : parseInstant(restorePlus(after));
  const found = await listDeviceEvents(kv, id, { afterMs, limit: limit + 1 });
  const events = found.slice(0, limit).map(({ atMs, state, lastSeenMs }) => ({
    at: instantText(atMs),
    state,
    last_seen: instantOrNull(lastSeenMs),
  }));
  if (found.length > limit) {
    c.header("link", `<${nextPage(c.req.url, { after: events[limit - 1].at })}>; rel="next"`);
  }
  return c.json({ device_id: id, events } satisfies DeviceEventsBody);
}

/** A device and its id. */
export interface ListedDevice {
  /** Its id. */
  readonly id: string;
  /** What is stored of it. */
  readonly device: DeviceRecord;
}

/**
 * Devices as a list shows them. The last-seen records are read together; latest readings cost one
 * read of blocks a device, plus its segments if it has any.
 */
export async function deviceBodies(
  { kv, series, profiles, now }: Pick<DeviceDeps, "kv" | "series" | "profiles" | "now">,
  devices: readonly ListedDevice[],
  withLatest: boolean,
): Promise<DeviceBody[]> {
  const [{ lastMs }, latest] = await Promise.all([
    lastSeenOfMany(kv, devices.map(({ id }) => id), now()),
    withLatest ? latestReadings({ series, profiles }, devices) : null,
  ]);
  return devices.map(({ id, device }) => ({
    device_id: id,
    profile: device.profile,
    device_type: device.deviceType,
    location: device.location,
    state: device.state,
    last_seen: instantOrNull(lastMs.get(id) ?? null),
    ...(latest === null ? {} : { latest: latest.get(id) ?? null }),
  }));
}

async function latestReadings(
  { series, profiles }: Pick<DeviceDeps, "series" | "profiles">,
  devices: readonly ListedDevice[],
): Promise<ReadonlyMap<string, LatestReadingBody>> {
  const latest = new Map<string, LatestReadingBody>();
  const idsOf = Map.groupBy(devices, ({ device }) => device.profile);
  for (const [name, ofProfile] of idsOf) {
    const profile = await currentProfile(profiles, name);
    const pages = await series.latest(name, ofProfile.map(({ id }) => id));
    for (const [id, page] of pages) latest.set(id, latestBody(profile, page));
  }
  return latest;
}

function latestBody({ metrics }: Profile, page: Page): LatestReadingBody {
  const { timesMs, columns } = fitPage(page, metrics.length);
  const values = metrics.map(({ name }, index) => {
    const [value] = toFloats(columns[index].values, columns[index].scale);
    return [name, value === value ? value : null];
  });
  return { timestamp: instantText(timesMs[0]), metrics: Object.fromEntries(values) };
}

/** A device as its own answer shows it. */
export async function detailBody(
  { kv, series, offlineAfterMs, now }: Pick<DeviceDeps, "kv" | "series" | "offlineAfterMs" | "now">,
  id: string,
  device: DeviceRecord,
): Promise<DeviceDetailBody> {
  const [extent, lastSeenMs, rejections] = await Promise.all([
    series.describe({ profile: device.profile, id }),
    lastReceivedMs(kv, id),
    getRejections(kv, id),
  ]);
  return {
    device_id: id,
    profile: device.profile,
    device_type: device.deviceType,
    location: device.location,
    offline_after_seconds: (device.offlineAfterMs ?? offlineAfterMs) / 1000,
    count: extent?.count ?? 0,
    first_reading: instantOrNull(extent?.firstMs ?? null),
    last_reading: instantOrNull(extent?.lastMs ?? null),
    last_seen: instantOrNull(lastSeenMs),
    state: device.state,
    state_since: instantText(device.stateSinceMs),
    timestamps: device.timestampForm ?? (extent === null ? null : "iso8601"),
    rejected_today: rejectedOnDay(rejections, now()),
    last_rejected: rejections === null ? null : rejectedBody(rejections),
    warning: rejections === null ? null : warningOf(rejections, lastSeenMs ?? 0),
  };
}

function rejectedBody(
  { atMs, pointer, rule, value }: DeviceRejections,
): NonNullable<DeviceDetailBody["last_rejected"]> {
  return { at: instantText(atMs), pointer, rule, ...(value === undefined ? {} : { value }) };
}

/** A warning if nothing was received after the last rejected message. */
function warningOf({ atMs, pointer, rule }: DeviceRejections, lastSeenMs: number): string | null {
  if (atMs < lastSeenMs) return null;
  return `The last message was rejected: ${pointer} breaks the rule "${rule}"`;
}

/** The path and query of a request with some parameters changed. */
function nextPage(url: string, changes: Record<string, string>): string {
  const next = new URL(url);
  for (const [name, value] of Object.entries(changes)) next.searchParams.set(name, value);
  return next.pathname + next.search;
}

function instantOrNull(timeMs: number | null): string | null {
  return timeMs === null ? null : instantText(timeMs);
}
