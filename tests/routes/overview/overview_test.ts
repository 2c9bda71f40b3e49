import type { Scope } from "../../../data/access/scopes.ts";
import type { JobQuery, JobRecord } from "../../../jobs/engine/jobs.ts";
import { METER_EXPORT } from "../../../jobs/exports/meter_export_contract.ts";
import { jobPart } from "../../../routes/overview/job_part.ts";
import { createCaller } from "../../../data/access/caller.ts";
import { createOverviewReader } from "../../../routes/overview/overview.ts";
import { assertEquals } from "../../support/assert.ts";
import { createTestApp, emptyKv, emptySeries, exportJob } from "../app_fixture.ts";
import { builtInProfiles } from "../../support/profiles.ts";
import { type KeyedApp, openKeyedApp } from "../../support/keyed_app.ts";
import { postStores } from "./stores_fixture.ts";

/** A Thursday, 10:00 in London, 05:00 in New York. */
const NOW_MS = Date.UTC(2024, 1, 1, 10);
const at = (msAgo: number) => new Date(NOW_MS - msAgo).toISOString().replace(".000Z", "Z");
const HOUR = 3_600_000, DAY = 24 * HOUR;

async function importMeter(app: KeyedApp, id: string, lastMsAgo: number): Promise<void> {
  const body = `timestamp,power_kw\n${at(lastMsAgo + 900_000)},1\n${at(lastMsAgo)},2\n`;
  const sent = { headers: { "content-type": "text/csv" }, body };
  assertEquals((await app.as("all")(`POST /api/meters/${id}/readings`, sent)).status, 200);
}

Deno.test("meters are late after 26 hours, and count as ended after 31 days", async () => {
  await using app = await openKeyedApp(() => NOW_MS);
  await importMeter(app, "now", 900_000);
  await importMeter(app, "nearly", 26 * HOUR);
  await importMeter(app, "late", 26 * HOUR + 1_000);
  await importMeter(app, "later", 31 * DAY);
  await importMeter(app, "ended", 31 * DAY + 1_000);
  const { body } = await app.as("reader", { scopes: ["read"] })("GET /api/overview");
  assertEquals(body.meters, {
    total: 5,
    late: 2,
    ended: 1,
    is_complete: true,
    latest: [
      { smart_meter_id: "late", label: null, last_reading: at(26 * HOUR + 1_000) },
      { smart_meter_id: "later", label: null, last_reading: at(31 * DAY) },
    ],
  });
  assertEquals([body.jobs, body.continuous_exports], [null, null]);
});

Deno.test("stores are down if their last poll within the hours was inactive, since the first such", async () => {
  await using app = await openKeyedApp(() => NOW_MS);
  const ask = app.as("all");
  await postStores(ask, "status", [
    "store_id,timestamp_utc,status",
    `up,${at(HOUR)},inactive`,
    `up,${at(600_000)},active`,
    `down,${at(9 * HOUR)},inactive`,
    `down,${at(8 * HOUR)},active`,
    `down,${at(7 * HOUR)},inactive`,
    `down,${at(600_000)},inactive`,
    `closed,${at(600_000)},inactive`,
    `silent,${at(25 * HOUR)},active`,
  ]);
  // 3 is Thursday. In New York it is 05:00.
  await postStores(ask, "hours", [
    "store_id,dayOfWeek,start_time_local,end_time_local",
    "closed,3,09:00:00,17:00:00",
    "down,3,09:00:00,17:00:00",
  ]);
  await postStores(ask, "timezones", [
    "store_id,timezone_str",
    "closed,America/New_York",
    "down,Europe/London",
  ]);
  const { body } = await app.as("reader", { scopes: ["read"] })("GET /api/overview");
  assertEquals(body.stores, {
    total: 4,
    open: 3,
    down: 1,
    unknown: 1,
    is_complete: true,
    down_now: [{
      store_id: "down",
      since: at(7 * HOUR),
      last_poll: at(600_000),
      timezone_str: "Europe/London",
    }],
  });
});

Deno.test("a key sees the figures of what it may touch, and none without the scope", async () => {
  await using app = await openKeyedApp(() => NOW_MS);
  await importMeter(app, "a-1", 2 * DAY);
  await importMeter(app, "b-1", 2 * DAY);
  const rights = { scopes: ["read" as const], patterns: { meter: ["a-*"], device: [], store: [] } };
  const { body } = await app.as("some", rights)("GET /api/overview");
  assertEquals([body.meters.total, body.meters.late], [1, 1]);
  assertEquals(body.meters.latest[0].smart_meter_id, "a-1");
  const other = await app.as("sender", { scopes: ["ingest"] })("GET /api/overview");
  assertEquals(
    [other.body.meters, other.body.devices, other.body.stores, other.body.jobs],
    [null, null, null, null],
  );
});

Deno.test("jobs are the caller's own, or with manage those of all; failed ones count for a day", async () => {
  const job = (id: string, changes: Partial<JobRecord>) => ({
    ...exportJob(METER_EXPORT),
    id,
    createdMs: NOW_MS - HOUR,
    ...changes,
  });
  const error = { code: "STORAGE_FULL", message: "No room is left", details: "" };
  const all = [
    job("runs", { state: "running", progress: { done: 4, total: 10, percent: 40 } }),
    job("failed", { state: "failed", endedMs: NOW_MS - DAY + 1, error }),
    job("long failed", { state: "failed", endedMs: NOW_MS - DAY, error }),
    job("done", { state: "completed", endedMs: NOW_MS - 1 }),
  ];
  const queries: JobQuery[] = [];
  const list = (query: JobQuery) => {
    queries.push(query);
    const jobs = query.kind === METER_EXPORT ? all.filter(query.matches ?? (() => true)) : [];
    return Promise.resolve({ jobs, next: null });
  };
  const jobsOf = (scopes: Scope[]) => {
    const actor = { kind: "key", id: "k", name: "k" } as const;
    return jobPart({ list }, createCaller({ owner: "key:k", actor, scopes }), NOW_MS);
  };
  assertEquals(await jobsOf(["export"]), {
    pending: 0,
    running: 1,
    failed: 1,
    is_complete: true,
    newest: [
      {
        id: "runs",
        kind: "export",
        status: "running",
        percent: 40,
        created_at: at(HOUR),
        error: null,
      },
      {
        id: "failed",
        kind: "export",
        status: "failed",
        percent: 0,
        created_at: at(HOUR),
        error: "No room is left",
      },
    ],
  });
  assertEquals(new Set(queries.map(({ owner }) => owner)), new Set(["key:k"]));
  queries.length = 0;
  await jobsOf(["export", "manage"]);
  assertEquals(new Set(queries.map(({ owner }) => owner)), new Set([undefined]));
});

Deno.test("many who ask at once cost one look, and the next one comes when it is three seconds old", async () => {
  let looks = 0, elapsedMs = 0;
  const reader = createOverviewReader({
    kv: emptyKv(),
    series: {
      ...emptySeries(),
      list: (profile) => {
        if (profile === "meter") looks++;
        return Promise.resolve([]);
      },
    },
    profiles: builtInProfiles(),
    jobs: { list: () => Promise.resolve({ jobs: [], next: null }) },
    continuous: { isOn: false, isSharing: false, deviceIds: [], influx: null },
    diskSpace: () => Promise.resolve({ freeBytes: 1, totalBytes: 2 }),
    files: { room: () => Promise.resolve({ freeBytes: 3, totalBytes: 4 }) },
    findOwner: () => Promise.resolve(null),
    now: () => NOW_MS,
    elapsedMs: () => elapsedMs,
  });
  const callerNamed = (id: string) =>
    createCaller({ owner: id, actor: { kind: "key", id, name: id }, scopes: ["read"] });
  const one = callerNamed("one");
  await Promise.all([reader.read(one), reader.read(one), reader.read(one)]);
  elapsedMs = 2_999;
  const { disk, file_room: room } = await reader.read(one);
  assertEquals([looks, disk], [1, { free_bytes: 1, total_bytes: 2 }]);
  assertEquals(room, { free_bytes: 3, total_bytes: 4 });
  await reader.read(callerNamed("two"));
  assertEquals(looks, 2);
  elapsedMs = 3_000;
  await reader.read(one);
  assertEquals(looks, 3);
});

Deno.test("GET /api/overview is public to nobody and never stored", async () => {
  const open = await createTestApp().app.request("/api/overview");
  assertEquals([open.status, open.headers.get("cache-control")], [200, "no-store"]);
  const { app } = createTestApp({ authenticators: [] });
  assertEquals((await app.request("/api/overview")).status, 401);
});
