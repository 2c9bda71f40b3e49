import { setImmediate } from "node:timers";
import { type Caller, createCaller, EVERY_ID, type Patterns } from "../../../data/access/caller.ts";
import { AppError } from "../../../data/app_error.ts";
import { type Scope, SCOPES } from "../../../data/access/scopes.ts";
import { newJob } from "../../../jobs/engine/transitions.ts";
import type { AuditEnd } from "../../../kv/audit/audit.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { ADMIN_KEY, bearer, startKeyedService } from "../../support/keyed_service.ts";
import { openRequest } from "../../support/raw_request.ts";
import { askJson, TEST_SETTINGS } from "../../support/service.ts";
import { until } from "../../support/until.ts";
import { createTestApp, emptySeries, JOB_ID } from "../app_fixture.ts";
import { NOW_MS } from "../exports/export_example.ts";

const encoder = new TextEncoder();
const ROW = "2024-01-01T00:00:00Z,1\n";
const MESSAGE = JSON.stringify({
  device_id: "d1",
  timestamp: "2024-01-01T00:00:00Z",
  metrics: { soc_percent: 50 },
}) + "\n";
const POLLS = {
  path: "/stores/status",
  type: "text/csv",
  begin: "store_id,timestamp_utc,status\n",
};
const UPLOADS = [
  {
    path: "/api/meters/m1/readings",
    type: "text/csv",
    begin: "timestamp,power_kw\n",
    more: ROW,
  },
  { path: "/api/readings", type: "text/csv", begin: "id,timestamp,power_kw\n", more: `m1,${ROW}` },
  { ...POLLS, more: "1,2024-01-01 12:09:39 UTC,active\n" },
  { path: "/telemetry", type: "application/x-ndjson", begin: MESSAGE, more: MESSAGE },
  { path: "/write", type: "text/plain", begin: "# one\n", more: "# two\n" },
  { path: "/api/v2/write", type: "text/plain", begin: "# one\n", more: "# two\n" },
];

interface Rights {
  readonly scopes?: readonly Scope[];
  readonly patterns?: Patterns;
}

function callerOf(
  id: string,
  { scopes = SCOPES, patterns = EVERY_ID }: Rights = {},
  kind: "key" | "oidc" = "key",
): Caller {
  return createCaller({ owner: `${kind}:${id}`, actor: { kind, id, name: id }, scopes, patterns });
}

/** An app whose clock and callers a test changes. Each token names its caller. */
function openApp(maxUploads = 256) {
  const clock = { nowMs: NOW_MS };
  const callers = new Map<string, Caller | AppError>();
  const { app, logged } = createTestApp({
    now: () => clock.nowMs,
    limits: { ...TEST_SETTINGS.limits, maxUploads },
    authenticators: [{ authenticate: ({ token }) => callers.get(token ?? "") ?? null }],
  });
  return {
    clock,
    callers,
    logged,
    /** Begins an upload. */
    open(token: string, { path, type, begin }: Omit<(typeof UPLOADS)[number], "more">) {
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
      const writer = writable.getWriter();
      // A body that was refused takes nothing more. A turn later, the service waits for more.
      const send = async (text: string) => {
        await writer.write(encoder.encode(text)).catch(() => {});
        for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
      };
      const headers = { authorization: `Bearer ${token}`, "content-type": type };
      const answer = Promise.resolve(
        app.request(path, { method: "POST", headers, body: readable }),
      );
      const end = () => writer.close().catch(() => {});
      return { send, end, answer, begun: send(begin) };
    },
  };
}

for (const upload of UPLOADS) {
  Deno.test(`an upload to ${upload.path} ends with 401 when its key is revoked`, async () => {
    const { clock, callers, open } = openApp();
    callers.set("t", callerOf("k1"));
    const { send, answer, begun } = open("t", upload);
    await begun;
    callers.set("t", new AppError("UNAUTHENTICATED", "The key is not valid"));
    clock.nowMs += 1_000;
    await send(upload.more);
    const response = await answer;
    assertEquals(response.status, 401);
    assert((await response.text()).includes("The key is not valid"));
    const challenge = 'Bearer realm="openwatts", error="invalid_token"';
    assertEquals(response.headers.get("www-authenticate"), challenge);
  });
}

Deno.test("an upload goes on while its key is valid, and while its token only expired", async () => {
  for (const kind of ["key", "oidc"] as const) {
    const { clock, callers, open } = openApp();
    callers.set("t", callerOf("k1", {}, kind));
    const { send, end, answer, begun } = open("t", UPLOADS[0]);
    await begun;
    if (kind === "oidc") callers.set("t", new AppError("UNAUTHENTICATED", "It has expired"));
    clock.nowMs += 1_000;
    await send(ROW);
    await end();
    const response = await answer;
    assertEquals([kind, response.status, (await response.json()).inserted], [kind, 200, 1]);
  }
});

Deno.test("an upload ends with 403 when its key loses the scope or other ids", async () => {
  const changes = [
    { rights: { scopes: ["read"] }, part: "scope import" },
    { rights: { patterns: { ...EVERY_ID, meter: ["m2"] } }, part: "ids that your key may touch" },
  ] as const;
  for (const { rights, part } of changes) {
    const { clock, callers, open } = openApp();
    callers.set("t", callerOf("k1"));
    const { send, answer, begun } = open("t", UPLOADS[0]);
    await begun;
    callers.set("t", callerOf("k1", rights));
    clock.nowMs += 1_000;
    await send(ROW);
    const response = await answer;
    assertEquals(response.status, 403);
    assert((await response.json()).detail.includes(part));
  }
});

Deno.test("what arrives after a key is revoked is not stored", async () => {
  const clock = { nowMs: Date.now() };
  await using service = await startKeyedService({ now: () => clock.nowMs });
  const { url } = service;
  const key = await service.makeKey({ scopes: ["import"] });
  const meter = `${url}/api/meters/m1`;
  using request = await openRequest(`${meter}/readings`, {
    ...bearer(key),
    "content-type": "text/csv",
    "content-length": "10000",
  });
  await request.send(encoder.encode("timestamp,power_kw\n"));
  const admin = { headers: bearer(ADMIN_KEY) };
  await until(async () => (await askJson(meter, admin)).body.imports?.[0]?.bytes_received === 19);
  const id = key.split("_")[1];
  const revoked = await askJson(`${url}/api/keys/${id}`, { method: "DELETE", ...admin });
  assert(revoked.status < 300, String(revoked.status));
  clock.nowMs += 1_000;
  await request.send(encoder.encode(ROW));
  const { status, body } = await request.answer();
  assertEquals([status, body.code], [401, "UNAUTHENTICATED"]);
  assertEquals((await askJson(meter, admin)).status, 404);
});

Deno.test("a request that waited for a job answers 401 if its key was revoked meanwhile", async () => {
  const callers = new Map<string, Caller | AppError>([["t", callerOf("k1")]]);
  const ends: AuditEnd[] = [];
  const info = { id: "m1", firstMs: 0, lastMs: 0, count: 1, versionstamp: "1" };
  const series = { ...emptySeries(), describe: () => Promise.resolve(info) };
  const { app } = createTestApp({
    series,
    authenticators: [{ authenticate: ({ token }) => callers.get(token ?? "") ?? null }],
    audit: {
      begin: () => Promise.resolve({ end: (end) => Promise.resolve(void ends.push(end)) }),
      record: () => Promise.resolve(),
    },
    jobs: {
      get: () => Promise.resolve(null),
      list: () => Promise.resolve({ jobs: [], next: null }),
      watch: async function* () {},
      cancel: () => Promise.resolve(false),
      remove: () => Promise.resolve(false),
      create: (request) => Promise.resolve(newJob({ ...request, id: JOB_ID }, NOW_MS)),
      waitForEnd(job) {
        callers.set("t", new AppError("UNAUTHENTICATED", "The key is not valid"));
        return Promise.resolve(job);
      },
    },
  });
  const headers = { authorization: "Bearer t", prefer: "wait=30" };
  const response = await app.request("/api/meters/m1/readings?from=2023-01-01&to=2023-01-02", {
    method: "DELETE",
    headers,
  });
  assertEquals([response.status, (await response.json()).code], [401, "UNAUTHENTICATED"]);
  // The deletion itself is not refused.
  assertEquals(ends.map(({ outcome, details }) => [outcome, details?.job_id]), [["done", JOB_ID]]);
});

Deno.test("while most places are taken, uploads end with 408 that are slow for 5 minutes", async () => {
  const { clock, callers, logged, open } = openApp(4);
  for (const token of ["a", "b"]) callers.set(token, callerOf(token));
  const [, , , upload] = UPLOADS;
  const uploads = ["a", "a", "b"].map((token) => open(token, upload));
  for (const { begun } of uploads) await begun;
  for (let minute = 0; minute < 4; minute++) {
    clock.nowMs += 59_000;
    for (const { send } of uploads) await send("\n");
  }
  const [slow, other, last] = uploads;
  // 5 minutes are over after 6 pauses of 59 s. Two of four places are not scarce any more.
  clock.nowMs += 59_000;
  for (const { send } of uploads) await send("\n");
  clock.nowMs += 59_000;
  await slow.send("\n");
  const response = await slow.answer;
  const { code, stored } = await response.json();
  assertEquals([response.status, code, stored.received], [408, "REQUEST_TIMEOUT", 1]);
  for (const { send, end, answer } of [other, last]) {
    await send("\n");
    await end();
    assertEquals((await answer).status, 200);
  }
  assertEquals(logged.filter(({ level }) => level === "error"), []);
});

Deno.test("a refusal for want of a place is no error of the service, also for lines", async () => {
  const { callers, logged, open } = openApp(1);
  callers.set("t", callerOf("t"));
  const first = open("t", UPLOADS[3]);
  await first.begun;
  for (const upload of UPLOADS) {
    const refused = open("t", upload);
    refused.begun.catch(() => {});
    const { status, headers } = await refused.answer;
    assertEquals([status, headers.has("retry-after")], [503, true]);
  }
  await first.end();
  assertEquals((await first.answer).status, 200);
  assertEquals(logged.filter(({ level }) => level === "error"), []);
});
