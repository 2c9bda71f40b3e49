/**
 * The table of stores: a row each with its bars and figures.
 *
 * @module
 */

import { type OpenState, stateOf, totalOf, uptimePercent } from "../../data/stores/store_uptime.ts";
import type { StoreInfo } from "../../kv/stores/info.ts";
import type { StoreUptime } from "../stores/uptime_reader.ts";
import { Bars } from "./fleet_bars.tsx";
import { STATE_LEVELS } from "./fleet_day.tsx";
import { fleetQuery, type FleetRange, withQuery } from "./fleet_range.ts";
import type { FleetWords } from "./fleet_words.ts";
import { storeHref } from "./list_links.ts";
import type { Markup } from "./markup.ts";
import type { View } from "./view.ts";

/** A store with what its row shows. */
export interface StoreRow {
  /** The store. */
  readonly store: StoreInfo;
  /** Its uptime by day. */
  readonly uptime: StoreUptime;
  /** How it is now. */
  readonly now: OpenState;
}

/** The table. */
export function StoreTable({ view, words, asked, rows }: {
  readonly view: View;
  readonly words: FleetWords;
  readonly asked: FleetRange;
  readonly rows: readonly StoreRow[];
}): Markup {
  const { say } = view;
  const query = fleetQuery(asked);
  return (
    <table class="cards fleet">
      <thead>
        <tr>
          <th scope="col">{say("fleet.store")}</th>
          <th scope="col">{say("fleet.now")}</th>
          <th scope="col" class="wide">{say("fleet.by.day")}</th>
          <th scope="col" class="number">{say("fleet.uptime")}</th>
          <th scope="col" class="number">{say("fleet.state.down")}</th>
          <th scope="col" class="number">{say("fleet.state.unknown")}</th>
          <th scope="col" class="number">{say("fleet.open")}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ store, uptime, now }) => {
          const total = totalOf(uptime.parts);
          const path = `${storeHref(store.id)}/`;
          return (
            <tr data-store={store.id} data-live id={`row-${store.id}`}>
              <th scope="row" class="name">
                <a class="id" href={withQuery(storeHref(store.id), query)}>{store.id}</a>
                <span class="hint">{uptime.zone}</span>
              </th>
              <td>
                <span class={`state ${STATE_LEVELS[now]}`}>{words.state(now)}</span>
              </td>
              <td class="wide">
                <Bars
                  view={view}
                  words={words}
                  id={store.id}
                  uptime={uptime}
                  hrefOf={(date) => withQuery(path + date, query)}
                />
              </td>
              <Figure label={say("fleet.uptime")}>{words.percent(uptimePercent(total))}</Figure>
              <Figure label={say("fleet.state.down")} isBad={stateOf(total) === "down"}>
                {`${words.hours(total.downMs)} h`}
              </Figure>
              <Figure label={say("fleet.state.unknown")}>
                {`${words.hours(total.unknownMs)} h`}
              </Figure>
              <Figure label={say("fleet.open")}>{`${words.hours(total.openMs)} h`}</Figure>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Figure({ label, isBad = false, children }: {
  readonly label: string;
  readonly isBad?: boolean;
  readonly children: string;
}): Markup {
  return (
    <td class={isBad ? "number fault" : "number"} data-label={label}>
      {children}
    </td>
  );
}
