/**
 * How devices go offline and online, on any database.
 *
 * @module
 */

import {
  checkPresence,
  markOnline,
  type PresenceRules,
  RECHECK_AFTER_MS,
} from "../../kv/devices/presence.ts";
import { changeDevice } from "../../kv/devices/devices.ts";
import { assertEquals } from "../support/assert.ts";
import {
  assertSound,
  createBattery,
  deviceDues,
  deviceOf,
  eventsOf,
  OFFLINE_AFTER_MS,
  receive,
  RULES,
} from "../support/devices.ts";

/** Checks every device that is due at a time; counts those that were moved. */
async function checkAt(
  kv: Deno.Kv,
  nowMs: number,
  changes: Partial<PresenceRules> = {},
): Promise<{ offline: number; online: number }> {
  const dues = await deviceDues(kv, nowMs);
  const { offline, online } = await checkPresence(kv, dues, { ...RULES, ...changes, nowMs });
  for (const { id } of await deviceDues(kv)) await assertSound(kv, id);
  return { offline: offline.length, online: online.length };
}

/** Runs every behaviour on databases that `openDatabase` opens. */
export function testDevicePresence(database: string, openDatabase: () => Promise<Deno.Kv>): void {
  const test = (name: string, fn: (kv: Deno.Kv) => Promise<void>) =>
    Deno.test(`${name} (${database})`, async () => {
      using kv = await openDatabase();
      await fn(kv);
    });
  const mark = (kv: Deno.Kv, receivedMs: number) =>
    markOnline(kv, "d", { receivedMs, offlineAfterMs: OFFLINE_AFTER_MS });

  test("a device goes offline at its deadline, not a millisecond before", async (kv) => {
    await createBattery(kv, "d", { nowMs: 1_000 });
    await receive(kv, "d", 5_000);
    await checkAt(kv, 601_000);
    assertEquals((await deviceOf(kv, "d")).dueMs, 605_000);
    assertEquals(await checkAt(kv, 604_999), { offline: 0, online: 0 });
    assertEquals((await deviceOf(kv, "d")).state, "online");
    assertEquals(await checkAt(kv, 605_000), { offline: 1, online: 0 });
    assertEquals(await eventsOf(kv, "d"), [{ atMs: 605_000, state: "offline", lastSeenMs: 5_000 }]);
  });

  test("the event is at the deadline, however late it was found", async (kv) => {
    await createBattery(kv, "d");
    await receive(kv, "d", 5_000);
    await checkAt(kv, 9_000_000);
    assertEquals(await eventsOf(kv, "d"), [{ atMs: 605_000, state: "offline", lastSeenMs: 5_000 }]);
  });

  test("a device that never sent anything goes offline from its creation on", async (kv) => {
    await createBattery(kv, "d", { nowMs: 1_000 });
    await checkAt(kv, 601_000);
    assertEquals(await eventsOf(kv, "d"), [{ atMs: 601_000, state: "offline", lastSeenMs: null }]);
  });

  test("the latest of several writers' records counts", async (kv) => {
    await createBattery(kv, "d");
    await receive(kv, "d", 9_000, "a");
    await receive(kv, "d", 70_000, "b");
    await receive(kv, "d", 8_000, "c");
    await checkAt(kv, 600_000);
    assertEquals((await deviceOf(kv, "d")).dueMs, 670_000);
  });

  test("after a start every device has its whole time again, and no event is recorded", async (kv) => {
    await createBattery(kv, "d");
    await receive(kv, "d", 5_000);
    const startedMs = 50_000_000;
    await checkAt(kv, startedMs + 1_000, { startedMs });
    assertEquals((await deviceOf(kv, "d")).dueMs, startedMs + OFFLINE_AFTER_MS);
    assertEquals(await eventsOf(kv, "d"), []);
    await checkAt(kv, startedMs + OFFLINE_AFTER_MS, { startedMs });
    assertEquals(await eventsOf(kv, "d"), [
      { atMs: startedMs + OFFLINE_AFTER_MS, state: "offline", lastSeenMs: 5_000 },
    ]);
  });

  test("a device that was offline before a start stays so, and no event is recorded twice", async (kv) => {
    await createBattery(kv, "d");
    await checkAt(kv, 600_000);
    const before = await eventsOf(kv, "d");
    const startedMs = 600_500;
    for (let nowMs = startedMs; nowMs < 5_000_000; nowMs += 300_000) {
      await checkAt(kv, nowMs, { startedMs });
    }
    assertEquals(await eventsOf(kv, "d"), before);
    assertEquals((await deviceOf(kv, "d")).state, "offline");
  });

  test("a device's own time until offline overrides the service's", async (kv) => {
    await createBattery(kv, "d");
    await changeDevice(kv, "d", { change: () => ({ offlineAfterMs: 2_000 }), nowMs: 1_000 });
    await checkAt(kv, 1_999);
    assertEquals((await deviceOf(kv, "d")).dueMs, 2_000);
    await checkAt(kv, 2_000);
    assertEquals((await eventsOf(kv, "d")).map(({ atMs }) => atMs), [2_000]);
  });

  test("the next reading brings a device online, as of its receipt", async (kv) => {
    await createBattery(kv, "d");
    await checkAt(kv, 600_000);
    await receive(kv, "d", 700_000);
    assertEquals([await mark(kv, 700_000), await mark(kv, 700_000)], [true, false]);
    assertEquals(await mark(kv, 700_001), false);
    assertEquals(await eventsOf(kv, "d"), [
      { atMs: 600_000, state: "offline", lastSeenMs: null },
      { atMs: 700_000, state: "online", lastSeenMs: 700_000 },
    ]);
    assertEquals((await deviceOf(kv, "d")).dueMs, 1_300_000);
    await assertSound(kv, "d");
  });

  test("a reading that was known when its device went offline does not bring it back", async (kv) => {
    await createBattery(kv, "d");
    await receive(kv, "d", 5_000);
    await checkAt(kv, 605_000);
    assertEquals(await mark(kv, 5_000), false);
    assertEquals((await deviceOf(kv, "d")).state, "offline");
  });

  test("a device that does not exist is not brought online", async (kv) => {
    assertEquals(await mark(kv, 1), false);
    assertEquals(await Array.fromAsync(kv.list({ prefix: [] })), []);
  });

  test("the recheck finds a reading that arrived while its device went offline", async (kv) => {
    await createBattery(kv, "d");
    await checkAt(kv, 600_400);
    await receive(kv, "d", 600_300);
    await checkAt(kv, 600_400 + RECHECK_AFTER_MS - 1);
    assertEquals((await deviceOf(kv, "d")).state, "offline");
    assertEquals(await checkAt(kv, 600_400 + RECHECK_AFTER_MS), { offline: 0, online: 1 });
    assertEquals((await eventsOf(kv, "d"))[1], {
      atMs: 600_300,
      state: "online",
      lastSeenMs: 600_300,
    });
    assertEquals((await deviceOf(kv, "d")).dueMs, 1_200_300);
  });

  test("a reading received before the deadline but committed after it brings its device back too", async (kv) => {
    await createBattery(kv, "d");
    await checkAt(kv, 600_000);
    await receive(kv, "d", 599_000);
    await checkAt(kv, 600_000 + RECHECK_AFTER_MS);
    assertEquals(await eventsOf(kv, "d"), [
      { atMs: 600_000, state: "offline", lastSeenMs: null },
      { atMs: 600_001, state: "online", lastSeenMs: 599_000 },
    ]);
    assertEquals((await deviceOf(kv, "d")).dueMs, 1_199_000);
  });

  test("a recheck that finds nothing is the last one", async (kv) => {
    await createBattery(kv, "d");
    await checkAt(kv, 600_000);
    assertEquals(await checkAt(kv, 600_000 + RECHECK_AFTER_MS), { offline: 0, online: 0 });
    assertEquals(await deviceDues(kv), []);
    assertEquals((await eventsOf(kv, "d")).length, 1);
    await assertSound(kv, "d");
  });

  test("a change before the recheck does not move it", async (kv) => {
    await createBattery(kv, "d");
    await checkAt(kv, 600_000);
    await changeDevice(kv, "d", { change: () => ({ offlineAfterMs: 5 }), nowMs: 600_001 });
    assertEquals((await deviceDues(kv)).map(({ atMs }) => atMs), [600_000 + RECHECK_AFTER_MS]);
  });

  test("due entries of no device, or not of their device's deadline, are deleted", async (kv) => {
    const { dueMs } = await createBattery(kv, "d");
    await kv.set(["due", "device_offline", 5, "d"], true);
    await kv.set(["due", "device_offline", 5, "gone"], true);
    await checkAt(kv, 10);
    assertEquals(await deviceDues(kv), [{ atMs: dueMs ?? 0, kind: "device_offline", id: "d" }]);
  });

  test("hundreds of devices are checked in one call, each by its own record", async (kv) => {
    const ids = Array.from({ length: 300 }, (_, n) => `d${n}`);
    for (const id of ids) await createBattery(kv, id);
    for (const id of ids.slice(0, 100)) await receive(kv, id, 40_000);
    await kv.set(["due", "device_offline", 5, "d7"], true);
    assertEquals(await checkAt(kv, 600_000), { offline: 200, online: 0 });
    for (const [index, id] of ids.entries()) {
      assertEquals((await deviceOf(kv, id)).state, index < 100 ? "online" : "offline");
    }
  });

  test("a check with movesOnly moves devices that go offline, and returns the other entries", async (kv) => {
    for (const id of ["offline", "seen"]) await createBattery(kv, id);
    await receive(kv, "seen", 40_000);
    await kv.set(["due", "device_offline", 5, "gone"], true);
    const rules = { ...RULES, nowMs: 600_000, movesOnly: true };
    const result = await checkPresence(kv, await deviceDues(kv, 600_000), rules);
    assertEquals([result.offline, result.left.map(({ id }) => id)], [["offline"], [
      "gone",
      "seen",
    ]]);
    assertEquals((await deviceOf(kv, "offline")).state, "offline");
    assertEquals((await deviceOf(kv, "seen")).dueMs, 600_000);
    const rest = await checkPresence(kv, result.left, { ...rules, movesOnly: false });
    assertEquals(rest.left, []);
    assertEquals((await deviceOf(kv, "seen")).dueMs, 640_000);
  });
}
