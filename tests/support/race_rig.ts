/**
 * A store under test, and another instance that acts between its accesses to the database.
 *
 * @module
 */

import { createIngest, type Ingest } from "../../kv/series/ingest.ts";
import { createSeriesStore, type SeriesStore } from "../../kv/series/store.ts";
import { tickingClock } from "./series.ts";
import { strictKv, type StrictPlan } from "./strict_kv.ts";

/** Two instances on one database. Disposing of it closes the database. */
export interface RaceRig extends Disposable {
  /** The database as the other instance sees it. */
  readonly below: Deno.Kv;
  /** What happens before each access of the store under test. */
  readonly plan: StrictPlan;
  /** The store under test. */
  readonly store: SeriesStore;
  /** The store of the other instance. */
  readonly other: SeriesStore;
  /** The ingest of the other instance. */
  readonly ingest: Ingest;
  /** Creates an ingest for another instance. */
  ingestAs(writer: string): Ingest;
}

/** Opens an empty database in memory. */
export async function openRaceRig(): Promise<RaceRig> {
  const below = await Deno.openKv(":memory:");
  const plan: StrictPlan = {};
  const now = tickingClock();
  const ingestAs = (writer: string) => createIngest({ kv: below, writer });
  return {
    below,
    plan,
    store: createSeriesStore({ kv: strictKv(below, plan), now }),
    other: createSeriesStore({ kv: below, now }),
    ingest: ingestAs("w"),
    ingestAs,
    [Symbol.dispose]: () => below.close(),
  };
}
