/**
 * The list of meters and devices, with search and pages.
 *
 * @module
 */

import type { Context } from "hono";
import { listDevices } from "../../kv/devices/devices.ts";
import type { List } from "../access/list_visible.ts";
import { deviceBodies, type DeviceDeps, type ListedDevice } from "../devices/devices.ts";
import type { DeviceBody } from "../devices/schemas.ts";
import { meterBodies, type MeterPageDeps } from "../meters/meters.ts";
import { type ListedMeter, listMeters } from "../../kv/meters/list.ts";
import type { MeterBody } from "../meters/schemas.ts";
import type { PageContent } from "./layout.tsx";
import type { Markup } from "./markup.ts";
import { type Searched, type SearchPlace, searchSources } from "./source_search.ts";
import type { TextKey } from "./texts/en.ts";
import type { View } from "./view.ts";

/** Rows of each list. */
const ROWS = 50;
/** How many entries one page of a search looks at. */
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

const SEARCH = { rows: ROWS, most: SEARCHED_MAX };

/** A part of a list. */
type Found<T> = Searched<T>;

/** Makes the page. */
export async function sourceListPage(
  deps: SourceListDeps,
  c: Context,
  view: View,
): Promise<PageContent> {
  const { say } = view;
  const text = (c.req.query("q") ?? "").trim().slice(0, TEXT_MAX);
  const kind = KINDS.find((one) => one === c.req.query("kind")) ?? "all";
  const place = placeOf(c.req.query());
  const isFirst = "after" in place && place.after === "";
  const asked = { text, place };
  const meters = kind === "device" ? null : await findMeters(deps, view, asked);
  const devices = kind === "meter" ? null : await findDevices(deps, view, asked);
  const isEmpty = (meters?.rows.length ?? 0) + (devices?.rows.length ?? 0) === 0;
  const isCut = meters?.isCut === true || devices?.isCut === true;
  const more = (of: typeof kind) => (next: SearchPlace) =>
    `/meters?${new URLSearchParams({ ...(text === "" ? {} : { q: text }), kind: of, ...next })}`;
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
        {isEmpty && !isCut
          ? (
            <div class="notice">
              <p>{say(text === "" && isFirst ? "meters.empty" : "meters.none")}</p>
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
          : <MeterTable view={view} found={meters} more={more("meter")} />}
        {devices === null || devices.rows.length === 0
          ? null
          : <DeviceTable view={view} found={devices} more={more("device")} />}
        <SearchOn view={view} found={meters} more={more("meter")} text="meters.cut.meters" />
        <SearchOn view={view} found={devices} more={more("device")} text="meters.cut.devices" />
        {isFirst ? null : (
          <p>
            <a href="/meters">{say("meters.first")}</a>
          </p>
        )}
      </div>
    ),
  };
}

interface Asked {
  /** What is searched for; "" shows all. */
  readonly text: string;
  /** Where the page begins. */
  readonly place: SearchPlace;
}

/** The place that a query names. */
function placeOf({ after = "", within }: Readonly<Record<string, string>>): SearchPlace {
  return within === undefined ? { after } : { within };
}

async function findMeters(
  { kv, series }: SourceListDeps,
  { caller }: View,
  { text, place }: Asked,
): Promise<Found<MeterBody>> {
  const list: List<ListedMeter> = (page) => listMeters({ kv, series }, page);
  const found = await searchSources<ListedMeter>(caller, {
    ...SEARCH,
    kind: "meter",
    list,
    text,
    contains: ({ id, meter: { label } }) => isIn(text, id) || isIn(text, label),
  }, place);
  return { ...found, rows: await meterBodies({ series }, found.rows) };
}

async function findDevices(
  deps: SourceListDeps,
  { caller }: View,
  { text, place }: Asked,
): Promise<Found<DeviceBody>> {
  const list: List<ListedDevice> = (page) => listDevices(deps.kv, page);
  const found = await searchSources<ListedDevice>(caller, {
    ...SEARCH,
    kind: "device",
    list,
    text,
    contains: ({ id, device: { location } }) => isIn(text, id) || isIn(text, location ?? null),
  }, place);
  return { ...found, rows: await deviceBodies(deps, found.rows, false) };
}

/** Whether a text contains another one, in any case. */
function isIn(part: string, whole: string | null): boolean {
  return (whole ?? "").toLowerCase().includes(part.toLowerCase());
}

interface TableProps<T> {
  readonly view: View;
  readonly found: Found<T>;
  readonly more: (next: SearchPlace) => string;
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

function More({ view, found: { next, isCut }, more }: TableProps<unknown>): Markup | null {
  if (next === null || isCut) return null;
  return (
    <p class="pager">
      <a href={more(next)}>{view.say("meters.next")}</a>
    </p>
  );
}

/** The link that goes on with a search which has looked at enough entries for one page. */
function SearchOn({ view, found, more, text }: {
  readonly view: View;
  readonly found: Found<unknown> | null;
  readonly more: (next: SearchPlace) => string;
  readonly text: TextKey;
}): Markup | null {
  if (found === null || found.next === null || !found.isCut) return null;
  return (
    <p class="hint">
      {view.say(text, { count: view.formats.number(SEARCHED_MAX, 0) })}{" "}
      <a href={more(found.next)}>{view.say("meters.search.on")}</a>
    </p>
  );
}
