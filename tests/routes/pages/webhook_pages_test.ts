import { createCaller } from "../../../data/access/caller.ts";
import type { Scope } from "../../../data/access/scopes.ts";
import { guardedFetch } from "../../../data/notify/guarded_fetch.ts";
import { getWebhook } from "../../../kv/webhooks/webhook_records.ts";
import { createWebhookStore } from "../../../kv/webhooks/webhooks.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../../support/assert.ts";
import { storeFailedDelivery, storeWebhook, TEST_WEBHOOK } from "../../support/webhooks.ts";
import { startWebhookReceiver } from "../../support/webhook_receiver.ts";
import { createTestApp } from "../app_fixture.ts";
import { NOW_MS } from "../exports/export_example.ts";
import { getPage, type PageAnswer, sendForm } from "./page_fixture.ts";

const { id: ID, secret: SECRET } = TEST_WEBHOOK;
const PATH = `/export/webhooks/${ID}`;
const EVENT = "evt_00112233445566778899aabbccddeeff";

/** Asks for pages and sends forms as a caller with some scopes. */
function browserOver(kv: Deno.Kv, scopes: readonly Scope[] = ["admin"]): {
  get(path: string, language?: string): Promise<PageAnswer>;
  send(path: string, fields?: Readonly<Record<string, string>>): Promise<PageAnswer>;
} {
  const actor = { kind: "key", id: "k", name: "k" } as const;
  const caller = createCaller({ owner: "anyone", actor, scopes });
  const { app } = createTestApp({
    kv,
    webhooks: createWebhookStore({
      kv,
      findMaker: () => caller,
      now: () => NOW_MS,
    }),
    sending: { request: guardedFetch, allowPrivate: true, version: "1.2.3" },
    hasWebhooks: true,
    authenticators: [{ authenticate: () => caller }],
  });
  const as = { authorization: "Bearer k" };
  return {
    get: (path, language = "en") => getPage(app, path, { ...as, "accept-language": language }),
    send: (path, fields = {}) => sendForm(app, path, fields, as),
  };
}

Deno.test("a form makes a webhook, whose secret is shown once", async () => {
  using kv = await Deno.openKv(":memory:");
  const { get, send } = browserOver(kv);
  const made = await send("/export/webhooks", {
    name: "<script>alert(1)</script>",
    url: "https://example.com/hooks",
    events: "device.offline",
    devices: "site-a.*",
  });
  assertEquals([made.status, made.headers.get("cache-control")], [201, "no-store"]);
  assertMatch(made.html, /whsec_[A-Za-z0-9+/=]{40,}/);
  const list = await get("/export/webhooks");
  assertStringIncludes(list.html, "&lt;script&gt;alert(1)&lt;/script&gt;");
  assert(!list.html.includes("<script>alert"), list.html);
  const path = /\/export\/webhooks\/wh_[0-9a-f]{16}/.exec(list.html)?.[0] ?? "";
  const one = await get(path, "de");
  assertEquals(one.status, 200);
  assertStringIncludes(one.html, "site-a.*");
  assertStringIncludes(one.html, "Test senden");
  assert(!one.html.includes("whsec_"), one.html);
});

Deno.test("a form with mistakes comes back filled in, with all of them", async () => {
  using kv = await Deno.openKv(":memory:");
  const { send, get } = browserOver(kv);
  const { status, html } = await send("/export/webhooks", {
    url: "",
    name: "Pipeline",
    devices: "a b\u00e4*",
  });
  assertEquals(status, 400);
  assertStringIncludes(html, "url must be");
  assertStringIncludes(html, "events must be");
  assertStringIncludes(html, 'value="Pipeline"');
  assertStringIncludes((await get("/export/webhooks")).html, "No webhook yet");
});

Deno.test("buttons pause and resume a webhook, and delete it", async () => {
  using kv = await Deno.openKv(":memory:");
  await storeWebhook(kv);
  const { get, send } = browserOver(kv);
  const paused = await send(`${PATH}/state`, { state: "paused" });
  assertEquals([paused.status, paused.headers.get("location")], [303, PATH]);
  assertStringIncludes((await get(PATH)).html, "Somebody paused it");
  assertEquals((await send(`${PATH}/state`, { state: "active" })).status, 303);
  assert(!(await get(PATH)).html.includes("Somebody paused it"));
  assertEquals((await send(`${PATH}/state`, { state: "off" })).status, 400);
  assertEquals((await send(`${PATH}/delete`)).status, 303);
  assertEquals((await get(PATH)).status, 404);
});

Deno.test("a test shows what came back, as text", async () => {
  using kv = await Deno.openKv(":memory:");
  await using receiver = startWebhookReceiver(() => new Response("<b>broken</b>", { status: 500 }));
  await storeWebhook(kv, { url: `${receiver.url}/energy` });
  const { html, status } = await browserOver(kv).send(`${PATH}/test`);
  assertEquals([status, receiver.received[0].body.type], [200, "webhook.test"]);
  assertStringIncludes(html, "Answer 500");
  assertStringIncludes(html, "&lt;b&gt;broken&lt;/b&gt;");
});

Deno.test("the page lists deliveries by state, and a button sends one again", async () => {
  using kv = await Deno.openKv(":memory:");
  await storeWebhook(kv);
  await storeFailedDelivery(kv, { webhookId: ID, atMs: NOW_MS, eventId: EVENT });
  const { get, send } = browserOver(kv);
  const before = await get(`${PATH}?state=failed`);
  assertStringIncludes(before.html, "10 attempts");
  assert((await get(`${PATH}?state=delivered`)).html.includes("No delivery in the last 14 days"));
  const path = `${PATH}/deliveries/${NOW_MS}-${EVENT}/replay`;
  assertStringIncludes(before.html, `action="${path}"`);
  assertEquals((await send(path)).status, 303);
  const after = await get(`${PATH}?state=pending`);
  assertStringIncludes(after.html, "export.completed");
  assert(!after.html.includes(`action="${path}"`), "what is pending cannot be sent again");
});

Deno.test("who may only read sees webhooks without buttons; the Export screen lists them", async () => {
  using kv = await Deno.openKv(":memory:");
  await storeWebhook(kv, { name: "Pipeline" });
  const { get, send } = browserOver(kv, ["read", "export"]);
  for (const path of ["/export", "/export/webhooks", PATH]) {
    const { status, html } = await get(path);
    assertEquals(status, 200);
    assertStringIncludes(html, "Pipeline");
    assert(!html.includes(`action="/export/webhooks`), html);
    assert(!html.includes(SECRET), html);
  }
  assertEquals((await send(`${PATH}/state`, { state: "paused" })).status, 403);
  assertEquals((await send(`${PATH}/test`)).status, 403);
});

Deno.test("a form changes the name, the URL, the events and the filter of a webhook", async () => {
  using kv = await Deno.openKv(":memory:");
  await storeWebhook(kv);
  const { get, send } = browserOver(kv);
  const before = await get(PATH);
  assertStringIncludes(before.html, `value="${TEST_WEBHOOK.url}"`);
  const fields = {
    name: "Pipeline",
    url: "https://example.org/new",
    events: "device.offline",
    devices: "site-b.*",
  };
  const changed = await send(PATH, fields);
  assertEquals([changed.status, changed.headers.get("location")], [303, PATH]);
  const after = await get(PATH);
  for (const text of ["Pipeline", "https://example.org/new", "device.offline", "site-b.*"]) {
    assertStringIncludes(after.html, text);
  }
  // An empty field takes the filter away.
  await send(PATH, { ...fields, devices: "" });
  assert(!(await get(PATH)).html.includes("site-b.*"));
  const wrong = await send(PATH, { ...fields, url: "file:///etc/passwd", name: "Kept" });
  assertEquals(wrong.status, 400);
  assertStringIncludes(wrong.html, 'value="Kept"');
  assertStringIncludes(wrong.html, "url ");
});

Deno.test("a form that does not change the filter of a kind leaves it, also one that lets nothing through", async () => {
  using kv = await Deno.openKv(":memory:");
  const filter = { meter: [], device: ["a.*", "b.*"], store: null };
  await storeWebhook(kv, { filter });
  const { get, send } = browserOver(kv);
  const stored = async () => (await getWebhook(kv, ID))?.value.filter;
  const fields = { name: "Renamed", url: "https://example.org/new", events: "device.offline" };
  const same = { ...fields, meters: "", nothing: "meters", devices: "a.*, b.*", stores: "" };
  const { html } = await get(PATH);
  assertStringIncludes(html, 'name="meters" value=""');
  // One box, which is checked: only this kind lets nothing through.
  assertEquals(html.match(/<input [^>]*name="nothing"[^>]*>/g), [
    '<input type="checkbox" name="nothing" value="meters" checked=""/>',
  ]);
  assertStringIncludes(html, "No meters");
  assertEquals((await send(PATH, same)).status, 303);
  assertEquals(await stored(), filter);
  assertEquals((await send(PATH, { ...same, meters: "m1", devices: "" })).status, 303);
  assertEquals(await stored(), { meter: ["m1"], device: null, store: null });
});

Deno.test("a form takes away a filter that lets nothing through: without its box, everything passes", async () => {
  using kv = await Deno.openKv(":memory:");
  await storeWebhook(kv, { filter: { meter: [], device: ["a.*"], store: null } });
  const { get, send } = browserOver(kv);
  const fields = { name: "", url: "https://example.org/new", events: "device.offline" };
  const wrong = await send(PATH, { ...fields, url: "", meters: "", devices: "a.*" });
  assertEquals(wrong.status, 400);
  // The box comes back as it was sent.
  assertStringIncludes(wrong.html, '<input type="checkbox" name="nothing" value="meters"/>');
  assertEquals((await send(PATH, { ...fields, meters: "", devices: "a.*" })).status, 303);
  assertEquals(
    (await getWebhook(kv, ID))?.value.filter,
    { meter: null, device: ["a.*"], store: null },
  );
  assert(!(await get(PATH)).html.includes('name="nothing"'));
});
