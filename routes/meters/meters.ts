/**
 * Smart meters over HTTP: list, show and delete them, read and import their readings.
 *
 * @module
 */

import { Hono } from "hono";
import { accepts } from "hono/accepts";
import { AppError } from "../../data/app_error.ts";
import type { Log } from "../../data/log.ts";
import { PROFILES } from "../../data/readings/profile.ts";
import type { AcceptedTimes } from "../../data/time/accepted_times.ts";
import { instantText } from "../../data/time/time_text.ts";
import type { SeriesInfo, SeriesStore } from "../../kv/series/store.ts";
import { parameterErrors } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import { createRunningImports, importBody } from "../imports/running_imports.ts";
import { readReadingsQuery } from "../readings/query.ts";
import { readingsResponse } from "../readings/response.ts";
import { type ImportRouteDeps, importRoutes } from "./imports.ts";
import { inspectRoutes } from "./inspect.ts";
import { meterId } from "./meter_id.ts";
import { listQuery, type MeterBody, type MeterDetailBody, type MeterListBody } from "./schemas.ts";

/** What the routes need. */
export interface MeterDeps {
  /** Where readings are. */
  readonly series:
    & Pick<SeriesStore, "describe" | "list" | "read" | "remove">
    & ImportRouteDeps["series"];
  /** Which times readings may have; an import only has the oldest one. */
  readonly acceptedTimes: AcceptedTimes;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
}

/** The routes under `/api/meters`. */
export function meterRoutes({ series, acceptedTimes, now, log }: MeterDeps): Hono {
  const imports = createRunningImports();
  return new Hono()
    .route("/", importRoutes({ series, imports, acceptedTimes, now, log }))
    .route("/", inspectRoutes({ acceptedTimes }))
    .get("/api/meters", async (c) => {
      const query = listQuery.safeParse(c.req.query());
      if (!query.success) throw invalidRequest(parameterErrors(query.error, c.req.query()));
      const { limit, after = "" } = query.data;
      // One more than the page holds shows whether there is a next page.
      const infos = await series.list("meter", { afterId: after, limit: limit + 1 });
      const meters = infos.slice(0, limit);
      const next = infos.length > limit
        ? `/api/meters?limit=${limit}&after=${encodeURIComponent(meters[limit - 1].id)}`
        : null;
      if (next !== null) c.header("link", `<${next}>; rel="next"`);
      const body: MeterListBody = { meters: meters.map(meterBody), next };
      return c.json(body);
    })
    .get("/api/meters/:id", async (c) => {
      const id = meterId(c.req.param("id"));
      const info = await series.describe({ profile: "meter", id });
      const running = imports.of(id);
      // The first import of a meter may be running before any of its readings is stored.
      if (info === null && running.every(({ isDryRun }) => isDryRun)) throw unknownMeter(id);
      const imported = { imports: running.map(importBody) };
      const body: MeterDetailBody = info === null
        ? { smart_meter_id: id, count: 0, first_reading: null, last_reading: null, ...imported }
        : { ...meterBody(info), ...imported };
      return c.json(body);
    })
    .delete("/api/meters/:id", async (c) => {
      const id = meterId(c.req.param("id"));
      if (!await series.remove({ profile: "meter", id })) throw unknownMeter(id);
      log("info", "meter removed", { meterId: id });
      return c.body(null, 204);
    })
    .get("/api/meters/:id/readings", async (c) => {
      const id = meterId(c.req.param("id"));
      const query = readReadingsQuery(c.req.query(), now());
      const ref = { profile: "meter", id } as const;
      if (await series.describe(ref) === null) throw unknownMeter(id);
      const isCsv = accepts(c, {
        header: "Accept",
        supports: ["application/json", "text/csv"],
        default: "application/json",
      }) === "text/csv";
      const { meter: profile } = PROFILES;
      return await readingsResponse(series, { ref, profile, query, url: c.req.url, isCsv });
    });
}

function meterBody({ id, count, firstMs, lastMs }: SeriesInfo): MeterBody {
  return {
    smart_meter_id: id,
    count,
    first_reading: instantText(firstMs),
    last_reading: instantText(lastMs),
  };
}

function unknownMeter(id: string): AppError {
  return new AppError("SMART_METER_NOT_FOUND", `Smart meter with ID '${id}' not found`);
}
