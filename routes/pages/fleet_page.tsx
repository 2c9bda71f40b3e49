/**
 * The screen of stores: a row each with its bars. Printed, it is the report of a month.
 *
 * @module
 */

import type { Context } from "hono";
import { DEFAULT_STORE_ZONE } from "../../data/stores/business_hours.ts";
import { isStoreId } from "../../data/limits.ts";
import { createOpenSpans, type OpenState } from "../../data/stores/store_uptime.ts";
import {
  getStore,
  latestPolls,
  listStores,
  type StoreInfo,
  type StoreInfoDeps,
} from "../../kv/stores/info.ts";
import { listVisible } from "../access/list_visible.ts";
import type { ScheduledStore, UptimeAsk, UptimeReader } from "../stores/uptime_reader.ts";
import { ApiCall } from "./components.tsx";
import { curlOf } from "./curl.ts";
import { Legend } from "./fleet_bars.tsx";
import {
  apiQuery,
  DAYS,
  fleetQuery,
  type FleetRange,
  holdMsOf,
  HOLDS,
  newestMonths,
  rangeOf,
  readFleetRange,
  withQuery,
} from "./fleet_range.ts";
import { type FleetWords, fleetWords } from "./fleet_words.ts";
import { type StoreRow, StoreTable } from "./fleet_table.tsx";
import { FleetTabs } from "./fleet_tabs.tsx";
import type { PageContent } from "./layout.tsx";
import { storeHref } from "./list_links.ts";
import type { Markup } from "./markup.ts";
import type { View } from "./view.ts";

/** Rows of a page. */
const ROWS = 50;

/** What the screen needs. */
export interface FleetDeps extends StoreInfoDeps {
  /** Reads the uptime of stores. */
  readonly uptime: UptimeReader;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** Makes the page. */
export async function fleetPage(deps: FleetDeps, c: Context, view: View): Promise<PageContent> {
  const { say } = view;
  const { search, searchParams } = new URL(c.req.url);
  const asked = readFleetRange(searchParams);
  const words = fleetWords(view);
  return {
    title: asked.month === null
      ? say("fleet.stores")
      : say("fleet.report", { month: words.month(asked.month) }),
    screen: "fleet",
    modules: ["fleet.js"],
    styles: ["fleet.css"],
    clientTexts: ["fleet.js."],
    data: { hold: asked.hold },
    body: (
      <div class="stack">
        <FleetTabs view={view} current="stores" />
        <Filters view={view} words={words} asked={asked} text={textOf(searchParams)} />
        <div id="fleet" data-fragment={`/fragments/fleet${search}`}>
          {await storeList(deps, c, view)}
        </div>
      </div>
    ),
  };
}

/** The rows of the page, which a browser asks for again. */
export async function storeList(deps: FleetDeps, c: Context, view: View): Promise<Markup> {
  const { say } = view;
  const query = new URL(c.req.url).searchParams;
  const asked = readFleetRange(query);
  const words = fleetWords(view);
  const text = textOf(query);
  const found = await findStores(deps, view, { text, afterId: query.get("after") ?? "" });
  if (found.length === 0) {
    return <Empty view={view} isSearch={text !== "" || query.has("after")} />;
  }
  const shown = found.slice(0, ROWS);
  const states = await statesNow(deps, shown, asked);
  const rows = await Promise.all(shown.map(async (store): Promise<StoreRow> => ({
    store,
    uptime: await deps.uptime.read(scheduled(store), askFor(asked, store, view.nowMs)),
    now: states.get(store.id) ?? "unknown",
  })));
  const more = fleetQuery(asked);
  if (text !== "") more.set("q", text);
  more.set("after", shown[shown.length - 1].id);
  return (
    <section class="card">
      <header>
        <h2>
          {asked.month === null
            ? say("fleet.days", { count: asked.days })
            : words.month(asked.month)}
        </h2>
        <Legend view={view} />
      </header>
      <StoreTable view={view} words={words} asked={asked} rows={rows} />
      {found.length > ROWS
        ? (
          <p class="pager no-print">
            <a href={withQuery("/fleet", more)}>{say("fleet.next")}</a>
          </p>
        )
        : null}
      <p class="hint">{say("fleet.rules")}</p>
      <ApiCall
        view={view}
        id="call-uptime"
        curl={curlOf(view, { path: apiPath(rows[0].store, asked, view) })}
      />
    </section>
  );
}

function textOf(query: URLSearchParams): string {
  return (query.get("q") ?? "").trim().slice(0, 64);
}

/** The path of the API for what is shown of a store. */
export function apiPath({ id, zone }: StoreInfo, asked: FleetRange, { nowMs }: View): string {
  const query = apiQuery(asked, zone ?? DEFAULT_STORE_ZONE, nowMs);
  return `/stores/${encodeURIComponent(id)}/uptime?${query}`;
}

/** What is asked about a store. */
export function askFor(
  asked: FleetRange,
  { zone }: Pick<StoreInfo, "zone">,
  nowMs: number,
): UptimeAsk {
  const range = rangeOf(asked, zone ?? DEFAULT_STORE_ZONE, nowMs);
  return { range, bucket: "day", maxHoldMs: holdMsOf(asked) };
}

/** What the uptime of a store depends on. */
export function scheduled({ id, zone, hours }: StoreInfo): ScheduledStore {
  return { id, zone, hours };
}

/** How stores are now, by their latest poll. */
export async function statesNow(
  { series, now }: Pick<FleetDeps, "series" | "now">,
  stores: readonly StoreInfo[],
  asked: Pick<FleetRange, "hold">,
): Promise<Map<string, OpenState>> {
  const nowMs = now();
  const latest = await latestPolls({ series }, stores.map(({ id }) => id));
  const holdMs = holdMsOf(asked) ?? Infinity;
  const openSpans = createOpenSpans();
  return new Map(stores.map((store): [string, OpenState] => {
    const isOpen = openSpans(store, { fromMs: nowMs, toMs: nowMs + 1 }).length > 0;
    const poll = latest.get(store.id);
    if (!isOpen) return [store.id, "closed"];
    if (poll === undefined || Math.abs(nowMs - poll.timeMs) > holdMs) return [store.id, "unknown"];
    return [store.id, poll.isActive ? "up" : "down"];
  }));
}

async function findStores(
  deps: FleetDeps,
  { caller }: View,
  { text, afterId }: { text: string; afterId: string },
): Promise<StoreInfo[]> {
  const isFirst = afterId === "";
  const found = await listVisible(
    caller,
    { kind: "store", list: (page) => listStores(deps, page) },
    { afterId: isFirst ? text : afterId, limit: ROWS + 1 },
  );
  const matching = found.filter(({ id }) => id.startsWith(text));
  // The list begins after the text, which may be an id itself.
  const exact = isFirst && isStoreId(text) && caller.mayTouch("store", text)
    ? await getStore(deps, text)
    : null;
  return exact === null ? matching : [exact, ...matching];
}

function Filters({ view, words, asked, text }: {
  readonly view: View;
  readonly words: FleetWords;
  readonly asked: FleetRange;
  readonly text: string;
}): Markup {
  const { say } = view;
  const shown = asked.month ?? String(asked.days);
  const months = newestMonths(view.nowMs);
  const known = asked.month === null || months.includes(asked.month)
    ? months
    : [asked.month, ...months];
  return (
    <form method="get" class="row search no-print" role="search">
      <label class="grow">
        <span>{say("fleet.search")}</span>
        <input type="search" name="q" value={text} maxlength={64} />
      </label>
      <label>
        <span>{say("fleet.span")}</span>
        <select name="span">
          {DAYS.map((days) => (
            <option value={String(days)} selected={shown === String(days)}>
              {say("fleet.days", { count: days })}
            </option>
          ))}
          {known.map((month) => (
            <option value={month} selected={shown === month}>{words.month(month)}</option>
          ))}
        </select>
      </label>
      <HoldChoice view={view} hold={asked.hold} />
      <button type="submit" class="main">{say("fleet.show")}</button>
    </form>
  );
}

/** How long polls count. */
export function HoldChoice({ view: { say }, hold }: {
  readonly view: View;
  readonly hold: FleetRange["hold"];
}): Markup {
  return (
    <label>
      <span>{say("fleet.hold")}</span>
      <select name="hold">
        {HOLDS.map((one) => (
          <option value={one} selected={one === hold}>
            {one === "none"
              ? say("fleet.hold.none")
              : say("fleet.hold.hours", { count: Number(one) })}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Where a store is shown. */
export function storePage(id: string): string {
  return storeHref(id);
}

function Empty({ view: { say, may }, isSearch }: {
  readonly view: View;
  readonly isSearch: boolean;
}): Markup {
  return (
    <div class="notice">
      <p>{say(isSearch ? "fleet.none" : "fleet.empty")}</p>
      {isSearch || !may("import") ? null : (
        <pre class="code" tabindex={0}>
          {"curl -H 'Content-Type: text/csv' --data-binary @store_status.csv /stores/status"}
        </pre>
      )}
    </div>
  );
}
