import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import {
  askJson,
  importText,
  postJson,
  startTestService,
  waitForEnd,
} from "../../support/service.ts";
import { appWithJob, exportJob, JOB_ID } from "../app_fixture.ts";
import { minuteLines, minuteStream, UPLOAD_HEADER } from "../meters/meter_csv.ts";
import { assertProblem } from "../problem_assert.ts";
import { claimed, extended } from "../../../jobs/engine/transitions.ts";
import { NOW_MS, postExport, TEN_MINUTES } from "./export_example.ts";
import { exportOf } from "./export_of.ts";

const DAY = { start_datetime: "2024-01-01", end_datetime: "2024-01-01" } as const;
const UNKNOWN = "00000000-0000-4000-8000-000000000000";

Deno.test("GET /api/exports/{id} has the request, the times and the file", async () => {
  await using service = await startTestService();
  await importText(service.url, "123", UPLOAD_HEADER + minuteLines(0, 90));
  const { id, status } = await exportOf(service.url, {
    smart_meter_id: "123",
    ...DAY,
    timezone: "Europe/Berlin",
    interval: "1h",
    csv: { dialect: "excel-de", date_format: "iso" },
  });
  const { status: http, body } = await askJson(`${service.url}/api/exports/${id.toUpperCase()}`);
  assertEquals([http, body.id, body.status], [200, id, "completed"]);
  assertEquals(body.request, {
    smart_meter_id: "123",
    // Berlin's 1 January, in UTC.
    start_datetime: "2023-12-31T23:00:00Z",
    end_datetime: "2024-01-01T22:59:59.999Z",
    timezone: "Europe/Berlin",
    interval: "1h",
    format: "csv",
    csv: { dialect: "excel-us", delimiter: ";", decimal: ",", bom: true, date_format: "iso" },
  });
  assertEquals(body.range, { start: "2023-12-31T23:00:00Z", end: "2024-01-01T22:59:59.999Z" });
  const times = [body.created_at, body.started_at, body.ended_at].map(Date.parse);
  assertEquals(times, times.toSorted((one, other) => one - other));
  assertEquals(body.progress, {
    rows: 2,
    rows_total: 2,
    percent: 100,
    seconds_left: 0,
    attempt: 1,
  });
  const { file_info } = status;
  assertEquals(body.file, {
    filename: file_info.filename,
    download_url: file_info.download_url,
    content_type: "text/csv; charset=utf-8; header=present",
    size_bytes: file_info.file_size_bytes,
    sha256: file_info.sha256,
    rows: 2,
    expires_at: file_info.expires_at,
  });
});

Deno.test("an export of the first contract is a resource too", async () => {
  await using service = await startTestService({ role: "api" });
  const { body } = await postExport(service.url, TEN_MINUTES);
  const resource = (await askJson(`${service.url}/api/exports/${body.job_id}`)).body;
  assertEquals([resource.status, resource.file, resource.started_at], ["pending", null, null]);
  assertEquals(resource.request, {
    smart_meter_id: "123",
    start_datetime: "2024-01-01T00:00:00Z",
    end_datetime: "2024-01-01T00:10:00Z",
    format: "csv",
  });
});

Deno.test("the seconds that are left follow from the speed so far", async () => {
  const running = claimed(exportJob(), "owner", NOW_MS - 3_000);
  // 25 % in 2 seconds, a second ago: 6 seconds from then, 5 from now.
  const job = extended(running, NOW_MS - 1_000, { done: 10, total: 40, percent: 25 });
  const { app } = appWithJob(job);
  const body = await (await app.request(`/api/exports/${JOB_ID}`)).json();
  assertEquals(body.progress.seconds_left, 5);
  const first = { ...running, updatedMs: NOW_MS };
  const start = await (await appWithJob(first).app.request(`/api/exports/${JOB_ID}`)).json();
  assertEquals(start.progress.seconds_left, null);
});

for (
  const [method, path] of [
    ["GET", ""],
    ["DELETE", ""],
    ["POST", "/repeat"],
    ["GET", "/manifest"],
    ["GET", "/events"],
  ]
) {
  Deno.test(`${method} ${path} of an id without an export is 404`, async () => {
    await using service = await startTestService({ role: "api" });
    for (const id of [UNKNOWN, "42"]) {
      assertProblem(await askJson(`${service.url}/api/exports/${id}${path}`, { method }), {
        status: 404,
        code: "JOB_NOT_FOUND",
        detail: `Job with ID '${id}' not found`,
      });
    }
  });
}

Deno.test("GET /api/exports is the history of both paths, newest first, page by page, over a restart", async () => {
  let nowMs = NOW_MS;
  const folder = await Deno.makeTempDir();
  const settings = { role: "api", kvPath: `${folder}/kv`, now: () => nowMs } as const;
  const ids: string[] = [];
  {
    await using service = await startTestService(settings);
    for (let index = 0; index < 5; index++) {
      nowMs += 60_000;
      const meter = { smart_meter_id: index % 2 === 0 ? "even" : "odd" };
      const { body } = index < 2
        ? await postExport(service.url, { ...TEN_MINUTES, ...meter })
        : await postJson(`${service.url}/api/exports`, { ...meter, ...DAY });
      ids.unshift(body.job_id);
    }
    await askJson(`${service.url}/api/exports/${ids[1]}`, { method: "DELETE" });
  }
  await using service = await startTestService(settings);
  const list = async (query: string) => {
    const { body } = await askJson(`${service.url}${query}`);
    return { ids: body.exports.map(({ id }: { id: string }) => id), next: body.next };
  };
  assertEquals(await list("/api/exports"), { ids, next: null });
  const first = await list("/api/exports?limit=2");
  assertEquals(first.ids, ids.slice(0, 2));
  const second = await list(first.next);
  assertEquals(second.ids, ids.slice(2, 4));
  assertEquals(await list(second.next), { ids: ids.slice(4), next: null });
  assertEquals((await list("/api/exports?source=even")).ids, [ids[0], ids[2], ids[4]]);
  assertEquals((await list("/api/exports?status=cancelled")).ids, [ids[1]]);
  assertEquals((await list("/api/exports?status=pending&source=odd")).ids, [ids[3]]);
  // The exports were created from 12:01:00.789 to 12:05:00.789 UTC.
  const between = "from=2024-06-01T12:02:00Z&to=2024-06-01T12:04:00Z";
  assertEquals((await list(`/api/exports?${between}`)).ids, [ids[2], ids[3]]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a history is empty where its times exclude its cursor, and a range that ends first is refused", async () => {
  await using service = await startTestService({ role: "api" });
  const cursor = "1000_00000000-0000-4000-8000-000000000000";
  for (const [path, list] of [["/api/exports", "exports"], ["/reports", "reports"]]) {
    const excluded = await askJson(`${service.url}${path}?from=2024-02-01&cursor=${cursor}`);
    assertEquals([excluded.status, excluded.body], [200, { [list]: [], next: null }]);
    const day = await askJson(`${service.url}${path}?from=2024-02-01&to=2024-02-01`);
    assertEquals(day.status, 200);
    for (const to of ["2024-01-01", "2024-02-01T00:00:00Z"]) {
      const wrong = await askJson(`${service.url}${path}?from=2024-02-01&to=${to}`);
      assertEquals(wrong.status, 400, to);
      const [{ pointer, detail }] = wrong.body.errors;
      assertEquals([pointer, detail], ["#to", "to must be after from"]);
    }
  }
});

Deno.test("a wrong query of the history lists every problem", async () => {
  await using service = await startTestService({ role: "api" });
  const path = "/api/exports?limit=0&status=done&cursor=x&from=now&colour=red";
  const { status, body } = await askJson(service.url + path);
  assertEquals(status, 400);
  const errors: { pointer: string }[] = body.errors;
  assertEquals(
    errors.map(({ pointer }) => pointer).toSorted(),
    ["#colour", "#cursor", "#from", "#limit", "#status"],
  );
});

Deno.test("DELETE cancels an export that waits; again, it removes the record", async () => {
  await using service = await startTestService({ role: "api" });
  const { body } = await postJson(`${service.url}/api/exports`, { smart_meter_id: "1", ...DAY });
  const path = `${service.url}/api/exports/${body.job_id}`;
  const cancelled = await askJson(path, { method: "DELETE" });
  assertEquals([cancelled.status, cancelled.body.status], [200, "cancelled"]);
  assertEquals((await askJson(path, { method: "DELETE" })).status, 204);
  assertEquals((await askJson(path)).status, 404);
});

Deno.test("DELETE ends a running export within a second and leaves no file", async () => {
  await using service = await startTestService();
  await askJson(`${service.url}/api/meters/123/readings`, {
    method: "POST",
    headers: { "content-type": "text/csv" },
    body: minuteStream(3_000),
  });
  // A row a minute over a year, so that it cannot end before it is cancelled.
  const { body } = await postJson(`${service.url}/api/exports`, {
    smart_meter_ids: Array.from({ length: 200 }, (_, index) => index === 0 ? "123" : `m${index}`),
    start_datetime: "2023-01-02",
    end_datetime: "2024-01-02",
    interval: "1m",
    gaps: "null",
  });
  const path = `${service.url}/api/exports/${body.job_id}`;
  while ((await askJson(path)).body.status === "pending") {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const startMs = performance.now();
  const cancelled = await askJson(path, { method: "DELETE" });
  assertEquals([cancelled.status, cancelled.body.status], [200, "cancelled"]);
  assert(performance.now() - startMs < 1_000);
  assertEquals(Array.from(Deno.readDirSync(service.folder)), []);
});

Deno.test("DELETE of a completed export removes file, list of gaps and record at once", async () => {
  await using service = await startTestService();
  await importText(service.url, "123", UPLOAD_HEADER + minuteLines(0, 2));
  const { id } = await exportOf(service.url, { smart_meter_id: "123", ...DAY, gaps: "report" });
  assertEquals(Array.from(Deno.readDirSync(service.folder)).length, 2);
  const path = `${service.url}/api/exports/${id}`;
  assertEquals((await askJson(path, { method: "DELETE" })).status, 204);
  assertEquals(Array.from(Deno.readDirSync(service.folder)), []);
  assertEquals((await askJson(path)).status, 404);
  assertEquals((await askJson(`${service.url}/api/exports`)).body.exports, []);
});

Deno.test("a repeated export has the same request, and the readings of now", async () => {
  await using service = await startTestService();
  await importText(service.url, "123", UPLOAD_HEADER + minuteLines(0, 2));
  const first = await exportOf(service.url, {
    smart_meter_id: "123",
    ...DAY,
    interval: "1h",
    aggregates: { power_kw: ["max"] },
    csv: "excel-de",
    gaps: "report",
  });
  await importText(service.url, "123", UPLOAD_HEADER + minuteLines(60, 2));
  const repeated = await askJson(`${service.url}/api/exports/${first.id}/repeat`, {
    method: "POST",
  });
  assertEquals(repeated.status, 200);
  const { job_id } = repeated.body;
  assertEquals((await waitForEnd(service.url, job_id)).file_info.record_count, 2);
  const [one, other] = await Promise.all(
    [first.id, job_id].map((id) => askJson(`${service.url}/api/exports/${id}`)),
  );
  assertEquals(other.body.request, one.body.request);
});

Deno.test("a manifest names what was written from what; the same data and request have the same digest", async () => {
  await using service = await startTestService();
  await importText(service.url, "123", UPLOAD_HEADER + minuteLines(1, 2) + minuteLines(4, 1));
  const request = {
    smart_meter_id: "123",
    start_datetime: "2024-01-01T00:00:00Z",
    end_datetime: "2024-01-01T00:04:59Z",
    gaps: "report",
  };
  const manifest = async () => {
    const { id } = await exportOf(service.url, request);
    return (await askJson(`${service.url}/api/exports/${id}/manifest`)).body;
  };
  const [one, same] = [await manifest(), await manifest()];
  assertEquals(one.rows, 3);
  assertEquals([one.first, one.last], ["2024-01-01T00:01:00Z", "2024-01-01T00:04:00Z"]);
  assertEquals([one.gaps.count, one.gaps.missing, one.profile], [2, 2, "meter"]);
  assertEquals([same.sha256, same.data_revision], [one.sha256, one.data_revision]);
  assertMatch(one.version, /^\d+\.\d+\.\d+/);
  await importText(service.url, "123", UPLOAD_HEADER + minuteLines(3, 1));
  const changed = await manifest();
  assert(changed.data_revision > one.data_revision);
  assert(changed.sha256 !== one.sha256);
});

Deno.test("an export that has not been completed has no manifest", async () => {
  await using service = await startTestService({ role: "api" });
  const { body } = await postJson(`${service.url}/api/exports`, { smart_meter_id: "1", ...DAY });
  assertProblem(await askJson(`${service.url}/api/exports/${body.job_id}/manifest`), {
    status: 404,
    code: "EXPORT_NOT_READY",
    detail: /neither manifest nor gaps yet/,
  });
});
