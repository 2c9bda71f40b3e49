import {
  changeDevice,
  createDevice,
  type DeviceRecord,
  getDevice,
  getDevices,
  listDevices,
} from "../../../kv/devices/devices.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { assertSound, createBattery, deviceDues, deviceOf } from "../../support/devices.ts";
import { onceBefore } from "../../support/schedules.ts";
import { strictKv, type StrictPlan } from "../../support/strict_kv.ts";

Deno.test("a new device is online, with an entry at its creation plus the service's time", async () => {
  using kv = await Deno.openKv(":memory:");
  const device = await createDevice(kv, "d", {
    profile: "appliance",
    nowMs: 1_000,
    serviceOfflineAfterMs: 600_000,
  });
  const expected: DeviceRecord = {
    v: 1,
    profile: "appliance",
    deviceType: null,
    location: null,
    offlineAfterMs: null,
    createdMs: 1_000,
    state: "online",
    isProfileFixed: false,
    timestampForm: null,
    profileLife: 0,
    stateSinceMs: 1_000,
    lastSeenMs: null,
    dueMs: 601_000,
  };
  assertEquals(device, expected);
  assertEquals(await deviceOf(kv, "d"), expected);
  assertEquals(await deviceDues(kv), [{ atMs: 601_000, kind: "device_offline", id: "d" }]);
  await assertSound(kv, "d");
});

Deno.test("a new device may have its own time until offline, type and location", async () => {
  using kv = await Deno.openKv(":memory:");
  const own = { deviceType: "PACK", location: "Shed", offlineAfterMs: 5_000 };
  const device = await createDevice(kv, "d", {
    profile: "battery",
    ...own,
    nowMs: 1_000,
    serviceOfflineAfterMs: 600_000,
  });
  assertEquals({ ...device, ...own, dueMs: 6_000 }, device);
  await assertSound(kv, "d");
});

Deno.test("of many concurrent creations one succeeds, and all return the same record", async () => {
  using kv = await Deno.openKv(":memory:");
  const records = await Promise.all(
    Array.from({ length: 10 }, (_, index) => createBattery(kv, "d", { nowMs: index })),
  );
  assertEquals(new Set(records.map(({ createdMs }) => createdMs)).size, 1);
  assertEquals(await deviceOf(kv, "d"), records[0]);
  await assertSound(kv, "d");
});

Deno.test("an unknown device is null, and changing it does nothing", async () => {
  using kv = await Deno.openKv(":memory:");
  assertEquals(await getDevice(kv, "d"), null);
  assertEquals(await changeDevice(kv, "d", { change: () => ({ location: "x" }), nowMs: 0 }), null);
  assertEquals(await Array.fromAsync(kv.list({ prefix: [] })), []);
});

Deno.test("a change sets what it names and leaves the rest", async () => {
  using kv = await Deno.openKv(":memory:");
  const before = await createBattery(kv, "d");
  const change = () => ({ location: "Roof", deviceType: undefined });
  const after = await changeDevice(kv, "d", { change, nowMs: 5 });
  assertEquals(after, { ...before, location: "Roof" });
  assertEquals(await deviceOf(kv, "d"), { ...before, location: "Roof" });
  await assertSound(kv, "d");
});

Deno.test("a device with a new time until offline is checked at once", async () => {
  using kv = await Deno.openKv(":memory:");
  await createBattery(kv, "d");
  await changeDevice(kv, "d", { change: () => ({ offlineAfterMs: 5_000 }), nowMs: 90_000 });
  assertEquals((await deviceDues(kv)).map(({ atMs }) => atMs), [90_000]);
  await changeDevice(kv, "d", { change: () => ({ offlineAfterMs: 7_000 }), nowMs: 95_000 });
  assertEquals((await deviceDues(kv)).map(({ atMs }) => atMs), [90_000]);
  await assertSound(kv, "d");
});

Deno.test("a change is computed again if another one came first", async () => {
  using below = await Deno.openKv(":memory:");
  await createBattery(below, "d");
  const plan: StrictPlan = {};
  const moment = onceBefore({ kind: "commit" }, async () => {
    await changeDevice(below, "d", { change: () => ({ location: "first" }), nowMs: 0 });
  });
  plan.before = moment.before;
  const given: (string | null)[] = [];
  const after = await changeDevice(strictKv(below, plan), "d", {
    change: ({ location }) => {
      given.push(location);
      return Promise.resolve({ deviceType: "second" });
    },
    nowMs: 0,
  });
  moment.assertCame();
  assertEquals(given, [null, "first"]);
  assertEquals([after?.location, after?.deviceType], ["first", "second"]);
});

Deno.test("a change that throws changes nothing", async () => {
  using kv = await Deno.openKv(":memory:");
  const before = await createBattery(kv, "d");
  const change = () => {
    throw new RangeError("no");
  };
  await assertRejects(() => changeDevice(kv, "d", { change, nowMs: 0 }), RangeError);
  assertEquals(await deviceOf(kv, "d"), before);
});

Deno.test("listDevices() pages through ids in order, one read a page", async () => {
  using below = await Deno.openKv(":memory:");
  for (const id of ["d2", "d", "d10", "D", "d-1"]) await createBattery(below, id);
  const kv = strictKv(below);
  const pages: string[][] = [];
  for (let afterId = "";;) {
    const page = await listDevices(kv, { afterId, limit: 2 });
    pages.push(page.map(({ id }) => id));
    if (page.length < 2) break;
    afterId = page[1].id;
  }
  assertEquals(pages, [["D", "d"], ["d-1", "d10"], ["d2"]]);
  assertEquals(kv.reads(), 3);
});

Deno.test("getDevices() returns the devices that exist, as getDevice() does", async () => {
  using kv = await Deno.openKv(":memory:");
  for (const id of ["a", "c"]) await createBattery(kv, id);
  const devices = await getDevices(kv, ["c", "b", "a"]);
  assertEquals([...devices.keys()], ["a", "c"]);
  assertEquals(devices.get("c") ?? null, await getDevice(kv, "c"));
});

Deno.test("a record of an unknown version is refused", async () => {
  using kv = await Deno.openKv(":memory:");
  await kv.set(["device", "d"], { ...await createBattery(kv, "x"), v: 2 });
  await assertRejects(() => getDevice(kv, "d"));
});
