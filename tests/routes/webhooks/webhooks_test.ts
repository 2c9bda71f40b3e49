import { Webhook } from "standardwebhooks";
import { guardedFetch } from "../../../data/notify/guarded_fetch.ts";
import { createCaller } from "../../../data/access/caller.ts";
import type { LinkMaker } from "../../../data/access/link.ts";
import { createWebhookStore } from "../../../kv/webhooks/webhooks.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { storeFailedDelivery, storeWebhook } from "../../support/webhooks.ts";
import { startWebhookReceiver } from "../../support/webhook_receiver.ts";
import { UNKNOWN_MAKER } from "../../../routes/access/links.ts";
import { createTestApp } from "../app_fixture.ts";
import { NOW_MS } from "../exports/export_example.ts";
import type { JsonAnswer } from "../../support/service.ts";

const ID = "wh_0011223344556677";
const DELIVERY = `${NOW_MS}-evt_00112233445566778899aabbccddeeff`;
const HOOK = { url: "https://example.com/hooks", events: ["export.completed"] };

type Ask = (request: string, body?: unknown) => Promise<JsonAnswer>;

/** The app over a database, whose callers are given by name: `anyone` may do all. */
function askOver(kv: Deno.Kv, changes: { hasWebhooks?: boolean; allowPrivate?: boolean } = {}): {
  ask: Ask;
  as: (name: string, patterns?: readonly string[]) => Ask;
} {
  const { hasWebhooks = true, allowPrivate = false } = changes;
  const findMaker = ({ kind }: LinkMaker) => kind === "key" ? null : UNKNOWN_MAKER;
  const callers = new Map([[
    "anyone",
    createCaller({
      owner: "anyone",
      actor: { kind: "anonymous", id: "", name: "" },
      scopes: ["admin"],
    }),
  ]]);
  const { app } = createTestApp({
    kv,
    webhooks: createWebhookStore({ kv, findMaker, now: () => NOW_MS }),
    sending: { request: guardedFetch, allowPrivate, version: "1.2.3" },
    hasWebhooks,
    authenticators: [{ authenticate: ({ token }) => callers.get(token ?? "") ?? null }],
  });
  const asked = (name: string): Ask => async (request, body) => {
    const [method, path] = request.split(" ");
    const answer = await app.request(path, {
      method,
      headers: { authorization: `Bearer ${name}`, "content-type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await answer.text();
    const { status, headers } = answer;
    return { status, headers, body: text === "" ? null : JSON.parse(text) };
  };
  return {
    ask: asked("anyone"),
    as(name, device) {
      const actor = { kind: "key", id: name, name } as const;
      const patterns = { meter: null, device: device ?? null, store: null };
      callers.set(
        name,
        createCaller({ owner: `key:${name}`, actor, scopes: ["manage", "read"], patterns }),
      );
      return asked(name);
    },
  };
}

Deno.test("POST /api/webhooks shows the secret, and no other answer does", async () => {
  using kv = await Deno.openKv(":memory:");
  const { ask } = askOver(kv);
  const made = await ask("POST /api/webhooks", { ...HOOK, filter: { devices: ["site-a.*"] } });
  assertEquals(made.status, 201);
  assertMatch(made.body.secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
  assertEquals(made.headers.get("cache-control"), "no-store");
  const { secret: _, ...shown } = made.body;
  assertEquals(shown, {
    id: shown.id,
    name: "",
    ...HOOK,
    filter: { meters: null, devices: ["site-a.*"], stores: null },
    state: "active",
    reason: null,
    state_since: shown.created_at,
    failing_since: null,
    previous_secret_until: null,
    owner: "anyone",
    created_at: shown.created_at,
    changed_at: shown.created_at,
  });
  assertEquals((await ask(`GET /api/webhooks/${shown.id}`)).body, shown);
  assertEquals((await ask("GET /api/webhooks")).body, { webhooks: [shown], next: null });
});

Deno.test("POST /api/webhooks refuses addresses that are not public, and names everything that is wrong", async () => {
  using kv = await Deno.openKv(":memory:");
  const { ask } = askOver(kv);
  for (const url of ["http://127.0.0.1/", "http://[::1]/", "http://169.254.169.254/", "ftp://a/"]) {
    const { status, body } = await ask("POST /api/webhooks", { ...HOOK, url });
    assertEquals([status, body.errors[0].pointer], [400, "/url"], url);
  }
  const wrong = { url: "", events: ["no"], filter: { devices: ["a b"] }, more: 1 };
  const { body } = await ask("POST /api/webhooks", wrong);
  assertEquals(body.errors.map((error: { pointer: string }) => error.pointer).toSorted(), [
    "/events/0",
    "/filter/devices/0",
    "/more",
    "/url",
  ]);
});

Deno.test("POST /api/webhooks names the setting that turns webhooks off", async () => {
  using kv = await Deno.openKv(":memory:");
  const { ask } = askOver(kv, { hasWebhooks: false });
  const { status, body } = await ask("POST /api/webhooks", HOOK);
  assertEquals([status, body.code], [400, "WEBHOOKS_OFF"]);
  assertMatch(body.detail, /WEBHOOKS=on/);
});

Deno.test("PATCH changes what it names, pauses and resumes; a filter is replaced as a whole", async () => {
  using kv = await Deno.openKv(":memory:");
  const { ask } = askOver(kv);
  await storeWebhook(kv);
  await ask(`PATCH /api/webhooks/${ID}`, { filter: { meters: ["a"] }, url: HOOK.url });
  const { body } = await ask(`PATCH /api/webhooks/${ID}`, {
    state: "paused",
    filter: { stores: ["b"] },
  });
  assertEquals(body.filter, { meters: null, devices: null, stores: ["b"] });
  assertEquals([body.url, body.state, body.reason], [HOOK.url, "paused", "user"]);
  const resumed = (await ask(`PATCH /api/webhooks/${ID}`, { state: "active" })).body;
  assertEquals([resumed.state, resumed.reason], ["active", null]);
});

Deno.test("while a secret is replaced, both sign; after the grace only the new one does", async () => {
  await using receiver = startWebhookReceiver();
  using kv = await Deno.openKv(":memory:");
  const { ask } = askOver(kv, { allowPrivate: true });
  const old = await storeWebhook(kv, { url: receiver.url });
  const path = `POST /api/webhooks/${ID}`;
  const rotated = (await ask(`${path}/rotate`, { grace_seconds: 3_600 })).body;
  assertEquals(
    rotated.previous_secret_until,
    new Date(NOW_MS + 3_600_000).toISOString().replace(".000", ""),
  );
  const test = (await ask(`${path}/test`)).body;
  assertEquals([test.delivered, test.status, test.error], [true, 204, null]);
  await ask(`${path}/rotate`, { grace_seconds: 0 });
  await ask(`${path}/test`);
  const [first, second] = receiver.received;
  const accepts = (secret: string, { headers, text }: typeof first) => {
    // The clock of the app is not that of the verifier, so the age is checked apart.
    const at = new Date(Number(headers["webhook-timestamp"]) * 1_000);
    const made = new Webhook(secret).sign(headers["webhook-id"], at, text);
    return headers["webhook-signature"].split(" ").includes(made);
  };
  assert(accepts(old.secret, first) && accepts(rotated.secret, first));
  assert(!accepts(old.secret, second) && !accepts(rotated.secret, second));
  assertEquals(Number(first.headers["webhook-timestamp"]), Math.floor(NOW_MS / 1_000));
  assertEquals(first.body.type, "webhook.test");
});

Deno.test("a test of a receiver that is not there says so", async () => {
  using kv = await Deno.openKv(":memory:");
  const { ask } = askOver(kv, { allowPrivate: true });
  await storeWebhook(kv);
  const { status, body } = await ask(`POST /api/webhooks/${ID}/test`);
  assertEquals([status, body.delivered, body.status], [200, false, null]);
  assertMatch(body.error, /127\.0\.0\.1/);
});

Deno.test("deliveries are listed newest first, page by page, by state and type, and replayed", async () => {
  using kv = await Deno.openKv(":memory:");
  const { ask } = askOver(kv);
  await storeWebhook(kv);
  const eventId = "evt_00112233445566778899aabbccddeeff";
  for (let n = 0; n < 3; n++) {
    await storeFailedDelivery(kv, { webhookId: ID, atMs: NOW_MS + n, eventId });
  }
  const path = `/api/webhooks/${ID}/deliveries`;
  const first = (await ask(`GET ${path}?limit=2&state=failed&type=export.completed`)).body;
  assertEquals(first.deliveries.map(({ id }: { id: string }) => id), [
    `${NOW_MS + 2}-${eventId}`,
    `${NOW_MS + 1}-${eventId}`,
  ]);
  const rest = (await ask(`GET ${first.next}`)).body;
  assertEquals([rest.deliveries.length, rest.next], [1, null]);
  assertEquals((await ask(`GET ${path}?state=pending`)).body.deliveries, []);
  const replayed = (await ask(`POST ${path}/${DELIVERY}/replay`)).body;
  assertEquals([replayed.state, replayed.attempts], ["pending", 0]);
  const range = {
    from: new Date(NOW_MS).toISOString(),
    to: new Date(NOW_MS + 2).toISOString(),
  };
  // The first one is pending already, the last one is outside.
  assertEquals((await ask(`POST /api/webhooks/${ID}/replay`, range)).body, {
    replayed: 1,
    next_from: null,
  });
  const wrong = await ask(`POST /api/webhooks/${ID}/replay`, { from: range.to, to: range.from });
  assertEquals([wrong.status, wrong.body.errors[0].pointer], [400, "/to"]);
  const none = await ask(`GET ${path}/1-${eventId}`);
  assertEquals([none.status, none.body.code], [404, "DELIVERY_NOT_FOUND"]);
});

Deno.test("a webhook exists for its owner, and for keys that may manage every id", async () => {
  using kv = await Deno.openKv(":memory:");
  const { as } = askOver(kv);
  const owner = as("owner", ["site-a.*"]), other = as("other", ["site-a.*"]), all = as("all");
  const { body } = await owner("POST /api/webhooks", HOOK);
  const statuses = async (ask: Ask) => [
    (await ask(`GET /api/webhooks/${body.id}`)).status,
    (await ask("GET /api/webhooks")).body.webhooks.length,
  ];
  assertEquals(await statuses(owner), [200, 1]);
  assertEquals(await statuses(other), [404, 0]);
  assertEquals(await statuses(all), [200, 1]);
  assertEquals((await other(`DELETE /api/webhooks/${body.id}`)).status, 404);
  assertEquals((await owner(`DELETE /api/webhooks/${body.id}`)).status, 204);
  assertEquals((await owner(`GET /api/webhooks/${body.id}`)).status, 404);
});

Deno.test("bad events do not hide a bad URL, when a webhook is made and when it is changed", async () => {
  using kv = await Deno.openKv(":memory:");
  const { ask } = askOver(kv);
  const { body: { id } } = await ask("POST /api/webhooks", HOOK);
  const bad = { url: "http://127.0.0.1/x", events: ["no.such"] };
  for (const request of ["POST /api/webhooks", `PATCH /api/webhooks/${id}`]) {
    const { status, body } = await ask(request, bad);
    const pointers = body.errors.map(({ pointer }: { pointer: string }) => pointer);
    assertEquals([status, pointers], [400, ["/events/0", "/url"]], request);
  }
});
