/**
 * Stores as a whole: what is known of them, and which polls they have.
 *
 * @module
 */

import type { SeriesInfo, SeriesStore } from "../series/store.ts";
import { getStoreSettings, listStoreSettings, type StoreSettings } from "./stores.ts";

/** A store. */
export interface StoreInfo extends StoreSettings {
  /** Its polls as a whole, or null where it has none. */
  readonly polls: SeriesInfo | null;
}

/** What finding stores needs. */
export interface StoreInfoDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "list">;
  /** Where polls are. */
  readonly series: Pick<SeriesStore, "describe" | "list">;
}

/** A store, or null where it has neither polls nor hours nor a zone. */
export async function getStore(
  { kv, series }: StoreInfoDeps,
  id: string,
): Promise<StoreInfo | null> {
  const [settings, polls] = await Promise.all([
    getStoreSettings(kv, id),
    series.describe({ profile: "site", id }),
  ]);
  if (settings === null && polls === null) return null;
  return { id, zone: settings?.zone ?? null, hours: settings?.hours ?? null, polls };
}

/** Stores in the order of ids, from behind `afterId` ("" for the first), at most `limit`. */
export async function listStores(
  { kv, series }: StoreInfoDeps,
  { afterId, limit }: { afterId: string; limit: number },
): Promise<StoreInfo[]> {
  // The first of all are among the first with settings and the first with polls.
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
