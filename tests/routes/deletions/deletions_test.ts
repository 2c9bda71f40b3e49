import { assertEquals } from "../../support/assert.ts";
import { fillStores, reportLines } from "../../support/reports.ts";
import { askJson, importText, type JsonAnswer, startTestService } from "../../support/service.ts";
import { message, postTelemetry } from "../../support/telemetry.ts";
import { assertProblem } from "../problem_assert.ts";

const WAIT = { prefer: "wait=20" };
const RANGE = "from=2024-01-01&to=2024-01-02";

function remove(url: string, headers: Record<string, string> = {}): Promise<JsonAnswer> {
  return askJson(url, { method: "DELETE", headers });
}

Deno.test("readings of a meter are deleted from `from` to before `to`; a bare `to` is a whole day", async () => {
  await using service = await startTestService();
  const { url } = service;
  const times = [
    "2023-12-31T23:59:59Z",
    "2024-01-01T00:00:00Z",
    "2024-01-02T23:59:59Z",
    "2024-01-03",
  ];
  const rows = times.map((time) => `${time.length > 10 ? time : `${time}T00:00:00Z`},1\n`);
  await importText(url, "m1", `timestamp,power_kw\n${rows.join("")}`);
  const path = `${url}/api/meters/m1/readings`;
  const { status, body, headers } = await remove(`${path}?${RANGE}`, WAIT);
  assertEquals([status, headers.get("location")], [200, `/api/jobs/${body.job_id}`]);
  assertEquals(headers.get("preference-applied"), "wait=20");
  const { created_at: _, updated_at: __, job_id, ...rest } = body;
  assertEquals(rest, {
    kind: "delete_readings",
    status: "completed",
    message: "Deletion completed",
    percent: 100,
    deleted_readings: 2,
    error: null,
  });
  assertEquals((await askJson(`${url}/api/jobs/${job_id.toUpperCase()}`)).body, body);
  const meter = (await askJson(`${url}/api/meters/m1`)).body;
  assertEquals([meter.count, meter.first_reading, meter.last_reading], [
    2,
    "2023-12-31T23:59:59Z",
    "2024-01-03T00:00:00Z",
  ]);
  const exact = "from=2024-01-03T00:00:00Z&to=2024-01-03T00:00:00.001Z";
  assertEquals((await remove(`${path}?${exact}`, WAIT)).body.deleted_readings, 1);
  // The + of an offset arrives as a space.
  const offset = "from=2024-01-01T00:59:59+01:00&to=2024-01-01T01:00:00+01:00";
  assertEquals((await remove(`${path}?${offset}`, WAIT)).body.deleted_readings, 1);
  assertEquals((await askJson(`${url}/api/meters/m1`)).status, 404);
});

Deno.test("polls of a store are deleted, and reports do not see them any more", async () => {
  await using service = await startTestService();
  const { url } = service;
  await fillStores(url, {
    status: ["s,2024-01-01T10:00:00Z,active", "s,2024-01-03T10:00:00Z,inactive"],
    timezones: ["s,UTC"],
  });
  // As of January 3rd, 10:00: active since two days before, and before that.
  assertEquals(await reportLines(url), ["s,60.00,24.00,168.00,0.00,0.00,0.00"]);
  const path = `${url}/stores/s/polls?from=2024-01-03&to=2024-01-03`;
  assertEquals((await remove(path, WAIT)).body.deleted_readings, 1);
  const { body } = await askJson(`${url}/stores/s`);
  assertEquals([body.count, body.last_poll], [1, "2024-01-01T10:00:00Z"]);
});

Deno.test("a deleted store is gone, with its settings, and can be uploaded again", async () => {
  await using service = await startTestService();
  const { url } = service;
  await fillStores(url, {
    status: ["s,2024-01-01T10:00:00Z,active", "t,2024-01-01T10:00:00Z,active"],
    hours: ["s,0,09:00,17:00"],
    timezones: ["s,UTC"],
  });
  const { status, body } = await remove(`${url}/stores/s`, WAIT);
  assertEquals([status, body.kind, body.deleted_readings], [200, "delete_store", 1]);
  assertEquals((await askJson(`${url}/stores/s`)).status, 404);
  const list = (await askJson(`${url}/stores`)).body.stores;
  assertEquals(list.map(({ store_id }: { store_id: string }) => store_id), ["t"]);
  await fillStores(url, { status: ["s,2024-01-02T10:00:00Z,active"] });
  const again = (await askJson(`${url}/stores/s`)).body;
  assertEquals([again.count, again.hours, again.timezone_str], [1, null, null]);
});

Deno.test("a deleted device is gone until it sends again; then it is a new device", async () => {
  let nowMs = Date.UTC(2026, 1, 1, 15);
  await using service = await startTestService({ now: () => nowMs++ });
  const { url } = service;
  const times = ["2026-02-01T14:00:00Z", "2026-02-01T14:10:00Z", "2026-02-01T14:20:00Z"];
  await postTelemetry(url, times.map((timestamp) => message({ timestamp })));
  const path = `${url}/devices/test-001`;
  const range = "from=2026-02-01T14:10:00Z&to=2026-02-01T14:20:00Z";
  assertEquals((await remove(`${path}/readings?${range}`, WAIT)).body.deleted_readings, 1);
  assertEquals((await askJson(path)).body.count, 2);
  const { body } = await remove(path, WAIT);
  assertEquals([body.kind, body.deleted_readings], ["delete_device", 2]);
  assertEquals((await askJson(path)).status, 404);
  assertEquals((await askJson(`${url}/devices`)).body.devices, []);
  assertEquals((await askJson(`${path}/events`)).status, 404);
  // An old time: it is new again, as nothing of the device is left.
  const sent = await postTelemetry(url, message({ timestamp: times[0] }));
  assertEquals([sent.status, sent.body], [201, { status: "created" }]);
  const device = (await askJson(path)).body;
  assertEquals([device.count, device.state, device.last_reading], [1, "online", times[0]]);
});

Deno.test("a deletion that has not ended is pending, and the same key gives the same job", async () => {
  await using service = await startTestService({ role: "api" });
  const { url } = service;
  await importText(url, "m1", "timestamp,power_kw\n2024-01-01T00:00:00Z,1\n");
  const path = `${url}/api/meters/m1/readings?${RANGE}`;
  const headers = { "idempotency-key": "k" };
  const first = await remove(path, headers);
  assertEquals([first.status, first.body.status, first.body.deleted_readings], [202, "pending", 0]);
  assertEquals(first.headers.get("retry-after"), "1");
  assertEquals((await remove(path, headers)).body.job_id, first.body.job_id);
  const other = await remove(
    `${url}/api/meters/m1/readings?from=2024-01-01&to=2024-01-03`,
    headers,
  );
  assertEquals([other.status, other.body.code], [422, "IDEMPOTENCY_KEY_REUSED"]);
  const job = await askJson(`${url}/api/jobs/${first.body.job_id}`);
  assertEquals([job.status, job.body.status, job.headers.get("retry-after")], [
    200,
    "pending",
    "1",
  ]);
  assertEquals(job.headers.get("cache-control"), "no-store");
});

Deno.test("a wrong deletion gets all its errors at once, and deletes nothing", async () => {
  await using service = await startTestService();
  const { url } = service;
  await importText(url, "m1", "timestamp,power_kw\n2024-01-01T00:00:00Z,1\n");
  const path = `${url}/api/meters/m1/readings`;
  assertProblem(await remove(`${path}?to=yesterday&x=1`), {
    status: 400,
    code: "INVALID_REQUEST",
    detail: /from is required/,
    errors: [
      ["#from", "from is required"],
      [
        "#to",
        "to must be an ISO 8601 date or time, such as 2024-01-31 or 2024-01-31T12:00:00Z",
      ],
      ["#x", "Unknown parameter 'x'"],
    ],
  });
  const wrong = [
    path,
    `${path}?from=2024-01-02&to=2024-01-01`,
    `${path}?from=2024-01-01T00:00:00Z&to=2024-01-01T00:00:00Z`,
    `${path}?from=1969-12-31&to=2024-01-01`,
    `${url}/api/meters/a%20b/readings?${RANGE}`,
    `${url}/devices/a%20b`,
    `${url}/devices/test-001?force=true`,
    `${url}/stores/a%20b`,
    `${url}/stores/s?force=true`,
  ];
  for (const each of wrong) assertEquals((await remove(each)).status, 400, each);
  const unknown = [
    `${url}/api/meters/m2/readings?${RANGE}`,
    `${url}/devices/m1/readings?${RANGE}`,
    `${url}/devices/m1`,
    `${url}/stores/m1`,
    `${url}/stores/m1/polls?${RANGE}`,
  ];
  for (const each of unknown) assertEquals((await remove(each)).status, 404, each);
  assertEquals((await askJson(`${url}/api/meters/m1`)).body.count, 1);
});

Deno.test("GET /api/jobs knows deletions only", async () => {
  await using service = await startTestService({ role: "api" });
  const { url } = service;
  const { body } = await askJson(`${url}/trigger_report`, { method: "POST" });
  for (const id of [body.report_id, "no-id", "00000000-0000-4000-8000-000000000000"]) {
    assertProblem(await askJson(`${url}/api/jobs/${id}`), {
      status: 404,
      code: "JOB_NOT_FOUND",
      detail: "Job not found",
    });
  }
});

Deno.test("objects is true or false, and only for devices", async () => {
  await using service = await startTestService({ role: "api" });
  const { url } = service;
  await postTelemetry(url, [message()]);
  const { device_id: id } = message();
  for (const path of [`/devices/${id}?objects=yes`, `/devices/${id}/readings?${RANGE}&objects=1`]) {
    const answer = await remove(url + path);
    assertProblem(answer, {
      status: 400,
      code: "INVALID_REQUEST",
      detail: "objects must be true or false",
      errors: [["#objects", "objects must be true or false"]],
    });
  }
  await importText(url, "m1", "timestamp,power_kw\n2024-01-01T00:00:00Z,1\n");
  const { status, body } = await remove(`${url}/api/meters/m1?objects=true`);
  assertEquals([status, body.errors[0].detail], [400, "Unknown parameter 'objects'"]);
});
