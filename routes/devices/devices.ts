/**
 * Devices over HTTP: list, look, set up, and when they fell silent.
 *
 * @module
 */

import { type Context, Hono } from "hono";
import { z } from "zod";
import { JSON_BODY_MAX_BYTES } from "../../data/limits.ts";
import type { Log } from "../../data/log.ts";
import { instantText, parseInstant } from "../../data/time/time_text.ts";
import { lastReceivedMs } from "../../kv/devices/last_seen.ts";
import { listDeviceEvents } from "../../kv/devices/events.ts";
import type { DeviceIntake } from "../../kv/devices/intake.ts";
import {
  changeDevice,
  createDevice,
  type DeviceRecord,
  getDevice,
  listDevices,
  profileFixed,
} from "../../kv/devices/devices.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import {
  deviceChange,
  type DeviceChangeBody,
  profileText,
  stateText,
  unknownDevice,
} from "./schemas.ts";
import { deviceId } from "../openapi/device_id.ts";
import { cursorText, limitText } from "../openapi/list_query.ts";
import { fieldErrors, parameterErrors, readJson } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";

/** Devices read at once while those of a state or profile are looked for. */
const SCANNED_DEVICES = 1_000;

/** What the routes need. */
export interface DeviceDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list" | "atomic">;
  /** Where readings are. */
  readonly series: Pick<SeriesStore, "describe" | "read">;
  /** What takes readings, and keeps what it knows of devices. */
  readonly intake: Pick<DeviceIntake, "invalidate">;
  /** How long a device may be silent, unless it says so itself, milliseconds. */
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
});

const eventsQuery = z.strictObject({
  limit: limitText,
  after: z.string().refine((text) => parseInstant(text) !== null, "after must be ISO 8601")
    .optional(),
});

/** The routes under `/devices` that are not about readings. */
export function deviceRoutes(deps: DeviceDeps): Hono {
  const { kv } = deps;
  return new Hono()
    .get("/devices", async (c) => {
      const query = listQuery.safeParse(c.req.query());
      if (!query.success) throw invalidRequest(parameterErrors(query.error, c.req.query()));
      const { limit, cursor, state, profile } = query.data;
      const found = await matchingDevices(kv, {
        afterId: cursor ?? "",
        limit: limit + 1,
        isWanted: (device) =>
          device.state === (state ?? device.state) &&
          device.profile === (profile ?? device.profile),
      });
      const shown = found.slice(0, limit);
      const next = found.length > limit
        ? nextPage(c.req.url, { cursor: shown[limit - 1].id })
        : null;
      if (next !== null) c.header("link", `<${next}>; rel="next"`);
      const devices = await Promise.all(shown.map(async ({ id, device }) => ({
        device_id: id,
        profile: device.profile,
        device_type: device.deviceType,
        location: device.location,
        state: device.state,
        last_seen: instantOrNull(await lastReceivedMs(kv, id)),
      })));
      return c.json({ devices, next });
    })
    .get("/devices/:device_id", async (c) => {
      const id = deviceId(c.req.param("device_id"));
      const entry = await getDevice(kv, id);
      if (entry === null) throw unknownDevice();
      return c.json(await deviceBody(deps, id, entry.value));
    })
    .put("/devices/:device_id", async (c) => {
      const id = deviceId(c.req.param("device_id"));
      const body = await readJson(c.req.raw, JSON_BODY_MAX_BYTES);
      const change = deviceChange.safeParse(body);
      if (!change.success) throw invalidRequest(fieldErrors(change.error, body));
      const { isNew, device } = await setUp(deps, id, change.data);
      deps.log("info", "device set up", { deviceId: id, isNew });
      return c.json(await deviceBody(deps, id, device), isNew ? 201 : 200);
    })
    .get("/devices/:device_id/events", (c) => eventsAnswer(c, deps));
}

async function eventsAnswer(c: Context, { kv }: DeviceDeps): Promise<Response> {
  const id = deviceId(c.req.param("device_id") ?? "");
  const query = eventsQuery.safeParse(c.req.query());
  if (!query.success) throw invalidRequest(parameterErrors(query.error, c.req.query()));
  const { limit, after } = query.data;
  if (await getDevice(kv, id) === null) throw unknownDevice();
  const afterMs = after === undefined ? null : parseInstant(after);
  const found = await listDeviceEvents(kv, id, { afterMs, limit: limit + 1 });
  const events = found.slice(0, limit).map(({ atMs, state, lastSeenMs }) => ({
    at: instantText(atMs),
    state,
    last_seen: instantOrNull(lastSeenMs),
  }));
  if (found.length > limit) {
    c.header("link", `<${nextPage(c.req.url, { after: events[limit - 1].at })}>; rel="next"`);
  }
  return c.json({ device_id: id, events });
}

/** Devices that are wanted, in the order of ids, however many others lie between. */
async function matchingDevices(
  kv: Pick<Deno.Kv, "list">,
  { afterId, limit, isWanted }: {
    afterId: string;
    limit: number;
    isWanted: (device: DeviceRecord) => boolean;
  },
): Promise<{ id: string; device: DeviceRecord }[]> {
  const wanted: { id: string; device: DeviceRecord }[] = [];
  for (let lastId = afterId;;) {
    const page = await listDevices(kv, { afterId: lastId, limit: SCANNED_DEVICES });
    wanted.push(...page.filter(({ device }) => isWanted(device)));
    if (wanted.length >= limit || page.length < SCANNED_DEVICES) return wanted.slice(0, limit);
    lastId = page[page.length - 1].id;
  }
}

/** Makes a device or changes it; its profile is fixed once it has readings. */
async function setUp(
  { kv, series, intake, offlineAfterMs: serviceOfflineAfterMs, now }: DeviceDeps,
  id: string,
  body: DeviceChangeBody,
): Promise<{ isNew: boolean; device: DeviceRecord }> {
  const { profile, device_type: deviceType, location, offline_after_seconds: seconds } = body;
  const offlineAfterMs = typeof seconds === "number" ? seconds * 1000 : seconds;
  const fields = { profile, deviceType, location, offlineAfterMs };
  const isNew = await getDevice(kv, id) === null;
  if (isNew) {
    await createDevice(kv, id, { profile: "battery", nowMs: now(), serviceOfflineAfterMs });
  }
  const device = await changeDevice(kv, id, {
    nowMs: now(),
    async change({ profile: before }) {
      if (profile === undefined || profile === before) return fields;
      // Of a device whose readings came before its record could say so.
      if (await series.describe({ profile: before, id }) === null) return fields;
      throw profileFixed(id, before);
    },
  });
  intake.invalidate(id);
  // Devices are not removed, so one that was made is there.
  if (device === null) throw unknownDevice();
  return { isNew, device };
}

async function deviceBody(
  { kv, series, offlineAfterMs }: DeviceDeps,
  id: string,
  device: DeviceRecord,
): Promise<Record<string, unknown>> {
  const [extent, seenMs] = await Promise.all([
    series.describe({ profile: device.profile, id }),
    lastReceivedMs(kv, id),
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
    last_seen: instantOrNull(seenMs),
    state: device.state,
    state_since: instantText(device.stateSinceMs),
  };
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
