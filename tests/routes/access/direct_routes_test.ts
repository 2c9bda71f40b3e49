import { type Caller, createCaller } from "../../../data/access/caller.ts";
import type { Scope } from "../../../data/access/scopes.ts";
import { AppError } from "../../../data/app_error.ts";
import type { AuditEvent } from "../../../data/audit/event.ts";
import { createRecorder } from "../../../data/metrics/recorder.ts";
import { createDeviceIntake } from "../../../kv/devices/intake.ts";
import { openKv } from "../../../kv/opened_kv.ts";
import { createIngest, type Ingest } from "../../../kv/series/ingest.ts";
import { createSeriesStore } from "../../../kv/series/store.ts";
import type { AppDeps } from "../../../routes/app.ts";
import { assertEquals } from "../../support/assert.ts";
import { TEST_SETTINGS } from "../../support/service.ts";
import { BATTERY, message } from "../../support/telemetry.ts";
import { createTestApp } from "../app_fixture.ts";

const NOW_MS = Date.UTC(2026, 1, 2);
const JSON_TYPE = { "content-type": "application/json" };
/** Who has which key. */
const CALLERS: Readonly<Record<string, Caller>> = {
  k: callerOf("1", ["ingest"], ["*"]),
  reads: callerOf("2", ["read"], ["*"]),
  own: callerOf("3", ["ingest"], ["own-*"]),
};

function callerOf(id: string, scopes: readonly Scope[], device: readonly string[]): Caller {
  return createCaller({
    owner: `key:${id}`,
    actor: { kind: "key", id, name: "gateway" },
    scopes,
    patterns: { meter: [], device, store: [] },
  });
}

/** An app over its own database. */
async function openService(changes: Partial<AppDeps> = {}, fault: Error | null = null) {
  const opened = await openKv(":memory:");
  const { kv } = opened;
  const now = () => NOW_MS;
  const series = createSeriesStore({ kv, now });
  const committer = createIngest({ kv, writer: "w", room: opened.ingestRoom });
  let writes = 0;
  const ingest: Ingest = {
    ...committer,
    addMany(all) {
      writes++;
      return fault === null ? committer.addMany(all) : Promise.resolve(all.map(() => fault));
    },
  };
  const devices = { limit: { requests: 3, windowMs: 60_000 }, offlineAfterMs: 600_000 };
  const intake = createDeviceIntake({ ...opened, ...devices, series, now, owner: "w", ingest });
  const record = createRecorder();
  const audited: AuditEvent[] = [];
  const { app, logged } = createTestApp({
    ...devices,
    kv,
    series,
    intake,
    now,
    record,
    audit: {
      begin: () => Promise.reject(new TypeError("Cannot begin what no route here does")),
      record: (event) => Promise.resolve(void audited.push(event)),
    },
    ...changes,
  });
  return {
    app,
    record,
    logged,
    audited,
    writes: () => writes,
    async [Symbol.asyncDispose]() {
      await ingest.stop();
      await opened[Symbol.asyncDispose]();
    },
  };
}

/** A request as it is, and the same for the router, which alone reads what follows the path. */
function byRouter(request: Request): Request {
  return new Request(`${request.url}?`, request);
}

function post(body: string, headers: Record<string, string> = {}, path = "/telemetry"): Request {
  const length = String(new TextEncoder().encode(body).length);
  return new Request(`http://service${path}`, {
    method: "POST",
    body,
    headers: {
      ...JSON_TYPE,
      "content-length": length,
      "x-request-id": "an-id",
      "authorization": "Bearer k",
      "origin": "https://app.example",
      ...headers,
    },
  });
}

const REQUESTS: Record<string, () => Request> = {
  "a new reading": () => post(JSON.stringify(message())),
  "the same reading again": () => post(JSON.stringify(message())),
  "a reading without a time": () =>
    post(JSON.stringify({ device_id: "untimed", metrics: BATTERY })),
  "a reading of another profile": () =>
    post(
      JSON.stringify(message({ metrics: { power: 1, voltage: 2, current: 3, temperature: 4 } })),
    ),
  "a message that is wrong": () => post(JSON.stringify(message({ timestamp: "yesterday" }))),
  "no JSON": () => post("{"),
  "bytes that are not UTF-8": () =>
    new Request("http://service/telemetry", {
      method: "POST",
      body: Uint8Array.of(0xff),
      headers: {
        ...JSON_TYPE,
        "content-length": "1",
        "x-request-id": "an-id",
        "authorization": "Bearer k",
      },
    }),
  "an array": () => post(JSON.stringify([message({ device_id: "other" })])),
  "a charset": () =>
    post(JSON.stringify(message()), { "content-type": "application/json; charset=utf-8" }),
  "another type": () => post("x", { "content-type": "text/plain" }),
  "an empty body": () => post(""),
  "another path": () => post(JSON.stringify(message()), {}, "/x/telemetry"),
  "another device": () => post(JSON.stringify(message({ device_id: "asked" }))),
  "one reading more than the device may send": () => post(JSON.stringify(message())),
  "another key": () => post(JSON.stringify(message()), { authorization: "Bearer x" }),
  "a page that has another origin": () =>
    post(JSON.stringify(message()), { origin: "https://other.example" }),
  "a key without the scope": () =>
    post(JSON.stringify(message({ device_id: "own-1" })), { authorization: "Bearer reads" }),
  "a key for other devices": () =>
    post(JSON.stringify(message({ device_id: "not-own" })), { authorization: "Bearer own" }),
  "a key for this device": () =>
    post(JSON.stringify(message({ device_id: "own-1" })), { authorization: "Bearer own" }),
};

async function shown(response: Response): Promise<unknown> {
  return [response.status, [...response.headers], await response.text()];
}

/** Settings under which both ways must answer alike. */
const SETTINGS: Record<string, Partial<AppDeps>> = {
  "nothing else": {},
  "a limit of requests": {
    limits: { ...TEST_SETTINGS.limits, requestRate: { perSecond: 1, burst: 12 } },
  },
  "pages of another origin": { corsOrigins: ["https://app.example"] },
  "keys": { authenticators: [{ authenticate: ({ token }) => CALLERS[token ?? ""] ?? null }] },
  "a database that is away": { waitingMs: () => 7_000 },
};

/** The status of each request by docs/api.md: created, updated, created with its time, refused, and so on. */
const STATUSES = [201, 200, 201, 400, 400, 400, 400, 200, 200, 415, 400, 404, 201, 429, 429, 429];
const EXPECTED: Readonly<Record<string, readonly number[]>> = {
  "nothing else": [...STATUSES, 201, 201, 200],
  "pages of another origin": [...STATUSES, 201, 201, 200],
  "keys": [...STATUSES.with(14, 401), 403, 400, 201],
  "a database that is away": Array.from({ length: 19 }, () => 503),
};

for (const [setting, changes] of Object.entries(SETTINGS)) {
  Deno.test(`a message gets the same answer without the router as with it, with ${setting}`, async () => {
    await using direct = await openService(changes);
    await using routed = await openService(changes);
    const statuses: number[] = [];
    for (const [name, make] of Object.entries(REQUESTS)) {
      const one = await direct.app.request(make());
      const other = await routed.app.request(byRouter(make()));
      statuses.push(one.status);
      assertEquals(await shown(one), await shown(other), name);
    }
    assertEquals(statuses, EXPECTED[setting] ?? statuses);
    assertEquals(direct.logged, routed.logged);
    const lines = direct.logged.filter(({ event }) => event === "request");
    assertEquals(lines.map(({ fields }) => fields?.status), statuses);
    assertEquals(direct.audited, routed.audited);
    const refused = setting === "keys" ? ["sign_in.refuse", "access.refuse"] : [];
    assertEquals(direct.audited.map(({ action }) => action), refused);
    const names = ["openwatts_http_requests_total", "openwatts_http_requests_running"] as const;
    for (const name of names) {
      assertEquals(direct.record.samples(name), routed.record.samples(name));
    }
  });
}

Deno.test("a message that cannot be stored is tried once, answered once and logged once", async () => {
  for (const fault of [new Error("no disk"), new AppError("SERVICE_STOPPING", "It stops")]) {
    await using direct = await openService({}, fault);
    await using routed = await openService({}, fault);
    const one = await direct.app.request(post(JSON.stringify(message())));
    const other = await routed.app.request(byRouter(post(JSON.stringify(message()))));
    assertEquals(one.status, fault instanceof AppError ? 503 : 500);
    assertEquals(await shown(one), await shown(other));
    assertEquals(direct.writes(), 1);
    const events = ({ logged }: typeof direct) => logged.map(({ event }) => event);
    assertEquals(events(direct), events(routed));
    const name = "openwatts_http_requests_total";
    assertEquals(direct.record.samples(name), routed.record.samples(name));
    assertEquals(direct.record.samples(name).map(({ value }) => value), [1]);
  }
});
