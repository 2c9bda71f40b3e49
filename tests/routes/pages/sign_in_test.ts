import { sessionHash } from "../../../data/access/session_seal.ts";
import { openKeys } from "../../../kv/access/keys.ts";
import { openAccess } from "../../../routes/access/open_access.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../../support/assert.ts";
import { KEYED_ACCESS } from "../../support/keyed_service.ts";
import { INGEST_GRANT } from "../../support/keys.ts";
import { createTestApp, type TestApp } from "../app_fixture.ts";
import { getPage, type PageAnswer, sendForm } from "./page_fixture.ts";

const NOW_MS = Date.UTC(2024, 1, 1);
const WEEK_MS = 7 * 86_400_000;

interface Rig extends TestApp {
  readonly kv: Deno.Kv;
  readonly keys: Awaited<ReturnType<typeof openKeys>>;
  readonly clock: { nowMs: number };
  readonly audited: string[];
  signIn(key: string, headers?: Record<string, string>): Promise<PageAnswer>;
}

async function withSignIn(run: (rig: Rig) => Promise<void>): Promise<void> {
  using kv = await Deno.openKv(":memory:");
  const clock = { nowMs: NOW_MS };
  const now = () => clock.nowMs;
  await using keys = await openKeys({ kv, isExclusive: true, now });
  await using access = openAccess(KEYED_ACCESS, { kv, keys, now, log: () => {} });
  const audited: string[] = [];
  const made = createTestApp({
    kv: kv as unknown as Parameters<typeof createTestApp>[0] extends infer P
      ? NonNullable<P> extends { kv?: infer K } ? NonNullable<K> : never
      : never,
    keys,
    now,
    authenticators: access.authenticators,
    audit: {
      begin: () => Promise.resolve({ end: () => Promise.resolve() }),
      record: (event) => Promise.resolve(void audited.push(event.action)),
    },
  });
  const signIn = (key: string, headers: Record<string, string> = {}) =>
    sendForm(made.app, "/sign-in", { key, to: "/?x=1" }, headers);
  await run({ ...made, kv, keys, clock, audited, signIn });
}

/** The cookie of an answer as the browser sends it back. */
function cookieOf({ headers }: PageAnswer): string {
  return headers.getSetCookie()[0].split(";")[0];
}

Deno.test("a browser without a session is led to signing in, and comes back with one", async () => {
  await withSignIn(async ({ app, keys, signIn }) => {
    const first = await keys.createFirst("First");
    const led = await getPage(app, "/?x=1");
    assertEquals([led.status, led.headers.get("location")], [303, "/sign-in?to=%2F%3Fx%3D1"]);
    const form = await getPage(app, "/sign-in?to=%2F%3Fx%3D1");
    assertMatch(form.html, /<input type="hidden" name="to" value="\/\?x=1"/);

    const signed = await signIn(first!.text);
    assertEquals([signed.status, signed.headers.get("location")], [303, "/?x=1"]);
    const [cookie] = signed.headers.getSetCookie();
    assertMatch(
      cookie,
      /^openwatts_session=[0-9a-f]{64}; Path=\/; Max-Age=604800; HttpOnly; SameSite=Strict$/,
    );
    const home = await getPage(app, "/", { cookie: cookieOf(signed) });
    assertEquals(home.status, 200);
    assertMatch(home.html, /action="\/sign-out"/);
    // Whoever is signed in does not sign in again.
    assertEquals((await getPage(app, "/sign-in", { cookie: cookieOf(signed) })).status, 303);
  });
});

Deno.test("the cookie of a browser that came over TLS goes over TLS only", async () => {
  await withSignIn(async ({ keys, signIn }) => {
    const { text } = (await keys.createFirst("First"))!;
    const { headers } = await signIn(text, { origin: "https://energy.example" });
    assertMatch(headers.getSetCookie()[0], /; SameSite=Strict; Secure$/);
  });
});

Deno.test("routes of the API take the session of their own pages, from no other origin", async () => {
  await withSignIn(async ({ app, keys, signIn }) => {
    const cookie = cookieOf(await signIn((await keys.createFirst("First"))!.text));
    const ask = async (method: string, headers: Record<string, string>) => {
      const init = { method, headers: { cookie, host: "energy.example", ...headers } };
      const path = method === "GET" ? "/api/keys" : "/api/links";
      return (await app.request(path, init)).status;
    };
    assertEquals(await ask("GET", { "sec-fetch-site": "same-origin" }), 200);
    // The address bar, and a browser over plain HTTP, which sends no Sec-Fetch-Site.
    assertEquals(await ask("GET", { "sec-fetch-site": "none" }), 200);
    assertEquals(await ask("GET", {}), 200);
    assertEquals(await ask("GET", { "sec-fetch-site": "same-site" }), 401);
    assertEquals(await ask("GET", { "sec-fetch-site": "cross-site" }), 401);
    assertEquals(await ask("GET", { origin: "https://evil.example" }), 401);

    for (
      const foreign of [
        { "sec-fetch-site": "cross-site" },
        { "sec-fetch-site": "same-site", "sec-fetch-mode": "navigate" },
        { "sec-fetch-site": "none" },
        { origin: "http://evil.example" },
        { origin: "null" },
        {},
      ]
    ) {
      assertEquals(await ask("DELETE", foreign as Record<string, string>), 401);
    }
    const own = await ask("DELETE", { origin: "http://energy.example" });
    assert(own !== 401 && own !== 403, String(own));
  });
});

Deno.test("a session ends with its key, with signing out, and after a week", async () => {
  await withSignIn(async ({ app, keys, clock, signIn }) => {
    await keys.createFirst("First");
    const isSignedIn = async (cookie: string) =>
      (await getPage(app, "/", { cookie })).status === 200;
    const grant = { ...INGEST_GRANT, scopes: ["read" as const] };

    const revoked = await keys.create(grant);
    const first = cookieOf(await signIn(revoked.text));
    assertEquals(await isSignedIn(first), true);
    await keys.revoke(revoked.key.id);
    const led = await getPage(app, "/", { cookie: first });
    assertEquals(led.headers.get("location"), "/sign-in");
    assertMatch(led.headers.getSetCookie()[0], /^openwatts_session=; Path=\/; Max-Age=0;/);

    const { text } = await keys.create(grant);
    const second = cookieOf(await signIn(text));
    await sendForm(app, "/sign-out", {}, { cookie: second, "sec-fetch-site": "cross-site" });
    assertEquals(await isSignedIn(second), true);
    const out = await sendForm(app, "/sign-out", {}, { cookie: second });
    assertEquals(out.headers.get("location"), "/sign-in");
    assertEquals(await isSignedIn(second), false);

    const third = cookieOf(await signIn(text));
    clock.nowMs = NOW_MS + WEEK_MS - 1;
    assertEquals(await isSignedIn(third), true);
    clock.nowMs = NOW_MS + WEEK_MS;
    assertEquals(await isSignedIn(third), false);

    clock.nowMs = NOW_MS;
    const short = await keys.create({ ...grant, expiresMs: NOW_MS + 1_000 });
    const fourth = cookieOf(await signIn(short.text));
    clock.nowMs = NOW_MS + 1_000;
    assertEquals(await isSignedIn(fourth), false);
  });
});

Deno.test("a session may do what its key may, at the addresses of its key", async () => {
  await withSignIn(async ({ app, keys, signIn }) => {
    await keys.createFirst("First");
    const { text } = await keys.create({ ...INGEST_GRANT, scopes: ["read"] });
    const cookie = cookieOf(await signIn(text));
    const status = async (path: string) =>
      (await app.request(path, { headers: { cookie } })).status;
    assertEquals([await status("/devices"), await status("/api/keys")], [200, 403]);
    const elsewhere = await keys.create({ ...INGEST_GRANT, networks: ["192.0.2.0/24"] });
    assertEquals((await signIn(elsewhere.text)).status, 401);
  });
});

Deno.test("signing in again ends the session before it", async () => {
  await withSignIn(async ({ app, keys, signIn }) => {
    const { text } = (await keys.createFirst("First"))!;
    const first = cookieOf(await signIn(text));
    const second = cookieOf(await signIn(text, { cookie: first }));
    assertEquals((await getPage(app, "/", { cookie: second })).status, 200);
    assertEquals((await getPage(app, "/", { cookie: first })).status, 303);
  });
});

Deno.test("a request of another origin does not make the browser forget its session", async () => {
  await withSignIn(async ({ app, keys, signIn }) => {
    const cookie = cookieOf(await signIn((await keys.createFirst("First"))!.text));
    const foreign = { cookie, "sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors" };
    const { status, headers } = await getPage(app, "/", foreign);
    assertEquals([status, headers.getSetCookie()], [303, []]);
    assertEquals((await getPage(app, "/", { cookie })).status, 200);
  });
});

Deno.test("a browser whose key lacks a scope gets a page that says so", async () => {
  await withSignIn(async ({ app, keys, signIn }) => {
    await keys.createFirst("First");
    const { text } = await keys.create({ ...INGEST_GRANT, scopes: ["import"] });
    const cookie = cookieOf(await signIn(text));
    const { status, headers, html } = await getPage(app, "/meters", { cookie });
    assertEquals([status, headers.get("content-type")], [403, "text/html; charset=utf-8"]);
    assert(html.includes("the scope read"), html);
  });
});

Deno.test("a form that is refused leads back to its page, as nothing may be at its own address", async () => {
  await withSignIn(async ({ app, keys, signIn }) => {
    await keys.createFirst("First");
    const page = "/export/webhooks/wh_0011223344556677?state=failed";
    const form = "/export/webhooks/wh_0011223344556677/delete";
    const own = { host: "energy.example", referer: `https://energy.example${page}` };
    // The session has ended.
    const led = await sendForm(app, form, {}, own);
    assertEquals(
      [led.status, led.headers.get("location")],
      [303, `/sign-in?to=${encodeURIComponent(page)}`],
    );
    const { text } = await keys.create({ ...INGEST_GRANT, scopes: ["read"] });
    const cookie = cookieOf(await signIn(text));
    const refused = await sendForm(app, form, {}, { ...own, cookie });
    assertEquals(refused.status, 403);
    // The forms of language and theme come back there.
    assertStringIncludes(refused.html, `name="to" value="${page}"`);
    const elsewhere = { ...own, referer: "https://evil.example/a" };
    for (const headers of [elsewhere, { host: own.host }, { ...own, referer: "no URL" }]) {
      const { headers: led } = await sendForm(app, form, {}, headers as Record<string, string>);
      assertEquals(led.get("location"), "/sign-in");
      const { html } = await sendForm(
        app,
        form,
        {},
        { ...headers, cookie } as Record<string, string>,
      );
      assertStringIncludes(html, 'name="to" value="/"');
    }
  });
});

Deno.test("a wrong key is refused in words that say nothing about keys that exist", async () => {
  await withSignIn(async ({ keys, signIn, audited, logged }) => {
    const { key } = (await keys.createFirst("First"))!;
    const wrong = await signIn(`ow_${key.id}_${"x".repeat(43)}`);
    const unknown = await signIn(`ow_other_${"x".repeat(43)}`);
    const script = await signIn(`<script>alert(1)</script>`);
    for (const answer of [wrong, unknown, script]) {
      assertEquals([answer.status, answer.headers.getSetCookie()], [401, []]);
      assert(answer.html.includes("This key does not count"), answer.html);
      assert(!answer.html.includes("alert(1)"), answer.html);
      assert(!answer.html.includes("xxxx"), answer.html);
    }
    assertEquals(audited, ["sign_in.refuse", "sign_in.refuse", "sign_in.refuse"]);
    assert(!JSON.stringify(logged).includes("xxxx"), JSON.stringify(logged));
    assertEquals((await signIn("")).status, 400);
  });
});

Deno.test("another site can sign nobody in", async () => {
  await withSignIn(async ({ keys, signIn }) => {
    const { text } = (await keys.createFirst("First"))!;
    const { status, headers } = await signIn(text, { "sec-fetch-site": "cross-site" });
    assertEquals([status, headers.getSetCookie()], [403, []]);
  });
});

Deno.test("the database has neither the id of a session nor the text of its key", async () => {
  await withSignIn(async ({ kv, keys, signIn }) => {
    const { text } = (await keys.createFirst("First"))!;
    const [, id] = cookieOf(await signIn(text)).split("=");
    const stored: string[] = [];
    for await (const { key, value } of kv.list({ prefix: [] })) {
      stored.push(JSON.stringify(key), Deno.inspect(value, { iterableLimit: 1_000 }));
      const { sealed } = Object(value);
      if (sealed !== undefined) stored.push(new TextDecoder("latin1").decode(sealed));
    }
    const all = stored.join("\n");
    assert(all.includes(sessionHash(id)), all);
    assert(!all.includes(id) && !all.includes(text.slice(-43)), all);
    assertEquals((await kv.get(["session", sessionHash(`${id.slice(1)}0`)])).value, null);
  });
});

Deno.test("pages offer signing out only to sessions, and nothing of it without keys", async () => {
  const { app } = createTestApp();
  const home = await getPage(app, "/");
  assert(!home.html.includes("/sign-out"), home.html);
  assertEquals((await getPage(app, "/sign-in")).headers.get("location"), "/");
});
