import type { AuditEnd } from "../../../kv/audit/audit.ts";
import { openKeys } from "../../../kv/access/keys.ts";
import { keyAuthenticator } from "../../../routes/access/key_authenticator.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../../support/assert.ts";
import { createTestApp } from "../app_fixture.ts";
import { NOW_MS } from "../exports/export_example.ts";
import { getPage, type PageAnswer, sendForm } from "./page_fixture.ts";

type Fields = Readonly<Record<string, string>>;

/** The app with real keys and an audit trail that is kept in a list. */
async function withKeys(
  run: (rig: {
    admin: string;
    app: ReturnType<typeof createTestApp>["app"];
    audited: { action: string; end: AuditEnd }[];
    send(path: string, fields: Fields, key?: string): Promise<PageAnswer>;
    page(key?: string): Promise<PageAnswer>;
  }) => Promise<void>,
): Promise<void> {
  using kv = await Deno.openKv(":memory:");
  const now = () => NOW_MS;
  await using keys = await openKeys({ kv, isExclusive: true, now });
  const authenticators: ReturnType<typeof keyAuthenticator>[] = [];
  const audited: { action: string; end: AuditEnd }[] = [];
  const { app } = createTestApp({
    keys,
    now,
    authenticators,
    audit: {
      begin: ({ action }) =>
        Promise.resolve({
          end(end: AuditEnd) {
            audited.push({ action, end });
            return Promise.resolve();
          },
        }),
      record: () => Promise.resolve(),
    },
  });
  authenticators.push(keyAuthenticator({ keys, now, log: () => {} }));
  const admin = (await keys.createFirst("First key"))?.text ?? "";
  const as = (key: string) => ({ authorization: `Bearer ${key}` });
  await run({
    admin,
    app,
    audited,
    send: (path, fields, key = admin) => sendForm(app, path, fields, as(key)),
    page: (key = admin) => getPage(app, "/settings", as(key)),
  });
}

/** The key that a page shows. */
function shownIn({ html }: PageAnswer): string {
  return /ow_[a-z0-9]+_[\w-]{43,}/.exec(html)?.[0] ?? "";
}

Deno.test("a form makes a key, shows it once, and the trail has the entry of the API", async () => {
  await withKeys(async ({ admin, app, send, page, audited }) => {
    const made = await send("/settings/keys", {
      name: `<img src=x onerror=alert(1)>`,
      scopes: "read",
      devices: "site-a.*, site-b.1",
      networks: "192.0.2.0/24",
      expires_at: "2099-01-31",
    });
    assertEquals([made.status, made.headers.get("cache-control")], [201, "no-store"]);
    const key = shownIn(made);
    assert(key !== "", made.html);
    assert(!made.html.includes("<img src=x"), "markup in a name must show as text");
    assertEquals(shownIn(await page()), "");

    const api = await app.request(`/api/keys/${key.split("_")[1]}`, {
      headers: { authorization: `Bearer ${admin}` },
    });
    assertEquals(api.status, 200);
    const { scopes, devices, meters, networks, expires_at } = await api.json();
    assertEquals({ scopes, devices, meters, networks, expires_at }, {
      scopes: ["read"],
      devices: ["site-a.*", "site-b.1"],
      meters: [],
      networks: ["192.0.2.0/24"],
      expires_at: "2099-01-31T00:00:00Z",
    });
    assertEquals([audited[0].action, audited[0].end.outcome], ["key.create", "done"]);
    assert(!JSON.stringify(audited).includes(key));
  });
});

Deno.test("a form with mistakes comes back filled in with all of them, and the trail says why", async () => {
  await withKeys(async ({ send, audited }) => {
    const { status, html } = await send("/settings/keys", { name: "", networks: "everywhere" });
    assertEquals(status, 400);
    assertStringIncludes(html, "name must be 1 to 100 characters");
    assertStringIncludes(html, "scopes must be a list of");
    assertStringIncludes(html, "A network must be");
    assertStringIncludes(html, 'value="everywhere"');
    assertEquals(audited.map(({ action, end }) => [action, end.outcome, end.code]), [
      ["key.create", "refused", "INVALID_REQUEST"],
    ]);
  });
});

Deno.test("rotating shows the new secret, revoking ends the key, and the last admin key stays", async () => {
  await withKeys(async ({ admin, app, send, page, audited }) => {
    const old = shownIn(await send("/settings/keys", { name: "Gateway", scopes: "read" }));
    const id = old.split("_")[1];
    const rotated = await send(`/settings/keys/${id}/rotate`, { grace_seconds: "0" });
    const key = shownIn(rotated);
    assertMatch(key, new RegExp(`^ow_${id}_`));
    const statusOf = async (text: string) =>
      (await app.request("/devices", { headers: { "x-api-key": text } })).status;
    assertEquals([await statusOf(old), await statusOf(key)], [401, 200]);

    const gone = await send(`/settings/keys/${id}/revoke`, {});
    assertEquals([gone.status, gone.headers.get("location")], [303, "/settings#keys"]);
    assertEquals(await statusOf(key), 401);
    assertMatch((await page()).html, /Gateway[\s\S]*Revoked/);

    const last = await send(`/settings/keys/${admin.split("_")[1]}/revoke`, {});
    assert(last.status >= 400 && last.status < 500, last.html);
    assertEquals(await statusOf(admin), 200);
    assertEquals(audited.map(({ action, end }) => [action, end.outcome]), [
      ["key.create", "done"],
      ["key.rotate", "done"],
      ["key.revoke", "done"],
      ["key.revoke", "refused"],
    ]);
  });
});

Deno.test("a key without admin sees what it may do and use, and no keys", async () => {
  await withKeys(async ({ send, page }) => {
    const made = await send("/settings/keys", {
      name: "Reader",
      scopes: "read",
      meters: "hall-*",
    });
    const key = shownIn(made);
    const { status, html } = await page(key);
    assertEquals(status, 200);
    assertStringIncludes(html, "Reader");
    assertStringIncludes(html, "Read meters, devices and stores");
    assertStringIncludes(html, "hall-*");
    assertStringIncludes(html, "Stored readings");
    assert(!html.includes("First key"), html);
    assert(!html.includes('action="/settings/keys'), html);
    assertEquals((await send("/settings/keys", { name: "x", scopes: "admin" }, key)).status, 403);
  });
});

Deno.test("a form of another site makes no key", async () => {
  await withKeys(async ({ admin, app, page }) => {
    const foreign = { authorization: `Bearer ${admin}`, "sec-fetch-site": "cross-site" };
    const sent = await sendForm(app, "/settings/keys", { name: "Evil", scopes: "admin" }, foreign);
    assertEquals(sent.status, 403);
    assert(!(await page()).html.includes("Evil"));
  });
});

Deno.test("without keys, Settings says how to switch them on, in the language of the browser", async () => {
  const { app } = createTestApp();
  const english = await getPage(app, "/settings");
  assertStringIncludes(english.html, "start the service with AUTH=keys");
  assert(!english.html.includes("<table"), english.html);
  const german = await getPage(app, "/settings", { "accept-language": "de" });
  assertStringIncludes(german.html, "starten Sie den Dienst mit AUTH=keys");
});

Deno.test("a form changes the name, the expiry, the networks and the limits of a key, and nothing else", async () => {
  await withKeys(async ({ admin, app, send, audited }) => {
    const headers = { authorization: `Bearer ${admin}` };
    const made = await app.request("/api/keys", {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify({
        name: "<b>Roof</b>",
        scopes: ["read"],
        devices: ["site-a.*"],
        expires_at: "2099-01-31T12:30:00Z",
        limits: { burst: 7 },
      }),
    });
    const { id } = await made.json();
    const page = await getPage(app, `/settings/keys/${id}`, headers);
    assertEquals(page.status, 200);
    assertStringIncludes(page.html, "&lt;b&gt;Roof&lt;/b&gt;");
    assertStringIncludes(page.html, 'value="2099-01-31"');
    const fields = { name: "Roof", expires_at: "2099-01-31", networks: "", burst: "7" };
    const changed = await send(`/settings/keys/${id}`, {
      ...fields,
      networks: "192.0.2.0/24",
      burst: "",
      jobs_waiting: "3",
    });
    assertEquals([changed.status, changed.headers.get("location")], [303, "/settings#keys"]);
    const key = await (await app.request(`/api/keys/${id}`, { headers })).json();
    assertEquals([key.name, key.scopes, key.meters, key.devices, key.networks], [
      "Roof",
      ["read"],
      [],
      ["site-a.*"],
      ["192.0.2.0/24"],
    ]);
    // The day did not change, so the time of day stays.
    assertEquals(key.expires_at, "2099-01-31T12:30:00Z");
    assertEquals([key.limits.burst, key.limits.jobs_waiting], [null, 3]);
    assertEquals(audited.at(-1)?.action, "key.change");

    const wrong = await send(`/settings/keys/${id}`, {
      ...fields,
      expires_at: "2001-01-01",
      burst: "many",
    });
    assertEquals(wrong.status, 400);
    assertStringIncludes(wrong.html, "burst must be null or a whole number");
    assertStringIncludes(wrong.html, 'value="many"');
    assertEquals((await send("/settings/keys/nobody1", fields)).status, 404);
    await send(`/settings/keys/${id}`, { ...fields, expires_at: "" });
    const free = await (await app.request(`/api/keys/${id}`, { headers })).json();
    assertEquals([free.expires_at, free.networks], [null, null]);
  });
});

/** A key that has a network, an expiry and a limit, as a form is filled with it. */
const NARROW = { name: "Roof", expires_at: "2099-01-31", networks: "192.0.2.0/24", burst: "7" };

Deno.test("what a form of a key does not have, or does not change, stays as somebody else left it", async () => {
  await withKeys(async ({ admin, app, send }) => {
    const headers = { authorization: `Bearer ${admin}` };
    const ask = async (method: string, path: string, body?: unknown) => {
      const sent = { ...headers, "content-type": "application/json" };
      const answer = await app.request(path, {
        method,
        headers: sent,
        body: JSON.stringify(body),
      });
      return await answer.json();
    };
    const { id } = await ask("POST", "/api/keys", {
      name: "Roof",
      scopes: ["read"],
      expires_at: "2099-01-31T00:00:00Z",
      networks: ["192.0.2.0/24"],
      limits: { burst: 7 },
    });
    const path = `/settings/keys/${id}`;
    const now = async () => {
      const { name, expires_at, networks, limits } = await ask("GET", `/api/keys/${id}`);
      return { name, expires_at, networks, burst: limits.burst, jobs: limits.jobs_running };
    };
    assertEquals((await send(path, { name: "Barn" })).status, 303);
    const expires_at = "2099-01-31T00:00:00Z";
    const networks = ["192.0.2.0/24"];
    assertEquals(await now(), { name: "Barn", expires_at, networks, burst: 7, jobs: null });

    // What the page is filled with comes back as copies, with which the fields are compared.
    const { html } = await getPage(app, path, headers);
    const copies = Object.fromEntries(
      [...html.matchAll(/<input type="hidden" name="(filled_\w+)" value="([^"]*)"/g)]
        .map(([, name, value]) => [name, value]),
    );
    assertEquals(copies.filled_networks, "192.0.2.0/24");
    await ask("PATCH", `/api/keys/${id}`, { networks: ["192.0.2.1/32"], limits: { burst: 2 } });
    const late = { ...NARROW, ...copies, jobs_running: "1" };
    assertEquals((await send(path, late)).status, 303);
    const narrowed = { name: "Roof", expires_at, networks: ["192.0.2.1/32"], burst: 2, jobs: 1 };
    assertEquals(await now(), narrowed);

    // A form that comes back keeps its copies.
    const wrong = await send(path, { ...late, jobs_running: "many" });
    assertStringIncludes(wrong.html, 'name="filled_networks" value="192.0.2.0/24"');
    const partial = await send(path, { burst: "many" });
    assertStringIncludes(partial.html, 'name="networks" type="text" value="192.0.2.1/32"');
    assertEquals((await send(path, { ...late, networks: "" })).status, 303);
    assertEquals(await now(), { ...narrowed, networks: null });
  });
});
