import { AppError } from "../../data/app_error.ts";
import type { JobRecord } from "../../jobs/engine/jobs.ts";
import { METER_EXPORT } from "../../jobs/exports/meter_export_contract.ts";
import { reportFilename, STORE_REPORT } from "../../jobs/stores/report_contract.ts";
import {
  cancelled,
  claimed,
  completed,
  expired,
  extended,
  failed,
} from "../../jobs/engine/transitions.ts";
import type { IntakeResult } from "../../kv/devices/intake.ts";
import type { AppDeps } from "../../routes/app.ts";
import { assertEquals, assertObjectMatch } from "../support/assert.ts";
import {
  type DocumentedOperation,
  type Json,
  type OpenApi,
  openApiOf,
  readAnswer,
} from "../support/openapi.ts";
import { builtInProfiles } from "../support/profiles.ts";
import { message } from "../support/telemetry.ts";
import { PROFILES } from "../../data/readings/profile.ts";
import {
  appWithJob,
  createTestApp,
  emptySeries,
  exportJob,
  JOB_ID,
  noKeys,
  type TestApp,
} from "./app_fixture.ts";
import { NOW_MS } from "./exports/export_example.ts";

const document = readDocument();
const api = () => document;

async function readDocument(): Promise<OpenApi> {
  const response = await createTestApp().app.request("/openapi.json");
  return openApiOf(await response.json());
}

const running = claimed(exportJob(), "owner", NOW_MS);
const finishedArtifact = {
  name: "file",
  filename: "smart_meter_123_20240101_20240131.csv",
  contentType: "text/csv; charset=utf-8; header=present",
  sizeBytes: 3,
  sha256: "0".repeat(64),
};
const finished = completed(running, NOW_MS, {
  artifact: finishedArtifact,
  result: { recordCount: 1, missingIntervals: null },
  fileExpiresMs: NOW_MS + 1,
});
const error = { code: "JOB_ABANDONED", message: "The job was given up", details: "" };
const JOBS: Record<string, JobRecord> = {
  waiting: exportJob(),
  running: extended(running, NOW_MS, { done: 5, total: 50, percent: 10 }),
  finished,
  expired: expired(finished, NOW_MS, NOW_MS + 1),
  failed: failed(running, NOW_MS, { error, keptUntilMs: NOW_MS + 1 }),
  cancelled: cancelled(running, NOW_MS, NOW_MS + 1),
};

/** A valid body of each media type. */
const BODIES: Record<string, string> = {
  "application/json": JSON.stringify({
    smart_meter_id: "123",
    start_datetime: "2024-01-01T00:00Z",
    end_datetime: "2024-01-01T00:10Z",
    format: "csv",
  }),
  "text/csv": "timestamp,power_kw\n2024-01-01T00:00:00Z,1\n",
  "text/plain": "battery,device_id=a soc_percent=1,voltage_v=400,current_a=1,temp_c=1\n",
};

/** Queries of operations that need one, although no parameter is required by itself. */
const QUERIES: Record<string, string[]> = {
  "GET /api/exports/preview": [
    "smart_meter_id=123",
    "start_datetime=2024-01-01",
    "end_datetime=2024-01-02",
  ],
};

/** Bodies of operations for which those by media type are wrong. */
const SCHEDULE = JSON.stringify({
  name: "Daily",
  every: "P1D",
  request: { smart_meter_id: "123", period: "yesterday" },
});

const BODIES_BY_OPERATION: Record<string, string> = {
  "PUT /api/profiles/{name}": JSON.stringify({
    metrics: [{ name: "power_w", unit: "W", aggregate: "mean" }],
  }),
  "POST /stores/status": "store_id,timestamp_utc,status\n1,2023-01-25 12:09:39 UTC,active\n",
  "POST /stores/hours": "store_id,day,start_time_local,end_time_local\n1,0,09:00:00,17:00:00\n",
  "POST /stores/timezones": "store_id,timezone_str\n1,Europe/Berlin\n",
  "POST /api/readings": "smart_meter_id,timestamp,power_kw\n1,2024-01-01T00:00:00Z,1\n",
  "POST /telemetry": JSON.stringify(message({ timestamp: new Date(NOW_MS).toISOString() })),
  "POST /api/deletions": JSON.stringify({ meters: ["123"] }),
  "POST /api/deletions/preview": JSON.stringify({ meters: ["123"] }),
  "POST /api/keys": JSON.stringify({ name: "Gateway", scopes: ["ingest"] }),
  "PATCH /api/keys/{id}": "{}",
  "POST /api/keys/{id}/rotate": "{}",
  "PUT /devices/{device_id}": "{}",
  "PUT /stores/{store_id}": JSON.stringify({ timezone_str: "Europe/Berlin" }),
  "POST /stores/{store_id}/uptime/preview": JSON.stringify({ hours: null }),
  "PUT /api/meters/{id}": "{}",
  "POST /api/continuous-exports/{device_id}/replay":
    '{"from":"2026-02-07T00:00:00Z","to":"2026-02-08T00:00:00Z"}',
  "POST /trigger_report": "{}",
  "POST /api/schedules": SCHEDULE,
  "PUT /api/schedules/{schedule_id}": SCHEDULE,
};

for (const [what, job] of Object.entries(JOBS)) {
  Deno.test(`the status of a job that is ${what} is as documented`, async () => {
    const { app } = appWithJob(job);
    const response = await app.request(`/api/export/status/${JOB_ID}`);
    (await api()).assertAllowed("getExportStatus", await readAnswer(response));
  });
}

/** The same jobs as reports, as version 0.5 stored them. */
const REPORTS = Object.fromEntries(
  Object.entries(JOBS).map(([what, job]) => {
    const result = job.result === null ? null : { storeCount: 1 };
    const params = { asOfMs: null, maxHoldMs: null };
    return [what, { ...job, kind: STORE_REPORT, params, result }];
  }),
);
REPORTS.finished = {
  ...REPORTS.finished,
  artifact: { ...finishedArtifact, filename: `${reportFilename(JOB_ID, { asOfMs: null })}.csv` },
};

/** The status of each, as the contract defines it. */
const REPORT_STATUSES: Record<string, Record<string, unknown>> = {
  waiting: { status: "Running" },
  running: { status: "Running" },
  finished: {
    status: "Complete",
    csv_file: `report_data/report_${JOB_ID}.csv`,
    store_count: 1,
    as_of: null,
    stores_by_last_poll: null,
  },
  expired: { status: "Expired" },
  failed: { status: "Failed", error: "The job was given up" },
  cancelled: { status: "Failed", error: "The report was cancelled" },
};

for (const [what, expected] of Object.entries(REPORT_STATUSES)) {
  Deno.test(`the status of a report that is ${what} is as documented`, async () => {
    const { app } = appWithJob(REPORTS[what]);
    const answer = await readAnswer(await app.request(`/get_report/${JOB_ID}/`));
    (await api()).assertAllowed("getReport", answer);
    assertObjectMatch(JSON.parse(answer.text), { report_id: JOB_ID, ...expected });
  });
}

/** The status and code of the download of each. */
const DOWNLOADS: Record<string, [status: number, code: string]> = {
  waiting: [404, "EXPORT_NOT_READY"],
  running: [404, "EXPORT_NOT_READY"],
  // Its file is missing from the store.
  finished: [503, "STORAGE_UNAVAILABLE"],
  expired: [410, "EXPORT_EXPIRED"],
  failed: [404, "EXPORT_FAILED"],
  cancelled: [404, "EXPORT_CANCELLED"],
};

for (const [what, [status, code]] of Object.entries(DOWNLOADS)) {
  Deno.test(`the download of a job that is ${what} is answered with ${code}, as documented`, async () => {
    const { app } = appWithJob(JOBS[what]);
    const answer = await readAnswer(await app.request(`/api/export/download/${JOB_ID}`));
    assertEquals([answer.status, JSON.parse(answer.text).code], [status, code]);
    (await api()).assertAllowed("downloadExport", answer);
    const head = await app.request(`/api/export/download/${JOB_ID}`, { method: "HEAD" });
    // HEAD opens no file.
    assertEquals(head.status, what === "finished" ? 200 : status);
    const { assertAllowed, operation } = await api();
    assertAllowed(operation("downloadExport", "HEAD"), await readAnswer(head));
  });
}

/** The code of the download of each report; the statuses are those of exports. */
const REPORT_DOWNLOADS: Record<string, string> = {
  waiting: "REPORT_NOT_READY",
  running: "REPORT_NOT_READY",
  finished: "STORAGE_UNAVAILABLE",
  expired: "REPORT_EXPIRED",
  failed: "REPORT_FAILED",
  cancelled: "REPORT_FAILED",
};

for (const [what, code] of Object.entries(REPORT_DOWNLOADS)) {
  Deno.test(`the download of a report that is ${what} is answered with ${code}`, async () => {
    const { app } = appWithJob(REPORTS[what]);
    const answer = await readAnswer(await app.request(`/download_report/${JOB_ID}/`));
    assertEquals([answer.status, JSON.parse(answer.text).code], [DOWNLOADS[what][0], code]);
    (await api()).assertAllowed("downloadReport", answer);
    const head = await app.request(`/download_report/${JOB_ID}`, { method: "HEAD" });
    const { assertAllowed, operation } = await api();
    assertAllowed(operation("downloadReport", "HEAD"), await readAnswer(head));
  });
}

Deno.test("an import of a busy meter is answered as documented", async () => {
  const write = () => Promise.reject(new AppError("SERIES_BUSY", "Too many", { details: "Later" }));
  const { app } = createTestApp({ series: { ...emptySeries(), write } });
  const answer = await readAnswer(
    await app.request("/api/meters/1/readings", {
      method: "POST",
      headers: { "content-type": "text/csv" },
      body: "timestamp,power_kw\n2024-01-01T00:00:00Z,1\n",
    }),
  );
  assertEquals([answer.status, JSON.parse(answer.text).code], [503, "SERIES_BUSY"]);
  (await api()).assertAllowed("importReadings", answer);
});

Deno.test("a reused key is answered as documented", async () => {
  const create = () => Promise.reject(new AppError("IDEMPOTENCY_KEY_REUSED", "Used before"));
  const { app } = createTestApp({
    jobs: {
      get: () => Promise.resolve(null),
      create,
      waitForEnd: create,
      list: create,
      watch: async function* () {},
      cancel: create,
      remove: create,
    },
  });
  const answer = await readAnswer(
    await app.request("/api/export/csv", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: BODIES["application/json"],
    }),
  );
  assertEquals(answer.status, 422);
  (await api()).assertAllowed("createExport", answer);
});

for (const method of [undefined, "HEAD"] as const) {
  Deno.test(`${method ?? "GET"} /ready of a service that is not ready is answered as documented`, async () => {
    const works = () => Promise.resolve();
    const fails = () => Promise.reject(new Error("disk"));
    const ready = { kv: works, file_store: fails, worker_running: fails, continuous: null };
    const answer = await readAnswer(
      await createTestApp({ ready }).app.request("/ready", { method }),
    );
    assertEquals(answer.status, 503);
    const { assertAllowed, operation } = await api();
    assertAllowed(operation("getReadiness", method), answer);
  });
}

/** An app whose parts all fail unexpectedly. */
function brokenApp(): ReturnType<typeof createTestApp> {
  const failNow = () => {
    throw new Error("broken");
  };
  const fail = () => Promise.reject(new Error("broken"));
  const series: AppDeps["series"] = {
    describe: fail,
    count: fail,
    list: fail,
    latest: fail,
    remove: fail,
    write: fail,
    writeMany: fail,
    compare: fail,
    revision: fail,
    withPrevious: fail,
    async *read() {
      yield await fail();
    },
  };
  return createTestApp({
    kv: { get: fail, getMany: fail, list: failNow, atomic: failNow },
    keys: {
      ...noKeys(),
      get: fail,
      list: fail,
      listUses: fail,
      create: fail,
      change: fail,
      revoke: fail,
      rotate: fail,
    },
    links: {
      kv: { get: fail, atomic: failNow },
      now: () => NOW_MS,
      publicUrl: null,
      findMaker: () => null,
    },
    intake: {
      accept: fail,
      acceptMany: fail,
      reject: fail,
      knownProfile: failNow,
      findProfile: fail,
      invalidate: fail,
    },
    series,
    jobs: {
      get: fail,
      create: fail,
      waitForEnd: fail,
      list: fail,
      watch: failNow,
      cancel: fail,
      remove: fail,
    },
    files: { read: fail },
    alertTester: { test: fail },
    webhooks: {
      list: fail,
      get: fail,
      callerOf: fail,
      listLive: fail,
      hasAny: failNow,
      create: fail,
      change: fail,
      remove: fail,
    },
    profiles: {
      ...builtInProfiles(),
      current: fail,
      refresh: fail,
      put: fail,
      ensure: fail,
      remove: fail,
      isUsed: fail,
    },
    previewer: { estimate: fail, preview: fail },
    readPackageFile: fail,
  });
}

async function requestBroken(
  { method, path, body, parameters }: DocumentedOperation,
): Promise<Response> {
  const query = parameters.filter((one) => one.in === "query" && one.required)
    .map(({ name, example }) => `${name}=${encodeURIComponent(example)}`);
  query.push(...QUERIES[`${method} ${path}`] ?? []);
  const webhook = parameters.find(({ in: place, name }) => place === "path" && name === "id");
  const filled = path.replace("{id}", path.startsWith("/api/webhooks") ? webhook?.example : "{id}")
    .replace(/\{\w+_id\}/, JOB_ID).replace("{date}", "2023-01-25")
    .replace("{id}", path.startsWith("/api/keys") ? "roofgateway" : JOB_ID)
    .replace("{name}", /^\/api\/(profiles|import-presets)/.test(path) ? "inverter" : "icon.png") +
    (query.length === 0 ? "" : `?${query.join("&")}`);
  const mediaType = body === null ? undefined : Object.keys(body)[0];
  const example = EXAMPLED.test(path) ? exampleBody(body) : undefined;
  return await brokenApp().app.request(filled, {
    method,
    ...(mediaType === undefined ? {} : {
      headers: { "content-type": mediaType },
      body: BODIES_BY_OPERATION[`${method} ${path}`] ?? example ?? BODIES[mediaType],
    }),
  });
}

/** Paths whose examples of bodies are right by themselves. */
const EXAMPLED = /^\/api\/(webhooks|alerts|maintenance|import-presets)/;

function exampleBody(body: DocumentedOperation["body"]): string | undefined {
  const [content] = Object.values<Json>(body ?? {});
  const [first] = Object.values<Json>(content?.examples ?? {});
  return first === undefined ? undefined : JSON.stringify(first.value);
}

Deno.test("an unexpected fault in any operation is answered as documented", async () => {
  const { operations, heads, assertAllowed } = await api();
  const blank = new Set<string>();
  for (const operation of [...operations, ...heads]) {
    const answer = await readAnswer(await requestBroken(operation));
    assertAllowed(operation, answer);
    if (answer.status === 500) blank.add(operation.id);
  }
  // The others use no part that can fail.
  const others = operations.map(({ id }) => id).filter((id) => !blank.has(id));
  assertEquals(others, [
    "inspectReadings",
    "listPresets",
    "ping",
    "watchStoreStatus",
    "watchStoreHours",
    "watchStoreTimezones",
    "getHealth",
    "getReadiness",
    "getMetrics",
    "getOpenApi",
  ]);
});

Deno.test("a job of another kind is answered as documented", async () => {
  const { app } = appWithJob(exportJob(`not_${METER_EXPORT}`));
  const { assertAllowed } = await api();
  const status = await readAnswer(await app.request(`/api/export/status/${JOB_ID}`));
  assertAllowed("getExportStatus", status);
  assertEquals(JSON.parse(status.text).status, "not_found");
});

/** An app in which every measurement is a battery. */
function appWithBattery(changes: Partial<AppDeps> = {}): TestApp {
  const ensure = () => Promise.resolve(PROFILES.battery);
  return createTestApp({ profiles: { ...builtInProfiles(), ensure }, ...changes });
}

Deno.test("every answer to lines is as documented", async () => {
  const { assertAllowed } = await api();
  const requests: [query: string, body: string, status: number, headers?: HeadersInit][] = [
    ["", BODIES["text/plain"], 204],
    ["?precision=x", "", 400],
    ["", "m\nm,host=a v=1", 400],
    ["", "", 413, { "content-length": "50000001" }],
    ["", "", 415, { "content-encoding": "br" }],
  ];
  for (const [id, path] of [["writeLines", "/api/v2/write"], ["writeLinesV1", "/write"]]) {
    for (const [query, body, status, headers] of requests) {
      const init = { method: "POST", headers: { "content-type": "text/plain", ...headers }, body };
      const answer = await readAnswer(await appWithBattery().app.request(path + query, init));
      assertEquals(answer.status, status);
      assertAllowed(id, answer);
    }
    const limited: IntakeResult = { kind: "limited", waitMs: 5_000 };
    const accepts = [
      () => Promise.resolve(limited),
      () => Promise.reject(new AppError("SERVICE_STOPPING", "The service is stopping")),
    ];
    for (const [index, accept] of accepts.entries()) {
      const intake = {
        accept,
        acceptMany: () => Promise.resolve([]),
        reject: () => Promise.resolve(),
        knownProfile: () => undefined,
        findProfile: () => Promise.resolve(null),
        invalidate: () => {},
      };
      const { app } = appWithBattery({ intake });
      const init = { method: "POST", body: BODIES["text/plain"] };
      const answer = await readAnswer(await app.request(path, init));
      assertEquals(answer.status, [429, 503][index]);
      assertAllowed(id, answer);
    }
  }
});

Deno.test("a device over its limit or with another profile is answered as documented", async () => {
  const { assertAllowed } = await api();
  const outcomes: IntakeResult[] = [
    { kind: "limited", waitMs: 300 },
    { kind: "other profile", profile: "appliance" },
  ];
  for (const [index, outcome] of outcomes.entries()) {
    const accept = () => Promise.resolve(outcome);
    const { app } = createTestApp({
      intake: {
        accept,
        acceptMany: () => Promise.resolve([]),
        reject: () => Promise.resolve(),
        knownProfile: () => undefined,
        findProfile: () => Promise.resolve(null),
        invalidate: () => {},
      },
    });
    const answer = await readAnswer(
      await app.request("/telemetry", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(message({ timestamp: new Date(NOW_MS).toISOString() })),
      }),
    );
    assertEquals(answer.status, [429, 400][index]);
    assertAllowed("postTelemetry", answer);
  }
});
