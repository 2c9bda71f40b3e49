import { createCaller } from "../../../data/access/caller.ts";
import type { Scope } from "../../../data/access/scopes.ts";
import { AppError } from "../../../data/app_error.ts";
import type { Authenticator } from "../../../routes/access/authenticator.ts";
import { ROUTE_RULES, type RouteName, ruleOf } from "../../../routes/access/route_rules.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { openApiOf, readAnswer } from "../../support/openapi.ts";
import { readSources } from "../../support/sources.ts";
import { createTestApp } from "../app_fixture.ts";

/** Knows the tokens `read`, `manage` and so on, each of which has the scope of its name. */
const byName: Authenticator = {
  authenticate({ token }) {
    if (token === null || token === "other") return null;
    if (token === "revoked") return new AppError("UNAUTHENTICATED", "It was revoked");
    const actor = { kind: "key", id: token, name: token } as const;
    return createCaller({ owner: `key:${token}`, actor, scopes: [token as Scope] });
  },
};

const { app } = createTestApp({ authenticators: [byName] });

async function ask(name: string, headers: Record<string, string> = {}) {
  const [method, path] = name.split(" ");
  const response = await app.request(path.replaceAll(/:\w+/g, "x"), {
    method,
    headers: { ...OWN_PAGE, ...headers },
  });
  const text = await response.text();
  return { status: response.status, text, challenge: response.headers.get("www-authenticate") };
}

/** Routes that answer only signed links, whose signature stands for a key. */
const SIGNED = [
  "GET /api/links/exports/:export_id",
  "GET /api/links/reports/:report_id",
  "GET /mails/stop/:token",
  "POST /mails/stop/:token",
];

/** Forms of pages count only if a page of the service sent them. */
const OWN_PAGE = { "sec-fetch-site": "same-origin" };

/** Routes that everyone may use, also without a key. Adding one here is a decision. */
const PUBLIC = [
  // Programs get 404 there, browsers are led to signing in.
  "GET /",
  ...SIGNED,
  "GET /assets/:version/:name",
  // Only what PUBLIC_STORES and PUBLIC_DEVICES name, as the page below; 404 for others.
  "GET /badges/device/:file",
  "GET /badges/store/:file",
  "GET /docs",
  "GET /docs/assets/:name",
  "GET /health",
  "GET /openapi.json",
  "GET /ping",
  "GET /ready",
  "GET /redoc",
  "GET /sign-in",
  "GET /status/:store_id",
  "POST /preferences",
  "POST /sign-in",
  "POST /sign-out",
];

const routes = [
  ...new Set(
    app.routes.filter(({ method }) => method !== "ALL").map(({ method, path }) =>
      `${method} ${path}`
    ),
  ),
];

Deno.test("the table of rules has every route and nothing else", () => {
  assertEquals(Object.keys(ROUTE_RULES).toSorted(), routes.toSorted());
});

Deno.test("every route answers 401 without a key, except those of the public list", async () => {
  const open: string[] = [];
  for (const name of routes) {
    const { status, challenge } = await ask(name);
    if (status !== 401) open.push(name);
    else assertEquals(challenge, 'Bearer realm="openwatts"', name);
  }
  assertEquals(open.toSorted(), PUBLIC.toSorted());
});

Deno.test("every route that needs a scope answers 403 to the other scopes, and names its own", async () => {
  for (const [name, { scope }] of Object.entries(ROUTE_RULES)) {
    if (scope === "public" || scope === "any") continue;
    for (const other of ["read", "export", "ingest", "import", "manage"]) {
      const { status, text, challenge } = await ask(name, { authorization: `Bearer ${other}` });
      if (other === scope) assert(status !== 401 && status !== 403, `${name}: ${status}`);
      else {
        assertEquals(status, 403, `${name} with ${other}`);
        assert(text.includes(`the scope ${scope}`), text);
        const error = `error="insufficient_scope", scope="${scope}"`;
        assertEquals(challenge, `Bearer realm="openwatts", ${error}`);
      }
    }
    const admin = await ask(name, { authorization: "Bearer admin" });
    assert(admin.status !== 401 && admin.status !== 403, `${name}: ${admin.status}`);
  }
});

Deno.test("HEAD needs the scope of GET", async () => {
  assertEquals((await ask("HEAD /devices")).status, 401);
  assertEquals((await ask("HEAD /devices", { authorization: "Bearer ingest" })).status, 403);
  assertEquals((await ask("HEAD /devices", { authorization: "Bearer read" })).status, 200);
});

Deno.test("a key that does not count gets 401 with the reason, but public routes answer it", async () => {
  for (const [token, reason] of [["revoked", "It was revoked"], ["other", "not valid"]]) {
    const headers = { authorization: `Bearer ${token}` };
    const { status, text, challenge } = await ask("GET /devices", headers);
    assertEquals([status, challenge], [401, 'Bearer realm="openwatts", error="invalid_token"']);
    assert(text.includes(reason), text);
    assertEquals((await ask("GET /health", headers)).status, 200);
  }
});

Deno.test("a header that asks for another method changes nothing", async () => {
  const headers = { authorization: "Bearer read", "x-http-method-override": "GET" };
  assertEquals((await ask("DELETE /devices/x", headers)).status, 403);
});

Deno.test("refusals of line protocol are worded as InfluxDB's", async () => {
  const v2 = await ask("POST /api/v2/write");
  assertEquals([v2.status, JSON.parse(v2.text).code], [401, "unauthorized"]);
  const v1 = await ask("POST /write", { authorization: "Token read" });
  assertEquals([v1.status, Object.keys(JSON.parse(v1.text))], [403, ["error"]]);
});

Deno.test("only the app and guarded routes are made of Hono itself", async () => {
  const makers = (await readSources("routes")).filter(({ code }) => /new Hono\b/.test(code));
  assertEquals(makers.map(({ path }) => path).toSorted(), [
    "routes/access/guarded_routes.ts",
    "routes/app.ts",
  ]);
});

Deno.test("without authentication everyone may use every route", async () => {
  const open = createTestApp().app;
  for (const name of routes) {
    const [method, path] = name.split(" ");
    const { status } = await open.request(path.replaceAll(/:\w+/g, "x"), {
      method,
      headers: OWN_PAGE,
    });
    if (SIGNED.includes(name)) assertEquals(status, 403, name);
    else assert(status !== 401 && status !== 403, `${name}: ${status}`);
  }
});

Deno.test("the document says which scope each operation needs, and that it answers 401 and 403", async () => {
  const { paths, components } = await (await app.request("/openapi.json")).json();
  assertEquals(Object.keys(components.securitySchemes), ["bearer", "apiKey"]);
  for (const [name, { scope }] of Object.entries(ROUTE_RULES)) {
    if (ruleOf(name as RouteName).isPage === true) continue;
    const [method, path] = name.split(" ");
    const documented = path.replaceAll(/:(\w+)/g, "{$1}");
    const { security, responses } = paths[documented][method.toLowerCase()];
    const refusals = ["401", "403"].filter((status) => status in responses);
    if (scope === "public") {
      assertEquals(
        [security, refusals.filter((status) => status === "401")],
        [undefined, []],
        name,
      );
      continue;
    }
    const roles = scope === "any" ? [] : [scope];
    assertEquals(security, [{ bearer: roles }, { apiKey: roles }, {}], name);
    assertEquals(refusals, scope === "any" ? ["401"] : ["401", "403"], name);
  }
});

Deno.test("every refusal is as the document says: no key, two keys, a wrong one, another scope", async () => {
  const api = openApiOf(await (await app.request("/openapi.json")).json());
  const credentials: Record<string, string>[] = [
    {},
    { "authorization": "Bearer other" },
    { "authorization": "Bearer read", "x-api-key": "manage" },
    { "authorization": "Bearer ingest" },
    { "authorization": "Bearer export" },
  ];
  const statuses = new Set<number>();
  for (const operation of api.operations) {
    for (const headers of credentials) {
      const { method } = operation;
      const path = operation.path.replaceAll(/\{\w+\}/g, "x");
      const answer = await readAnswer(await app.request(path, { method, headers }));
      // Whoever is let in may get any answer, which other tests compare with the document.
      if (![401, 403].includes(answer.status) && headers["x-api-key"] === undefined) continue;
      if (answer.status < 400) continue;
      api.assertAllowed(operation, answer);
      statuses.add(answer.status);
    }
  }
  assertEquals([...statuses].toSorted(), [400, 401, 403, 404]);
});

Deno.test("who has no scope at all is not asked for a scope named any", async () => {
  const nobody: Authenticator = {
    authenticate: () =>
      createCaller({ owner: "oidc:1:a", actor: { kind: "oidc", id: "a", name: "a" }, scopes: [] }),
  };
  const { app } = createTestApp({ authenticators: [nobody] });
  const answer = await app.request("/api/profiles");
  assertEquals(answer.status, 403);
  assertEquals(
    answer.headers.get("www-authenticate"),
    'Bearer realm="openwatts", error="insufficient_scope"',
  );
  const { detail } = await answer.json();
  assertEquals(detail, "Your key or token has no scope, so it may use nothing");
});
