/**
 * Data for charts over HTTP: series by columns, a year as a grid, gaps, statistics of a load. Meters
 * and devices have the same four.
 *
 * @module
 */

import type { Context } from "hono";
import { accepts } from "hono/accepts";
import { localYear, yearSpan } from "../../data/charts/heat_map.ts";
import {
  jsonValues,
  type NamedColumn,
  packColumns,
  PACKED_TYPE,
} from "../../data/charts/packed_columns.ts";
import { DAY_MS, HOUR_MS } from "../../data/limits.ts";
import type { Span } from "../../data/readings/page.ts";
import { fixedLengthMs } from "../../data/time/calendar_buckets.ts";
import { instantText } from "../../data/time/time_text.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { meterId } from "../meters/meter_id.ts";
import { deviceId } from "../openapi/device_id.ts";
import { readGaps } from "./chart_gaps.ts";
import { type ChartHeatMap, readHeatMap } from "./chart_heat_map.ts";
import {
  gapsQuery,
  heatMapQuery,
  metricsOf,
  readQuery,
  seriesQuery,
  spanOf,
  statisticsQuery,
  zoneOf,
} from "./query_schemas.ts";
import { type ChartDeps, type ChartKind, type ChartSource, chartSource } from "./chart_source.ts";
import { readStatistics } from "./chart_statistics.ts";
import type { GapListBody, HeatMapBody, SeriesTableBody, StatisticsBody } from "./schemas.ts";
import { readSeriesTable } from "./series_table.ts";
import { shownMetric } from "./shown_metric.ts";

/** The routes of charts. */
export function chartRoutes(deps: ChartDeps): GuardedRoutes {
  const of = (kind: ChartKind, answer: Answer) => async (c: Context) => {
    const id = kind === "meter"
      ? meterId(c.req.param("id") ?? "")
      : deviceId(c.req.param("device_id") ?? "");
    return await answer(c, deps, await chartSource(deps, kind, { id, caller: c.get("caller") }));
  };
  return guardedRoutes()
    .get("/api/meters/:id/series", of("meter", seriesAnswer))
    .get("/api/meters/:id/heatmap", of("meter", heatMapAnswer))
    .get("/api/meters/:id/gaps", of("meter", gapsAnswer))
    .get("/api/meters/:id/statistics", of("meter", statisticsAnswer))
    .get("/devices/:device_id/series", of("device", seriesAnswer))
    .get("/devices/:device_id/heatmap", of("device", heatMapAnswer))
    .get("/devices/:device_id/gaps", of("device", gapsAnswer))
    .get("/devices/:device_id/statistics", of("device", statisticsAnswer));
}

type Answer = (c: Context, deps: ChartDeps, source: ChartSource) => Promise<Response>;

async function seriesAnswer(c: Context, deps: ChartDeps, source: ChartSource): Promise<Response> {
  const query = readQuery(seriesQuery, c.req.query());
  const zone = zoneOf(query, source);
  const span = spanOf(query, source, zone);
  const metrics = metricsOf(query.metrics, source);
  const { interval, cadenceMs, columns } = await readSeriesTable(deps, source, {
    span,
    zone,
    interval: query.interval,
    points: Number(query.points),
    metrics,
    signal: c.req.raw.signal,
  });
  const [times, ...values] = columns;
  const head = {
    source: sourceBody(source),
    timezone: zone,
    interval,
    ...rangeBody(span),
    cadence_seconds: secondsOf(cadenceMs),
    rows: times.values.length,
  };
  if (isPacked(c)) return packedAnswer(head, columns);
  const named = metrics.map((metric) => source.profile.metrics[metric]);
  const body: SeriesTableBody = {
    ...head,
    timestamp: Array.from(times.values, instantText),
    units: Object.fromEntries(named.map(({ name, unit }) => [name, unit])),
    columns: Object.fromEntries(values.map((column) => [column.name, jsonValues(column)])),
  };
  return jsonAnswer(body);
}

async function heatMapAnswer(c: Context, deps: ChartDeps, source: ChartSource): Promise<Response> {
  const query = readQuery(heatMapQuery, c.req.query());
  const zone = zoneOf(query, source);
  const newestMs = source.info?.lastMs ?? deps.now();
  const year = Math.max(1970, Number(query.year ?? localYear(zone, newestMs)));
  const slotMs = query.slot === "auto" ? null : fixedLengthMs(query.slot);
  const { signal } = c.req.raw;
  const span = yearSpan(zone, year);
  const metric = await shownMetric(deps, source, { name: query.metric, span, signal });
  const map = await readHeatMap(deps, source, { year, zone, metric, slotMs, signal });
  const { name, unit } = source.profile.metrics[metric];
  const head = {
    source: sourceBody(source),
    timezone: zone,
    year,
    metric: name,
    unit,
    first_date: map.firstDate,
    days: map.days,
    slots: map.slots,
    slot_seconds: map.slotMs / 1000,
    is_exact: map.cells.isExact,
  };
  if (isPacked(c)) {
    const changes = map.changes.map((change) => (
      { ...changeBody(map, change), again_at: change.againAt }
    ));
    return packedAnswer({ ...head, changes }, [{ name: "values", unit, ...map.cells }]);
  }
  const cells = jsonValues({ name, unit, ...map.cells });
  const body: HeatMapBody = {
    ...head,
    changes: map.changes.map((change) => ({
      ...changeBody(map, change),
      again: change.againAt === null
        ? null
        : cells.slice(change.againAt, change.againAt + change.slots),
    })),
    values: cells.slice(0, map.days * map.slots),
  };
  return jsonAnswer(body);
}

function changeBody(
  { firstDate }: ChartHeatMap,
  { day, lengthMs, slot, slots }: ChartHeatMap["changes"][number],
): { date: string; hours: number; slot: number; slots: number } {
  const dayMs = Date.parse(firstDate) + day * DAY_MS;
  return { date: instantText(dayMs).slice(0, 10), hours: lengthMs / HOUR_MS, slot, slots };
}

async function gapsAnswer(c: Context, deps: ChartDeps, source: ChartSource): Promise<Response> {
  const query = readQuery(gapsQuery, c.req.query());
  const asked = spanOf(query, source, zoneOf(query, source));
  // One more than is listed shows where the list goes on.
  const limit = Number(query.limit);
  const found = await readGaps(deps, source, {
    span: asked,
    limit: limit + 1,
    signal: c.req.raw.signal,
  });
  const more = found.gaps[limit];
  const body: GapListBody = {
    source: sourceBody(source),
    ...rangeBody(found.span),
    cadence_seconds: secondsOf(found.cadenceMs),
    readings: found.readings,
    missing: found.missing,
    count: found.count,
    gaps: found.gaps.slice(0, limit).map(({ fromMs, toMs, missing }) => (
      { from: instantText(fromMs), to: instantText(toMs), missing }
    )),
    next: more === undefined ? null : nextPath(c.req.url, more.fromMs),
  };
  return jsonAnswer(body);
}

async function statisticsAnswer(
  c: Context,
  deps: ChartDeps,
  source: ChartSource,
): Promise<Response> {
  const query = readQuery(statisticsQuery, c.req.query());
  const zone = zoneOf(query, source);
  const span = spanOf(query, source, zone);
  const { signal } = c.req.raw;
  const metric = await shownMetric(deps, source, { name: query.metric, span, signal });
  const found = await readStatistics(deps, source, { span, zone, metric, signal });
  const { name, unit } = source.profile.metrics[metric];
  const { interval, readings, intervals, total, mean, min, max, peak, baseLoad, curve } = found;
  const body: StatisticsBody = {
    source: sourceBody(source),
    timezone: zone,
    ...rangeBody(span),
    metric: name,
    unit,
    interval,
    readings,
    intervals,
    total,
    mean,
    min,
    max,
    peak: peak === null ? null : { value: peak.value, at: instantText(peak.atMs) },
    base_load: baseLoad,
    load_duration: curve.map(({ share, value }) => [share, value]),
  };
  return jsonAnswer(body);
}

function sourceBody({ kind, id }: ChartSource): SeriesTableBody["source"] {
  return { kind, id };
}

function rangeBody({ fromMs, toMs }: Span): { start_time: string; end_time: string } {
  return { start_time: instantText(fromMs), end_time: instantText(Math.max(fromMs, toMs - 1)) };
}

function secondsOf(cadenceMs: number | null): number | null {
  return cadenceMs === null ? null : cadenceMs / 1000;
}

function nextPath(url: string, fromMs: number): string {
  const next = new URL(url);
  next.searchParams.set("start_time", instantText(fromMs));
  return next.pathname + next.search;
}

function isPacked(c: Context): boolean {
  const supports = ["application/json", PACKED_TYPE];
  return accepts(c, { header: "Accept", supports, default: "application/json" }) === PACKED_TYPE;
}

const HEADERS = { "vary": "accept", "cache-control": "no-store" };

function packedAnswer(
  head: Readonly<Record<string, unknown>>,
  columns: readonly NamedColumn[],
): Response {
  const headers = { "content-type": PACKED_TYPE, ...HEADERS };
  return new Response(packColumns(head, columns), { headers });
}

function jsonAnswer(body: unknown): Response {
  return Response.json(body, { headers: HEADERS });
}
