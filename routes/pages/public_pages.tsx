/**
 * What everyone may see where it is switched on: badges, and the status page of a store. Without that,
 * it is there for callers who may read, and nobody else learns whether it exists.
 *
 * @module
 */

import type { Context } from "hono";
import { AppError } from "../../data/app_error.ts";
import { DAY_MS, isStoreId } from "../../data/limits.ts";
import { isPublic, type PublicSettings } from "../../data/public_settings.ts";
import { DEFAULT_STORE_ZONE } from "../../data/stores/business_hours.ts";
import { totalOf, uptimePercent } from "../../data/stores/store_uptime.ts";
import { getDevice } from "../../kv/devices/devices.ts";
import { getStore, type StoreInfo } from "../../kv/stores/info.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { lastDays } from "../stores/uptime.ts";
import { unknownStore } from "../stores/store_change.ts";
import { unknownDevice } from "../devices/schemas.ts";
import { type Badge, badgeSvg } from "./badge_svg.ts";
import { Bars, Legend } from "./fleet_bars.tsx";
import { STATE_LEVELS } from "./fleet_day.tsx";
import { type FleetDeps, scheduled, statesNow } from "./fleet_page.tsx";
import { WeekView } from "./fleet_store.tsx";
import { fleetWords } from "./fleet_words.ts";
import type { PageContent } from "./layout.tsx";
import type { Pages } from "./show_page.tsx";
import type { View } from "./view.ts";

/** The days of status pages and badges, and how long a poll counts. */
const DAYS = 90;
const HOLD_MS: number = DAY_MS;
/** How long others may keep a badge, seconds. */
const KEPT_SECONDS = 60;

/** What they need. */
export interface PublicDeps extends FleetDeps {
  /** What everyone may see. */
  readonly publicStatus: PublicSettings;
}

/** `GET /badges/…` and `GET /status/{store_id}`. */
export function publicRoutes(deps: PublicDeps, pages: Pages): GuardedRoutes {
  return guardedRoutes(pages.refuse)
    .get("/badges/store/:file", async (c) => {
      const view = await pages.viewOf(c);
      const store = await visibleStore(deps, view, idOf(c));
      return badgeAnswer(deps, store.id, "stores", await storeBadge(deps, view, store));
    })
    .get("/badges/device/:file", async (c) => {
      const view = await pages.viewOf(c);
      const id = idOf(c);
      const entry = maySee(deps, view, "devices", id) ? await getDevice(deps.kv, id) : null;
      if (entry === null) throw unknownDevice();
      const isOnline = entry.value.state === "online";
      return badgeAnswer(deps, id, "devices", {
        label: id,
        text: view.say(isOnline ? "source.online" : "source.offline"),
        level: isOnline ? "good" : "bad",
      });
    })
    .get("/status/:store_id", pages.show((c, view) => statusPage(deps, c, view)));
}

/** The id in the name of a file, `ID.svg`. */
function idOf(c: Context): string {
  const file = c.req.param("file") ?? "";
  if (!file.endsWith(".svg")) {
    throw new AppError("ROUTE_NOT_FOUND", `There is nothing at ${c.req.path}`);
  }
  return file.slice(0, -".svg".length);
}

function maySee(
  { publicStatus }: PublicDeps,
  { caller, may }: View,
  kind: "stores" | "devices",
  id: string,
): boolean {
  if (isPublic(publicStatus, kind, id)) return true;
  return may("read") && caller.mayTouch(kind === "stores" ? "store" : "device", id);
}

/** A store that the caller may see; otherwise it is as unknown as any. */
async function visibleStore(deps: PublicDeps, view: View, id: string): Promise<StoreInfo> {
  const mayBeThere = isStoreId(id) && maySee(deps, view, "stores", id);
  const store = mayBeThere ? await getStore(deps, id) : null;
  if (store === null) throw unknownStore();
  return store;
}

function askFor({ zone }: StoreInfo, nowMs: number) {
  const range = lastDays(DAYS, zone ?? DEFAULT_STORE_ZONE, nowMs);
  return { range, bucket: "day", maxHoldMs: HOLD_MS } as const;
}

async function storeBadge(deps: PublicDeps, view: View, store: StoreInfo): Promise<Badge> {
  const [uptime, states] = await Promise.all([
    deps.uptime.read(scheduled(store), askFor(store, view.nowMs)),
    statesNow(deps, [store], { hold: "24" }),
  ]);
  const words = fleetWords(view);
  const state = states.get(store.id) ?? "unknown";
  const percent = uptimePercent(totalOf(uptime.parts));
  const share = percent === null ? "" : ` · ${words.percent(percent)}`;
  return {
    label: store.id,
    text: `${words.state(state)}${share}`,
    level: STATE_LEVELS[state],
  };
}

function badgeAnswer(
  { publicStatus }: PublicDeps,
  id: string,
  kind: "stores" | "devices",
  badge: Badge,
): Response {
  const isShared = isPublic(publicStatus, kind, id);
  return new Response(badgeSvg(badge), {
    headers: {
      "content-type": "image/svg+xml; charset=utf-8",
      "content-security-policy": "default-src 'none'",
      "cache-control": isShared ? `public, max-age=${KEPT_SECONDS}` : "no-store",
      // Other sites show it.
      "cross-origin-resource-policy": isShared ? "cross-origin" : "same-origin",
      "vary": "Accept-Language, Cookie",
    },
  });
}

async function statusPage(deps: PublicDeps, c: Context, view: View): Promise<PageContent> {
  const { say } = view;
  const store = await visibleStore(deps, view, c.req.param("store_id") ?? "");
  const [uptime, states] = await Promise.all([
    deps.uptime.read(scheduled(store), askFor(store, view.nowMs)),
    statesNow(deps, [store], { hold: "24" }),
  ]);
  const words = fleetWords(view);
  const state = states.get(store.id) ?? "unknown";
  return {
    title: store.id,
    screen: null,
    styles: ["fleet.css"],
    refreshSeconds: 60,
    actions: <span class={`state ${STATE_LEVELS[state]}`}>{words.state(state)}</span>,
    body: (
      <div class="stack">
        <section class="card" aria-labelledby="bars-title">
          <header>
            <h2 id="bars-title">{say("fleet.days", { count: DAYS })}</h2>
            <Legend view={view} />
          </header>
          <Bars view={view} words={words} id={store.id} uptime={uptime} hrefOf={null} />
          <p class="hint">
            {say("fleet.status.uptime", {
              percent: words.percent(uptimePercent(totalOf(uptime.parts))),
            })}
          </p>
        </section>
        <section class="card" aria-labelledby="hours-title">
          <header>
            <h2 id="hours-title">{say("fleet.hours")}</h2>
            <p class="hint">{uptime.zone}</p>
          </header>
          {store.hours === null
            ? <p>{say("fleet.status.always")}</p>
            : <WeekView view={view} hours={store.hours} />}
        </section>
      </div>
    ),
  };
}
