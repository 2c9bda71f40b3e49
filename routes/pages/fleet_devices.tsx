/**
 * The devices of the fleet: state, last values, and when they were offline in the last 90 days.
 *
 * @module
 */

import type { Context } from "hono";
import { offlineBands, type PresenceMove } from "../../data/devices/offline_bands.ts";
import { DAY_MS } from "../../data/limits.ts";
import type { Span } from "../../data/readings/page.ts";
import { listDeviceEvents } from "../../kv/devices/events.ts";
import { deviceBodies, type DeviceDeps } from "../devices/devices.ts";
import type { DeviceBody } from "../devices/schemas.ts";
import { unitText } from "../assets/units.js";
import { ApiCall, Time } from "./components.tsx";
import { curlOf } from "./curl.ts";
import {
  DeviceSearchForm,
  findFleetDevices,
  pathOfSearch,
  readDeviceSearch,
  SEARCHED_MAX,
} from "./fleet_device_search.tsx";
import { FleetTabs } from "./fleet_tabs.tsx";
import type { PageContent } from "./layout.tsx";
import { deviceHref } from "./list_links.ts";
import type { Markup } from "./markup.ts";
import type { View } from "./view.ts";

const DAYS = 90;
/** The most events of a device that are read: the oldest of the 90 days first. */
const EVENTS_MAX = 2_000;
/** The size of a drawing, and the least width of a band. */
const WIDTH = 450, HEIGHT = 30, LEAST = 1.5;

/** What the page needs. */
export interface FleetDevicesDeps extends Pick<DeviceDeps, "profiles" | "now"> {
  /** The database. */
  readonly kv: DeviceDeps["kv"];
  /** The readings. */
  readonly series: DeviceDeps["series"];
}

interface Row {
  readonly device: DeviceBody;
  readonly bands: readonly Span[];
}

/** Makes the page. */
export async function fleetDevicesPage(
  deps: FleetDevicesDeps,
  c: Context,
  view: View,
): Promise<PageContent> {
  const { say, nowMs } = view;
  const search = readDeviceSearch(new URL(c.req.url).searchParams);
  const { rows: shown, next, isCut } = await findFleetDevices(deps, view, search);
  const span = { fromMs: nowMs - DAYS * DAY_MS, toMs: nowMs };
  const bodies = await deviceBodies(deps, shown, true);
  const rows = await Promise.all(bodies.map(async (device, index): Promise<Row> => {
    const { id, device: record } = shown[index];
    const moves = await movesOf(deps, id, span);
    const { state, createdMs } = record;
    return { device, bands: offlineBands(moves, { span, state, createdMs }) };
  }));
  const isSearch = search.text !== "" || search.state !== "all";
  return {
    title: say("fleet.devices"),
    screen: "fleet",
    styles: ["fleet.css"],
    body: (
      <div class="stack">
        <FleetTabs view={view} current="devices" />
        <DeviceSearchForm view={view} search={search} />
        {rows.length === 0
          ? (
            <p class="notice">
              {say(isSearch || isCut ? "meters.none" : "fleet.devices.none")}
            </p>
          )
          : (
            <section class="card">
              <header>
                <h2>{say("fleet.days", { count: DAYS })}</h2>
                <ul class="legend">
                  <li>
                    <svg viewBox="0 0 10 10" aria-hidden="true">
                      <rect class="down" width={10} height={10} />
                    </svg>
                    {say("source.offline")}
                  </li>
                </ul>
              </header>
              <DeviceTable view={view} deps={deps} rows={rows} span={span} />
              <ApiCall
                view={view}
                id="call-devices"
                curl={curlOf(view, { path: "/devices?fields=latest" })}
              />
            </section>
          )}
        {next === null ? null : (
          <p class="pager no-print">
            {isCut ? say("meters.cut.devices", { count: SEARCHED_MAX }) : null}{" "}
            <a href={pathOfSearch(search, next)}>
              {say(isCut ? "meters.search.on" : "fleet.next")}
            </a>
          </p>
        )}
      </div>
    ),
  };
}

async function movesOf(
  { kv }: FleetDevicesDeps,
  id: string,
  { fromMs }: Span,
): Promise<PresenceMove[]> {
  return await listDeviceEvents(kv, id, { afterMs: fromMs - 1, limit: EVENTS_MAX });
}

function DeviceTable({ view, deps, rows, span }: {
  readonly view: View;
  readonly deps: FleetDevicesDeps;
  readonly rows: readonly Row[];
  readonly span: Span;
}): Markup {
  const { say } = view;
  return (
    <table class="cards fleet devices">
      <thead>
        <tr>
          <th scope="col">{say("fleet.device")}</th>
          <th scope="col">{say("fleet.now")}</th>
          <th scope="col" class="wide">{say("source.offline")}</th>
          <th scope="col">{say("source.latest")}</th>
          <th scope="col">{say("meters.seen")}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ device, bands }) => (
          <tr>
            <th scope="row" class="name">
              <a class="id" href={deviceHref(device.device_id)}>{device.device_id}</a>
              {device.location === null ? null : <span class="hint id">{device.location}</span>}
            </th>
            <td>
              <span class={device.state === "online" ? "state good" : "state bad"}>
                {say(device.state === "online" ? "source.online" : "source.offline")}
              </span>
            </td>
            <td class="wide">
              <BandView view={view} id={device.device_id} bands={bands} span={span} />
            </td>
            <td data-label={say("source.latest")}>
              <LastValues view={view} deps={deps} device={device} />
            </td>
            <td data-label={say("meters.seen")}>
              {device.last_seen === null
                ? <span class="muted">–</span>
                : <Time view={view} at={device.last_seen} form="relative" />}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function BandView({ view, id, bands, span }: {
  readonly view: View;
  readonly id: string;
  readonly bands: readonly Span[];
  readonly span: Span;
}): Markup {
  const { say, formats } = view;
  const lengthMs = span.toMs - span.fromMs;
  const sumMs = bands.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
  const text = bands.length === 0
    ? say("fleet.bands.none", { id })
    : say("fleet.bands", { id, count: bands.length, span: formats.span(sumMs) });
  const placeOf = (timeMs: number) =>
    Math.round((timeMs - span.fromMs) / lengthMs * WIDTH * 10) / 10;
  return (
    <svg
      class="bars"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={text}
    >
      <title>{text}</title>
      <rect class="closed" y={HEIGHT - 3} width={WIDTH} height={3} />
      {bands.map(({ fromMs, toMs }) => {
        const width = Math.max(LEAST, placeOf(toMs) - placeOf(fromMs));
        const x = Math.min(placeOf(fromMs), WIDTH - width);
        return <rect class="down" x={x} width={width} height={HEIGHT} />;
      })}
    </svg>
  );
}

function LastValues({ view, deps, device }: {
  readonly view: View;
  readonly deps: FleetDevicesDeps;
  readonly device: DeviceBody;
}): Markup {
  const { latest } = device;
  const metrics = deps.profiles.get(device.profile)?.metrics ?? [];
  const known = metrics.flatMap(({ name, label = name, unit }) => {
    const value = latest?.metrics[name];
    return typeof value === "number"
      ? [`${label} ${view.formats.number(value, 2)} ${unitText(unit)}`.trim()]
      : [];
  });
  return known.length === 0
    ? <span class="muted">–</span>
    : <span class="hint">{known.slice(0, 4).join(" · ")}</span>;
}
