/**
 * The page of a store: its bars, its days as a table, and its hours.
 *
 * @module
 */

import type { Context } from "hono";
import { HOUR_MS } from "../../data/limits.ts";
import type { WeeklySpan } from "../../data/stores/business_hours.ts";
import { stateOf, totalOf, uptimePercent } from "../../data/stores/store_uptime.ts";
import { localDate } from "../../data/time/zone.ts";
import type { StoreDetail } from "../../kv/stores/info.ts";
import { visibleStore } from "../stores/store_change.ts";
import { dayBody } from "../stores/uptime.ts";
import { ApiCall, Time } from "./components.tsx";
import { curlOf } from "./curl.ts";
import { Bars, Legend } from "./fleet_bars.tsx";
import { DayView, STATE_LEVELS } from "./fleet_day.tsx";
import {
  apiPath,
  askFor,
  type FleetDeps,
  HoldChoice,
  scheduled,
  statesNow,
  storePage,
} from "./fleet_page.tsx";
import {
  DAYS,
  fleetQuery,
  holdMsOf,
  newestMonths,
  readFleetRange,
  withQuery,
} from "./fleet_range.ts";
import { type FleetWords, fleetWords } from "./fleet_words.ts";
import type { PageContent } from "./layout.tsx";
import type { Markup } from "./markup.ts";
import type { View } from "./view.ts";

/** The page of a store. */
export async function storePageContent(
  deps: FleetDeps,
  c: Context,
  view: View,
): Promise<PageContent> {
  const { say } = view;
  const store = await visibleStore(deps, view.caller, c.req.param("store_id") ?? "");
  const asked = readFleetRange(new URL(c.req.url).searchParams);
  const words = fleetWords(view);
  const uptime = await deps.uptime.read(scheduled(store), askFor(asked, store, view.nowMs));
  const now = (await statesNow(deps, [store], asked)).get(store.id) ?? "unknown";
  const total = totalOf(uptime.parts);
  const query = fleetQuery(asked);
  const hrefOf = (date: string) => withQuery(`${storePage(store.id)}/${date}`, query);
  const shown = asked.month ?? String(asked.days);
  return {
    title: store.id,
    screen: "fleet",
    modules: ["fleet.js"],
    styles: ["fleet.css"],
    clientTexts: ["fleet.js."],
    data: { hold: asked.hold },
    actions: <span class={`state ${STATE_LEVELS[now]}`}>{words.state(now)}</span>,
    body: (
      <div class="stack">
        <form method="get" class="row search no-print">
          <label>
            <span>{say("fleet.span")}</span>
            <select name="span">
              {DAYS.map((days) => (
                <option value={String(days)} selected={shown === String(days)}>
                  {say("fleet.days", { count: days })}
                </option>
              ))}
              {newestMonths(view.nowMs).map((month) => (
                <option value={month} selected={shown === month}>{words.month(month)}</option>
              ))}
            </select>
          </label>
          <HoldChoice view={view} hold={asked.hold} />
          <button type="submit" class="main">{say("fleet.show")}</button>
        </form>
        <section class="card" data-store={store.id} aria-labelledby="bars-title">
          <header>
            <h2 id="bars-title">
              {asked.month === null
                ? say("fleet.days", { count: asked.days })
                : words.month(asked.month)}
            </h2>
            <Legend view={view} />
          </header>
          <Bars view={view} words={words} id={store.id} uptime={uptime} hrefOf={hrefOf} />
          <dl class="figures">
            {[
              [say("fleet.uptime"), words.percent(uptimePercent(total))],
              [say("fleet.state.up"), `${words.hours(total.upMs)} h`],
              [say("fleet.state.down"), `${words.hours(total.downMs)} h`],
              [say("fleet.state.unknown"), `${words.hours(total.unknownMs)} h`],
            ].map(([name, value]) => (
              <div>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
          <p class="hint">{say("fleet.rules")}</p>
          <ApiCall
            view={view}
            id="call-uptime"
            curl={curlOf(view, { path: apiPath(store, asked, view) })}
          />
        </section>
        <HoursCard view={view} words={words} store={store} zone={uptime.zone} />
        <section class="card" aria-labelledby="days-title">
          <header>
            <h2 id="days-title">{say("fleet.by.day")}</h2>
          </header>
          <div class="table-frame">
            <table>
              <thead>
                <tr>
                  <th scope="col">{say("fleet.day")}</th>
                  <th scope="col">{say("fleet.state")}</th>
                  <th scope="col" class="number">{say("fleet.state.up")}</th>
                  <th scope="col" class="number">{say("fleet.state.down")}</th>
                  <th scope="col" class="number">{say("fleet.state.unknown")}</th>
                  <th scope="col" class="number">{say("fleet.uptime")}</th>
                </tr>
              </thead>
              <tbody>
                {uptime.parts.toReversed().map((part) => {
                  const state = stateOf(part);
                  const date = localDate(uptime.zone, part.fromMs);
                  return (
                    <tr>
                      <th scope="row">
                        <a href={hrefOf(date)}>{words.day(date)}</a>
                      </th>
                      <td>
                        <span class={`state ${STATE_LEVELS[state]}`}>{words.state(state)}</span>
                      </td>
                      <td class="number">{`${words.hours(part.upMs)} h`}</td>
                      <td class="number">{`${words.hours(part.downMs)} h`}</td>
                      <td class="number">{`${words.hours(part.unknownMs)} h`}</td>
                      <td class="number">{words.percent(uptimePercent(part))}</td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </div>
        </section>
      </div>
    ),
  };
}

/** The page of a day. */
export async function storeDayContent(
  deps: FleetDeps,
  c: Context,
  view: View,
): Promise<PageContent> {
  const { say } = view;
  const asked = readFleetRange(new URL(c.req.url).searchParams);
  const id = c.req.param("store_id") ?? "", date = c.req.param("date") ?? "";
  const maxHoldMs = holdMsOf(asked);
  const day = await dayBody(deps, view.caller, { id, date, maxHoldMs });
  const words = fleetWords(view);
  const hold = maxHoldMs === null ? "" : `?max_hold_hours=${maxHoldMs / HOUR_MS}`;
  const path = `/stores/${encodeURIComponent(id)}/uptime/${date}${hold}`;
  return {
    title: `${id}: ${words.day(date)}`,
    screen: "fleet",
    styles: ["fleet.css"],
    body: (
      <div class="stack">
        <section class="card">
          <DayView view={view} words={words} day={day} />
          <ApiCall view={view} id="call-day" curl={curlOf(view, { path })} />
        </section>
        <p>
          <a href={withQuery(storePage(id), fleetQuery(asked))}>{say("fleet.back", { id })}</a>
        </p>
      </div>
    ),
  };
}

function HoursCard({ view, store, zone }: {
  readonly view: View;
  readonly words: FleetWords;
  readonly store: StoreDetail;
  readonly zone: string;
}): Markup {
  const { say } = view;
  const { hours, polls } = store;
  return (
    <section class="card" aria-labelledby="hours-title">
      <header>
        <h2 id="hours-title">{say("fleet.hours")}</h2>
        <p class="hint">{zone}</p>
      </header>
      {store.rejectedHours === null ? null : (
        <p class="fault">
          {say("fleet.hours.rejected", {
            rule: store.rejectedHours.rule,
            value: store.rejectedHours.value,
          })}
        </p>
      )}
      {hours === null ? <p>{say("fleet.hours.always")}</p> : <WeekView view={view} hours={hours} />}
      <p class="row">
        {view.may("manage")
          ? <a class="button no-print" href={`${storePage(store.id)}/hours`}>{say("fleet.edit")}</a>
          : null}
        {polls === null ? null : (
          <span class="hint">
            {say("fleet.polls", { number: view.formats.number(polls.count, 0) })}{" "}
            <Time view={view} at={new Date(polls.lastMs).toISOString()} zone={zone} />
          </span>
        )}
      </p>
    </section>
  );
}

/** Hours of the week: a line of text a day, and a drawing of it. */
export function WeekView({ view, hours }: {
  readonly view: View;
  readonly hours: readonly WeeklySpan[];
}): Markup {
  const { say } = view;
  return (
    <dl class="week">
      {weekdays(view).map((name, day) => {
        const spans = hours.filter((span) => span.day === day);
        return (
          <div>
            <dt>{name}</dt>
            <dd>
              {spans.length === 0
                ? say("fleet.state.closed")
                : spans.map(({ startMs, endMs }) => `${clock(startMs)}–${clock(endMs)}`).join(", ")}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

/** The names of the days, Monday first. */
export function weekdays({ preferences: { locale } }: View): string[] {
  const format = new Intl.DateTimeFormat(locale, { weekday: "long", timeZone: "UTC" });
  // 1 January 2024 was a Monday.
  return Array.from({ length: 7 }, (_, day) => format.format(Date.UTC(2024, 0, 1 + day)));
}

/** A time of day with seconds only if it has some; the end of the day is 24:00. */
function clock(ofDayMs: number): string {
  const text = new Date(ofDayMs).toISOString().slice(11, 23);
  if (ofDayMs === 24 * HOUR_MS) return "24:00";
  return text.endsWith(":00.000") ? text.slice(0, 5) : text.replace(/\.000$/, "");
}
