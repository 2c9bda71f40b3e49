/**
 * A series store over one kind of database, and a second instance over the same database.
 *
 * @module
 */

import { createIngest, type Ingest } from "../../kv/series/ingest.ts";
import { openJournal } from "../../kv/journal/journal.ts";
import { JOURNALED } from "../../kv/opened_kv.ts";
import { createSeriesStore, type SeriesStore } from "../../kv/series/store.ts";
import { tickingClock } from "./series.ts";
import { CommitFault, randomFates, strictKv, type StrictPlan } from "./strict_kv.ts";

/** Share of commits that fail while a rig is disturbed. */
const FAULT_RATE = 0.1;
/** How often an operation is tried that keeps failing. */
const MAX_TRIES = 50;

/** A store under test and its environment. Disposing of it closes the database. */
export interface SeriesRig extends Disposable {
  /** The database as the store and the committer under test use it. */
  readonly kv: Deno.Kv;
  /** The same database, without disturbances. */
  readonly below: Deno.Kv;
  /** The store under test. */
  readonly store: SeriesStore;
  /** The committer under test. */
  readonly ingest: Ingest;
  /** The store of another instance, without disturbances. */
  readonly witness: SeriesStore;
  /** Makes commits fail at random and runs `others` before each access. Not on plain KV. */
  disturb(seed: number, others: () => Promise<void>): void;
  /** Ends the disturbances. */
  calm(): void;
}

/** A rig over a local database in memory. */
export async function openPlainRig(): Promise<SeriesRig> {
  const kv = await Deno.openKv(":memory:");
  return rigOver(kv, kv, { disturb: () => {}, calm: () => {} });
}

/** A rig over a database in memory with a journal. Commits may fail. */
export async function openJournaledRig(): Promise<SeriesRig> {
  const below = await Deno.openKv(":memory:");
  const plan: StrictPlan = {};
  const { kv } = await openJournal(strictKv(below, plan), JOURNALED);
  // A database with a journal has only one process, so the witness uses the same journal.
  return rigOver(kv, kv, {
    disturb(seed) {
      plan.fate = randomFates(seed, FAULT_RATE);
    },
    calm() {
      delete plan.fate;
    },
  });
}

/** A rig over a database in memory with the strictest limits. It can be disturbed. */
export async function openStrictRig(): Promise<SeriesRig> {
  const below = await Deno.openKv(":memory:");
  const plan: StrictPlan = {};
  return rigOver(strictKv(below, plan), below, {
    disturb(seed, others) {
      plan.fate = randomFates(seed, FAULT_RATE);
      plan.before = others;
    },
    calm() {
      delete plan.fate;
      delete plan.before;
    },
  });
}

/** Repeats an operation until none of its commits fails by plan. Returns its last result. */
export async function insist<T>(
  act: () => Promise<T>,
  onFault: () => Promise<void> = () => Promise.resolve(),
): Promise<{ result: T; tries: number }> {
  for (let tries = 1;; tries++) {
    try {
      return { result: await act(), tries };
    } catch (error) {
      if (!(error instanceof CommitFault) || tries === MAX_TRIES) throw error;
      await onFault();
    }
  }
}

function rigOver(
  kv: Deno.Kv,
  below: Deno.Kv,
  disturbance: Pick<SeriesRig, "disturb" | "calm">,
): SeriesRig {
  const now = tickingClock();
  return {
    kv,
    below,
    store: createSeriesStore({ kv, now }),
    ingest: createIngest({ kv, writer: "tested" }),
    witness: createSeriesStore({ kv: below, now }),
    ...disturbance,
    [Symbol.dispose]: () => below.close(),
  };
}
