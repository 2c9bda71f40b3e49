/**
 * The page of a meter or device: a year of its readings, its gaps, and what is new.
 *
 * @module
 */

import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import { instantText } from "../../data/time/time_text.ts";
import { yearSpan } from "../../data/charts/heat_map.ts";
import { shownMetric } from "../charts/shown_metric.ts";
import {
  type ChartDeps,
  type ChartKind,
  type ChartSource,
  chartSource,
} from "../charts/chart_source.ts";
import { unitText } from "../assets/units.js";
import { meterId } from "../meters/meter_id.ts";
import { deviceId } from "../openapi/device_id.ts";
import { type DevicePartDeps, type DeviceParts, deviceParts } from "./device_parts.tsx";
import type { PageContent } from "./layout.tsx";
import type { Markup } from "./markup.ts";
import { readSourceYear, shownYear, type SourceYear } from "./source_data.ts";
import { PREFERENCE_COOKIES } from "./preferences.ts";
import { metricText, type SourceView } from "./source_view.tsx";
import { YearBody } from "./source_year.tsx";
import type { View } from "./view.ts";

/** What the page needs. */
export interface SourcePageDeps extends ChartDeps, DevicePartDeps {
  /** The database. */
  readonly kv: ChartDeps["kv"] & DevicePartDeps["kv"];
  /** The readings. */
  readonly series: ChartDeps["series"] & DevicePartDeps["series"];
  /** The profiles. */
  readonly profiles: ChartDeps["profiles"] & DevicePartDeps["profiles"];
}

/** Makes the page. Throws AppError if the source does not exist for the caller. */
export async function sourcePage(
  deps: SourcePageDeps,
  c: Context,
  { view, kind, id: given }: { view: View; kind: ChartKind; id: string },
): Promise<PageContent> {
  const id = kind === "meter" ? meterId(given) : deviceId(given);
  const source = await chartSource(deps, kind, { id, caller: view.caller });
  const zone = zoneOfPage(c, view, source);
  const shared = { view, source, zone };
  const year = shownYear(source, zone, c.req.query("year"));
  const span = yearSpan(zone, year);
  const { signal } = c.req.raw;
  const name = knownMetric(source, c.req.query("metric"));
  const metric = await shownMetric(deps, source, { name, span, signal });
  const device = kind === "device" ? await deviceParts(deps, shared, span) : null;
  const found = source.info === null
    ? null
    : await readSourceYear(deps, source, { year, zone, metric, signal });
  const shown = source.profile.metrics[metric];
  return {
    title: source.label ?? id,
    screen: "meters",
    hasOwnHeading: true,
    modules: ["source.js"],
    styles: ["source.css", "uplot.css"],
    clientTexts: ["source."],
    data: {
      api: kind === "meter"
        ? `/api/meters/${encodeURIComponent(id)}`
        : `/devices/${encodeURIComponent(id)}`,
      metric: shown.name,
      label: shown.label ?? shown.name,
      unit: unitText(shown.unit),
      year,
      zone,
      firstMs: source.info?.firstMs ?? null,
      lastMs: source.info?.lastMs ?? null,
      fromMs: found?.span.fromMs ?? 0,
      toMs: found?.span.toMs ?? 0,
      dayMinutes: found?.days.map(({ atMs }) => Math.round((atMs - found.span.fromMs) / 60_000)) ??
        [],
      bands: device?.bands ?? [],
    },
    body: <SourceBody {...shared} found={found} device={device} metric={shown.name} />,
  };
}

/** The zone of the page. Until a script said that of the browser, it is that of the source. */
function zoneOfPage(c: Context, { preferences, zone }: View, source: ChartSource): string {
  const isKnown = getCookie(c, PREFERENCE_COOKIES.browserZone) !== undefined;
  const isOfSource = preferences.zoneChoice === "source" ||
    (preferences.zoneChoice === "browser" && !isKnown);
  return isOfSource ? source.zone : zone;
}

/** A metric that the source has; a link may be older than its profile. */
function knownMetric({ profile }: ChartSource, name: string | undefined): string | undefined {
  return profile.metrics.some((metric) => metric.name === name) ? name : undefined;
}

function SourceBody({ found, device, metric, ...shared }: SourceView & {
  readonly found: SourceYear | null;
  readonly device: DeviceParts | null;
  readonly metric: string;
}): Markup {
  const { view: { say } } = shared;
  return (
    <div class="source stack">
      <SourceHead {...shared} found={found} device={device} metric={metric} />
      {device?.cards}
      {found === null
        ? (
          <div class="notice">
            <p>{say("source.empty")}</p>
            <p class="row">
              <a class="button main" href="/upload">{say("nav.upload")}</a>
            </p>
          </div>
        )
        : <YearBody {...shared} found={found} />}
    </div>
  );
}

function SourceHead({ view, source, found, device, metric, zone }: SourceView & {
  readonly found: SourceYear | null;
  readonly device: DeviceParts | null;
  readonly metric: string;
}): Markup {
  const { say } = view;
  const { id, label, kind, info, profile } = source;
  return (
    <div class="heading">
      <div>
        <p class="hint">
          <a href="/meters">{say("nav.meters")}</a> / {say(`source.kind.${kind}`)}
        </p>
        <div class="row">
          <h1 class="id">{label ?? id}</h1>
          {device?.state}
        </div>
        <p class="hint id">
          {label === null ? null : <>{id} ·</>} {profile.name} · {zone}
          {info === null ? null : (
            <>
              {" · "}
              {say("source.last")}{" "}
              <time
                id="source-last"
                datetime={instantText(info.lastMs)}
                data-relative=""
                data-zone={source.zone}
              >
                {view.formats.dateTime(info.lastMs)}
              </time>
            </>
          )}
        </p>
      </div>
      {found === null
        ? null
        : <Choices view={view} source={source} found={found} metric={metric} />}
    </div>
  );
}

function Choices({ view: { say }, source, found, metric }: {
  readonly view: View;
  readonly source: ChartSource;
  readonly found: SourceYear;
  readonly metric: string;
}): Markup {
  const { years, year } = found;
  const shown = years.includes(year) ? years : [year, ...years];
  return (
    <form id="source-choice" method="get" class="row no-print">
      <label>
        <span>{say("source.metric")}</span>
        <select name="metric">
          {source.profile.metrics.map(({ name, label = name, unit }) => (
            <option value={name} selected={name === metric}>
              {metricText({ name, label, unit })}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>{say("source.year")}</span>
        <select name="year">
          {shown.map((one) => <option value={String(one)} selected={one === year}>{one}</option>)}
        </select>
      </label>
      <button type="submit">{say("source.show")}</button>
    </form>
  );
}
