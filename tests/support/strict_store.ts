/**
 * A store over a strict database.
 *
 * @module
 */

import { createSeriesStore, type SeriesStore } from "../../kv/series/store.ts";
import { tickingClock } from "./series.ts";
import { type StrictKv, strictKv } from "./strict_kv.ts";

/** A store and its database. Disposing of it closes the database. */
export interface StrictStore extends Disposable {
  /** The database. */
  readonly kv: StrictKv;
  /** The store. */
  readonly store: SeriesStore;
}

/** Opens a store over an empty database in memory. */
export async function openStrictStore(): Promise<StrictStore> {
  const kv = strictKv(await Deno.openKv(":memory:"));
  const store = createSeriesStore({ kv, now: tickingClock() });
  return { kv, store, [Symbol.dispose]: () => kv.close() };
}
