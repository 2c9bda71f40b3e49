import { type Duty, startDuties } from "../../../jobs/engine/duty_loop.ts";
import { createPokes } from "../../../jobs/engine/poke.ts";
import { followActivity } from "../../../kv/activity.ts";
import { isLeaseHeld } from "../../../kv/jobs/leases.ts";
import { assertEquals } from "../../support/assert.ts";
import { FakeTime } from "../../support/fake_time.ts";
import { pause } from "../../support/process.ts";

function dutyOf(rounds: string[], owner: string, fails = false): Duty {
  return {
    name: "duty",
    everyMs: 2,
    round() {
      rounds.push(owner);
      return fails ? Promise.reject(new Error("no")) : Promise.resolve();
    },
  };
}

Deno.test("one of two processes does a duty, and the other takes over when it is released", async () => {
  using kv = await Deno.openKv(":memory:");
  const rounds: string[] = [];
  const deps = { kv, now: Date.now, log: () => {}, isExclusive: false };
  const one = startDuties({ ...deps, owner: "one" }, [dutyOf(rounds, "one")]);
  while (rounds.length < 2) await pause(1);
  const other = startDuties({ ...deps, owner: "other" }, [dutyOf(rounds, "other")]);
  await pause(30);
  assertEquals(new Set(rounds), new Set(["one"]));
  await one.stop();
  while (rounds[rounds.length - 1] !== "other") await pause(1);
  await other.stop();
});

Deno.test("another process does a dead owner's duty once its lease has expired", async () => {
  using kv = await Deno.openKv(":memory:");
  await kv.set(["lease", "duty"], { v: 1, owner: "dead", epoch: 7, untilMs: 5_000, cursor: null });
  let nowMs = 4_000;
  const rounds: string[] = [];
  const deps = { kv, now: () => nowMs, log: () => {}, isExclusive: false, owner: "me" };
  const loop = startDuties(deps, [dutyOf(rounds, "me")]);
  await pause(20);
  assertEquals(rounds, []);
  nowMs = 5_001;
  while (rounds.length === 0) await pause(1);
  await loop.stop();
});

Deno.test("a poke without the lease is one look at the lease, and then a wait", async () => {
  using time = new FakeTime();
  using kv = await Deno.openKv(":memory:");
  await kv.set(["lease", "duty"], { v: 1, owner: "alive", epoch: 7, untilMs: 1e15, cursor: null });
  let looks = 0;
  const counted: Pick<Deno.Kv, "get" | "atomic"> = {
    get: (key) => {
      looks++;
      return kv.get(key);
    },
    atomic: () => kv.atomic(),
  };
  const pokes = createPokes();
  pokes.poke();
  const deps = { kv: counted, now: () => time.now(), log: () => {}, isExclusive: false };
  const loop = startDuties({ ...deps, owner: "me" }, [
    { ...dutyOf([], "me"), everyMs: 1_000, pokes },
  ]);
  // Time stands still, so that no wait between two looks ends.
  for (let read = 0; read < 200; read++) await kv.get(["lease", "duty"]);
  const before = looks;
  const stopped = loop.stop();
  await time.pass(0);
  await stopped;
  assertEquals(before, 1);
});

Deno.test("a duty is taken over at once if every other owner is known to be dead", async () => {
  using kv = await Deno.openKv(":memory:");
  await kv.set(["lease", "duty"], { v: 1, owner: "dead", epoch: 7, untilMs: 1e15, cursor: null });
  const rounds: string[] = [];
  const deps = { kv, now: Date.now, log: () => {}, isExclusive: true, owner: "me" };
  const loop = startDuties(deps, [dutyOf(rounds, "me")]);
  while (rounds.length === 0) await pause(1);
  await loop.stop();
});

Deno.test("a round that throws is logged, and the next round runs", async () => {
  using kv = await Deno.openKv(":memory:");
  const rounds: string[] = [];
  const logged: string[] = [];
  const log = (_: string, event: string) => logged.push(event);
  const deps = { kv, now: Date.now, log, isExclusive: false, owner: "me" };
  const loop = startDuties(deps, [dutyOf(rounds, "me", true)]);
  while (rounds.length < 3) await pause(1);
  await loop.stop();
  assertEquals(logged.includes("duty round failed"), true);
});

Deno.test("a duty with long pauses keeps its lease during them", async () => {
  using time = new FakeTime();
  using kv = await Deno.openKv(":memory:");
  const rounds: string[] = [];
  const deps = { kv, now: () => time.now(), log: () => {}, isExclusive: false, owner: "me" };
  const loop = startDuties(deps, [{ ...dutyOf(rounds, "me"), everyMs: 60_000 }]);
  for (let second = 0; second < 150; second++) {
    await time.pass(1_000);
    assertEquals(await isHeldSoon(kv, time.now()), true, `second ${second}`);
  }
  assertEquals(rounds.length, 3);
  const stopped = loop.stop();
  await time.pass(0);
  await stopped;
});

Deno.test("a lease that others look at is taken soon after it is free, however long nobody has written", async () => {
  using time = new FakeTime();
  using kv = await Deno.openKv(":memory:");
  const lease = { v: 1, owner: "other", epoch: 7, untilMs: 1e15, cursor: null };
  await kv.set(["lease", "duty"], lease);
  await using activity = followActivity({ shared: null, elapsedMs: () => time.now() });
  const deps = { kv, now: () => time.now(), log: () => {}, isExclusive: false, owner: "me" };
  const duty: Duty = { ...dutyOf([], "me"), everyMs: 60_000, keepsLease: true };
  const loop = startDuties({ ...deps, activity }, [duty]);
  for (let second = 0; second < 435; second++) await time.pass(1_000);
  // Rests of a minute would end after 430 s and 490 s.
  await kv.set(["lease", "duty"], { ...lease, untilMs: 0 });
  for (let second = 0; second < 15; second++) await time.pass(1_000);
  assertEquals(await isHeldSoon(kv, time.now()), true);
  const stopped = loop.stop();
  await time.pass(0);
  await stopped;
});

Deno.test("who gives a lease up wakes the other processes, and who has none does not", async () => {
  for (const [holder, wakes] of [["me", true], ["other", false]] as const) {
    using kv = await Deno.openKv(":memory:");
    const lease = { v: 1, owner: holder, epoch: 7, untilMs: 1e15, cursor: null };
    await kv.set(["lease", "duty"], lease);
    {
      await using activity = followActivity({ shared: kv });
      const deps = { kv, now: Date.now, log: () => {}, isExclusive: false, owner: "me" };
      await startDuties({ ...deps, activity }, [dutyOf([], "me")]).stop();
    }
    assertEquals((await kv.get(["pulse"])).versionstamp !== null, wakes);
  }
});

/** Whether the lease is held once pending writes have reached the database. */
async function isHeldSoon(kv: Deno.Kv, nowMs: number): Promise<boolean> {
  for (let look = 0; look < 2_000; look++) {
    if (await isLeaseHeld(kv, "duty", nowMs)) return true;
  }
  return false;
}
