import { deletionKinds } from "../../../jobs/deletions/deletion_job.ts";
import {
  DELETE_DEVICE,
  DELETE_MANY,
  DELETE_READINGS,
  DELETE_STORE,
} from "../../../jobs/deletions/deletion_contract.ts";
import { NO_CHECKPOINTS } from "../../../jobs/engine/checkpoints.ts";
import type { JobKind } from "../../../jobs/engine/job_kind.ts";
import type { JobRecord } from "../../../jobs/engine/jobs.ts";
import type { Json } from "../../../jobs/engine/transitions.ts";
import { createDevice, getDevice } from "../../../kv/devices/devices.ts";
import { listDeviceEvents, stageDeviceEvent } from "../../../kv/devices/events.ts";
import { listLastSeen, stageLastSeen } from "../../../kv/devices/last_seen.ts";
import { addRejections, getRejections } from "../../../kv/devices/rejections.ts";
import { createRateWindow } from "../../../data/devices/rate_window.ts";
import { getRejectedHours, stageRejectedHours } from "../../../kv/stores/rejected_hours.ts";
import { getStoreSettings, stageStoreHours, stageStoreZone } from "../../../kv/stores/stores.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { pageOf } from "../../support/pages.ts";
import { DAY, DAY_MS, gridPage, METER } from "../../support/series.ts";
import { CommitFault, strictKv, type StrictPlan } from "../../support/strict_kv.ts";
import { createWorkerRig, type WorkerRig } from "../../support/worker_rig.ts";

const HOUR_MS = 3_600_000;
const DEVICE = { profile: "battery", id: "d1" } as const;
const CREATED_MS = DAY + 5;
const GRID = { fromMs: DAY, stepMs: HOUR_MS } as const;

function kindOf(kinds: readonly JobKind[], name: string): JobKind {
  const kind = kinds.find((one) => one.name === name);
  if (kind === undefined) throw new Error(`There is no kind ${name}`);
  return kind;
}

async function run(rig: WorkerRig, kind: string, params: Json): Promise<JobRecord> {
  const { id } = await rig.jobs.create({ kind, params, owner: "anyone", slot: null });
  return await rig.until(id, "completed");
}

/** Workers of all kinds of deletions. Adds the ids of invalidated devices to `invalidated`. */
async function addWorker(rig: WorkerRig, invalidated: string[] = []): Promise<void> {
  const invalidateDevice = (id: string) => void invalidated.push(id);
  const deps = {
    ...rig,
    now: rig.now,
    offlineAfterMs: 600_000,
    isExporting: false,
    invalidateDevice,
  };
  await rig.addWorker("w", deletionKinds(deps));
}

async function makeDevice(rig: WorkerRig): Promise<void> {
  const { kv, series } = rig;
  const device = { profile: "battery", nowMs: CREATED_MS, serviceOfflineAfterMs: 600_000 } as const;
  await createDevice(kv, "d1", device);
  await series.write(DEVICE, gridPage({ fromMs: DAY, stepMs: HOUR_MS, count: 50 }));
  const op = kv.atomic();
  stageDeviceEvent(op, "d1", { atMs: CREATED_MS + 1, state: "offline", lastSeenMs: null });
  stageLastSeen(op, "d1", { writer: "", lastReceivedMs: DAY, window: createRateWindow() });
  await op.commit();
  const added = { atMs: DAY, count: 1, problem: { pointer: "/timestamp" } };
  await addRejections(kv, "d1", { added, stage: () => {} });
}

Deno.test("a deletion of readings counts what it deleted, and leaves the rest", async () => {
  await using rig = await createWorkerRig();
  await rig.series.write(METER, gridPage({ fromMs: DAY, stepMs: HOUR_MS, count: 72 }));
  await addWorker(rig);
  const params = { ...METER, fromMs: DAY + 10 * HOUR_MS, toMs: DAY + 2 * DAY_MS };
  const { result, artifact } = await run(rig, DELETE_READINGS, params);
  // Hours 10 to 47.
  assertEquals([result, artifact], [{ readingCount: 38, targetCount: 1, objects: null }, null]);
  assertEquals((await rig.series.describe(METER))?.count, 34);
  assertEquals((await run(rig, DELETE_READINGS, params)).result, {
    readingCount: 0,
    targetCount: 1,
    objects: null,
  });
});

Deno.test("a deletion of readings whose commits fail is tried again until it is whole", async () => {
  const plan: StrictPlan = {};
  const kv = strictKv(await Deno.openKv(":memory:"), plan);
  await using rig = await createWorkerRig(kv, { hasQueue: false });
  // A block a day: more days than one commit removes.
  await rig.series.write(METER, gridPage({ fromMs: DAY, stepMs: 6 * HOUR_MS, count: 800 }));
  const { id } = await rig.jobs.create({
    kind: DELETE_READINGS,
    params: { ...METER, fromMs: DAY, toMs: DAY + 190 * DAY_MS },
    owner: "anyone",
    slot: null,
  });
  let faults = 0;
  plan.fate = ({ keys }) => {
    const isRemoval = keys.some(([space]) => space === "block");
    // The second commit of the first run, and the first one of the next.
    return isRemoval && ++faults >= 2 && faults <= 3 ? "unanswered" : "happens";
  };
  await addWorker(rig);
  const timer = setInterval(() => rig.advance(1_000), 20);
  await rig.until(id, "completed").finally(() => clearInterval(timer));
  assertEquals(faults > 3, true);
  assertEquals((await rig.series.describe(METER))?.count, 40);
});

Deno.test("a deleted store has no polls, hours, zone or rejected hours; others keep theirs", async () => {
  await using rig = await createWorkerRig();
  const { kv, series } = rig;
  const op = kv.atomic();
  const rejected = { atMs: DAY, rows: 1, field: null, value: "", rule: "" };
  for (const id of ["a", "b"]) {
    stageStoreHours(op, id, [{ day: 0, startMs: 0, endMs: 1 }]);
    stageStoreZone(op, id, "UTC");
    stageRejectedHours(op, id, rejected);
    await series.write({ profile: "site", id }, pageOf([[DAY, "1"], [DAY + 1, "0"]]));
  }
  await op.commit();
  await addWorker(rig);
  assertEquals((await run(rig, DELETE_STORE, { id: "a" })).result, {
    readingCount: 2,
    targetCount: 1,
    objects: null,
  });
  assertEquals(await getStoreSettings(kv, "a"), null);
  assertEquals(await getRejectedHours(kv, "a"), null);
  assertEquals(await series.describe({ profile: "site", id: "a" }), null);
  assertEquals((await getStoreSettings(kv, "b"))?.zone, "UTC");
  assertEquals(await getRejectedHours(kv, "b"), rejected);
  assertEquals((await series.describe({ profile: "site", id: "b" }))?.count, 2);
});

Deno.test("a deleted device has no record, readings, events or due entry", async () => {
  await using rig = await createWorkerRig();
  await makeDevice(rig);
  const invalidated: string[] = [];
  await addWorker(rig, invalidated);
  const params = { ...DEVICE, createdMs: CREATED_MS };
  assertEquals((await run(rig, DELETE_DEVICE, params)).result, {
    readingCount: 50,
    targetCount: 1,
    objects: null,
  });
  const { kv } = rig;
  assertEquals(await getDevice(kv, "d1"), null);
  assertEquals(await rig.series.describe(DEVICE), null);
  assertEquals(await listDeviceEvents(kv, "d1", { afterMs: null, limit: 9 }), []);
  assertEquals(await listLastSeen(kv, "d1"), []);
  assertEquals(await getRejections(kv, "d1"), null);
  const due = await Array.fromAsync(kv.list({ prefix: ["due", "device_offline"] }));
  assertEquals([due, invalidated], [[], ["d1"]]);
});

Deno.test("a rejection recorded while a device is deleted goes with it, but not that of a new one", async () => {
  for (const isCreatedAnew of [false, true]) {
    await using rig = await createWorkerRig();
    await makeDevice(rig);
    const { kv } = rig;
    const series: typeof rig.series = {
      ...rig.series,
      async remove(ref, options) {
        const isRemoved = await rig.series.remove(ref, options);
        // The record is gone by now, but a process may still have it in its cache.
        const added = { atMs: DAY, count: 1, problem: { pointer: "/metrics" } };
        await addRejections(kv, "d1", { added, stage: () => {} });
        const device = { profile: "battery", nowMs: DAY + 9, serviceOfflineAfterMs: 1 } as const;
        if (isCreatedAnew) await createDevice(kv, "d1", device);
        return isRemoved;
      },
    };
    const invalidateDevice = () => {};
    const deps = {
      ...rig,
      series,
      now: rig.now,
      offlineAfterMs: 600_000,
      isExporting: false,
      invalidateDevice,
    };
    await rig.addWorker("w", deletionKinds(deps));
    await run(rig, DELETE_DEVICE, { ...DEVICE, createdMs: CREATED_MS });
    assertEquals((await getRejections(kv, "d1"))?.count, isCreatedAnew ? 1 : undefined);
  }
});

Deno.test("a device that was created anew is not deleted, and keeps its events", async () => {
  await using rig = await createWorkerRig();
  await makeDevice(rig);
  await addWorker(rig);
  const params = { ...DEVICE, createdMs: CREATED_MS - 1_000 };
  assertEquals((await run(rig, DELETE_DEVICE, params)).result, {
    readingCount: 0,
    targetCount: 1,
    objects: null,
  });
  assertEquals((await getDevice(rig.kv, "d1"))?.value.createdMs, CREATED_MS);
  assertEquals((await rig.series.describe(DEVICE))?.count, 50);
  assertEquals((await listDeviceEvents(rig.kv, "d1", { afterMs: null, limit: 9 })).length, 1);
  assertEquals((await listLastSeen(rig.kv, "d1")).length, 1);
});

Deno.test("a deletion of a device cut off at any commit is completed by its next run", async () => {
  for (let cut = 1, isDone = false; !isDone; cut++) {
    for (const fate of ["lost", "unanswered"] as const) {
      const plan: StrictPlan = {};
      const kv = strictKv(await Deno.openKv(":memory:"), plan);
      await using rig = await createWorkerRig(kv, { hasQueue: false });
      await makeDevice(rig);
      let commits = 0;
      plan.fate = ({ keys }) => {
        if (keys.some(([space]) => space === "job" || space === "lease")) return "happens";
        return ++commits === cut ? fate : "happens";
      };
      const deps = {
        ...rig,
        offlineAfterMs: 600_000,
        isExporting: false,
        invalidateDevice: () => {},
      };
      const kind = kindOf(deletionKinds(deps), DELETE_DEVICE);
      const context = {
        jobId: "",
        params: { ...DEVICE, createdMs: CREATED_MS },
        createdMs: 0,
        artifactName: "",
        signal: new AbortController().signal,
        progress: () => {},
        checkpoints: NO_CHECKPOINTS,
        waitIdle: <T>(wait: () => Promise<T>) => wait(),
        log: () => {},
      };
      isDone = true;
      await kind.run(context).catch((error) => {
        isDone = false;
        if (!(error instanceof CommitFault)) throw error;
      });
      delete plan.fate;
      await kind.run(context);
      assertEquals(await getDevice(kv, "d1"), null, `cut at ${cut}, ${fate}`);
      assertEquals(await rig.series.describe(DEVICE), null);
      assertEquals(await Array.fromAsync(kv.list({ prefix: ["block"] })), []);
      assertEquals(await listDeviceEvents(kv, "d1", { afterMs: null, limit: 9 }), []);
      assertEquals(await listLastSeen(kv, "d1"), []);
    }
  }
});

Deno.test("a deletion of many leaves a device that was created after it was requested", async () => {
  await using rig = await createWorkerRig();
  const { kv, series } = rig;
  const span = null, asked = "";
  const params = { subject: "device", ids: ["gone", "new", "old"], span, asked };
  await createDevice(kv, "old", { profile: "battery", nowMs: rig.now(), serviceOfflineAfterMs: 1 });
  const job = { kind: DELETE_MANY, params, owner: "anyone", slot: null };
  const { id } = await rig.jobs.create(job);
  const nowMs = rig.now() + 1_000;
  await createDevice(kv, "new", { profile: "battery", nowMs, serviceOfflineAfterMs: 1 });
  for (const device of ["new", "old"]) {
    await series.write({ profile: "battery", id: device }, gridPage({ ...GRID, count: 10 }));
  }
  await addWorker(rig);
  const { result } = await rig.until(id, "completed");
  assertEquals(result, { readingCount: 10, targetCount: 1, objects: null });
  assertEquals(await getDevice(kv, "old"), null);
  assertEquals((await getDevice(kv, "new"))?.value.createdMs, nowMs);
  assertEquals((await series.describe({ profile: "battery", id: "new" }))?.count, 10);
});

Deno.test("a deletion counts against its total, and a cancelled one ends between two commits", async () => {
  await using rig = await createWorkerRig();
  // A block a day: 1,000 days are 16 commits.
  await rig.series.write(METER, gridPage({ fromMs: DAY, stepMs: DAY_MS, count: 1_000 }));
  const deps = { ...rig, offlineAfterMs: 600_000, isExporting: false, invalidateDevice: () => {} };
  const kind = kindOf(deletionKinds(deps), DELETE_READINGS);
  const controller = new AbortController();
  const seen: { done: number; total?: number }[] = [];
  const run = kind.run({
    jobId: "",
    params: { ...METER, fromMs: DAY, toMs: DAY + 1_000 * DAY_MS },
    createdMs: 0,
    artifactName: "",
    signal: controller.signal,
    progress({ done, total }) {
      seen.push({ done, total });
      if (done > 100) controller.abort(new DOMException("cancelled", "AbortError"));
    },
    checkpoints: NO_CHECKPOINTS,
    waitIdle: <T>(wait: () => Promise<T>) => wait(),
    log: () => {},
  });
  await assertRejects(() => run, DOMException, "cancelled");
  assertEquals(seen[0], { done: 0, total: 1_000 });
  const { done } = seen[seen.length - 1];
  assertEquals([done > 100 && done < 200, seen.every(({ total }) => total === 1_000)], [
    true,
    true,
  ]);
  assertEquals((await rig.series.describe(METER))?.count, 1_000 - done);
});
