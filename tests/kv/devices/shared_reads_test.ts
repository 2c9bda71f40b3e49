import { createDevices } from "../../../kv/devices/create_many.ts";
import { createDeviceIntake, type DeviceIntake } from "../../../kv/devices/intake.ts";
import { createIngest } from "../../../kv/series/ingest.ts";
import { createSeriesStore } from "../../../kv/series/store.ts";
import { assertEquals, assertLessOrEqual } from "../../support/assert.ts";
import { createBattery } from "../../support/devices.ts";
import { pageOf } from "../../support/pages.ts";
import { DAY } from "../../support/series.ts";
import { strictKv } from "../../support/strict_kv.ts";

const IDS = Array.from({ length: 100 }, (_, index) => `d-${index}`);

/** An instance over a shared database, whose clock only moves when a test moves it. */
function startShared(kv: Deno.Kv, clock: { nowMs: number }): DeviceIntake {
  const now = () => clock.nowMs;
  return createDeviceIntake({
    kv,
    isExclusive: false,
    owner: crypto.randomUUID(),
    ingest: createIngest({ kv, writer: "w" }),
    series: createSeriesStore({ kv, now }),
    limit: { requests: 1_000, windowMs: 600_000 },
    offlineAfterMs: 600_000,
    now,
  });
}

/** Sends a reading of each device at the same time. Returns what came of each. */
async function sendAll(
  intake: DeviceIntake,
  ids: readonly string[],
  { minute = 0, profileOf = (_id: string): string => "battery" } = {},
): Promise<string[]> {
  const page = pageOf([[DAY + minute * 60_000, "1", "1", "1", "1"]]);
  const results = await Promise.all(
    ids.map((id) => intake.accept({ id, profile: profileOf(id), page, isCounted: true })),
  );
  return results.map((result) =>
    result.kind === "accepted" ? `${result.created} new` : result.kind
  );
}

Deno.test("over a shared database, 100 new devices in a batch cost a few reads and commits", async () => {
  using kv = strictKv(await Deno.openKv(":memory:"));
  const clock = { nowMs: DAY };
  const intake = startShared(kv, clock);
  const expected = IDS.map(() => "1 new");
  assertEquals(await sendAll(intake, IDS), expected);
  // Ten records a read: those of the devices, the counts of segments and the heads of series.
  assertLessOrEqual(kv.reads(), 3 * 100 + 2);
  // Nine checks a commit, and the readings.
  assertLessOrEqual(kv.commits(), 12 + 2);
  const before = { reads: kv.reads(), commits: kv.commits() };
  clock.nowMs += 999;
  assertEquals(await sendAll(intake, IDS, { minute: 1 }), expected);
  // What the others received, as one range.
  assertEquals(kv.reads() - before.reads, 1);
  assertLessOrEqual(kv.commits() - before.commits, 2);
  clock.nowMs += 1;
  assertEquals(await sendAll(intake, IDS, { minute: 2 }), expected);
  assertLessOrEqual(kv.reads() - before.reads, 100 + 2);
});

Deno.test("a device that another instance has deleted is created anew after a second", async () => {
  using kv = strictKv(await Deno.openKv(":memory:"));
  const clock = { nowMs: DAY };
  const intake = startShared(kv, clock);
  await sendAll(intake, ["d"]);
  await kv.delete(["device", "d"]);
  clock.nowMs += 1_000;
  assertEquals(await sendAll(intake, ["d"], { minute: 1 }), ["1 new"]);
  assertEquals(
    (await kv.get<{ createdMs: number }>(["device", "d"])).value?.createdMs,
    DAY + 1_000,
  );
});

Deno.test("of devices that are created together, only those fail that cannot be created", async () => {
  const plan: Parameters<typeof strictKv>[1] = {};
  using database = await Deno.openKv(":memory:");
  const kv = strictKv(database, plan);
  const intake = startShared(kv, { nowMs: DAY });
  const ids = IDS.slice(0, 5);
  plan.before = async ({ kind, space }) => {
    if (kind !== "commit" || space !== "device") return;
    plan.before = undefined;
    await createBattery(database, ids[3], { nowMs: DAY - 1 });
  };
  const profileOf = (id: string) => id === ids[1] ? "unknown" : "battery";
  const results = await sendAll(intake, ids, { profileOf });
  assertEquals(results, ["1 new", "other definition", "1 new", "1 new", "1 new"]);
  const created = await Array.fromAsync(
    database.list<{ createdMs: number }>({ prefix: ["device"] }),
  );
  const expected = [[ids[0], DAY], [ids[2], DAY], [ids[3], DAY - 1], [ids[4], DAY]];
  assertEquals(created.map(({ key, value }) => [key[1], value.createdMs]), expected);
});

Deno.test("a device that two requests create at the same time is the one of the first", async () => {
  using kv = strictKv(await Deno.openKv(":memory:"));
  const device = (account: string) => ({
    id: "d",
    device: {
      profile: "battery",
      account,
      nowMs: DAY,
      serviceOfflineAfterMs: 600_000,
      isProfileFixed: true,
    },
  });
  const created = await createDevices(kv, [device("a"), device("b")]);
  const accounts = created.map((one) =>
    one.status === "fulfilled" ? one.value.account : one.reason
  );
  assertEquals(accounts, ["a", "a"]);
});
