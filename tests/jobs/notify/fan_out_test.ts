import { createCaller, EVERY_ID, type Patterns } from "../../../data/access/caller.ts";
import type { LinkMaker } from "../../../data/access/link.ts";
import type { DomainEvent } from "../../../data/events/event.ts";
import { webhookTarget } from "../../../data/events/target.ts";
import { EVENT_RETENTION_MS } from "../../../data/limits.ts";
import { deliveryRetentionDuty } from "../../../jobs/notify/delivery_retention.ts";
import { fanOutOnce } from "../../../jobs/notify/fan_out.ts";
import { listDeliveries } from "../../../kv/events/deliveries.ts";
import { getStoredEvent } from "../../../kv/events/event_store.ts";
import { listOutbox, stageEvent } from "../../../kv/events/outbox.ts";
import { listCrowd } from "../../../kv/jobs/due.ts";
import { createWebhookStore, type WebhookStore } from "../../../kv/webhooks/webhooks.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { offline } from "../../support/notifier_rig.ts";
import { CommitFault, randomFates, strictKv } from "../../support/strict_kv.ts";
import { storeWebhook } from "../../support/webhooks.ts";

const NOW_MS = 1_700_000_000_000;

/** Webhooks of keys that may touch some ids only; all may manage. */
function webhooksOver(kv: Deno.Kv, patterns: Record<string, Patterns> = {}): WebhookStore {
  const findMaker = (maker: LinkMaker) => {
    const id = maker.kind === "key" ? maker.id : maker.kind;
    return createCaller({
      owner: `key:${id}`,
      actor: { kind: "key", id, name: id },
      scopes: id.startsWith("own") ? ["read"] : ["manage"],
      patterns: patterns[id],
    });
  };
  return createWebhookStore({ kv, findMaker, now: () => NOW_MS });
}

async function stage(kv: Deno.Kv, events: readonly DomainEvent[]): Promise<void> {
  for (let at = 0; at < events.length; at += 100) {
    const op = kv.atomic();
    for (const event of events.slice(at, at + 100)) stageEvent(op, event);
    await op.commit();
  }
}

/** The ids of the subjects that a webhook gets, in their order. */
async function subjectsOf(kv: Deno.Kv, id: string): Promise<string[]> {
  const entries = listDeliveries(kv, webhookTarget(id), { isNewestFirst: false });
  return await Array.fromAsync(entries, ({ value }) => value.subject.id);
}

async function fanOutAll(kv: Deno.Kv, webhooks: WebhookStore): Promise<number> {
  for (let commits = 0;; commits++) if (!await fanOutOnce({ kv, webhooks }, NOW_MS)) return commits;
}

const hookId = (number: number) => `wh_${String(number).padStart(16, "0")}`;

Deno.test("an event for 1,000 webhooks takes several commits, each of which the database takes", async () => {
  // The strict database refuses what exceeds the limits of Deno KV or KV Connect.
  using kv = strictKv(await Deno.openKv(":memory:"));
  for (let number = 0; number < 1_000; number++) {
    await storeWebhook(kv, { id: hookId(number), events: ["device.offline"] });
  }
  const events = Array.from({ length: 2 }, (_, n) => offline(`d${n}`, NOW_MS + n));
  await stage(kv, events);
  const webhooks = webhooksOver(kv);
  const commits = await fanOutAll(kv, webhooks);
  // Two mutations a delivery and one for the wake of each target and commit: some 300 to 450 each.
  assert(commits >= 5 && commits <= 8, String(commits));
  assertEquals(await listOutbox(kv, 1), []);
  for (const number of [0, 1, 499, 999]) {
    assertEquals(await subjectsOf(kv, hookId(number)), events.map(({ subject }) => subject.id));
  }
  // Each target is woken once, at the time of the round.
  assertEquals(
    (await listCrowd(kv, "delivery_wake", { upToMs: NOW_MS, limit: 5_000 })).length,
    1_000,
  );
});

Deno.test("2,000 events that nobody wants leave the outbox in 10 commits", async () => {
  using kv = strictKv(await Deno.openKv(":memory:"));
  await stage(kv, Array.from({ length: 2_000 }, (_, n) => offline(`d${n}`, NOW_MS + n)));
  assertEquals(await fanOutAll(kv, webhooksOver(kv)), 10);
  assertEquals(await listOutbox(kv, 1), []);
  assertEquals(await getStoredEvent(kv, { atMs: NOW_MS, eventId: offline("d0", NOW_MS).id }), null);
});

Deno.test("every webhook gets every event once, although commits are lost or unanswered", async () => {
  const fate = randomFates(7, 0.3);
  const plan: { fate?: typeof fate } = {};
  using kv = strictKv(await Deno.openKv(":memory:"), plan);
  for (let number = 0; number < 500; number++) {
    await storeWebhook(kv, { id: hookId(number), events: ["device.offline"] });
  }
  await stage(kv, [offline("a", NOW_MS), offline("b", NOW_MS + 1), offline("c", NOW_MS + 2)]);
  plan.fate = fate;
  const webhooks = webhooksOver(kv);
  while ((await listOutbox(kv, 1)).length > 0) {
    await fanOutOnce({ kv, webhooks }, NOW_MS).catch((error) =>
      assert(error instanceof CommitFault)
    );
  }
  for (let number = 0; number < 500; number++) {
    assertEquals(await subjectsOf(kv, hookId(number)), ["a", "b", "c"]);
  }
});

Deno.test("of two processes that fan out at the same time, one commits and nothing is doubled", async () => {
  using kv = await Deno.openKv(":memory:");
  await storeWebhook(kv, { id: hookId(1), events: ["device.offline"] });
  await stage(kv, [offline("a", NOW_MS)]);
  const webhooks = webhooksOver(kv);
  const both = [0, 1].map(() => fanOutOnce({ kv, webhooks }, NOW_MS));
  assertEquals((await Promise.all(both)).toSorted(), [false, true]);
  assertEquals(await subjectsOf(kv, hookId(1)), ["a"]);
});

Deno.test("a webhook gets only events that its key may know of", async () => {
  using kv = await Deno.openKv(":memory:");
  const key = (id: string) => ({
    owner: `key:${id}`,
    actor: { kind: "key", id, name: "" } as const,
  });
  const events = ["device.offline", "export.completed"] as const;
  await storeWebhook(kv, { id: hookId(1), events, ...key("all") });
  await storeWebhook(kv, { id: hookId(2), events, ...key("site") });
  await storeWebhook(kv, { id: hookId(3), events, ...key("own") });
  const exported = (id: string, owner: string, meters: readonly string[]): DomainEvent => ({
    ...offline("", NOW_MS + Number(id)),
    id: `evt_${id}`,
    type: "export.completed",
    subject: { kind: "job", id },
    account: owner,
    sources: meters.map((meter) => ({ kind: "meter", id: meter })),
  });
  await stage(kv, [
    offline("site-a.1", NOW_MS),
    offline("site-b.1", NOW_MS + 1),
    exported("2", "key:own", ["site-a.m1"]),
    exported("3", "key:site", ["site-a.m1", "site-a.m2"]),
    exported("4", "key:site", ["site-a.m1", "site-b.m1"]),
  ]);
  const site = ["site-a.*"];
  const ofSite = { ...EVERY_ID, device: site, meter: site };
  await fanOutAll(kv, webhooksOver(kv, { site: ofSite }));
  assertEquals(await subjectsOf(kv, hookId(1)), ["site-a.1", "site-b.1", "2", "3", "4"]);
  assertEquals(await subjectsOf(kv, hookId(2)), ["site-a.1", "2", "3"]);
  // Without `manage`, a key knows of its own jobs only.
  assertEquals(await subjectsOf(kv, hookId(3)), ["site-a.1", "site-b.1", "2"]);
});

Deno.test("an event and a webhook that cannot be read keep nothing from the others, and stay", async () => {
  using kv = await Deno.openKv(":memory:");
  await storeWebhook(kv, { id: hookId(1), events: ["device.offline"] });
  await kv.set(["webhook", hookId(0)], { v: 9 });
  // More than one look reads.
  for (let number = 0; number < 201; number++) {
    await kv.set(["outbox", 1_000 + number, `evt_${number}`], { v: 9 });
  }
  await stage(kv, [offline("a", NOW_MS)]);
  const unread: string[] = [];
  const logged: unknown[] = [];
  const actor = { kind: "anonymous", id: "", name: "" } as const;
  const findMaker = () => createCaller({ owner: "anyone", actor, scopes: ["manage"] });
  const log = (_: string, name: string, fields?: object) => logged.push([name, fields]);
  const webhooks = createWebhookStore({ kv, findMaker, now: () => NOW_MS, log });
  const onUnreadable = (key: Deno.KvKey) => unread.push(String(key[2]));
  assertEquals(await fanOutOnce({ kv, webhooks, onUnreadable }, NOW_MS), true);
  assertEquals(await subjectsOf(kv, hookId(1)), ["a"]);
  assertEquals(unread.length, 201);
  assertEquals(logged.length, 1);
  assertEquals((await kv.get(["outbox", 1_000, "evt_0"])).value, { v: 9 });
  assertEquals(await fanOutOnce({ kv, webhooks }, NOW_MS), false);
});

Deno.test("a webhook that is named and paused is skipped, and its log ends with its retention", async () => {
  using kv = await Deno.openKv(":memory:");
  const paused = { events: ["device.offline"], state: "paused", reason: "user" } as const;
  await storeWebhook(kv, { id: hookId(1), ...paused });
  await storeWebhook(kv, { id: hookId(2), ...paused });
  await storeWebhook(kv, { id: hookId(3), ...paused, reason: "failing" });
  const recipients = [{ kind: "webhook", id: hookId(1) }] as const;
  await stage(kv, [{ ...offline("a", NOW_MS), recipients }]);
  await fanOutAll(kv, webhooksOver(kv));
  const states = async (number: number) =>
    (await Array.fromAsync(listDeliveries(kv, webhookTarget(hookId(number)))))
      .map(({ value }) => value.state);
  assertEquals(await Promise.all([1, 2, 3].map(states)), [["skipped"], [], ["skipped"]]);
  const now = () => NOW_MS + EVENT_RETENTION_MS + 1;
  const duty = deliveryRetentionDuty({ kv, now, log: () => {} });
  const lease = { v: 1, owner: "w", epoch: 1, untilMs: 0, cursor: null } as const;
  await duty.round({ signal: new AbortController().signal, lease });
  assertEquals(await Promise.all([1, 3].map(states)), [[], []]);
});

Deno.test("a filter holds for its kind of ids, and a named recipient needs none", async () => {
  using kv = await Deno.openKv(":memory:");
  const filter = { ...EVERY_ID, device: ["site-a.*"] };
  await storeWebhook(kv, { id: hookId(1), events: ["device.offline", "alert.firing"], filter });
  await storeWebhook(kv, { id: hookId(2), events: ["export.failed"] });
  const alert: DomainEvent = {
    ...offline("", NOW_MS + 2),
    id: "evt_alert",
    type: "alert.firing",
    subject: { kind: "alert", id: "7" },
  };
  const recipients = [{ kind: "webhook", id: hookId(2) }, {
    kind: "email",
    to: ["a@example.com"],
  }] as const;
  await stage(kv, [
    offline("site-a.1", NOW_MS),
    { ...offline("site-b.1", NOW_MS + 1), recipients },
    alert,
  ]);
  await fanOutAll(kv, webhooksOver(kv));
  assertEquals(await subjectsOf(kv, hookId(1)), ["site-a.1", "7"]);
  assertEquals(await subjectsOf(kv, hookId(2)), ["site-b.1"]);
  const targets = await Array.fromAsync(
    kv.list({ prefix: ["delivery_open"] }),
    ({ key }) => String(key[1]),
  );
  assertEquals(targets.filter((target) => target.startsWith("email:")).length, 1);
});
