/**
 * Readings of devices: `GET /devices/{id}/metrics` and `/summary`.
 *
 * @module
 */

import { accepts } from "hono/accepts";
import { z } from "zod";
import type { Caller } from "../../data/access/caller.ts";
import { createAggregator, type MetricSummary } from "../../data/readings/aggregate.ts";
import type { Profile } from "../../data/readings/profile.ts";
import { restoreZonePlus } from "../../data/time/query_plus.ts";
import { localDate, localDaySpan } from "../../data/time/zone.ts";
import type { ProfileStore } from "../../kv/profiles/profiles.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { parameterErrors } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import { deviceId } from "../openapi/device_id.ts";
import { readReadingsQuery, timezoneText } from "../readings/query.ts";
import { readingsResponse } from "../readings/response.ts";
import type { DaySummaryBody } from "./readings_schemas.ts";
import { currentProfile } from "./schemas.ts";
import { visibleDevice } from "./visible_device.ts";

/** What the routes need. */
export interface DeviceReadingsDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get">;
  /** The series store. */
  readonly series: Pick<SeriesStore, "read">;
  /** The profiles. */
  readonly profiles: Pick<ProfileStore, "current">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

const summaryQuery = z.strictObject({
  date: z.string()
    .refine((text) => localDaySpan("UTC", text) !== null, "date must be a day as YYYY-MM-DD")
    .optional(),
  timezone: timezoneText.default("UTC"),
});

/** The routes. */
export function deviceReadingsRoutes(deps: DeviceReadingsDeps): GuardedRoutes {
  const { series, now } = deps;
  return guardedRoutes()
    .get("/devices/:device_id/metrics", async (c) => {
      const id = deviceId(c.req.param("device_id"));
      const query = readReadingsQuery(c.req.query(), now());
      const profile = await profileOf(deps, c.get("caller"), id);
      const isCsv = accepts(c, {
        header: "Accept",
        supports: ["application/json", "text/csv"],
        default: "application/json",
      }) === "text/csv";
      const ref = { profile: profile.name, id };
      return await readingsResponse(series, { ref, profile, query, url: c.req.url, isCsv });
    })
    .get("/devices/:device_id/summary", async (c) => {
      const id = deviceId(c.req.param("device_id"));
      const query = summaryQuery.safeParse(c.req.query());
      if (!query.success) throw invalidRequest(parameterErrors(query.error, c.req.query()));
      const zone = restoreZonePlus(query.data.timezone);
      const { date = localDate(zone, now()) } = query.data;
      const profile = await profileOf(deps, c.get("caller"), id);
      return c.json(await daySummaryBody(deps, profile, { id, zone, date }));
    });
}

/** The summary of a day, of a device that exists. */
export async function daySummaryBody(
  { series }: Pick<DeviceReadingsDeps, "series">,
  profile: Profile,
  { id, zone, date }: { id: string; zone: string; date: string },
): Promise<DaySummaryBody> {
  const ref = { profile: profile.name, id };
  const span = localDaySpan(zone, date) ?? { fromMs: 0, toMs: 0 };
  const day = createAggregator(profile.metrics.length);
  // A signal that never fires: the read is short.
  const { signal } = new AbortController();
  const read = { ...span, profile, reusesMemory: true };
  for await (const page of series.read(ref, read, signal)) day.add(page);
  const count = day.count();
  return { device_id: id, date, count, summary: summaryBody(profile, day.metrics(), count) };
}

/** The profile of a device. Throws if the device does not exist for the caller. */
async function profileOf(
  { kv, profiles }: DeviceReadingsDeps,
  caller: Caller,
  id: string,
): Promise<Profile> {
  const { value } = await visibleDevice(kv, caller, id);
  return await currentProfile(profiles, value.profile);
}

/** Zeros on a day without readings; null for a metric that none of the day's readings has. */
function summaryBody(
  { metrics }: Profile,
  summaries: readonly MetricSummary[],
  count: number,
): DaySummaryBody["summary"] {
  return Object.fromEntries(metrics.map(({ name }, index) => {
    const { min, max, mean } = summaries[index];
    const known = (value: number) => count === 0 ? 0 : value === value ? value : null;
    return [name, { min: known(min), max: known(max), avg: known(mean) }];
  }));
}
