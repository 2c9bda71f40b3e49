/**
 * Schedules on a strict database with a clock that tests move. Due entries are handled when a test says
 * so, by as many instances as it wants.
 *
 * @module
 */

import { type Caller, createCaller } from "../../data/access/caller.ts";
import type { AccountLimits } from "../../data/access/account.ts";
import type { Key } from "../../data/access/key.ts";
import { createJobs, type JobRecord, type Jobs } from "../../jobs/engine/jobs.ts";
import { EXPORT, exportParamsOf, exportSpecOf } from "../../jobs/exports/export_contract.ts";
import type { Scheduler } from "../../jobs/schedules/schedule_contract.ts";
import { type ScheduleWork, scheduleWork } from "../../jobs/schedules/schedule_work.ts";
import { listCrowd } from "../../kv/jobs/due.ts";
import { listRuns, type RunEntry } from "../../kv/schedules/runs.ts";
import {
  getSchedule,
  type ScheduleRecord,
  stageNewSchedule,
} from "../../kv/schedules/schedules.ts";
import { type StrictKv, strictKv, type StrictPlan } from "./strict_kv.ts";

/** An export of the meter 123 of the day before, as a schedule stores it. */
const YESTERDAY = exportParamsOf({
  ...exportSpecOf({ meterId: "123", fromMs: 0, toMs: 86_400_000, format: "csv" }),
  period: "yesterday",
});

/** A schedule every day at midnight UTC from 1970 on, except as changed. */
export function scheduleRecord(changes: Partial<ScheduleRecord> = {}): ScheduleRecord {
  const nextMs = changes.nextMs ?? null;
  return {
    v: 1,
    id: crypto.randomUUID(),
    name: "Daily",
    timing: { zone: "UTC", every: "P1D", anchorMs: 0 },
    request: { kind: "export", params: YESTERDAY },
    targets: {},
    catchUp: "last",
    delay: null,
    completeness: null,
    owner: "anyone",
    account: "anyone",
    patterns: { meter: null, device: null, store: null },
    state: "active",
    stopReason: null,
    problem: null,
    createdMs: 0,
    updatedMs: 0,
    nextMs,
    dueMs: nextMs,
    previousMs: null,
    handled: [],
    lastRun: null,
    runCount: 0,
    ...changes,
  };
}

/** An instance of the service, as far as schedules matter. */
export interface ScheduleInstance extends ScheduleWork {
  /** The jobs. */
  readonly jobs: Jobs;
}

/** Schedules, a clock and any number of instances. Disposing of it closes the database. */
export interface ScheduleRig extends Disposable {
  /** The database. */
  readonly kv: StrictKv;
  /** What happens to its commits. */
  readonly plan: StrictPlan;
  /** The first instance. */
  readonly first: ScheduleInstance;
  /** Routes use this. */
  readonly scheduler: Scheduler;
  /** What was logged. */
  readonly logged: string[];
  /** Who the owners of schedules are; all may do everything by default. */
  findMaker: () => Caller | null;
  /** The key of an owner. */
  getKey: () => Promise<Key | null>;
  /** Limits of every account. */
  limits: AccountLimits | null;
  /** Epoch milliseconds; tests set it. */
  nowMs: number;
  /** Another instance. */
  addInstance(): ScheduleInstance;
  /** Stores a schedule. With `nextMs` null, its next run is the first one after now. */
  add(changes?: Partial<ScheduleRecord>): Promise<ScheduleRecord>;
  /** The schedule as it is now. */
  read(id: string): Promise<ScheduleRecord>;
  /** Handles what is due now, until nothing is. */
  tick(instance?: ScheduleInstance): Promise<void>;
  /** The runs of a schedule, the earliest first. */
  runs(id: string): Promise<RunEntry[]>;
  /** The jobs of all schedules, the earliest first. */
  jobsMade(): Promise<readonly JobRecord[]>;
}

const EVERYONE = createCaller({
  owner: "anyone",
  actor: { kind: "anonymous", id: "", name: "" },
  scopes: ["export"],
});

/** Creates a rig with one instance, on a database in memory unless one is given. */
export async function createScheduleRig(nowMs: number, database?: Deno.Kv): Promise<ScheduleRig> {
  const plan: StrictPlan = {};
  const kv = strictKv(database ?? await Deno.openKv(":memory:"), plan);
  const logged: string[] = [];

  function addInstance(): ScheduleInstance {
    const log = (_level: string, event: string) => void logged.push(event);
    const ignore = () => {};
    const listen = () => ({ ended: () => Promise.resolve(), [Symbol.dispose]: ignore });
    const jobs = createJobs({
      kv,
      files: { remove: () => Promise.resolve() },
      hasQueue: false,
      now: () => rig.nowMs,
      newId: () => crypto.randomUUID(),
      poke: ignore,
      onCancelled: ignore,
      ends: { listen, report: ignore },
      watches: { watch: async function* () {} },
      log,
      jobRetentionMs: 86_400_000,
      get accountLimits() {
        return rig.limits ?? undefined;
      },
    });
    const work = scheduleWork({
      kv,
      jobs,
      now: () => rig.nowMs,
      log,
      findMaker: () => rig.findMaker(),
      getKey: () => rig.getKey(),
    });
    return { ...work, jobs };
  }

  const rig: ScheduleRig = {
    kv,
    plan,
    logged,
    findMaker: () => EVERYONE,
    getKey: () => Promise.resolve(null),
    limits: null,
    nowMs,
    addInstance,
    get first() {
      return first;
    },
    get scheduler() {
      return first.scheduler;
    },
    async add(changes = {}) {
      const asked = scheduleRecord({ createdMs: rig.nowMs, ...changes });
      const record = asked.nextMs === null && asked.state === "active"
        ? first.scheduler.armed(asked, rig.nowMs)
        : asked;
      const op = kv.atomic();
      stageNewSchedule(op, record);
      await op.commit();
      return record;
    },
    async read(id) {
      const entry = await getSchedule(kv, id);
      if (entry === null) throw new Error(`There is no schedule ${id}`);
      return entry.value;
    },
    async tick(instance = first) {
      for (let round = 0; round < 10_000; round++) {
        const dues = await listCrowd(kv, "schedule_run", { upToMs: rig.nowMs, limit: 100 });
        if (dues.length === 0) return;
        await instance.crowd.handle(dues);
      }
      throw new Error("Schedules stay due");
    },
    runs: async (id) => (await listRuns(kv, id, { limit: 1_000 })).toReversed(),
    async jobsMade() {
      const { jobs } = await first.jobs.list({ kind: EXPORT, limit: 1_000 });
      return jobs.toReversed();
    },
    [Symbol.dispose]: () => kv.close(),
  };
  const first = addInstance();
  return rig;
}
