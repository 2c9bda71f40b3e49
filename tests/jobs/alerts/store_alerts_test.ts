import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../data/limits.ts";
import { createDevice } from "../../../kv/devices/devices.ts";
import { commitStores, stageStoreHours, stageStoreZone } from "../../../kv/stores/stores.ts";
import { type AlertRig, ALL, openAlertRig, START_MS } from "../../support/alert_rig.ts";
import { assertEquals } from "../../support/assert.ts";

const SATURDAY = 5, SUNDAY = 6;

async function setHours(
  rig: AlertRig,
  spans: readonly (readonly [day: number, from: number, to: number])[],
): Promise<void> {
  const op = rig.kv.atomic();
  const hours = spans.map(([day, from, to]) => ({
    day,
    startMs: from * HOUR_MS,
    endMs: to * HOUR_MS,
  }));
  stageStoreHours(op, "s", hours);
  stageStoreZone(op, "s", "America/New_York");
  await op.commit();
}

const stores = { kind: "store", ...ALL } as const;

Deno.test("a store is down after its time within business hours, over the night in which clocks go forward", async () => {
  using rig = await openAlertRig();
  // 2024-03-10T00:00Z is Saturday 19:00 in New York. At 02:00 on Sunday the clock shows 03:00.
  await setHours(rig, [[SATURDAY, 18, 20], [SUNDAY, 1.5, 5]]);
  await rig.setRule({ scope: stores, condition: { type: "down", forMs: 100 * MINUTE_MS } });
  await rig.write("s", [[START_MS, 0]], "site");
  // 60 minutes until 20:00; 30 from 01:30 to 02:00; 10 from 03:00 on, which is 07:00 UTC.
  await rig.pass(7 * HOUR_MS + 10 * MINUTE_MS - 1_000, 5 * MINUTE_MS);
  assertEquals(await rig.states(), { s: "pending" });
  await rig.pass(1_000);
  assertEquals(await rig.states(), { s: "firing" });
  const [down, firing] = await rig.events();
  assertEquals([down.type, down.subject.id, down.atMs], ["store.down", "s", START_MS]);
  assertEquals([firing.type, firing.data.ids], ["alert.firing", ["s"]]);
  await rig.write("s", [[rig.now(), 1]], "site");
  await rig.pass(1_000);
  const types = (await rig.events()).map(({ type }) => type).toSorted();
  assertEquals(types, ["alert.firing", "alert.resolved", "store.down", "store.up"]);
});

Deno.test("a store that is inactive while it is closed is down when it opens, unless it was active before", async () => {
  using rig = await openAlertRig();
  await setHours(rig, [[SUNDAY, 9, 17]]);
  // 09:00 on Sunday in New York is 13:00 UTC: the clock has gone forward.
  await rig.write("s", [[START_MS, 1], [START_MS + HOUR_MS, 0]], "site");
  await rig.pass(13 * HOUR_MS - 1_000, HOUR_MS);
  assertEquals(await rig.events(), []);
  await rig.pass(1_000);
  const [down] = await rig.events();
  assertEquals([down.type, down.atMs], ["store.down", START_MS + 13 * HOUR_MS]);
  using other = await openAlertRig();
  await setHours(other, [[SUNDAY, 9, 17]]);
  await other.write("s", [[START_MS, 0], [START_MS + 12 * HOUR_MS, 1]], "site");
  await other.pass(14 * HOUR_MS, HOUR_MS);
  assertEquals(await other.events(), []);
});

Deno.test("other business hours count at once", async () => {
  using rig = await openAlertRig();
  await setHours(rig, [[SUNDAY, 9, 17]]);
  await rig.setRule({ scope: stores, condition: { type: "down", forMs: 30 * MINUTE_MS } });
  await rig.write("s", [[START_MS, 0]], "site");
  await rig.pass(HOUR_MS, HOUR_MS);
  assertEquals(await rig.states(), { s: "ok" });
  // Now it is open since Saturday 19:00, which is the start: one hour ago.
  await setHours(rig, [[SATURDAY, 19, 24]]);
  await rig.pass(1_000);
  assertEquals(await rig.states(), { s: "firing" });
});

Deno.test("stores that have been down for more than a day when the service learns of it are no news", async () => {
  using rig = await openAlertRig();
  await rig.write("s", [[START_MS - 25 * HOUR_MS, 0]], "site");
  await rig.write("t", [[START_MS - 23 * HOUR_MS, 0]], "site");
  await rig.pass(1_000);
  assertEquals((await rig.events()).map(({ subject }) => subject.id), ["t"]);
});

Deno.test("a store that comes back after months is up, though its poll arrives while stores are judged", async () => {
  let isBack = false;
  const rig: AlertRig = await openAlertRig({
    asSeen: (series) => ({
      ...series,
      async latest(profile, ids, options) {
        const latest = await series.latest(profile, ids, options);
        if (isBack) await rig.write("s", [[rig.now(), 1]], "site");
        isBack = false;
        return latest;
      },
    }),
  });
  using _ = rig;
  await rig.write("s", [[START_MS, 0]], "site");
  await rig.pass(2 * HOUR_MS, HOUR_MS);
  assertEquals(await rig.told(), ["down s"]);
  // Further back than readings are looked for from the present.
  rig.advance(70 * DAY_MS);
  await commitStores(rig.kv, [["s", "America/New_York"]], stageStoreZone);
  isBack = true;
  await rig.pass(1_000);
  assertEquals(isBack, false);
  await rig.pass(10_000);
  assertEquals(await rig.told(), ["down s", "up s"]);
});

/** A rig with a rule about batteries. `onPortion` hears when the latest polls of some stores are read. */
async function openCrowd(onPortion: (rig: AlertRig, portion: number) => Promise<void>) {
  let portion = 0;
  const rig: AlertRig = await openAlertRig({
    asSeen: (series) => ({
      ...series,
      async latest(profile, ids, options) {
        if (profile === "site") await onPortion(rig, ++portion);
        return await series.latest(profile, ids, options);
      },
    }),
  });
  await createDevice(rig.kv, "d", {
    profile: "battery",
    nowMs: rig.now(),
    serviceOfflineAfterMs: HOUR_MS,
  });
  await rig.setRule({
    scope: { kind: "device", ...ALL },
    condition: { type: "above", metric: "soc_percent", limit: 80, clearAt: 80, forMs: 0 },
  });
  await rig.pass(5_000);
  return { rig, portions: () => portion };
}

Deno.test("a device need not wait until all stores are judged that an upload changed", async () => {
  const told: string[][] = [];
  const { rig, portions } = await openCrowd(async (rig, portion) => {
    told.push(await rig.told());
    if (portion > 1) return;
    rig.advance(2_000);
    await rig.write("d", [[rig.now(), 90]]);
  });
  using _ = rig;
  const ids = Array.from({ length: 450 }, (_, index) => `s${index}`);
  // Judged with their polls, they are not judged for their zones again.
  await commitStores(rig.kv, ids.map((id) => [id, "UTC"] as const), stageStoreZone);
  for (const id of ids) await rig.write(id, [[rig.now() - HOUR_MS, id === "s99" ? 0 : 1]], "site");
  await rig.pass(1_000);
  assertEquals([portions(), told], [3, [[], ["firing d"], ["firing d"]]]);
  assertEquals((await rig.told()).toSorted(), ["down s99", "firing d"]);
  await rig.pass(10_000);
  assertEquals([portions(), (await rig.told()).length], [3, 2]);
  // What was told in between is told once, also by a process that takes over.
  rig.restart();
  await rig.pass(10_000);
  assertEquals((await rig.told()).length, 2);
});

Deno.test("a device need not wait until all stores are judged whose settings an upload changed", async () => {
  const told: string[][] = [];
  const { rig } = await openCrowd(async (rig, portion) => {
    told.push(await rig.told());
    if (portion > 1) return;
    rig.advance(2_000);
    await rig.write("d", [[rig.now(), 90]]);
  });
  using _ = rig;
  const zones = Array.from({ length: 600 }, (_, index) => [`s${index}`, "UTC"] as const);
  await commitStores(rig.kv, zones, stageStoreZone);
  await rig.pass(1_000);
  // 500 of them are looked up at a time, and judged 200 at a time.
  assertEquals(told, [[], [], [], ["firing d"]]);
});
