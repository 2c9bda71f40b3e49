import { webhookTarget } from "../../../data/events/target.ts";
import { LEASE_MS } from "../../../jobs/engine/transitions.ts";
import { deliveryRetentionDuty } from "../../../jobs/notify/delivery_retention.ts";
import { getStoredEvent } from "../../../kv/events/event_store.ts";
import { getTarget, NEW_TARGET } from "../../../kv/events/targets.ts";
import { readAccount } from "../../../kv/jobs/accounts.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { broken, createNotifierRig, offline as offlineAt } from "../../support/notifier_rig.ts";
import { randomFates, strictKv, type StrictPlan } from "../../support/strict_kv.ts";
import { until } from "../../support/until.ts";

const ID = "wh_0011223344556677";
/** Events happened lately, as those of 1970 are not kept. */
const START_MS = Date.now();
const offline = (id: string, ms: number) => offlineAt(id, START_MS + ms);

Deno.test("every event arrives at every webhook in the order of its subject, whatever commits are lost", async () => {
  const plan: StrictPlan = {};
  const kv = strictKv(await Deno.openKv(":memory:"), plan);
  let failures = 3;
  await using rig = await createNotifierRig(({ event }) => {
    if (event.subject.id === "a" && failures-- > 0) throw broken();
  }, kv);
  const ids = [ID, "wh_8899aabbccddeeff"];
  for (const id of ids) await rig.hook({ id });
  const events = ["a", "b", "c"].flatMap((id, index) =>
    [0, 1, 2].map((n) => offline(id, index + 10 * n))
  );
  await rig.stage(...events);
  plan.fate = randomFates(3, 0.1);
  await rig.start("one");
  await rig.start("two");
  const isDone = async () => {
    const logs = (await Promise.all(ids.map(rig.log))).flat();
    return logs.length === 18 && logs.every(({ value }) => value.state === "delivered");
  };
  let looks = 0;
  await until(async () => {
    const { done: isIdle } = await kv.list({ prefix: ["job"] }, { limit: 1 }).next();
    // The lease of a job must not run out while it runs, but that of one whose claim got no answer must.
    if (isIdle) rig.rig.advance(10_000);
    else if (++looks % 200 === 0) rig.rig.advance(LEASE_MS + 1_000);
    rig.poke();
    return await isDone();
  }, 60_000);
  for (const id of ids) {
    for (const subject of ["a", "b", "c"]) {
      const got = rig.got.filter((one) => one.webhookId === id && one.subject === subject);
      // Repeats are allowed, but none before the one that it follows.
      const firsts = [...new Set(got.map(({ eventId }) => eventId))];
      const staged = events.filter((event) => event.subject.id === subject);
      assertEquals(firsts, staged.map((event) => event.id));
    }
  }
});

Deno.test("what a process was sending when it died is sent again by another one, with the same id", async () => {
  const held = Promise.withResolvers<void>();
  let isFirst = true;
  await using rig = await createNotifierRig(async () => {
    if (!isFirst) return;
    isFirst = false;
    await held.promise;
  });
  await rig.hook();
  await rig.stage(offline("a", 1));
  await rig.start("dead");
  await until(() => Promise.resolve(rig.got.length === 1));
  // The first process hangs; its lease runs out, and the second one takes the job over.
  await rig.start("alive");
  rig.rig.advance(LEASE_MS + 1_000);
  await until(() => {
    rig.poke();
    return Promise.resolve(rig.got.length === 2);
  });
  assertEquals(rig.got[1], rig.got[0]);
  await until(async () => (await rig.log(ID))[0].value.state === "delivered");
  held.resolve();
});

Deno.test("events and deliveries are deleted after 14 days, and targets without any with their accounts", async () => {
  await using rig = await createNotifierRig();
  await rig.hook();
  await rig.stage(offline("a", 1), offline("b", 2));
  await rig.start();
  await until(async () => {
    const log = await rig.log(ID);
    return log.length === 2 && log.every(({ value }) => value.state === "delivered");
  });
  const { kv } = rig.rig;
  const keysOfAccount = () =>
    Array.fromAsync(
      kv.list({ prefix: ["job_account", `delivery:${webhookTarget(ID)}`] }),
      ({ key }) => key.at(-1),
    );
  // The job has signed off, and has ended.
  await until(async () =>
    (await getTarget(kv, webhookTarget(ID))).value.jobId === null &&
    (await readAccount(kv, `delivery:${webhookTarget(ID)}`)).running === 0
  );
  assertEquals(await keysOfAccount(), ["running", "waiting"]);
  const lease = { v: 1, owner: "o", epoch: 1, untilMs: Infinity, cursor: null } as const;
  const round = async (days: number) => {
    const now = () => START_MS + days * 86_400_000;
    const context = { signal: new AbortController().signal, lease };
    await deliveryRetentionDuty({ kv, now, log: () => {} }).round(context);
  };
  await round(13.9);
  assertEquals((await rig.log(ID)).length, 2);
  await round(14.1);
  assertEquals((await rig.log(ID)).length, 0);
  const place = { atMs: START_MS + 1, eventId: offline("a", 1).id };
  assertEquals(await getStoredEvent(kv, place), null);
  assertEquals((await getTarget(kv, webhookTarget(ID))).versionstamp, null);
  assertEquals(await keysOfAccount(), []);
  assertEquals((await readAccount(kv, `delivery:${webhookTarget(ID)}`)).place.versionstamp, null);
  assert(await rig.webhooks.get(ID) !== null);
});

Deno.test("a target whose last job has not ended keeps its account, so that the counts stay right", async () => {
  await using rig = await createNotifierRig();
  const { kv } = rig.rig;
  const target = webhookTarget(ID);
  const lease = { v: 1, owner: "o", epoch: 1, untilMs: Infinity, cursor: null } as const;
  const duty = deliveryRetentionDuty({ kv, now: () => START_MS, log: () => {} });
  const round = () => duty.round({ signal: new AbortController().signal, lease });
  // The accounts of a target that works, and of one whose last attempt failed.
  for (const account of [`delivery:${target}`, `delivery:failing:${target}`]) {
    await kv.set(["delivery_target", target], NEW_TARGET);
    await kv.set(["job_account", account], { v: 1, turn: 3 });
    await kv.set(["job_account", account, "running"], new Deno.KvU64(1n));
    await round();
    assertEquals((await readAccount(kv, account)).running, 1);
    assert((await getTarget(kv, target)).versionstamp !== null);
    await kv.set(["job_account", account, "running"], new Deno.KvU64(0n));
    await round();
    assertEquals((await readAccount(kv, account)).place.versionstamp, null);
    assertEquals((await getTarget(kv, target)).versionstamp, null);
  }
});
