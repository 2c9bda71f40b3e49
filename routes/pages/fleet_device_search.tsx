/**
 * Which devices of the fleet are shown: by a text in their id or location, and by their state.
 *
 * @module
 */

import { listDevices } from "../../kv/devices/devices.ts";
import type { DeviceDeps, ListedDevice } from "../devices/devices.ts";
import type { Markup } from "./markup.ts";
import { type Searched, type SearchPlace, searchSources } from "./source_search.ts";
import type { View } from "./view.ts";

/** Rows of a page. */
const ROWS = 50;
/** How many devices one page of a search looks at. */
export const SEARCHED_MAX = 5_000;
/** The longest text that is searched. */
const TEXT_MAX = 100;
const STATES = ["all", "online", "offline"] as const;

/** What is asked for. */
export interface DeviceSearch {
  /** A text in the id or the location; "" for all. */
  readonly text: string;
  /** The state. */
  readonly state: typeof STATES[number];
  /** Where the page begins. */
  readonly place: SearchPlace;
}

/** Reads what a query asks for. */
export function readDeviceSearch(query: URLSearchParams): DeviceSearch {
  const within = query.get("within");
  return {
    text: (query.get("q") ?? "").trim().slice(0, TEXT_MAX),
    state: STATES.find((state) => state === query.get("state")) ?? "all",
    place: within === null ? { after: query.get("after") ?? "" } : { within },
  };
}

/** The path of another page of the same search. */
export function pathOfSearch({ text, state }: DeviceSearch, next: SearchPlace): string {
  const query = new URLSearchParams({
    ...(text === "" ? {} : { q: text }),
    ...(state === "all" ? {} : { state }),
    ...next,
  });
  return `/fleet/devices?${query}`;
}

/** A page of devices that the caller sees. */
export async function findFleetDevices(
  { kv }: Pick<DeviceDeps, "kv">,
  { caller }: View,
  { text, state, place }: DeviceSearch,
): Promise<Searched<ListedDevice>> {
  const wanted = text.toLowerCase();
  const hasText = (whole: string | null | undefined) =>
    (whole ?? "").toLowerCase().includes(wanted);
  return await searchSources<ListedDevice>(caller, {
    kind: "device",
    list: (page) => listDevices(kv, page),
    text,
    contains: ({ id, device: { location } }) => hasText(id) || hasText(location),
    ...(state === "all" ? {} : { isWanted: ({ device }: ListedDevice) => device.state === state }),
    rows: ROWS,
    most: SEARCHED_MAX,
  }, place);
}

/** The form. */
export function DeviceSearchForm({ view, search }: {
  readonly view: View;
  readonly search: DeviceSearch;
}): Markup {
  const { say } = view;
  return (
    <form method="get" class="row search no-print" role="search">
      <label class="grow">
        <span>{say("fleet.devices.search")}</span>
        <input type="search" name="q" value={search.text} maxlength={TEXT_MAX} />
      </label>
      <label>
        <span>{say("fleet.now")}</span>
        <select name="state">
          {STATES.map((state) => (
            <option value={state} selected={state === search.state}>
              {say(state === "all" ? "fleet.devices.all" : `source.${state}`)}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" class="main">{say("fleet.show")}</button>
    </form>
  );
}
