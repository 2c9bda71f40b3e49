/**
 * The tiles of Home, one for each part of the overview.
 *
 * @module
 */

import type { Overview } from "../overview/schemas.ts";
import { ApiCall, State, Time } from "./components.tsx";
import { curlOf } from "./curl.ts";
import { type Finding, levelOf } from "./home_findings.ts";
import type { Children, Markup } from "./markup.ts";
import type { TextKey } from "./texts/en.ts";
import type { View } from "./view.ts";
import { deviceHref, LISTS, meterHref, storeHref, subjectHref } from "./list_links.ts";

interface TileParts {
  readonly view: View;
  readonly overview: Overview;
  readonly findings: readonly Finding[];
}

/** All tiles that have something to show. */
export function Tiles(parts: TileParts): Markup {
  const { overview } = parts;
  const { devices, stores, meters, jobs, continuous_exports: continuous } = overview;
  const { alerts, disk, file_room: files } = overview;
  return (
    <div class="tiles">
      {alerts === null ? null : <Alerts {...parts} alerts={alerts} />}
      {devices === null || devices.total === 0 ? null : <Devices {...parts} devices={devices} />}
      {stores === null || stores.total === 0 ? null : <Stores {...parts} stores={stores} />}
      {meters === null || meters.total === 0 ? null : <Meters {...parts} meters={meters} />}
      {jobs === null ? null : <Jobs {...parts} jobs={jobs} />}
      {continuous === null ? null : <Continuous {...parts} continuous={continuous} />}
      {disk === null ? null : <Room {...parts} id="disk" room={disk} />}
      {files === null ? null : <Room {...parts} id="files" room={files} />}
    </div>
  );
}

/** A tile: a figure that links to its list, the worst of it, and the call behind it. */
function Tile({ view, findings, id, title, call, children }: {
  readonly view: View;
  readonly findings: readonly Finding[];
  readonly id: string;
  readonly title: TextKey;
  readonly call: string;
  readonly children: Children;
}): Markup {
  const { say } = view;
  const level = levelOf(findings, id);
  return (
    <section class="card tile" id={`tile-${id}`} aria-labelledby={`title-${id}`}>
      <header>
        <h2 id={`title-${id}`}>{say(title)}</h2>
        <span data-live id={`state-${id}`}>
          <State level={level} text={say(`home.level.${level}` as TextKey)} />
        </span>
      </header>
      <div class="tile-body" data-live id={`live-${id}`}>{children}</div>
      <ApiCall view={view} id={`call-${id}`} curl={curlOf(view, { path: call })} />
    </section>
  );
}

/** A large number with what it counts, which leads to the list of it. */
function Figure({ view, value, of, label, href, isPart = true }: {
  readonly view: View;
  readonly value: number;
  readonly of: number | null;
  readonly label: string;
  readonly href: string;
  readonly isPart?: boolean;
}): Markup {
  const { formats, say } = view;
  return (
    <p class="figure">
      <a href={href}>
        <strong>{isPart ? "" : "≥ "}{formats.number(value, 0)}</strong> <span>{label}</span>
      </a>
      {of === null
        ? null
        : <span class="muted">{say("home.of", { total: formats.number(of, 0) })}</span>}
    </p>
  );
}

function Alerts(
  { alerts, ...parts }: TileParts & { alerts: NonNullable<Overview["alerts"]> },
): Markup {
  const { view } = parts;
  const { say, formats } = view;
  return (
    <Tile {...parts} id="alerts" title="home.alerts" call="/api/alerts/firing">
      <Figure
        view={view}
        value={alerts.firing}
        of={null}
        isPart={alerts.is_complete}
        label={say("home.alerts.label")}
        href={LISTS.alerts}
      />
      {alerts.muted === 0 ? null : (
        <p class="muted">
          {say("home.alerts.muted", { number: formats.number(alerts.muted, 0) })}
        </p>
      )}
      <ul class="lines">
        {alerts.newest.map(({ alert_id: alert, name, on, id, since }) => (
          <li>
            <span class="id">
              <a href={subjectHref(on, id)}>{id}</a>
              <span class="muted">{name ?? alert}</span>
            </span>
            {since === null ? null : <Time view={view} at={since} form="relative" />}
          </li>
        ))}
      </ul>
    </Tile>
  );
}

function Devices(
  { devices, ...parts }: TileParts & { devices: NonNullable<Overview["devices"]> },
): Markup {
  const { view } = parts;
  const { say } = view;
  return (
    <Tile {...parts} id="devices" title="home.devices" call="/devices?state=offline">
      <Figure
        view={view}
        value={devices.offline}
        of={devices.total}
        isPart={devices.is_complete}
        label={say("home.devices.label")}
        href={LISTS.offlineDevices}
      />
      {devices.newest.length === 0 ? <Newest view={view} devices={devices} /> : (
        <ul class="lines">
          {devices.newest.map(({ device_id: id, location, since }) => (
            <li>
              <span class="id">
                <a href={deviceHref(id)}>{id}</a>
                {location === null ? null : <span class="muted">{location}</span>}
              </span>
              <Time view={view} at={since} form="relative" />
            </li>
          ))}
        </ul>
      )}
    </Tile>
  );
}

/** That all devices send, and which came last: whoever just connected one looks for it here. */
function Newest(
  { view, devices: { latest } }: { view: View; devices: NonNullable<Overview["devices"]> },
): Markup {
  const { say } = view;
  return (
    <>
      <p class="muted">{say("home.devices.none")}</p>
      {latest === null ? null : (
        <ul class="lines">
          <li>
            <span class="id">
              <a href={deviceHref(latest.device_id)}>{latest.device_id}</a>
              <span class="muted">{say("home.devices.newest")}</span>
            </span>
            <Time view={view} at={latest.created_at} form="relative" />
          </li>
        </ul>
      )}
    </>
  );
}

function Stores(
  { stores, ...parts }: TileParts & { stores: NonNullable<Overview["stores"]> },
): Markup {
  const { view } = parts;
  const { say, formats } = view;
  const closed = stores.total - stores.open;
  return (
    <Tile {...parts} id="stores" title="home.stores" call="/stores?fields=latest">
      <Figure
        view={view}
        value={stores.down}
        of={stores.open}
        isPart={stores.is_complete}
        label={say("home.stores.label")}
        href={LISTS.stores}
      />
      <p class="muted">
        {say("home.stores.rest", {
          closed: formats.number(closed, 0),
          unknown: formats.number(stores.unknown, 0),
        })}
      </p>
      <ul class="lines">
        {stores.down_now.map(({ store_id: id, since, timezone_str: zone }) => (
          <li>
            <a class="id" href={storeHref(id)}>{id}</a>
            <Time view={view} at={since} form="relative" zone={zone} />
          </li>
        ))}
      </ul>
    </Tile>
  );
}

function Meters(
  { meters, ...parts }: TileParts & { meters: NonNullable<Overview["meters"]> },
): Markup {
  const { view } = parts;
  const { say, formats } = view;
  return (
    <Tile {...parts} id="meters" title="home.meters" call="/api/meters">
      <Figure
        view={view}
        value={meters.late}
        of={meters.total}
        isPart={meters.is_complete}
        label={say("home.meters.label")}
        href={LISTS.meters}
      />
      {meters.ended === 0 ? null : (
        <p class="muted">
          {say("home.meters.ended", {
            count: meters.ended,
            number: formats.number(meters.ended, 0),
          })}
        </p>
      )}
      <ul class="lines">
        {meters.latest.map(({ smart_meter_id: id, label, last_reading: last }) => (
          <li>
            <span class="id">
              <a href={meterHref(id)}>{id}</a>
              {label === null ? null : <span class="muted">{label}</span>}
            </span>
            <Time view={view} at={last} form="relative" />
          </li>
        ))}
      </ul>
    </Tile>
  );
}

function Jobs({ jobs, ...parts }: TileParts & { jobs: NonNullable<Overview["jobs"]> }): Markup {
  const { view } = parts;
  const { say, formats } = view;
  return (
    <Tile {...parts} id="jobs" title="home.jobs" call="/api/exports">
      <Figure
        view={view}
        value={jobs.running}
        of={null}
        label={say("home.jobs.label")}
        href={LISTS.jobs}
      />
      <p class="muted">
        {say("home.jobs.rest", {
          pending: formats.number(jobs.pending, 0),
          failed: formats.number(jobs.failed, 0),
        })}
      </p>
      <ul class="lines">
        {jobs.newest.map(({ kind, status, percent, created_at: at, error }) => (
          <li>
            <span>
              {say(`home.jobs.${kind}` as TextKey)}
              {status === "running" ? <progress max={100} value={percent} /> : null}
              {status === "failed"
                ? <span class="fault">{error ?? say("home.jobs.state.failed")}</span>
                : (
                  <span class="muted">
                    {status === "running"
                      ? `${formats.number(percent, 0)} %`
                      : say("home.jobs.state.pending")}
                  </span>
                )}
            </span>
            <Time view={view} at={at} form="relative" />
          </li>
        ))}
      </ul>
    </Tile>
  );
}

function Continuous(
  { continuous, ...parts }: TileParts & {
    continuous: NonNullable<Overview["continuous_exports"]>;
  },
): Markup {
  const { view } = parts;
  const { say, formats } = view;
  return (
    <Tile {...parts} id="continuous" title="home.continuous" call="/api/continuous-exports">
      <Figure
        view={view}
        value={continuous.lagging}
        of={continuous.total}
        isPart={continuous.is_complete}
        label={say("home.continuous.label")}
        href={LISTS.continuous}
      />
      {continuous.is_on ? null : <p class="muted">{say("home.continuous.off")}</p>}
      <ul class="lines">
        {continuous.worst.map(({ device_id: id, lag_seconds: lag, error }) => (
          <li>
            <span class="id">
              <a href={deviceHref(id)}>{id}</a>
              {error === null ? null : <span class="fault">{error}</span>}
            </span>
            <span class="muted">{formats.span(lag * 1_000)}</span>
          </li>
        ))}
      </ul>
    </Tile>
  );
}

function Room(
  { id, room, ...parts }: TileParts & { id: "disk" | "files"; room: NonNullable<Overview["disk"]> },
): Markup {
  const { view } = parts;
  const { say, formats } = view;
  const used = room.total_bytes - room.free_bytes;
  return (
    <Tile {...parts} id={id} title={`home.${id}`} call="/api/overview">
      <p class="figure">
        <strong>{formats.size(room.free_bytes)}</strong>{" "}
        <span class="muted">
          {say("home.disk.of", { total: formats.size(room.total_bytes) })}
        </span>
      </p>
      <meter
        min={0}
        max={room.total_bytes}
        value={used}
        aria-label={say("home.disk.used")}
      />
    </Tile>
  );
}
