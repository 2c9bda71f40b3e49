import {
  checkDueDevices,
  type PresenceDeps,
  startPresence,
} from "../../../jobs/upkeep/presence.ts";
import { changeDevice } from "../../../kv/devices/devices.ts";
import { assertEquals, assertLessOrEqual } from "../../support/assert.ts";
import {
  assertSound,
  createBattery,
  deviceDues,
  deviceOf,
  eventsOf,
  OFFLINE_AFTER_MS,
} from "../../support/devices.ts";
import { pause } from "../../support/process.ts";
import { CommitFault, strictKv, type StrictPlan } from "../../support/strict_kv.ts";
import { createGate, createWorkerRig, textKind } from "../../support/worker_rig.ts";

const SIGNAL = new AbortController().signal;

function depsOver(kv: Deno.Kv, changes: Partial<PresenceDeps> = {}): PresenceDeps {
  return {
    kv,
    isExclusive: false,
    now: () => OFFLINE_AFTER_MS,
    log: () => {},
    startedMs: 0,
    offlineAfterMs: OFFLINE_AFTER_MS,
    ...changes,
  };
}

async function createMany(kv: Deno.Kv, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, n) => `d${String(n).padStart(5, "0")}`);
  for (const id of ids) await createBattery(kv, id);
  return ids;
}

/** Waits until a device is in a state. */
async function until(kv: Deno.Kv, id: string, state: "online" | "offline"): Promise<void> {
  while ((await deviceOf(kv, id)).state !== state) await pause(5);
}

Deno.test("a device that goes offline has one event though two workers check it", async () => {
  await using rig = await createWorkerRig();
  await createBattery(rig.kv, "d", { nowMs: rig.now() });
  await rig.addWorker("a", []);
  await rig.addWorker("b", []);
  rig.advance(OFFLINE_AFTER_MS + 60_000);
  await until(rig.kv, "d", "offline");
  while ((await deviceDues(rig.kv)).length > 0) {
    rig.advance(10_000);
    await pause(20);
  }
  await assertSound(rig.kv, "d");
  assertEquals((await eventsOf(rig.kv, "d")).length, 1);
});

Deno.test("jobs start and end while a presence check runs", async () => {
  const gate = createGate();
  const checking = createGate();
  const below = await Deno.openKv(":memory:");
  await createBattery(below, "d");
  const kv = strictKv(below, {
    before({ kind, space }) {
      if (kind !== "commit" || space !== "device") return;
      checking.open();
      return gate.passed;
    },
  });
  await using rig = await createWorkerRig(kv, { hasQueue: false });
  await rig.addWorker("a", [textKind(rig.files, () => Promise.resolve("x"))]);
  await checking.passed;
  const { id } = await rig.ask();
  await rig.until(id, "completed");
  gate.open();
});

Deno.test("many devices share commits: 90 a commit on a local file, 9 elsewhere", async () => {
  for (const [isExclusive, most] of [[true, 12], [false, 112]] as const) {
    using below = await Deno.openKv(":memory:");
    await createMany(below, 1_000);
    let commits = 0;
    const kv = {
      list: below.list.bind(below),
      atomic: () => (commits++, below.atomic()),
    };
    await checkDueDevices({ ...depsOver(below, { isExclusive }), kv }, SIGNAL);
    // 1,000 in batches of 180: 5 x 2 + 2 commits of up to 90, or 5 x 20 + 12 of up to 9.
    assertLessOrEqual(commits, most);
    assertEquals((await deviceOf(below, "d00999")).state, "offline");
  }
});

Deno.test("the log counts the devices that went offline, and names the first 20", async () => {
  using kv = await Deno.openKv(":memory:");
  const ids = await createMany(kv, 25);
  const logged: unknown[] = [];
  const log: PresenceDeps["log"] = (...record) => logged.push(record);
  await checkDueDevices(depsOver(kv, { log }), SIGNAL);
  const deviceIds = ids.slice(0, 20);
  assertEquals(logged, [["info", "devices went offline", { count: 25, deviceIds }]]);
});

Deno.test("after a start with a shorter setting, due entries of the longer one are moved", async () => {
  using kv = await Deno.openKv(":memory:");
  await createBattery(kv, "d", { nowMs: 1_000 });
  await createBattery(kv, "own", { nowMs: 1_000 });
  await changeDevice(kv, "own", { change: () => ({ offlineAfterMs: 900_000 }), nowMs: 1_000 });
  const deps = depsOver(kv, { now: () => 2_000, startedMs: 2_000, offlineAfterMs: 5_000 });
  const presence = startPresence(deps);
  while ((await deviceOf(kv, "own")).dueMs !== 902_000) await pause(1);
  await presence.stop();
  assertEquals((await deviceOf(kv, "d")).dueMs, 7_000);
});

Deno.test("a check that fails is logged, and the next one runs", async () => {
  const plan: StrictPlan = { fate: () => "lost" };
  using kv = await Deno.openKv(":memory:");
  await createBattery(kv, "d");
  const failed = Promise.withResolvers<unknown>();
  const log: PresenceDeps["log"] = (_level, event, fields) => {
    if (event === "presence check failed") failed.resolve(fields?.error);
  };
  const presence = startPresence(depsOver(strictKv(kv, plan), { log }));
  assertEquals(await failed.promise instanceof CommitFault, true);
  delete plan.fate;
  await until(kv, "d", "offline");
  await presence.stop();
});

Deno.test("stopping ends a check between two batches", async () => {
  using below = await Deno.openKv(":memory:");
  const ids = await createMany(below, 800);
  const first = Promise.withResolvers<void>();
  const plan: StrictPlan = {
    before: ({ kind }) => kind === "commit" ? first.resolve() : undefined,
  };
  const presence = startPresence(depsOver(strictKv(below, plan)));
  await first.promise;
  await presence.stop();
  assertEquals((await deviceOf(below, ids[0])).state, "offline");
  assertEquals((await deviceOf(below, ids[799])).state, "online");
  for (const id of [ids[0], ids[799]]) await assertSound(below, id);
});
