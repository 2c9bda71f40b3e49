/**
 * The list of meters and devices, with search and pages.
 *
 * @module
 */

import type { Context } from "hono";
import { listDevices } from "../../kv/devices/devices.ts";
import { type List, listVisible } from "../access/list_visible.ts";
import { deviceBodies, type DeviceDeps, type ListedDevice } from "../devices/devices.ts";
import type { DeviceBody } from "../devices/schemas.ts";
import { meterPage, type MeterPageDeps } from "../meters/meters.ts";
import { type ListedMeter, listMeters } from "../../kv/meters/list.ts";
import type { MeterBody } from "../meters/schemas.ts";
import type { PageContent } from "./layout.tsx";
import type { Markup } from "./markup.ts";
import type { View } from "./view.ts";

/** Rows of each list. */
const ROWS = 50;
/** How many entries a search looks at. */
const SEARCHED_MAX = 5_000;
/** The longest text that is searched. */
const TEXT_MAX = 100;
const KINDS = ["all", "meter", "device"] as const;

/** What the lists need. */
export interface SourceListDeps extends Pick<DeviceDeps, "profiles" | "now"> {
  /** The database. */
  readonly kv: DeviceDeps["kv"] & MeterPageDeps["kv"];
  /** The readings. */
  readonly series: DeviceDeps["series"] & MeterPageDeps["series"];
}

/** A part of a list. */
interface Found<T> {
  readonly rows: readonly T[];
  /** The id after which the next page begins; null on the last page. */
  readonly nextAfter: string | null;
  /** Whether the search ended before the list did. */
  readonly isCut: boolean;
}

/** Makes the page. */
export async function sourceListPage(
  deps: SourceListDeps,
  c: Context,
  view: View,
): Promise<PageContent> {
  const { say } = view;
  const text = (c.req.query("q") ?? "").trim().slice(0, TEXT_MAX);
  const kind = KINDS.find((one) => one === c.req.query("kind")) ?? "all";
  const afterId = c.req.query("after") ?? "";
  const asked = { text: text.toLowerCase(), afterId };
  const meters = kind === "device" ? null : await findMeters(deps, view, asked);
  const devices = kind === "meter" ? null : await findDevices(deps, view, asked);
  const isEmpty = (meters?.rows.length ?? 0) + (devices?.rows.length ?? 0) === 0;
  const more = (of: typeof kind, after: string) =>
    `/meters?${new URLSearchParams({ ...(text === "" ? {} : { q: text }), kind: of, after })}`;
  return {
    title: say("meters.title"),
    screen: "meters",
    styles: ["source.css"],
    body: (
      <div class="stack">
        <form method="get" class="row search" role="search">
          <label class="grow">
            <span>{say("meters.search")}</span>
            <input type="search" name="q" value={text} maxlength={TEXT_MAX} />
          </label>
          <label>
            <span>{say("meters.kind")}</span>
            <select name="kind">
              {KINDS.map((one) => (
                <option value={one} selected={one === kind}>{say(`meters.kind.${one}`)}</option>
              ))}
            </select>
          </label>
          <button type="submit" class="main">{say("meters.search.submit")}</button>
        </form>
        {isEmpty
          ? (
            <div class="notice">
              <p>{say(text === "" && afterId === "" ? "meters.empty" : "meters.none")}</p>
              {text === "" && view.may("import")
                ? (
                  <p>
                    <a class="button main" href="/upload">{say("nav.upload")}</a>
                  </p>
                )
                : null}
            </div>
          )
          : null}
        {meters === null || meters.rows.length === 0
          ? null
          : <MeterTable view={view} found={meters} more={(after) => more("meter", after)} />}
        {devices === null || devices.rows.length === 0
          ? null
          : <DeviceTable view={view} found={devices} more={(after) => more("device", after)} />}
        {meters?.isCut === true || devices?.isCut === true
          ? (
            <p class="hint">
              {say("meters.cut", { count: view.formats.number(SEARCHED_MAX, 0) })}
            </p>
          )
          : null}
        {afterId === "" ? null : (
          <p>
            <a href="/meters">{say("meters.first")}</a>
          </p>
        )}
      </div>
    ),
  };
}

interface Asked {
  readonly text: string;
  readonly afterId: string;
}

/** A list that ends after so many entries, so that a search takes a bounded time. */
function bounded<T>(list: List<T>): { list: List<T>; isCut: () => boolean } {
  let read = 0;
  return {
    async list(page) {
      if (read >= SEARCHED_MAX) return [];
      const entries = await list(page);
      read += entries.length;
      return entries;
    },
    isCut: () => read >= SEARCHED_MAX,
  };
}

async function findMeters(
  { kv, series }: SourceListDeps,
  { caller }: View,
  { text, afterId }: Asked,
): Promise<Found<MeterBody>> {
  if (text === "") {
    const page = await meterPage({ kv, series }, caller, { afterId, limit: ROWS });
    return { rows: page.meters, nextAfter: page.nextAfter, isCut: false };
  }
  const { list, isCut } = bounded<ListedMeter>((page) => listMeters({ kv, series }, page));
  const matches = ({ id, meter }: ListedMeter) =>
    id.toLowerCase().includes(text) || (meter.label ?? "").toLowerCase().includes(text);
  const page = await meterPage({ kv, series }, caller, { afterId, limit: ROWS, matches, list });
  return { rows: page.meters, nextAfter: page.nextAfter, isCut: isCut() };
}

async function findDevices(
  deps: SourceListDeps,
  { caller }: View,
  { text, afterId }: Asked,
): Promise<Found<DeviceBody>> {
  const { list, isCut } = bounded<ListedDevice>((page) => listDevices(deps.kv, page));
  const matches = text === ""
    ? undefined
    : ({ id, device }: ListedDevice) =>
      id.toLowerCase().includes(text) || (device.location ?? "").toLowerCase().includes(text);
  const found = await listVisible<ListedDevice>(
    caller,
    { kind: "device", list, matches },
    { afterId, limit: ROWS + 1 },
  );
  const rows = await deviceBodies(deps, found.slice(0, ROWS), false);
  const nextAfter = found.length > ROWS ? found[ROWS - 1].id : null;
  return { rows, nextAfter, isCut: text !== "" && isCut() };
}

interface TableProps<T> {
  readonly view: View;
  readonly found: Found<T>;
  readonly more: (afterId: string) => string;
}

function MeterTable({ view, found, more }: TableProps<MeterBody>): Markup {
  const { say, formats } = view;
  return (
    <section class="card" aria-labelledby="meters-title">
      <header>
        <h2 id="meters-title">{say("meters.kind.meter")}</h2>
      </header>
      <div class="table-frame" tabindex={0} role="group" aria-label={say("meters.kind.meter")}>
        <table>
          <thead>
            <tr>
              <th scope="col">{say("meters.id")}</th>
              <th scope="col">{say("meters.profile")}</th>
              <th scope="col" class="number">{say("meters.readings")}</th>
              <th scope="col">{say("meters.last")}</th>
            </tr>
          </thead>
          <tbody>
            {found.rows.map(({ smart_meter_id, label, profile, count, last_reading, timezone }) => (
              <tr>
                <th scope="row" class="name">
                  <a class="id" href={`/meters/${encodeURIComponent(smart_meter_id)}`}>
                    {label ?? smart_meter_id}
                  </a>
                  {label === null ? null : <span class="hint id">{smart_meter_id}</span>}
                </th>
                <td>{profile}</td>
                <td class="number">{formats.number(count, 0)}</td>
                <td>
                  <TimeOf view={view} time={last_reading} zone={timezone} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <More view={view} found={found} more={more} />
    </section>
  );
}

function DeviceTable({ view, found, more }: TableProps<DeviceBody>): Markup {
  const { say } = view;
  return (
    <section class="card" aria-labelledby="devices-title">
      <header>
        <h2 id="devices-title">{say("meters.kind.device")}</h2>
      </header>
      <div class="table-frame" tabindex={0} role="group" aria-label={say("meters.kind.device")}>
        <table>
          <thead>
            <tr>
              <th scope="col">{say("meters.id")}</th>
              <th scope="col">{say("meters.state")}</th>
              <th scope="col">{say("meters.profile")}</th>
              <th scope="col">{say("meters.seen")}</th>
            </tr>
          </thead>
          <tbody>
            {found.rows.map(({ device_id, profile, location, state, last_seen }) => (
              <tr>
                <th scope="row" class="name">
                  <a class="id" href={`/device/${encodeURIComponent(device_id)}`}>{device_id}</a>
                  {location === null ? null : <span class="hint id">{location}</span>}
                </th>
                <td>
                  <span class={state === "online" ? "state good" : "state bad"}>
                    {say(state === "online" ? "source.online" : "source.offline")}
                  </span>
                </td>
                <td>{profile}</td>
                <td>
                  <TimeOf view={view} time={last_seen} zone={null} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <More view={view} found={found} more={more} />
    </section>
  );
}

function TimeOf({ view, time, zone }: {
  readonly view: View;
  readonly time: string | null;
  readonly zone: string | null;
}): Markup {
  if (time === null) return <span class="muted">–</span>;
  return (
    <time datetime={time} data-zone={zone ?? undefined}>
      {view.formats.dateTime(Date.parse(time))}
    </time>
  );
}

function More({ view, found: { nextAfter }, more }: {
  readonly view: View;
  readonly found: Found<unknown>;
  readonly more: (afterId: string) => string;
}): Markup | null {
  if (nextAfter === null) return null;
  return (
    <p class="pager">
      <a href={more(nextAfter)}>{view.say("meters.next")}</a>
    </p>
  );
}
