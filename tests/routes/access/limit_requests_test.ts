import { createCaller } from "../../../data/access/caller.ts";
import { NO_KEY_LIMITS } from "../../../data/access/key_limits.ts";
import type { Authenticator } from "../../../routes/access/authenticator.ts";
import { assertEquals } from "../../support/assert.ts";
import { TEST_SETTINGS } from "../../support/service.ts";
import { createTestApp } from "../app_fixture.ts";

const LIMITS = { ...TEST_SETTINGS.limits, requestRate: { perSecond: 2, burst: 3 } };

/** Knows every token as a key; `own` has a limit of its own. */
const keys: Authenticator = {
  authenticate({ token }) {
    if (token === null || token === "wrong") return null;
    const actor = { kind: "key", id: token, name: token } as const;
    const limits = token === "own" ? { ...NO_KEY_LIMITS, requestsPerSecond: 1, burst: 1 } : null;
    return createCaller({ owner: `key:${token}`, actor, scopes: ["read", "ingest"], limits });
  },
};

/** An app in which time stands still unless `clock.ms` changes. */
function limitedApp(changes: Parameters<typeof createTestApp>[0] = {}) {
  const clock = { ms: 1_700_000_000_000 };
  const { app } = createTestApp({ limits: LIMITS, now: () => clock.ms, ...changes });
  async function ask(
    path: string,
    { from = "192.0.2.1", ...init }: RequestInit & { from?: string } = {},
  ) {
    const response = await app.request(path, init, { remoteAddr: { hostname: from } });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text };
  }
  return { ask, clock };
}

Deno.test("a caller who sends too many requests gets 429 until there is a token again", async () => {
  const { ask, clock } = limitedApp();
  const seen: [number, string | null][] = [];
  for (let index = 0; index < 4; index++) {
    const { status, headers } = await ask("/api/meters");
    seen.push([status, headers.get("ratelimit")]);
  }
  assertEquals(seen, [
    [200, '"requests";r=2;t=1'],
    [200, '"requests";r=1;t=1'],
    [200, '"requests";r=0;t=2'],
    [429, '"requests";r=0;t=1'],
  ]);
  const { headers, text } = await ask("/api/meters");
  assertEquals(headers.get("ratelimit-policy"), '"requests";q=3;w=2');
  assertEquals(headers.get("retry-after"), "1");
  const { request_id, ...problem } = JSON.parse(text);
  assertEquals(request_id, headers.get("x-request-id"));
  assertEquals(problem, {
    type: "urn:openwatts:problem:rate-limited",
    title: "Rate limit exceeded",
    status: 429,
    code: "RATE_LIMITED",
    detail: "Rate limit exceeded: you may send 2 requests per second, and 3 at once",
  });
  clock.ms += 500;
  assertEquals((await ask("/api/meters")).status, 200);
});

Deno.test("addresses are counted apart; a network of 64 bits of IPv6 is one", async () => {
  const { ask } = limitedApp();
  const statusesOf = async (...from: string[]) => {
    const statuses: number[] = [];
    for (const one of from) statuses.push((await ask("/api/meters", { from: one })).status);
    return statuses;
  };
  assertEquals(await statusesOf("192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.1"), [
    200,
    200,
    200,
    429,
  ]);
  assertEquals(await statusesOf("192.0.2.2"), [200]);
  const ones = ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::4"];
  assertEquals(await statusesOf(...ones, "2001:db8:0:1::1"), [200, 200, 200, 429, 200]);
});

Deno.test("with TRUST_PROXY, clients behind the proxy are counted apart", async () => {
  const { ask } = limitedApp({ limits: { ...LIMITS, trustedProxies: 1 } });
  const statuses: number[] = [];
  for (const client of ["a", "b", "c", "d"]) {
    const headers = { "x-forwarded-for": `${client}, 198.51.100.1` };
    statuses.push((await ask("/api/meters", { headers })).status);
  }
  assertEquals(statuses, [200, 200, 200, 429]);
  const headers = { "x-forwarded-for": "198.51.100.2" };
  assertEquals((await ask("/api/meters", { headers })).status, 200);
});

Deno.test("keys are counted apart from each other, with their own limit if they have one", async () => {
  const { ask } = limitedApp({ authenticators: [keys] });
  const statusesOf = async (key: string, count: number) => {
    const statuses: number[] = [];
    const headers = { authorization: `Bearer ${key}` };
    for (let index = 0; index < count; index++) {
      statuses.push((await ask("/api/meters", { headers })).status);
    }
    return statuses;
  };
  assertEquals(await statusesOf("one", 4), [200, 200, 200, 429]);
  assertEquals(await statusesOf("two", 1), [200]);
  assertEquals(await statusesOf("own", 2), [200, 429]);
  // Wrong keys are counted for their address.
  assertEquals(await statusesOf("wrong", 4), [401, 401, 401, 429]);
});

Deno.test("/health and /ready are never limited and do not count", async () => {
  const { ask } = limitedApp();
  for (let index = 0; index < 5; index++) {
    assertEquals((await ask("/health")).headers.has("ratelimit"), false);
    await ask("/ready");
  }
  assertEquals((await ask("/api/meters")).headers.get("ratelimit"), '"requests";r=2;t=1');
});

Deno.test("wrong keys count for their address also on free routes and unknown paths", async () => {
  const { ask, clock } = limitedApp({ authenticators: [keys] });
  const headers = { authorization: "Bearer wrong" };
  const statuses: number[] = [];
  for (const path of ["/health", "/ready", "/nowhere", "/health", "/nowhere", "/ready"]) {
    statuses.push((await ask(path, { headers })).status);
  }
  assertEquals(statuses.slice(2), [404, 429, 429, 429]);
  // Neither those without a key nor those with a right one are refused for it.
  assertEquals((await ask("/health")).status, 200);
  assertEquals((await ask("/nowhere")).status, 404);
  assertEquals((await ask("/health", { headers: { authorization: "Bearer one" } })).status, 200);
  clock.ms += 500;
  assertEquals((await ask("/health", { headers })).status, 200);
});

Deno.test("an answer to telemetry keeps the headers of its device; one request too many has ours", async () => {
  const { ask } = limitedApp();
  const body = JSON.stringify({
    device_id: "d1",
    timestamp: "2023-11-14T22:13:20Z",
    metrics: { voltage: 230, current: 1, power: 230, temperature: 20 },
  });
  const send = () =>
    ask("/telemetry", { method: "POST", headers: { "content-type": "application/json" }, body });
  const first = await send();
  assertEquals(first.headers.get("ratelimit-policy"), '"device";q=10;w=1', first.text);
  await send();
  await send();
  const { status, headers } = await send();
  assertEquals([status, headers.get("ratelimit-policy")], [429, '"requests";q=3;w=2']);
});

Deno.test("clients of InfluxDB get the refusal in their own form", async () => {
  const { ask } = limitedApp();
  for (let index = 0; index < 3; index++) await ask("/ping");
  const { status, headers, text } = await ask("/api/v2/write", { method: "POST", body: "m v=1" });
  assertEquals([status, headers.get("retry-after")], [429, "1"]);
  assertEquals(JSON.parse(text).code, "too many requests");
  // Nobody reads the body of a ping, so it is a problem like those of all other routes.
  const ping = await ask("/ping");
  assertEquals([ping.status, JSON.parse(ping.text).code], [429, "RATE_LIMITED"]);
});

Deno.test("without a rate, answers have no such headers", async () => {
  const { ask } = limitedApp({ limits: { ...LIMITS, requestRate: null } });
  const { status, headers } = await ask("/api/meters");
  assertEquals([status, headers.has("ratelimit")], [200, false]);
});
