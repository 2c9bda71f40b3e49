import { targetOf, webhookTarget } from "../../../data/events/target.ts";
import { DeliveryFault, KEY_STOPPED } from "../../../data/notify/channel.ts";
import type { LoggedCause } from "../../../data/notify/fault_cause.ts";
import { FAILING_MAX_MS } from "../../../data/notify/delivery_retry.ts";
import { replayDelivery, replayRange } from "../../../jobs/notify/webhook_contract.ts";
import { getTarget } from "../../../kv/events/targets.ts";
import { listCrowd } from "../../../kv/jobs/due.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import {
  broken,
  createNotifierRig,
  exported as exportedAt,
  gone,
  type NotifierRig,
  offline as offlineAt,
} from "../../support/notifier_rig.ts";
import { until } from "../../support/until.ts";

const ID = "wh_0011223344556677", OTHER = "wh_8899aabbccddeeff";
/** Events happened lately, as those of 1970 are not kept. */
const START_MS = Date.now();
const offline = (id: string, ms: number) => offlineAt(id, START_MS + ms);
const exported = (id: string, ms: number) => exportedAt(id, START_MS + ms);
const MINUTE_MS = 60_000, HOUR_MS = 3_600_000;

/** Pokes until something is so. */
async function comes(rig: NotifierRig, isSo: () => boolean | Promise<boolean>): Promise<void> {
  await until(async () => {
    rig.poke();
    return await isSo();
  });
}

/** Moves the clock to the next wake, and waits until it is handled. */
async function toNextWake(rig: NotifierRig): Promise<number> {
  const next = async () =>
    (await listCrowd(rig.rig.kv, "delivery_wake", { upToMs: Infinity, limit: 1 }))[0]?.atMs;
  await until(async () => {
    const atMs = await next();
    return atMs !== undefined && atMs > rig.rig.now();
  });
  const waitMs = await next() - rig.rig.now();
  rig.rig.advance(waitMs + 1);
  return waitMs;
}

Deno.test("events of a subject arrive in their order, although the first one fails at first", async () => {
  let failures = 1;
  await using rig = await createNotifierRig(({ event }) => {
    if (event.subject.id === "a" && failures-- > 0) throw broken();
  });
  await rig.hook();
  await rig.stage(offline("a", 1), offline("a", 2), offline("b", 3));
  await rig.start();
  await comes(rig, () => rig.got.length === 2);
  // The second one of `a` waits, `b` does not.
  assertEquals(rig.got.map(({ subject }) => subject).toSorted(), ["a", "b"]);
  await toNextWake(rig);
  await comes(rig, () => rig.got.length === 4);
  const ofA = rig.got.filter(({ subject }) => subject === "a").map((one) => one.eventId);
  assertEquals(ofA, [offline("a", 1).id, offline("a", 1).id, offline("a", 2).id]);
});

Deno.test("a delivery fails after ten attempts within 76 hours, each with the same event", async () => {
  await using rig = await createNotifierRig(() => {
    throw broken();
  });
  await rig.hook();
  await rig.stage(offline("a", 1));
  await rig.start();
  const waits: number[] = [];
  await comes(rig, () => rig.got.length === 1);
  for (let attempt = 2; attempt <= 10; attempt++) {
    waits.push(await toNextWake(rig));
    await comes(rig, () => rig.got.length === attempt);
  }
  await until(async () => (await rig.log(ID))[0].value.state === "failed");
  assertEquals(new Set(rig.got.map((one) => one.eventId)), new Set([offline("a", 1).id]));
  // 6 s, 5 and 30 min, 2, 5, 10, 14, 20 and 24 h: the longest of each spread.
  const plannedMs = [6_000, 5 * MINUTE_MS, 30 * MINUTE_MS];
  plannedMs.push(...[2, 5, 10, 14, 20, 24].map((hours) => hours * HOUR_MS));
  for (const [index, waitMs] of waits.entries()) {
    assert(Math.abs(waitMs - plannedMs[index]) < 5_000, `${index}: ${waitMs}`);
  }
});

Deno.test("410 switches a webhook off, and nothing is sent to it any more", async () => {
  await using rig = await createNotifierRig(() => {
    throw gone();
  });
  await rig.hook();
  await rig.stage(offline("a", 1));
  await rig.start();
  await comes(rig, async () => (await rig.webhooks.get(ID))?.state === "off");
  assertEquals((await rig.webhooks.get(ID))?.reason, "gone");
  assertEquals((await rig.log(ID))[0].value.state, "failed");
  await rig.hook({ id: OTHER });
  await rig.stage(offline("a", 2));
  await comes(rig, () => rig.got.some(({ webhookId }) => webhookId === OTHER));
  assertEquals(rig.got.filter(({ webhookId }) => webhookId === ID).length, 1);
  assertEquals((await rig.log(ID)).length, 1);
});

Deno.test("a webhook that fails for five days is paused and reported; what it misses can be replayed", async () => {
  let isBroken = true;
  await using rig = await createNotifierRig(() => {
    if (isBroken) throw broken();
  });
  await rig.hook();
  await rig.stage(offline("a", 1), offline("b", 2));
  await rig.start();
  await comes(rig, () => rig.got.length === 2);
  for (let waited = 0; waited < FAILING_MAX_MS;) {
    const before = rig.got.length;
    waited += await toNextWake(rig);
    await comes(rig, () => rig.got.length > before);
  }
  await comes(rig, async () => (await rig.webhooks.get(ID))?.reason === "failing");
  assert(rig.rig.logged.includes("webhook stopped"));
  await rig.stage(offline("a", 3));
  await comes(rig, async () => (await rig.log(ID)).length === 3);
  assertEquals((await rig.log(ID))[2].value.state, "skipped");
  isBroken = false;
  rig.got.length = 0;
  await rig.webhooks.change(ID, (before) => ({ ...before, state: "active", reason: null }));
  const range = { fromMs: START_MS, toMs: START_MS + 10, states: ["failed", "skipped"] } as const;
  await replayRange(rig.rig.kv, webhookTarget(ID), { range, nowMs: rig.rig.now() });
  await comes(
    rig,
    async () => (await rig.log(ID)).every(({ value }) => value.state === "delivered"),
  );
  assertEquals(
    rig.got.map((one) => one.eventId).toSorted(),
    [offline("a", 1).id, offline("b", 2).id, offline("a", 3).id].toSorted(),
  );
});

Deno.test("a receiver that asks to wait is left alone that long, with all of its deliveries", async () => {
  let isBusy = true;
  await using rig = await createNotifierRig(() => {
    if (isBusy) {
      const fault = broken(429);
      throw Object.assign(fault, { retryAfterMs: 3 * HOUR_MS });
    }
  });
  await rig.hook();
  await rig.stage(offline("a", 1));
  await rig.start();
  await comes(rig, () => rig.got.length === 1);
  isBusy = false;
  await rig.stage(offline("b", 2));
  await comes(rig, async () => (await rig.log(ID)).length === 2);
  assertEquals(Math.round(await toNextWake(rig) / MINUTE_MS), 180);
  await comes(
    rig,
    async () => (await rig.log(ID)).every(({ value }) => value.state === "delivered"),
  );
});

Deno.test("while its key does not count, a webhook gets nothing that happens, and what waited comes later", async () => {
  let isBroken = true;
  await using rig = await createNotifierRig(() => {
    if (isBroken) throw broken();
  });
  await rig.hook({ actor: { kind: "key", id: "k", name: "" }, owner: "key:k" });
  await rig.stage(offline("a", 1));
  await rig.start();
  await comes(rig, () => rig.got.length === 1);
  rig.deadKeys.add("k");
  isBroken = false;
  await rig.stage(offline("b", 2));
  await toNextWake(rig);
  // The job looks, finds that the key does not count, and comes again in an hour.
  await until(async () =>
    (await listCrowd(rig.rig.kv, "delivery_wake", { upToMs: Infinity, limit: 1 }))[0]?.atMs >
      rig.rig.now() + 50 * MINUTE_MS
  );
  assertEquals(rig.got.length, 1);
  rig.deadKeys.delete("k");
  await toNextWake(rig);
  await comes(rig, () => rig.got.length === 2);
  assertEquals((await rig.log(ID)).map(({ value }) => value.subject.id), ["a"]);
});

Deno.test("deleting a webhook deletes its deliveries", async () => {
  await using rig = await createNotifierRig(() => {
    throw broken();
  });
  await rig.hook();
  await rig.stage(offline("a", 1));
  await rig.start();
  await comes(rig, () => rig.got.length === 1);
  // The job has ended, so that none sends at the moment of the deletion.
  await until(async () =>
    (await rig.log(ID))[0].value.attempt === 1 &&
    (await getTarget(rig.rig.kv, webhookTarget(ID))).value.jobId === null
  );
  await rig.webhooks.remove(ID);
  rig.rig.advance(10_000);
  await comes(rig, async () => (await rig.log(ID)).length === 0);
  assertEquals(rig.got.length, 1);
});

Deno.test("a replay sends a delivered event again with its id", async () => {
  await using rig = await createNotifierRig();
  await rig.hook();
  await rig.stage(offline("a", 1));
  await rig.start();
  await comes(rig, async () => (await rig.log(ID))[0]?.value.state === "delivered");
  const [entry] = await rig.log(ID);
  await replayDelivery(rig.rig.kv, entry, rig.rig.now());
  await comes(rig, () => rig.got.length === 2);
  assertEquals(rig.got[1].eventId, rig.got[0].eventId);
});

Deno.test("a database that refuses new events still delivers what is stored", async () => {
  let isBroken = true;
  await using rig = await createNotifierRig(() => {
    if (isBroken) throw broken();
  });
  await rig.hook();
  await rig.stage(offline("a", 1));
  await rig.start();
  await comes(rig, () => rig.got.length === 1);
  isBroken = false;
  rig.webhooks.listLive = () => Promise.reject(new Error("unreadable"));
  await rig.stage(offline("b", 2));
  await toNextWake(rig);
  await comes(rig, () => rig.got.length === 2);
  assertEquals(rig.got[1].subject, "a");
});

Deno.test("a target whose last attempt failed takes a place of those that fail", async () => {
  const owners: unknown[] = [];
  await using rig = await createNotifierRig(async () => {
    for await (const { value } of rig.rig.kv.list<{ owner: string }>({ prefix: ["job"] })) {
      owners.push(value.owner);
    }
    throw broken();
  });
  await rig.hook();
  await rig.stage(offline("a", 1));
  await rig.start();
  await comes(rig, () => owners.length === 1);
  await toNextWake(rig);
  await comes(rig, () => owners.length === 2);
  assertEquals(owners, [`delivery:webhook:${ID}`, `delivery:failing:webhook:${ID}`]);
});

Deno.test("when all is delivered, no job, wake or queue is left", async () => {
  await using rig = await createNotifierRig();
  await rig.hook();
  await rig.stage(offline("a", 1), offline("a", 2), offline("b", 3));
  await rig.start();
  await comes(rig, async () => {
    const log = await rig.log(ID);
    return log.length === 3 && log.every(({ value }) => value.state === "delivered");
  });
  const keys = async () =>
    (await Promise.all(
      ["outbox", "delivery_open", "due", "job"].map((space) =>
        Array.fromAsync(rig.rig.kv.list({ prefix: [space] }), ({ key }) => key)
      ),
    )).flat();
  await comes(rig, async () => (await keys()).length === 0);
  assertEquals((await getTarget(rig.rig.kv, webhookTarget(ID))).value.jobId, null);
});

Deno.test("a file does not replace a newer one of the same name, although it failed at first", async () => {
  let failures = 1;
  await using rig = await createNotifierRig(({ event }) => {
    if (event.subject.id === "a" && failures-- > 0) throw broken();
  });
  const recipients = [{ kind: "place", url: "folder", name: "latest.csv" }] as const;
  await rig.stage({ ...exported("a", 1), recipients }, { ...exported("b", 2), recipients });
  await rig.start();
  await comes(rig, () => rig.got.length === 1);
  await toNextWake(rig);
  await comes(rig, () => rig.got.length === 3);
  assertEquals(rig.got.map(({ subject }) => subject), ["a", "a", "b"]);
});

Deno.test("a mail or a file whose key was revoked after the first attempt is stopped for good", async () => {
  await using rig = await createNotifierRig(() => {
    throw broken();
  });
  const recipients = [
    { kind: "email", to: ["a@example.com"] },
    { kind: "place", url: "folder", name: "a.csv" },
  ] as const;
  await rig.stage({ ...exported("a", 1), recipients });
  await rig.start();
  await comes(rig, () => rig.got.length === 2);
  rig.deadKeys.add("k");
  await toNextWake(rig);
  const logs = () => Promise.all(recipients.map((one) => rig.logOf(targetOf(one))));
  await comes(rig, async () => (await logs()).every(([{ value }]) => value.state === "failed"));
  for (const [{ value }] of await logs()) assertEquals(value.attempts.at(-1)?.fault, KEY_STOPPED);
  assertEquals(rig.got.length, 2);
});

Deno.test("what waits or is replayed is not sent to a webhook whose key may not see it any more", async () => {
  let isBroken = true;
  await using rig = await createNotifierRig(({ event }) => {
    if (isBroken && event.subject.id === "site-b.1") throw broken();
  });
  await rig.hook({ actor: { kind: "key", id: "k", name: "" }, owner: "key:k" });
  await rig.stage(offline("site-b.1", 1), offline("site-b.2", 2), offline("site-a.1", 3));
  await rig.start();
  await comes(
    rig,
    async () => (await rig.log(ID)).filter(({ value }) => value.state === "delivered").length === 2,
  );
  isBroken = false;
  rig.patterns.set("k", { device: ["site-a.*"] });
  rig.got.length = 0;
  for (const entry of await rig.log(ID)) {
    await replayDelivery(rig.rig.kv, entry, rig.rig.now());
  }
  await comes(rig, async () => (await rig.log(ID)).every(({ value }) => value.state !== "pending"));
  assertEquals(rig.got.map(({ subject }) => subject), ["site-a.1"]);
  assertEquals(
    (await rig.log(ID)).map(({ value }) => value.attempts.at(-1)?.fault),
    [KEY_STOPPED, KEY_STOPPED, null],
  );
});

Deno.test("the log names the cause of each attempt that failed, without addresses", async () => {
  await using rig = await createNotifierRig(({ attempt }) => {
    if (attempt === 1) throw new TypeError("Cannot read a@example.com");
    const cause = Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
    if (attempt === 2) throw new DeliveryFault("It broke off", { isFinal: false, cause });
  });
  await rig.hook();
  await rig.stage(offline("a", 1));
  await rig.start();
  await comes(rig, () => rig.causes.length === 1);
  await toNextWake(rig);
  await comes(rig, () => rig.causes.length === 2);
  const [unexpected, refused] = rig.causes as LoggedCause[];
  assertEquals([unexpected.name, unexpected.message], ["TypeError", "Cannot read …@…"]);
  assertEquals([refused.code, refused.message], ["ECONNREFUSED", "connect"]);
});
