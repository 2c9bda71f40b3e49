/**
 * The screen Stores: how each store was on the last 90 days, within its business hours.
 *
 * @module
 */

import type { Context } from "hono";
import { isStoreId } from "../../data/limits.ts";
import { listStores, type StoreInfo } from "../../kv/stores/info.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { listVisible } from "../access/list_visible.ts";
import { ApiCall, State, Time } from "./components.tsx";
import { curlOf } from "./curl.ts";
import { fragmentAnswer } from "./form_answers.ts";
import type { Markup } from "./markup.ts";
import type { Pages } from "./show_page.tsx";
import { DAYS_SHOWN, type StoreDay, type StoreDays, storeDays } from "./store_days.ts";
import type { TextKey } from "./texts/en.ts";
import type { View } from "./view.ts";

/** Stores on a page: each costs a read of 90 days. */
const ROWS = 25;
/** The size of a bar in the drawing: its width with the space after it, and its height. */
const STEP = 4, WIDTH = 3, HEIGHT = 24;

/** What the screen needs. */
export interface FleetDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list">;
  /** The polls. */
  readonly series: Pick<SeriesStore, "list" | "describe" | "latest" | "read">;
}

/** `GET /fleet`, and its list as a fragment. */
export function fleetRoutes(deps: FleetDeps, pages: Pages): GuardedRoutes {
  return guardedRoutes(pages.refuse)
    .get(
      "/fleet",
      pages.show(async (c, view) => {
        const { say } = view;
        const afterId = afterOf(c);
        const query = afterId === "" ? "" : `?after=${encodeURIComponent(afterId)}`;
        return {
          title: say("nav.fleet"),
          screen: "fleet",
          modules: ["fleet.js"],
          body: (
            <>
              <section class="card" aria-labelledby="stores-title">
                <header>
                  <h2 id="stores-title">{say("fleet.title", { days: DAYS_SHOWN })}</h2>
                  <Legend view={view} />
                </header>
                <div id="fleet" data-fragment={`/fragments/fleet${query}`}>
                  <StoreTable view={view} {...await pageOf(c, deps, view)} />
                </div>
              </section>
              <p class="hint no-print">{say("fleet.rule")}</p>
              <ApiCall
                view={view}
                id="call-stores"
                curl={curlOf(view, { path: "/stores?fields=latest" })}
              />
            </>
          ),
        };
      }),
    )
    .get("/fragments/fleet", async (c) => {
      const view = await pages.viewOf(c);
      const page = await pageOf(c, deps, view);
      return await fragmentAnswer(c, <StoreTable view={view} {...page} />);
    });
}

function afterOf(c: Context): string {
  const after = c.req.query("after") ?? "";
  return isStoreId(after) ? after : "";
}

interface StorePage {
  readonly rows: readonly { readonly store: StoreInfo; readonly days: StoreDays }[];
  readonly next: string | null;
}

async function pageOf(c: Context, deps: FleetDeps, { caller, nowMs }: View): Promise<StorePage> {
  const list = (page: { afterId: string; limit: number }) => listStores(deps, page);
  const found = await listVisible(
    caller,
    { kind: "store", list },
    { afterId: afterOf(c), limit: ROWS + 1 },
  );
  const { signal } = c.req.raw;
  const rows = await Promise.all(
    found.slice(0, ROWS).map(async (store) => ({
      store,
      days: await storeDays(deps.series, store, nowMs, signal),
    })),
  );
  return { rows, next: found.length > ROWS ? found[ROWS - 1].id : null };
}

function StoreTable({ view, rows, next }: { readonly view: View } & StorePage): Markup {
  const { say } = view;
  if (rows.length === 0) return <p class="muted">{say("fleet.none")}</p>;
  return (
    <>
      <div class="table-frame" tabindex={0} role="group" aria-labelledby="stores-title">
        <table class="cards fleet">
          <thead>
            <tr>
              {(["store", "now", "days", "share"] as const).map((name) => (
                <th scope="col">{say(`fleet.${name}`)}</th>
              ))}
            </tr>
          </thead>
          <tbody>{rows.map((row) => <Row view={view} {...row} />)}</tbody>
        </table>
      </div>
      {next === null ? null : (
        <p class="no-print">
          <a href={`/fleet?after=${encodeURIComponent(next)}`}>{say("fleet.more")}</a>
        </p>
      )}
    </>
  );
}

function Row({ view, store, days }: {
  readonly view: View;
  readonly store: StoreInfo;
  readonly days: StoreDays;
}): Markup {
  const { say, formats } = view;
  const { upShare, last } = days;
  return (
    <tr>
      <td>
        <strong class="id">{store.id}</strong>
        <p class="hint">{store.zone ?? say("fleet.zone.default")}</p>
      </td>
      <td>
        <Now view={view} days={days} />
        {last === null ? null : (
          <p class="hint">
            {say("fleet.poll")}{" "}
            <Time
              view={view}
              at={new Date(last.atMs).toISOString()}
              form="relative"
              zone={store.zone}
            />
          </p>
        )}
      </td>
      <td>
        <Bars view={view} store={store} days={days} />
      </td>
      <td>
        {upShare === null
          ? <span class="muted">{say("fleet.unknown")}</span>
          : <strong>{formats.number(upShare * 100)} %</strong>}
      </td>
    </tr>
  );
}

/** How the store is now. */
function Now({ view, days }: { readonly view: View; readonly days: StoreDays }): Markup {
  const { isOpen, last } = days;
  const today = days.days.at(-1);
  const level = !isOpen || last === null || today?.state === "unknown"
    ? "unknown"
    : last.isActive
    ? "good"
    : "bad";
  const state = !isOpen ? "closed" : { good: "up", bad: "down", unknown: "unknown" }[level];
  return <State level={level} text={view.say(`fleet.${state}` as TextKey)} />;
}

/** A bar for each day, which says what it is made of. Days with downtime are listed as text too. */
function Bars({ view, store, days }: {
  readonly view: View;
  readonly store: StoreInfo;
  readonly days: StoreDays;
}): Markup {
  const { say } = view;
  const bad = days.days.filter(({ state }) => state === "down");
  const summary = say("fleet.summary", { count: bad.length, days: DAYS_SHOWN });
  return (
    <>
      <svg
        class="bars"
        viewBox={`0 0 ${DAYS_SHOWN * STEP} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${store.id}: ${summary}`}
      >
        {days.days.map((day, index) => <Bar view={view} store={store} day={day} index={index} />)}
      </svg>
      {bad.length === 0 ? null : (
        <details class="call">
          <summary>{summary}</summary>
          <ul>
            {bad.toReversed().map((day) => <li>{dayText(view, store, day)}</li>)}
          </ul>
        </details>
      )}
    </>
  );
}

function Bar({ view, store, day, index }: {
  readonly view: View;
  readonly store: StoreInfo;
  readonly day: StoreDay;
  readonly index: number;
}): Markup {
  const { state, upMs, downMs, unknownMs } = day;
  const x = index * STEP;
  // Closed days are short, so that they differ in shape too.
  const height = state === "closed" ? HEIGHT / 6 : state === "unknown" ? HEIGHT / 2 : HEIGHT;
  const share = downMs / Math.max(1, upMs + downMs + unknownMs);
  const downHeight = state === "down" ? Math.max(HEIGHT / 6, HEIGHT * share) : 0;
  return (
    <g>
      <title>{dayText(view, store, day)}</title>
      <rect
        class={state === "down" ? "up" : state}
        x={x}
        y={HEIGHT - height}
        width={WIDTH}
        height={height}
      />
      {downHeight === 0 ? null : (
        <rect
          class="down"
          x={x}
          y={HEIGHT - downHeight}
          width={WIDTH}
          height={downHeight}
        />
      )}
    </g>
  );
}

/** A day in words, such as "01/02/2024: up 10 hr, down 30 min". */
function dayText({ say, formats, preferences }: View, { zone }: StoreInfo, day: StoreDay): string {
  const { language, locale } = preferences;
  // The day is one of the store's own calendar, whatever zone the page shows.
  const date = new Intl.DateTimeFormat(locale, {
    dateStyle: "medium",
    timeZone: zone ?? "America/Chicago",
  }).format(day.fromMs);
  if (day.state === "closed") return `${date}: ${say("fleet.closed")}`;
  const parts = (["up", "down", "unknown"] as const).flatMap((name) => {
    const spanMs = day[`${name}Ms`];
    return spanMs === 0 ? [] : [`${say(`fleet.${name}`)} ${formats.span(spanMs)}`];
  });
  return `${date}: ${new Intl.ListFormat(language, { type: "unit" }).format(parts)}`;
}

function Legend({ view }: { readonly view: View }): Markup {
  return (
    <ul class="legend" aria-hidden="true">
      {(["up", "down", "unknown", "closed"] as const).map((state) => (
        <li class={state}>{view.say(`fleet.${state}`)}</li>
      ))}
    </ul>
  );
}
