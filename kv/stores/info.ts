/**
 * Stores as a whole: their settings, their polls, and whether their hours were rejected.
 *
 * @module
 */

import type { SeriesInfo, SeriesStore } from "../series/store.ts";
import { getRejectedHours, type RejectedStoreHours } from "./rejected_hours.ts";
import { getStoreSettings, listStoreSettings, type StoreSettings } from "./stores.ts";

/** A store. */
export interface StoreInfo extends StoreSettings {
  /** Its polls as a whole, or null if it has none. */
  readonly polls: SeriesInfo | null;
}

/** A store with the details that a list leaves out. */
export interface StoreDetail extends StoreInfo {
  /** The rows of hours that were rejected, or null if the latest upload had an accepted row. */
  readonly rejectedHours: RejectedStoreHours | null;
}

/** The latest poll of a store. */
export interface LatestPoll {
  /** When it was, epoch milliseconds. */
  readonly timeMs: number;
  /** Whether the store was active. */
  readonly isActive: boolean;
}

/** What finding stores needs. */
export interface StoreInfoDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list">;
  /** Where polls are. */
  readonly series: Pick<SeriesStore, "describe" | "list" | "latest">;
}

/** A store, or null if it has neither polls nor hours nor a zone. */
export async function getStore(
  { kv, series }: StoreInfoDeps,
  id: string,
): Promise<StoreDetail | null> {
  const [settings, polls, rejectedHours] = await Promise.all([
    getStoreSettings(kv, id),
    series.describe({ profile: "site", id }),
    getRejectedHours(kv, id),
  ]);
  if (settings === null && polls === null) return null;
  const { zone = null, hours = null } = settings ?? {};
  return { id, zone, hours, polls, rejectedHours };
}

/** Stores in the order of their ids, those after `afterId` ("" for the first), at most `limit`. */
export async function listStores(
  { kv, series }: StoreInfoDeps,
  { afterId, limit }: { afterId: string; limit: number },
): Promise<StoreInfo[]> {
  // The first of all stores are among the first with settings and the first with polls.
  const found = new Map<string, StoreInfo>();
  for (const polls of await series.list("site", { afterId, limit })) {
    found.set(polls.id, { id: polls.id, zone: null, hours: null, polls });
  }
  let left = limit;
  for await (const settings of listStoreSettings(kv, afterId)) {
    found.set(settings.id, { ...settings, polls: found.get(settings.id)?.polls ?? null });
    if (--left === 0) break;
  }
  const ids = [...found.keys()].sort().slice(0, limit);
  return ids.flatMap((id) => found.get(id) ?? []);
}

/** The latest poll of each of these stores. A store without polls is not in the map. */
export async function latestPolls(
  { series }: Pick<StoreInfoDeps, "series">,
  ids: readonly string[],
): Promise<ReadonlyMap<string, LatestPoll>> {
  const latest = await series.latest("site", ids);
  return new Map(
    Array.from(latest, ([id, { timesMs, columns: [{ values }] }]) => {
      return [id, { timeMs: timesMs[0], isActive: values[0] > 0 }];
    }),
  );
}
