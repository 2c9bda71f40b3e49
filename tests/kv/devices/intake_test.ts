import { pageOf, type Row } from "../../support/pages.ts";
import {
  createDeviceIntake,
  type DeviceIntake,
  type IntakeResult,
} from "../../../kv/devices/intake.ts";
import { changeDevice } from "../../../kv/devices/devices.ts";
import { createIngest } from "../../../kv/series/ingest.ts";
import { createSeriesStore } from "../../../kv/series/store.ts";
import { assert, assertEquals, assertLessOrEqual, assertRejects } from "../../support/assert.ts";
import { createBattery, deviceOf, eventsOf } from "../../support/devices.ts";
import { DAY, readLines } from "../../support/series.ts";
import { CommitFault, strictKv, type StrictPlan } from "../../support/strict_kv.ts";

const LIMIT = { requests: 10, windowMs: 1_000 };
const OFFLINE_AFTER_MS = 600_000;

/** The clock that all processes of a test share. */
interface Clock {
  nowMs: number;
}

/** What a test varies. */
interface Setting {
  readonly kv: Deno.Kv;
  readonly clock?: Clock;
  readonly isExclusive?: boolean;
  readonly owner?: string;
  readonly requests?: number;
}

/** Starts a process that accepts readings. */
function startIntake(
  { kv, clock = { nowMs: DAY }, isExclusive = true, owner = "one", requests = 1_000 }: Setting,
): DeviceIntake {
  const now = () => clock.nowMs;
  return createDeviceIntake({
    kv,
    isExclusive,
    owner,
    ingest: createIngest({ kv, writer: owner }),
    series: createSeriesStore({ kv, now }),
    limit: { ...LIMIT, requests },
    offlineAfterMs: OFFLINE_AFTER_MS,
    now,
  });
}

/** Sends readings of the battery `d`, all metrics of each the same. */
function send(
  intake: DeviceIntake,
  readings: readonly (readonly [timeMs: number, value: string])[],
  { id = "d", isCounted = true } = {},
): Promise<IntakeResult> {
  const page = pageOf(readings.map(([timeMs, text]): Row => [timeMs, text, text, text, text]));
  return intake.accept({ id, profile: "battery", page, isCounted });
}

/** Created, updated and unchanged; fails unless the readings were accepted. */
function countsOf(result: IntakeResult): number[] {
  assert(result.kind === "accepted", result.kind);
  return [result.created, result.updated, result.unchanged];
}

function openKv(plan: StrictPlan = {}): Promise<Deno.Kv> {
  return Deno.openKv(":memory:").then((kv) => strictKv(kv, plan));
}

async function linesOf(kv: Deno.Kv): Promise<string[]> {
  const store = createSeriesStore({ kv, now: () => DAY });
  return await readLines(store, { profile: "battery", id: "d" });
}

/** Sets device "d" offline since its deadline, as the recheck leaves it. */
async function setOffline(kv: Deno.Kv, lastSeenMs: number): Promise<void> {
  const stateSinceMs = lastSeenMs + OFFLINE_AFTER_MS;
  const offline = { state: "offline", stateSinceMs, lastSeenMs, dueMs: null };
  const entry = await kv.get<Record<string, unknown>>(["device", "d"]);
  await kv.set(["device", "d"], { ...entry.value, ...offline });
}

for (const isExclusive of [true, false]) {
  const where = isExclusive ? "alone" : "over a shared database";

  Deno.test(`new, changed and repeated readings are counted apart, ${where}`, async () => {
    using kv = await openKv();
    const intake = startIntake({ kv, isExclusive });
    assertEquals(countsOf(await send(intake, [[DAY + 2, "1"], [DAY + 4, "1"]])), [2, 0, 0]);
    // Again, another value, older than all, between them, later than all.
    assertEquals(countsOf(await send(intake, [[DAY + 2, "1"]])), [0, 0, 1]);
    assertEquals(countsOf(await send(intake, [[DAY + 2, "2"]])), [0, 1, 0]);
    assertEquals(countsOf(await send(intake, [[DAY + 1, "1"], [DAY + 3, "1"]])), [2, 0, 0]);
    assertEquals(countsOf(await send(intake, [[DAY + 4, "1"], [DAY + 5, "1"]])), [1, 0, 1]);
    assertEquals(
      await linesOf(kv),
      ["1 1", "2 2", "3 1", "4 1", "5 1"].map((text) => {
        const [offset, value] = text.split(" ");
        return `${DAY + Number(offset)} ${value},${value},${value},${value}`;
      }),
    );
  });

  Deno.test(`if a time occurs twice in a request, the last one wins, ${where}`, async () => {
    using kv = await openKv();
    const intake = startIntake({ kv, isExclusive });
    assertEquals(countsOf(await send(intake, [[DAY, "1"], [DAY, "2"], [DAY, "3"]])), [1, 0, 2]);
    assertEquals(await linesOf(kv), [`${DAY} 3,3,3,3`]);
  });

  Deno.test(`of many requests at once with one time, one creates the reading, ${where}`, async () => {
    using kv = await openKv();
    const intake = startIntake({ kv, isExclusive });
    await send(intake, [[DAY, "1"]]);
    const sent = Array.from({ length: 20 }, (_, index) => send(intake, [[DAY + 1, `${index}`]]));
    const counts = (await Promise.all(sent)).map(countsOf);
    assertEquals(counts.filter(([created]) => created === 1).length, 1);
    assertEquals(counts.filter(([, updated]) => updated === 1).length, 19);
    assertEquals((await linesOf(kv)).length, 2);
  });

  Deno.test(`a new device in many requests at once is created once, ${where}`, async () => {
    using kv = await openKv();
    const intake = startIntake({ kv, isExclusive });
    const sent = Array.from({ length: 20 }, (_, index) => send(intake, [[DAY + index, "1"]]));
    assertEquals((await Promise.all(sent)).map(countsOf).every(([one]) => one === 1), true);
    assertEquals((await deviceOf(kv, "d")).profile, "battery");
    assertEquals((await linesOf(kv)).length, 20);
  });

  Deno.test(`a device accepts no readings of another profile, ${where}`, async () => {
    using kv = await openKv();
    await createBattery(kv, "d");
    const intake = startIntake({ kv, isExclusive, requests: 1 });
    const page = pageOf([[DAY, "1", "1", "1", "1"]]);
    const other = { id: "d", profile: "appliance", page, isCounted: true } as const;
    assertEquals(await intake.accept(other), { kind: "other profile", profile: "battery" });
    // The refused request did not count.
    assertEquals(countsOf(await send(intake, [[DAY, "1"]])), [1, 0, 0]);
    const store = createSeriesStore({ kv, now: () => DAY });
    assertEquals(await store.describe({ profile: "appliance", id: "d" }), null);
  });

  Deno.test(`a restart keeps the requests counted before it, ${where}`, async () => {
    using kv = await openKv();
    const clock = { nowMs: DAY };
    const before = startIntake({ kv, isExclusive, clock, requests: 10, owner: "before" });
    for (let index = 0; index < 7; index++) await send(before, [[DAY + index, "1"]]);
    clock.nowMs += 400;
    const after = startIntake({ kv, isExclusive, clock, requests: 10, owner: "after" });
    const kinds: string[] = [];
    for (let index = 7; index < 11; index++) {
      kinds.push((await send(after, [[DAY + index, "1"]])).kind);
    }
    assertEquals(kinds, ["accepted", "accepted", "accepted", "limited"]);
    // The seven leave the window a second after they arrived.
    assertEquals(await send(after, [[DAY + 20, "1"]]), { kind: "limited", waitMs: 600 });
    clock.nowMs += 600;
    assertEquals((await send(after, [[DAY + 20, "1"]])).kind, "accepted");
  });

  Deno.test(`a request whose commit fails does not count and can be sent again, ${where}`, async () => {
    const plan: StrictPlan = {};
    using kv = await openKv(plan);
    const intake = startIntake({ kv, isExclusive, requests: 2 });
    await send(intake, [[DAY, "1"]]);
    plan.fate = () => "lost";
    await assertRejects(() => send(intake, [[DAY + 1, "1"]]), CommitFault);
    await assertRejects(() => send(intake, [[DAY + 1, "1"]]), CommitFault);
    plan.fate = undefined;
    assertEquals(countsOf(await send(intake, [[DAY + 1, "1"]])), [1, 0, 0]);
    assertEquals((await send(intake, [[DAY + 2, "1"]])).kind, "limited");
  });

  Deno.test(`after invalidate() a device is used as its record says, ${where}`, async () => {
    using kv = await openKv();
    await createBattery(kv, "d");
    const intake = startIntake({ kv, isExclusive, requests: 10 });
    const page = pageOf([[DAY, "1", "1", "1", "1"]]);
    const appliance = { id: "d", profile: "appliance", page, isCounted: true } as const;
    assertEquals((await intake.accept(appliance)).kind, "other profile");
    const change = () => Promise.resolve({ profile: "appliance" as const });
    await changeDevice(kv, "d", { nowMs: DAY, change });
    intake.invalidate("d");
    assertEquals((await intake.accept(appliance)).kind, "accepted");
  });

  Deno.test(`what is counted outlives that a device is forgotten, ${where}`, async () => {
    using kv = await openKv();
    const intake = startIntake({ kv, isExclusive, requests: 3 });
    for (let index = 0; index < 3; index++) await send(intake, [[DAY + index, "1"]]);
    intake.invalidate("d");
    assertEquals((await send(intake, [[DAY + 3, "1"]])).kind, "limited");
  });

  Deno.test(`pending requests count even if their device is invalidated, ${where}`, async () => {
    using kv = await openKv();
    const intake = startIntake({ kv, isExclusive, requests: 3 });
    await send(intake, [[DAY, "1"]]);
    const sent = [send(intake, [[DAY + 1, "1"]]), send(intake, [[DAY + 2, "1"]])];
    intake.invalidate("d");
    const late = [send(intake, [[DAY + 3, "1"]]), send(intake, [[DAY + 2, "1"]])];
    const kinds = (await Promise.all([...sent, ...late])).map(({ kind }) => kind);
    assertEquals(kinds, ["accepted", "accepted", "limited", "limited"]);
  });

  Deno.test(`the next reading brings a device back online, with one event, ${where}`, async () => {
    using kv = await openKv();
    const clock = { nowMs: DAY };
    const intake = startIntake({ kv, isExclusive, clock });
    await send(intake, [[DAY, "1"]]);
    await setOffline(kv, DAY);
    clock.nowMs += 700_000;
    await send(intake, [[DAY + 1, "1"]]);
    await send(intake, [[DAY + 2, "1"]]);
    assertEquals((await deviceOf(kv, "d")).state, "online");
    const events = await eventsOf(kv, "d");
    assertEquals(events.map(({ atMs, state }) => [atMs, state]), [[DAY + 700_000, "online"]]);
  });

  Deno.test(`a device that went offline while its readings failed is back online with the next one, ${where}`, async () => {
    const plan: StrictPlan = {};
    using kv = await openKv(plan);
    const clock = { nowMs: DAY };
    const intake = startIntake({ kv, isExclusive, clock });
    await send(intake, [[DAY, "1"]]);
    clock.nowMs = DAY + 590_000;
    plan.fate = () => "lost";
    await assertRejects(() => send(intake, [[DAY + 1, "1"]]), CommitFault);
    plan.fate = undefined;
    await setOffline(kv, DAY);
    // 650 s since the last durable reading, though only 60 s since the last attempt.
    clock.nowMs = DAY + 650_000;
    await send(intake, [[DAY + 2, "1"]]);
    assertEquals((await deviceOf(kv, "d")).state, "online");
    const events = await eventsOf(kv, "d");
    assertEquals(events.map(({ atMs, state }) => [atMs, state]), [[DAY + 650_000, "online"]]);
  });

  Deno.test(`a device whose move to online failed is back online with the next reading, ${where}`, async () => {
    const plan: StrictPlan = {};
    using kv = await openKv(plan);
    const clock = { nowMs: DAY };
    const intake = startIntake({ kv, isExclusive, clock });
    await send(intake, [[DAY, "1"]]);
    await setOffline(kv, DAY);
    clock.nowMs = DAY + 650_000;
    plan.fate = ({ keys }) => keys.some(([space]) => space === "device") ? "lost" : "happens";
    await assertRejects(() => send(intake, [[DAY + 1, "1"]]), CommitFault);
    plan.fate = undefined;
    clock.nowMs = DAY + 710_000;
    await send(intake, [[DAY + 2, "1"]]);
    assertEquals((await deviceOf(kv, "d")).state, "online");
  });
}

Deno.test("more readings of a counted request do not count again", async () => {
  using kv = await openKv();
  const intake = startIntake({ kv, requests: 1 });
  assertEquals((await send(intake, [[DAY, "1"]])).kind, "accepted");
  assertEquals((await send(intake, [[DAY + 1, "1"]], { isCounted: false })).kind, "accepted");
  assertEquals((await send(intake, [[DAY + 2, "1"]])).kind, "limited");
});

Deno.test("alone, readings of a cached device are accepted without reading the database", async () => {
  using kv = strictKv(await Deno.openKv(":memory:"));
  const intake = startIntake({ kv });
  await send(intake, [[DAY, "1"]]);
  const before = kv.reads();
  for (let index = 1; index < 50; index++) await send(intake, [[DAY + index, "1"]]);
  assertEquals(kv.reads() - before, 0);
});

Deno.test("alone, a device that was loaded while offline is soon accepted without reading again", async () => {
  using kv = strictKv(await Deno.openKv(":memory:"));
  await createBattery(kv, "d", { nowMs: DAY });
  await setOffline(kv, DAY);
  const clock = { nowMs: DAY + 700_000 };
  const intake = startIntake({ kv, clock });
  for (const index of [0, 1]) await send(intake, [[DAY + index, "1"]]);
  assertEquals((await deviceOf(kv, "d")).state, "online");
  const before = kv.reads();
  for (let index = 2; index < 50; index++) await send(intake, [[DAY + index, "1"]]);
  assertEquals(kv.reads() - before, 0);
});

Deno.test("two instances in turn accept no more than the limit", async () => {
  using kv = await openKv();
  const clock = { nowMs: DAY };
  const shared = { kv, clock, isExclusive: false, requests: 10 };
  const both = ["one", "two"].map((owner) => startIntake({ ...shared, owner }));
  const kinds: string[] = [];
  for (let index = 0; index < 24; index++) {
    kinds.push((await send(both[index % 2], [[DAY + index, "1"]])).kind);
  }
  const expected = Array.from({ length: 24 }, (_, index) => index < 10 ? "accepted" : "limited");
  assertEquals(kinds, expected);
  clock.nowMs += 1_000;
  assertEquals((await send(both[1], [[DAY + 30, "1"]])).kind, "accepted");
});

for (const inFlight of [1, 2, 5]) {
  Deno.test(`two instances with ${inFlight} requests each at a time accept at most as many more`, async () => {
    using kv = await openKv();
    const shared = { kv, isExclusive: false, requests: 10 };
    const both = ["one", "two"].map((owner) => startIntake({ ...shared, owner }));
    let timeMs = DAY;
    let accepted = 0;
    /** A client that sends its next request when the one before was answered. */
    const client = async (intake: DeviceIntake) => {
      for (let index = 0; index < 15; index++) {
        if ((await send(intake, [[timeMs++, "1"]])).kind === "accepted") accepted++;
      }
    };
    const clients = both.flatMap((intake) =>
      Array.from({ length: inFlight }, () => client(intake))
    );
    await Promise.all(clients);
    assertLessOrEqual(10, accepted);
    assertLessOrEqual(accepted, 10 + inFlight);
    assertEquals((await linesOf(kv)).length, accepted);
  });
}

Deno.test("the next reading deletes last-seen records of an instance that has been gone for an hour", async () => {
  using kv = await openKv();
  const clock = { nowMs: DAY };
  const shared = { kv, clock, isExclusive: false };
  await send(startIntake({ ...shared, owner: "gone" }), [[DAY, "1"]]);
  const writers = async () =>
    (await Array.fromAsync(kv.list({ prefix: ["beat", "d"] }))).map(({ key }) => key[2]);
  assertEquals(await writers(), ["gone"]);
  clock.nowMs += 3_600_001;
  await send(startIntake({ ...shared, owner: "new" }), [[DAY + 1, "1"]]);
  assertEquals(await writers(), ["new"]);
});
