import { deleteDevice } from "../../../kv/devices/delete.ts";
import { createDevice } from "../../../kv/devices/devices.ts";
import { checkPresence, markOnline } from "../../../kv/devices/presence.ts";
import { listCrowd } from "../../../kv/jobs/due.ts";
import { createIngest } from "../../../kv/series/ingest.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import { assertEquals } from "../../support/assert.ts";
import { type AlertRig, ALL, openAlertRig, START_MS } from "../../support/alert_rig.ts";

const MINUTE = 60_000;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const devices = { kind: "device", ...ALL } as const;

async function addDevice(rig: AlertRig, id: string, more: object = {}): Promise<void> {
  const device = { profile: "battery", nowMs: rig.now(), serviceOfflineAfterMs: 600_000 };
  await createDevice(rig.kv, id, { ...device, ...more });
}

Deno.test("a value above the limit fires after its time, and a value at the limit resolves it", async () => {
  using rig = await openAlertRig();
  await addDevice(rig, "a");
  const condition = { type: "above", metric: "soc_percent", limit: 80, clearAt: 80 } as const;
  await rig.setRule({ scope: devices, condition: { ...condition, forMs: 5 * MINUTE } });
  await rig.round();
  await rig.write("a", [[rig.now(), 81]]);
  await rig.pass(1_000);
  assertEquals(await rig.states(), { a: "pending" });
  await rig.pass(5 * MINUTE - 2_000);
  assertEquals([await rig.states(), await rig.told()], [{ a: "pending" }, []]);
  await rig.pass(1_000);
  assertEquals([await rig.states(), await rig.told()], [{ a: "firing" }, ["firing a"]]);
  await rig.write("a", [[rig.now(), 80]]);
  await rig.pass(1_000);
  assertEquals([await rig.states(), await rig.told()], [{}, ["firing a", "resolved a"]]);
});

Deno.test("a value that comes just after its rule is judged, though the next look has to wait", async () => {
  let takes = 0;
  using rig = await openAlertRig({
    asSeen: (series) => ({
      ...series,
      async latest(...options) {
        await pause(takes);
        return await series.latest(...options);
      },
    }),
  });
  await addDevice(rig, "a");
  await rig.pass(1_000);
  // A look that takes so long puts the next one off for three times as long.
  takes = 300;
  await rig.write("s", [[rig.now(), 1]], "site");
  await rig.pass(1_000);
  const condition = { type: "above", metric: "soc_percent", limit: 80, clearAt: 80 } as const;
  await rig.setRule({ scope: devices, condition: { ...condition, forMs: 0 } });
  await rig.pass(50, 50);
  await rig.write("a", [[rig.now(), 90]]);
  await rig.pass(10_000);
  assertEquals([await rig.states(), await rig.told()], [{ a: "firing" }, ["firing a"]]);
});

Deno.test("between the limit and the value that clears it, a subject stays as it is", async () => {
  using rig = await openAlertRig();
  await addDevice(rig, "a");
  const condition = { type: "below", metric: "soc_percent", limit: 20, clearAt: 25 } as const;
  await rig.setRule({ scope: devices, condition: { ...condition, forMs: 0 } });
  const states: unknown[] = [];
  for (const value of [22, 19, 22, 25, 22]) {
    await rig.write("a", [[rig.now(), value]]);
    await rig.pass(1_000);
    states.push((await rig.states()).a ?? "ok");
  }
  assertEquals(states, ["ok", "firing", "firing", "ok", "ok"]);
});

Deno.test("a reading that comes late ends what seemed to go on: the alert is resolved", async () => {
  using rig = await openAlertRig();
  await addDevice(rig, "a");
  const condition = { type: "above", metric: "soc_percent", limit: 80, clearAt: 80 } as const;
  await rig.setRule({ scope: devices, condition: { ...condition, forMs: 5 * MINUTE } });
  const startMs = rig.now();
  await rig.write("a", [[startMs, 90]]);
  await rig.pass(6 * MINUTE, MINUTE);
  assertEquals(await rig.told(), ["firing a"]);
  // It was 70 after three minutes, and is 90 again since the fourth: not for five minutes yet.
  await rig.write("a", [[startMs + 3 * MINUTE, 70], [startMs + 4 * MINUTE, 90]]);
  await rig.pass(1_000);
  assertEquals([await rig.states(), await rig.told()], [{ a: "pending" }, [
    "firing a",
    "resolved a",
  ]]);
  await rig.pass(3 * MINUTE, 1_000);
  assertEquals(await rig.told(), ["firing a", "resolved a", "firing a"]);
});

Deno.test("a rise within the time fires, and is over when no reading confirms it any more", async () => {
  using rig = await openAlertRig();
  await addDevice(rig, "a");
  const condition = { type: "change", metric: "soc_percent", by: 10, direction: "rise" } as const;
  await rig.setRule({
    scope: devices,
    condition: { ...condition, withinMs: 10 * MINUTE, forMs: 0 },
  });
  const startMs = rig.now();
  await rig.write("a", [[startMs, 20]]);
  await rig.pass(9 * MINUTE, MINUTE);
  await rig.write("a", [[rig.now(), 30]]);
  await rig.pass(1_000);
  assertEquals(await rig.told(), []);
  await rig.write("a", [[rig.now(), 31]]);
  await rig.pass(1_000);
  assertEquals(await rig.told(), ["firing a"]);
  await rig.pass(10 * MINUTE, 1_000);
  assertEquals(await rig.told(), ["firing a", "resolved a"]);
});

Deno.test("a meter without readings for a time fires, and the next reading resolves it", async () => {
  using rig = await openAlertRig();
  const startMs = rig.now();
  await rig.write("m", [[startMs, 1]], "meter");
  await rig.setRule({
    scope: { kind: "meter", ...ALL },
    condition: { type: "no_data", forMs: 60 * MINUTE },
  });
  await rig.pass(30 * MINUTE, MINUTE);
  await rig.write("m", [[rig.now(), 1]], "meter");
  await rig.pass(60 * MINUTE - 1_000, MINUTE);
  assertEquals(await rig.told(), []);
  await rig.pass(1_000);
  assertEquals(await rig.told(), ["firing m"]);
  await rig.write("m", [[rig.now(), 1]], "meter");
  await rig.pass(1_000);
  assertEquals(await rig.told(), ["firing m", "resolved m"]);
});

/** Lets devices go offline at a time, as their last-seen records are older. */
async function goOffline(rig: AlertRig): Promise<void> {
  const rules = { startedMs: 0, offlineAfterMs: 600_000, maxChecks: 90 };
  for (;;) {
    const dues = await listCrowd(rig.kv, "device_offline", { upToMs: rig.now(), limit: 500 });
    const result = await checkPresence(rig.kv, dues, { ...rules, nowMs: rig.now() });
    if (result.offline.length === 0) return;
  }
}

Deno.test("1,000 devices that go offline together are one message of 1,000", async () => {
  using rig = await openAlertRig();
  const ids = Array.from({ length: 1_000 }, (_, index) => `device-${1_000 + index}`);
  await Promise.all(ids.map((id) => addDevice(rig, id)));
  await rig.setRule({ scope: devices, condition: { type: "offline", forMs: 0 }, groupMs: MINUTE });
  await rig.round();
  rig.advance(10 * MINUTE);
  await goOffline(rig);
  await rig.pass(MINUTE + 1_000);
  const [event, ...others] = await rig.events();
  assertEquals([others, event.type, event.data.count], [[], "alert.firing", 1_000]);
  assertEquals(event.data.ids, ids);
  for (const id of ids) {
    await markOnline(rig.kv, id, { receivedMs: rig.now(), offlineAfterMs: 600_000 });
  }
  await rig.pass(MINUTE + 2_000);
  const [, resolved, ...more] = await rig.events();
  assertEquals([more, resolved.type, resolved.data.count], [[], "alert.resolved", 1_000]);
});

Deno.test("a device that flaps stays firing until it has been calm", async () => {
  using rig = await openAlertRig();
  await addDevice(rig, "a");
  const condition = {
    type: "above",
    metric: "soc_percent",
    limit: 80,
    clearAt: 80,
    forMs: 0,
  } as const;
  const damping = { firings: 3, withinMs: 60 * MINUTE, calmMs: 10 * MINUTE };
  await rig.setRule({ scope: devices, condition, damping });
  for (let time = 0; time < 20; time++) {
    await rig.write("a", [[rig.now(), time % 2 === 0 ? 90 : 70]]);
    await rig.pass(30_000, 30_000);
  }
  const expected = ["firing a", "resolved a", "firing a", "resolved a", "firing a"];
  assertEquals(await rig.told(), expected);
  const events = await rig.events();
  assertEquals(JSON.stringify(events[4].data.subjects).includes(`"flapping":true`), true);
  // The last value below the limit came 30 s ago.
  await rig.pass(9 * MINUTE + 29_000, 1_000);
  assertEquals(await rig.told(), expected);
  await rig.pass(1_000);
  assertEquals(await rig.told(), [...expected, "resolved a"]);
});

Deno.test("maintenance mutes; what still fires at its end is told then, and the rest never", async () => {
  using rig = await openAlertRig();
  await addDevice(rig, "a");
  await addDevice(rig, "b");
  const condition = {
    type: "above",
    metric: "soc_percent",
    limit: 80,
    clearAt: 80,
    forMs: 0,
  } as const;
  await rig.setRule({ scope: devices, condition });
  const fromMs = rig.now();
  await rig.setWindow({ times: { type: "once", fromMs, toMs: fromMs + 60 * MINUTE } });
  await rig.write("a", [[fromMs, 90]]);
  await rig.write("b", [[fromMs, 90], [fromMs + 30 * MINUTE, 70]]);
  await rig.pass(60 * MINUTE - 1_000, MINUTE);
  assertEquals([await rig.states(), await rig.told()], [{ a: "firing" }, []]);
  await rig.pass(1_000);
  assertEquals(await rig.told(), ["firing a"]);
});

Deno.test("a window that is shortened lets its alerts out at once", async () => {
  using rig = await openAlertRig();
  await addDevice(rig, "a");
  const condition = {
    type: "above",
    metric: "soc_percent",
    limit: 80,
    clearAt: 80,
    forMs: 0,
  } as const;
  await rig.setRule({ scope: devices, condition });
  const fromMs = rig.now();
  await rig.setWindow({ times: { type: "once", fromMs, toMs: fromMs + 60 * MINUTE } });
  await rig.write("a", [[fromMs, 90]]);
  await rig.pass(5 * MINUTE, MINUTE);
  await rig.setWindow({ times: { type: "once", fromMs, toMs: fromMs + MINUTE } });
  await rig.pass(1_000);
  assertEquals(await rig.told(), ["firing a"]);
});

Deno.test("a restart forgets nothing and repeats nothing", async () => {
  using rig = await openAlertRig();
  await addDevice(rig, "a");
  const condition = { type: "above", metric: "soc_percent", limit: 80, clearAt: 80 } as const;
  const forMs = 5 * MINUTE;
  await rig.setRule({ scope: devices, condition: { ...condition, forMs }, groupMs: MINUTE });
  await rig.write("a", [[rig.now(), 90]]);
  await rig.pass(2 * MINUTE, MINUTE);
  for (let minute = 0; minute < 6; minute++) {
    rig.restart();
    await rig.pass(MINUTE, MINUTE);
  }
  assertEquals(await rig.told(), ["firing a"]);
  // This value is written while nobody holds the lease.
  rig.restart();
  await rig.write("a", [[rig.now(), 70]]);
  await rig.pass(2 * MINUTE, MINUTE);
  assertEquals(await rig.told(), ["firing a", "resolved a"]);
});

Deno.test("a change of a rule judges again, its deletion says nothing, and deleted devices leave", async () => {
  using rig = await openAlertRig();
  await addDevice(rig, "a");
  await addDevice(rig, "b");
  const condition = {
    type: "above",
    metric: "soc_percent",
    limit: 80,
    clearAt: 80,
    forMs: 0,
  } as const;
  await rig.setRule({ scope: devices, condition });
  await rig.write("a", [[rig.now(), 90]]);
  await rig.write("b", [[rig.now(), 50]]);
  await rig.pass(1_000);
  assertEquals(await rig.told(), ["firing a"]);
  await rig.setRule({ scope: devices, condition: { ...condition, limit: 40, clearAt: 40 } });
  await rig.pass(1_000);
  assertEquals(await rig.told(), ["firing a", "firing b"]);
  await rig.setRule({ scope: { ...devices, ids: ["b"] }, condition });
  await rig.pass(1_000);
  assertEquals([await rig.states(), await rig.told()], [{}, [
    "firing a",
    "firing b",
    "resolved b",
  ]]);
  await rig.setRule({ scope: devices, condition: { ...condition, limit: 40, clearAt: 40 } });
  await rig.pass(1_000);
  await deleteDevice(
    { kv: rig.kv, series: rig.series, invalidateDevice: () => {}, offlineAfterMs: 600_000 },
    { id: "a", profile: "battery", createdMs: START_MS, nowMs: rig.now() },
  );
  await rig.pass(1_000);
  assertEquals(await rig.states(), { b: "firing" });
  const told = await rig.told();
  await rig.deleteRule("rule");
  await rig.pass(1_000);
  assertEquals([await rig.states(), await rig.told()], [{}, told]);
  assertEquals(await listCrowd(rig.kv, "alert", { upToMs: Infinity, limit: 10 }), []);
});

Deno.test("a value that comes and goes between two looks is told, and that it is over", async () => {
  using rig = await openAlertRig();
  await addDevice(rig, "a");
  const condition = {
    type: "above",
    metric: "soc_percent",
    limit: 80,
    clearAt: 80,
    forMs: 0,
  } as const;
  await rig.setRule({ scope: devices, condition });
  await rig.write("a", [[rig.now(), 50]]);
  await rig.pass(1_000);
  const nowMs = rig.now();
  await rig.write("a", [[nowMs + 1_000, 90], [nowMs + 2_000, 50]]);
  await rig.pass(3_000, 3_000);
  assertEquals(await rig.told(), ["firing a", "resolved a"]);
});

Deno.test("messages of a subject come in the order of its transitions, also within the time of a group", async () => {
  using rig = await openAlertRig();
  for (const id of ["a", "b"]) await addDevice(rig, id);
  const condition = {
    type: "above",
    metric: "soc_percent",
    limit: 80,
    clearAt: 80,
    forMs: 0,
  } as const;
  await rig.setRule({ scope: devices, condition, groupMs: 10 * MINUTE });
  await rig.write("b", [[rig.now(), 90]]);
  for (const value of [90, 50, 90]) {
    await rig.write("a", [[rig.now(), value]]);
    await rig.pass(1_000);
  }
  await rig.pass(10 * MINUTE, MINUTE);
  assertEquals(await rig.told(), ["firing a,b", "resolved a", "firing a"]);
});

Deno.test("a device whose clock is ahead is silent in the end, and its first value above the limit fires", async () => {
  using rig = await openAlertRig();
  await addDevice(rig, "a");
  const condition = { type: "above", metric: "soc_percent", limit: 80, clearAt: 80 } as const;
  await rig.setRule({ scope: devices, condition: { ...condition, forMs: 0 } });
  await rig.setRule({
    id: "silent",
    scope: devices,
    condition: { type: "no_data", forMs: 10 * MINUTE },
  });
  await rig.round();
  await rig.write("a", [[rig.now() + 30_000, 90]]);
  await rig.pass(29_000);
  assertEquals(await rig.told(), []);
  await rig.pass(1_000);
  assertEquals([await rig.states(), await rig.told()], [{ a: "firing" }, ["firing a"]]);
  await rig.pass(10 * MINUTE - 1_000, 1_000);
  assertEquals(await rig.states("silent"), { a: "ok" });
  await rig.pass(1_000);
  assertEquals(await rig.states("silent"), { a: "firing" });
});

Deno.test("a value that is corrected to one between the limits leaves no state that it caused", async () => {
  for (const forMs of [0, 10 * MINUTE]) {
    using rig = await openAlertRig();
    await addDevice(rig, "a");
    const condition = { type: "above", metric: "soc_percent", limit: 80, clearAt: 20 } as const;
    await rig.setRule({ scope: devices, condition: { ...condition, forMs } });
    await rig.round();
    const atMs = rig.now();
    await rig.write("a", [[atMs - MINUTE, 50], [atMs, 90]]);
    await rig.pass(1_000);
    assertEquals(await rig.states(), { a: forMs === 0 ? "firing" : "pending" });
    await rig.write("a", [[atMs, 50]]);
    await rig.pass(1_000);
    const told = forMs === 0 ? ["firing a", "resolved a"] : [];
    assertEquals([await rig.states(), await rig.told()], [{}, told]);
    assertEquals(await listCrowd(rig.kv, "alert", { upToMs: Infinity, limit: 1 }), []);
  }
});

Deno.test("a change that another process writes is judged though this one has looked before", async () => {
  using rig = await openAlertRig();
  await addDevice(rig, "a");
  const condition = { type: "above", metric: "soc_percent", limit: 80, clearAt: 80 } as const;
  await rig.setRule({ scope: devices, condition: { ...condition, forMs: 0 } });
  await rig.pass(10_000);
  const ingest = createIngest({ kv: rig.kv, writer: "other" });
  const columns = PROFILES.battery.metrics.map((_, index) => ({
    scale: 0,
    values: Float64Array.of(index === 0 ? 90 : NaN),
  }));
  const timesMs = Float64Array.of(rig.now());
  await ingest.add({ profile: "battery", id: "a" }, { timesMs, columns });
  await rig.pass(3_000);
  assertEquals(await rig.told(), ["firing a"]);
  await ingest.stop();
});
