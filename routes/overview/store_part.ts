/**
 * The stores of the overview.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import { DAY_MS } from "../../data/limits.ts";
import {
  type BusinessHours,
  createBusinessHours,
  DEFAULT_STORE_ZONE,
} from "../../data/stores/business_hours.ts";
import { instantText } from "../../data/time/time_text.ts";
import { latestPolls, listStores, type StoreInfo } from "../../kv/stores/info.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import { createTop, scanVisible } from "./scan.ts";
import { NAMED_MAX, type Overview } from "./schemas.ts";

/** After this time, a poll does not say any more how a store is. */
const UNKNOWN_AFTER_MS = DAY_MS;
/** How far back the beginning of a downtime is looked for. */
const LOOK_BACK_MS = 7 * DAY_MS;

/** What counting needs. */
export interface StorePartDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list">;
  /** The polls. */
  readonly series: Pick<SeriesStore, "list" | "describe" | "latest" | "read">;
}

interface Down {
  readonly store: StoreInfo;
  readonly lastMs: number;
}

/** Counts the stores that a caller may see. */
export async function storePart(
  deps: StorePartDeps,
  caller: Caller,
  nowMs: number,
): Promise<NonNullable<Overview["stores"]>> {
  let total = 0, open = 0, down = 0, unknown = 0;
  const isOpen = createOpenNow(nowMs);
  const named = createTop<Down>(NAMED_MAX, (one, other) => one.store.id < other.store.id);
  const isComplete = await scanVisible(
    caller,
    { kind: "store", list: (page) => listStores(deps, page) },
    async (batch) => {
      total += batch.length;
      const opened = batch.filter(isOpen);
      open += opened.length;
      const polled = opened.filter(({ polls }) => polls !== null).map(({ id }) => id);
      const latest = await latestPolls(deps, polled);
      for (const store of opened) {
        const poll = latest.get(store.id);
        if (poll === undefined || nowMs - poll.timeMs > UNKNOWN_AFTER_MS) unknown++;
        else if (!poll.isActive) {
          down++;
          named.add({ store, lastMs: poll.timeMs });
        }
      }
    },
  );
  return {
    total,
    open,
    down,
    unknown,
    is_complete: isComplete,
    down_now: await Promise.all(named.items.map(async ({ store: { id, zone }, lastMs }) => ({
      store_id: id,
      since: instantText(await downSince(deps, id, lastMs)),
      last_poll: instantText(lastMs),
      timezone_str: zone,
    }))),
  };
}

/** Tells whether stores are within their hours now. */
function createOpenNow(nowMs: number): (store: StoreInfo) => boolean {
  const hoursByZone = new Map<string, BusinessHours>();
  const span = { fromMs: nowMs, toMs: nowMs + 1 };
  return ({ zone, hours }) => {
    const name = zone ?? DEFAULT_STORE_ZONE;
    const known = hoursByZone.get(name) ?? createBusinessHours(name);
    hoursByZone.set(name, known);
    return known.openSpans(hours, span).length > 0;
  };
}

/** The first inactive poll since the last active one, as far as the last week goes. */
async function downSince(
  { series }: StorePartDeps,
  id: string,
  lastMs: number,
): Promise<number> {
  const span = { fromMs: lastMs - LOOK_BACK_MS, toMs: lastMs + 1 };
  let sinceMs: number | null = null;
  const { signal } = new AbortController();
  for await (
    const { timesMs, columns: [{ values }] } of series.read({ profile: "site", id }, span, signal)
  ) {
    for (let at = 0; at < timesMs.length; at++) {
      if (values[at] > 0) sinceMs = null;
      else sinceMs ??= timesMs[at];
    }
  }
  return sinceMs ?? lastMs;
}
