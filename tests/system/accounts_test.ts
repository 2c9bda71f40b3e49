import { NO_ACCOUNT_LIMITS } from "../../data/access/account.ts";
import { getJob } from "../../kv/jobs/jobs.ts";
import { openKv } from "../../kv/opened_kv.ts";
import { assert, assertEquals } from "../support/assert.ts";
import {
  askJson,
  importText,
  type JsonAnswer,
  postJson,
  startTestService,
  TEST_SETTINGS,
} from "../support/service.ts";
import { message } from "../support/telemetry.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { until } from "../support/until.ts";

const EXPORT = {
  smart_meter_id: "m1",
  start_datetime: "2024-01-01T00:00:00Z",
  end_datetime: "2024-01-01T01:00:00Z",
  format: "csv",
};
const READINGS = "timestamp,power_kw\n2024-01-01T00:00:00Z,1\n2024-01-01T00:01:00Z,2\n";

/** Sends JSON from another address of this machine: to a service without keys, somebody else. */
async function postFrom(address: string, url: string, body: unknown): Promise<JsonAnswer> {
  using client = Deno.createHttpClient({ localAddress: address });
  return await askJson(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    client,
  } as RequestInit);
}

Deno.test("one export starts next although another address has 500 waiting", async () => {
  await using folder = await makeTempFolder();
  const kvPath = `${folder.path}/kv.sqlite3`;
  const ids: string[] = [];
  {
    await using service = await startTestService({ kvPath, role: "api" });
    const { url } = service;
    assertEquals((await importText(url, "m1", READINGS)).status, 200);
    const asked = Array.from({ length: 500 }, () => postJson(`${url}/api/exports`, EXPORT));
    ids.push(...(await Promise.all(asked)).map(({ body }) => body.job_id));
    ids.push((await postFrom("127.0.0.2", `${url}/api/exports`, EXPORT)).body.job_id);
  }
  {
    await using service = await startTestService({ kvPath, workerConcurrency: 1 });
    const { url } = service;
    const lastOf = (id: string) => askJson(`${url}/api/exports/${id}`);
    await until(async () => (await lastOf(ids[500])).body.status === "completed");
  }
  await using opened = await openKv(kvPath);
  const starts = await Promise.all(ids.map(async (id) => {
    const job = await getJob(opened.kv, id);
    return job?.value.history.find(({ state }) => state === "running")?.atMs ?? Infinity;
  }));
  const before = starts.slice(0, 500).filter((startMs) => startMs < starts[500]).length;
  assert(before <= 1, `${before} of the 500 started before the one`);
});

Deno.test("an address at its limits is refused with 429 that names them, others are not", async () => {
  const accountLimits = { ...NO_ACCOUNT_LIMITS, jobsWaiting: 2, storedReadings: 2 };
  await using service = await startTestService({ role: "api", accountLimits });
  const { url } = service;
  assertEquals((await importText(url, "m1", READINGS)).status, 200);
  const first = await postJson(`${url}/api/exports`, EXPORT);
  assertEquals((await postJson(`${url}/api/export/csv`, EXPORT)).status, 200);
  const refused = await postJson(`${url}/api/exports`, EXPORT);
  assertEquals([refused.status, refused.body.code, refused.body.detail], [
    429,
    "JOBS_LIMITED",
    "At most 2 jobs of yours may wait at the same time, and 2 wait now",
  ]);
  assertEquals(refused.headers.get("retry-after"), "10");
  assertEquals((await postJson(`${url}/trigger_report/`, {})).status, 429);
  assertEquals((await postFrom("127.0.0.2", `${url}/api/exports`, EXPORT)).status, 200);

  const full = "At most 2 readings of yours may be stored, and 2 are stored now";
  const upload = await importText(url, "m2", READINGS);
  assertEquals([upload.status, upload.body.code, upload.body.detail], [
    429,
    "QUOTA_EXCEEDED",
    full,
  ]);
  const telemetry = await postJson(`${url}/telemetry`, message({}));
  assertEquals([telemetry.status, telemetry.body.detail], [429, full]);
  const lines = await fetch(`${url}/api/v2/write`, {
    method: "POST",
    body: "cell,device_id=d v=1",
  });
  assertEquals([lines.status, lines.headers.get("retry-after")], [429, "60"]);
  assertEquals((await lines.json()).code, "too many requests");
  assertEquals((await postFrom("127.0.0.2", `${url}/telemetry`, message({}))).status, 201);

  const usage = await askJson(`${url}/api/usage`);
  assertEquals(usage.body, {
    jobs_waiting: { used: 2, limit: 2 },
    jobs_running: { used: 0, limit: null },
    stored_readings: { used: 2, limit: 2 },
    file_bytes: { used: 0, limit: null },
  });
  await askJson(`${url}/api/exports/${first.body.job_id}`, { method: "DELETE" });
  assertEquals((await postJson(`${url}/api/exports`, EXPORT)).status, 200);
});

Deno.test("the limits of a key itself hold for its jobs, which run one at a time if it says so", async () => {
  await using folder = await makeTempFolder();
  const kvPath = `${folder.path}/kv.sqlite3`;
  const adminKey = `ow_admin_${"s".repeat(43)}`;
  const access = { ...TEST_SETTINGS.access, hasKeys: true, adminKey };
  const admin = { authorization: `Bearer ${adminKey}` };
  const ids: string[] = [];
  // A year of minutes, so that two runs at once would overlap.
  const year = { ...EXPORT, smart_meter_id: "123", end_datetime: "2024-12-31T00:00:00Z" };
  {
    await using service = await startTestService({ kvPath, role: "api", access, demoData: true });
    const { url } = service;
    const limits = { jobs_waiting: 3, jobs_running: 1 };
    const grant = { name: "Reports", scopes: ["export"], limits };
    const { body: made } = await postJson(`${url}/api/keys`, grant, admin);
    const own = { authorization: `Bearer ${made.key}` };
    for (let number = 0; number < 3; number++) {
      ids.push((await postJson(`${url}/api/exports`, year, own)).body.job_id);
    }
    assertEquals((await postJson(`${url}/api/exports`, year, own)).status, 429);
    assertEquals((await postJson(`${url}/api/exports`, EXPORT, admin)).status, 200);
    const { usage } = (await askJson(`${url}/api/keys/${made.id}`, { headers: admin })).body;
    assertEquals([usage.jobs_waiting, usage.jobs_running], [
      { used: 3, limit: 3 },
      { used: 0, limit: 1 },
    ]);
    assertEquals((await askJson(`${url}/api/usage`, { headers: own })).body, usage);
    assertEquals((await askJson(`${url}/api/usage`)).status, 401);
    // Its jobs and its limits outlive it.
    const revoked = await askJson(`${url}/api/keys/${made.id}`, {
      method: "DELETE",
      headers: admin,
    });
    assertEquals(revoked.status, 204);
  }
  {
    await using service = await startTestService({ kvPath, access, workerConcurrency: 4 });
    for (const id of ids) {
      const path = `${service.url}/api/exports/${id}`;
      await until(async () => (await askJson(path, { headers: admin })).body.status !== "pending");
    }
  }
  await using opened = await openKv(kvPath);
  const runs = await Promise.all(ids.map(async (id) => {
    const job = await getJob(opened.kv, id);
    const startMs = job?.value.history.find(({ state }) => state === "running")?.atMs ?? 0;
    return { startMs, endMs: job?.value.endedMs ?? 0 };
  }));
  runs.sort((one, other) => one.startMs - other.startMs);
  for (const [index, { startMs }] of runs.slice(1).entries()) {
    assert(startMs >= runs[index].endMs, JSON.stringify(runs));
  }
});
