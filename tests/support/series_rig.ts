/**
 * A series store over one kind of database, and a second instance over the same database.
 *
 * @module
 */

import { createIngest, type Ingest } from "../../kv/series/ingest.ts";
import { DEVICES_CHANGED_KEY } from "../../kv/devices/devices.ts";
import { LAST_SEEN_SPACE } from "../../kv/devices/last_seen.ts";
import { type LoggedKv, openLoggedKv } from "../../kv/ingest_log/logged_kv.ts";
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
  /** The database as ingest of another instance uses it. */
  readonly elsewhereKv: Pick<Deno.Kv, "atomic">;
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

/** A rig over a database with the strictest limits, whose processes write logs of ingest. */
export async function openLoggedRig(): Promise<SeriesRig> {
  const database = await Deno.openKv(":memory:");
  const plan: StrictPlan = {};
  const tested = openTestLogs(strictKv(database, plan));
  const other = openTestLogs(database);
  const rig = rigOver(tested.kv, other.kv, {
    disturb(seed, others) {
      plan.fate = randomFates(seed, FAULT_RATE);
      plan.before = others;
    },
    calm() {
      delete plan.fate;
      delete plan.before;
    },
  }, tested.ingestKv);
  return { ...rig, elsewhereKv: other.ingestKv };
}

/** The logs of one more process, which `elapsedMs` is the clock of. */
export function openTestLogs(kv: Deno.Kv, elapsedMs?: () => number): LoggedKv {
  const newName = () => crypto.randomUUID();
  return openLoggedKv(kv, {
    deviceSpace: LAST_SEEN_SPACE,
    watchedKey: DEVICES_CHANGED_KEY,
    newName,
    elapsedMs,
  });
}

/** The same for commits that take no groups: records are written as releases up to 0.12 did. */
export function withoutGroups(kv: Pick<Deno.Kv, "atomic">): Pick<Deno.Kv, "atomic"> {
  // A copy of an operation is not known to take groups. It has what ingest needs.
  return { atomic: () => ({ ...kv.atomic() }) as Deno.AtomicOperation };
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
  ingestKv: Pick<Deno.Kv, "atomic"> = kv,
): SeriesRig {
  const now = tickingClock();
  return {
    kv,
    below,
    store: createSeriesStore({ kv, now }),
    ingest: createIngest({ kv: ingestKv, writer: "tested" }),
    elsewhereKv: below,
    witness: createSeriesStore({ kv: below, now }),
    ...disturbance,
    [Symbol.dispose]: () => below.close(),
  };
}
