import { createDeviceIntake, type DeviceIntake } from "../../../kv/devices/intake.ts";
import { getRejections, rejectedOnDay } from "../../../kv/devices/rejections.ts";
import { createIngest } from "../../../kv/series/ingest.ts";
import { createSeriesStore } from "../../../kv/series/store.ts";
import { assertEquals, assertLessOrEqual } from "../../support/assert.ts";
import { createBattery, deviceOf, OFFLINE_AFTER_MS } from "../../support/devices.ts";
import { pageOf } from "../../support/pages.ts";
import { DAY } from "../../support/series.ts";
import { strictKv } from "../../support/strict_kv.ts";

interface Setting {
  readonly kv: Deno.Kv;
  readonly clock?: { nowMs: number };
  readonly owner?: string;
  readonly requests?: number;
}

/** An instance over a shared database. */
function startIntake(
  { kv, clock = { nowMs: DAY }, owner = "one", requests = 1_000 }: Setting,
): DeviceIntake {
  const now = () => clock.nowMs;
  return createDeviceIntake({
    kv,
    isExclusive: false,
    owner,
    ingest: createIngest({ kv, writer: owner }),
    series: createSeriesStore({ kv, now }),
    limit: { requests, windowMs: 1_000 },
    offlineAfterMs: OFFLINE_AFTER_MS,
    now,
  });
}

function reject(intake: DeviceIntake, value: unknown, count = 1): Promise<void> {
  const problem = { pointer: "/timestamp", rule: "a rule", value };
  return intake.reject({ id: "d", count, problem });
}

async function countOf(kv: Deno.Kv, nowMs = DAY): Promise<number> {
  return rejectedOnDay(await getRejections(kv, "d"), nowMs);
}

Deno.test("rejections at once by two instances are all counted, in fewer commits", async () => {
  using kv = strictKv(await Deno.openKv(":memory:"));
  await createBattery(kv, "d", { nowMs: DAY });
  const both = ["one", "two"].map((owner) => startIntake({ kv, owner }));
  const before = kv.commits();
  await Promise.all(Array.from({ length: 60 }, (_, n) => reject(both[n % 2], n)));
  assertEquals(await countOf(kv), 60);
  assertLessOrEqual(kv.commits() - before, 20);
});

Deno.test("the last rejection is kept as it was sent, and the count begins anew each UTC day", async () => {
  using kv = await Deno.openKv(":memory:");
  await createBattery(kv, "d", { nowMs: DAY });
  const clock = { nowMs: DAY + 86_399_999 };
  const intake = startIntake({ kv, clock });
  await reject(intake, "a", 7);
  await reject(intake, "b", 2);
  assertEquals(await getRejections(kv, "d"), {
    v: 1,
    atMs: DAY + 86_399_999,
    pointer: "/timestamp",
    rule: "a rule",
    value: "b",
    count: 9,
  });
  clock.nowMs++;
  assertEquals(await countOf(kv, clock.nowMs), 0);
  await reject(intake, "c");
  assertEquals(await countOf(kv, clock.nowMs), 1);
});

Deno.test("rejections beyond the rate limit are written with the next ones, and none is lost", async () => {
  using kv = strictKv(await Deno.openKv(":memory:"));
  await createBattery(kv, "d", { nowMs: DAY });
  const clock = { nowMs: DAY };
  const intake = startIntake({ kv, clock, requests: 2 });
  const before = kv.commits();
  for (let n = 0; n < 50; n++) await reject(intake, n);
  assertEquals([await countOf(kv), kv.commits() - before], [2, 2]);
  clock.nowMs += 1_000;
  await reject(intake, "last");
  assertEquals(await countOf(kv), 51);
});

Deno.test("a rejection of an unknown device creates nothing", async () => {
  using kv = await Deno.openKv(":memory:");
  await reject(startIntake({ kv }), 1);
  assertEquals(await Array.fromAsync(kv.list({ prefix: [] })), []);
});

Deno.test("rejections do not count as requests, and readings go on between them", async () => {
  using kv = strictKv(await Deno.openKv(":memory:"));
  const clock = { nowMs: DAY };
  const intake = startIntake({ kv, clock, requests: 3 });
  const kinds: string[] = [];
  for (let n = 0; n < 4; n++) {
    const page = pageOf([[DAY + n, "1", "300", "1", "1"]]);
    kinds.push((await intake.accept({ id: "d", profile: "battery", page, isCounted: true })).kind);
    await reject(intake, n);
  }
  assertEquals(kinds, ["accepted", "accepted", "accepted", "limited"]);
  assertEquals((await deviceOf(kv, "d")).state, "online");
});
