import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { fetchOpenApi, readAnswer } from "../../support/openapi.ts";
import { askJson, importText, postJson, startTestService } from "../../support/service.ts";
import { until } from "../../support/until.ts";
import { createTestApp } from "../app_fixture.ts";
import { EXAMPLE, postExport, TEN_MINUTES } from "../exports/export_example.ts";
import { minuteLines, UPLOAD_HEADER } from "../meters/meter_csv.ts";

const wait = (seconds: number | string) => ({ prefer: `wait=${seconds}` });

async function importPolls(url: string): Promise<void> {
  const polls = "store_id,timestamp_utc,status\n1,2023-01-25 12:09:39 UTC,active\n";
  await askJson(`${url}/stores/status`, {
    method: "POST",
    headers: { "content-type": "text/csv" },
    body: polls,
  });
}

Deno.test("POST with wait, then download: 100 in a row find their file", async () => {
  await using service = await startTestService();
  await importText(service.url, "123", UPLOAD_HEADER + minuteLines(0, 20));
  for (let index = 0; index < 100; index++) {
    const { status, headers, body } = await postExport(service.url, TEN_MINUTES, wait(30));
    assertEquals([status, body.status], [200, "completed"]);
    assertEquals(headers.get("preference-applied"), "wait=30");
    const file = await fetch(service.url + body.file_info.download_url);
    assertEquals(file.status, 200);
    assertEquals((await file.text()).split("\n").length, 13);
  }
});

Deno.test("a POST that waited answers with the contract's fields first, then the status of the job", async () => {
  await using service = await startTestService();
  await importText(service.url, "123", UPLOAD_HEADER + minuteLines(0, 20));
  const { status, headers, body } = await postExport(service.url, TEN_MINUTES, wait(30));
  assertEquals(status, 200);
  assertEquals(Object.keys(body).slice(0, 3), ["job_id", "status", "message"]);
  assertEquals(headers.get("location"), `/api/export/status/${body.job_id}`);
  assertEquals(headers.get("retry-after"), null);
  const later = await askJson(`${service.url}/api/export/status/${body.job_id}`);
  assertEquals(body, later.body);
});

Deno.test("a report that was waited for can be downloaded", async () => {
  await using service = await startTestService();
  await importPolls(service.url);
  const { status, headers, body } = await postJson(
    `${service.url}/trigger_report/`,
    {},
    wait(30),
  );
  assertEquals([status, body.status, body.store_count], [200, "Complete", 1]);
  assertEquals(body.message, `Report is complete. Download it from ${body.download_url}`);
  assertEquals(headers.get("preference-applied"), "wait=30");
  const file = await fetch(service.url + body.download_url);
  assertEquals((await file.text()).split("\n").length, 3);
  const later = await askJson(`${service.url}/get_report/${body.report_id}/`);
  assertEquals(body, { message: body.message, ...later.body });
});

Deno.test("answers without a wait stay as the contracts have them", async () => {
  await using service = await startTestService({ role: "api" });
  await importText(service.url, "123", UPLOAD_HEADER + minuteLines(0, 20));
  const created = await postExport(service.url, TEN_MINUTES, { prefer: "return=minimal" });
  assertEquals(created.body, {
    job_id: created.body.job_id,
    status: "pending",
    message: "Export job created successfully",
  });
  const triggered = await askJson(`${service.url}/trigger_report/`, { method: "POST" });
  const id = triggered.body.report_id;
  assertEquals(triggered.body, {
    report_id: id,
    status: "triggered",
    message: `Report generation started. Use /get_report/${id}/ to check status.`,
  });
  for (const { headers } of [created, triggered]) {
    assertEquals(headers.get("preference-applied"), null);
    assertEquals(headers.get("retry-after"), null);
  }
});

/** Requests for a job that nothing runs, and the status and applied preference of each answer. */
const UNFINISHED: [prefer: string, status: number, applied: string][] = [
  ["wait=1", 200, "wait=1"],
  ["respond-async, wait=1", 202, "respond-async, wait=1"],
  ["wait=0", 200, "wait=0"],
  ["wait=0, respond-async", 202, "respond-async, wait=0"],
];

for (const [prefer, status, applied] of UNFINISHED) {
  Deno.test(`Prefer: ${prefer} is answered with ${status} when the time is over`, async () => {
    await using service = await startTestService({ role: "api" });
    const api = await fetchOpenApi(service.url);
    const requests: [id: string, path: string, body: unknown][] = [
      ["createExport", "/api/export/csv", EXAMPLE],
      ["triggerReport", "/trigger_report/", {}],
    ];
    for (const [id, path, body] of requests) {
      const startedMs = performance.now();
      const response = await fetch(service.url + path, {
        method: "POST",
        headers: { "content-type": "application/json", prefer },
        body: JSON.stringify(body),
      });
      const answer = await readAnswer(response);
      const waitedMs = performance.now() - startedMs;
      const seconds = Number(/wait=(\d+)/.exec(prefer)?.[1]);
      assert(waitedMs >= seconds * 1_000 - 5 && waitedMs < seconds * 1_000 + 900, `${waitedMs}`);
      assertEquals(answer.status, status);
      api.assertAllowed(id, answer);
      assertEquals(answer.headers.get("preference-applied"), applied);
      assertMatch(answer.headers.get("retry-after") ?? "", /^[1-9]\d*$/);
      const isReport = id === "triggerReport";
      assertEquals(JSON.parse(answer.text).status, isReport ? "Running" : "pending");
    }
  });
}

Deno.test("respond-async with a wait is answered with 200 if the job ends in time", async () => {
  await using service = await startTestService();
  await importText(service.url, "123", UPLOAD_HEADER + minuteLines(0, 20));
  const prefer = { prefer: "respond-async, wait=30" };
  const { status, headers, body } = await postExport(service.url, TEN_MINUTES, prefer);
  assertEquals([status, body.status], [200, "completed"]);
  assertEquals(headers.get("preference-applied"), "wait=30");
});

Deno.test("a wait in one of several Prefer headers counts, and a longer one is cut to 60 s", async () => {
  const { app } = createTestApp();
  const headers = new Headers({ "content-type": "application/json", prefer: "return=minimal" });
  headers.append("prefer", "Wait=3600");
  const body = JSON.stringify(EXAMPLE);
  const response = await app.request("/api/export/csv", { method: "POST", headers, body });
  assertEquals(response.headers.get("preference-applied"), "wait=60");
});

Deno.test("the status routes wait until the job has ended, for several clients at once", async () => {
  await using service = await startTestService({ workerConcurrency: 1 });
  await importPolls(service.url);
  await importText(service.url, "123", UPLOAD_HEADER + minuteLines(0, 20_000));
  const { body: { job_id } } = await postExport(service.url);
  const { body: { report_id } } = await postJson(`${service.url}/trigger_report`, {});
  const paths = [
    `/api/export/status/${job_id}`,
    `/api/export/status/${job_id.toUpperCase()}`,
    `/get_report/${report_id}/`,
    `/get_report/${report_id}`,
  ];
  const answers = await Promise.all(
    paths.map((path) => askJson(service.url + path, { headers: wait(30) })),
  );
  assertEquals(
    answers.map(({ body }) => body.status),
    ["completed", "completed", "Complete", "Complete"],
  );
  for (const { headers } of answers) assertEquals(headers.get("preference-applied"), "wait=30");
});

Deno.test("a repeated request with the same key and a wait answers with the job of the first", async () => {
  await using service = await startTestService();
  await importText(service.url, "123", UPLOAD_HEADER + minuteLines(0, 20));
  const key = { "idempotency-key": "k" };
  const first = await postExport(service.url, TEN_MINUTES, { ...key, ...wait(30) });
  const again = await postExport(service.url, TEN_MINUTES, { ...key, ...wait(30) });
  assertEquals([again.status, again.body], [200, first.body]);
  // Without a wait the answer stays that of the contract, whatever the state of the job.
  const plain = await postExport(service.url, TEN_MINUTES, key);
  assertEquals(plain.body, {
    job_id: first.body.job_id,
    status: "pending",
    message: "Export job created successfully",
  });
});

Deno.test("a wait for a job that is not there ends at once", async () => {
  await using service = await startTestService({ role: "api" });
  const startedMs = performance.now();
  const none = await askJson(`${service.url}/api/export/status/${crypto.randomUUID()}`, {
    headers: wait(30),
  });
  assertEquals([none.status, none.body.status], [200, "not_found"]);
  const noReport = await askJson(`${service.url}/get_report/${crypto.randomUUID()}/`, {
    headers: wait(30),
  });
  assertEquals(noReport.body.code, "REPORT_NOT_FOUND");
  assert(performance.now() - startedMs < 2_000);
});

Deno.test("an export that fails ends the wait with its error", async () => {
  await using service = await startTestService();
  const { status, body } = await postExport(service.url, { smart_meter_id: "999" }, wait(30));
  assertEquals([status, body.status, body.error.code], [200, "failed", "SMART_METER_NOT_FOUND"]);
});

Deno.test("a client that goes away ends its wait", async () => {
  await using service = await startTestService({ role: "api" });
  const controller = new AbortController();
  const request = fetch(`${service.url}/api/export/csv`, {
    method: "POST",
    headers: { "content-type": "application/json", ...wait(60) },
    body: JSON.stringify(EXAMPLE),
    signal: controller.signal,
  }).catch(() => "gone");
  await new Promise((resolve) => setTimeout(resolve, 300));
  const isAnswered = () =>
    service.logged.some(({ event, fields }) =>
      event === "request" && fields?.path === "/api/export/csv"
    );
  assertEquals(isAnswered(), false);
  controller.abort();
  assertEquals(await request, "gone");
  await until(() => Promise.resolve(isAnswered()), 5_000);
});

Deno.test("a service that stops answers those who wait at once", async () => {
  const service = await startTestService({ role: "api" });
  const answers = Array.from({ length: 50 }, () => postExport(service.url, {}, wait(60)));
  await new Promise((resolve) => setTimeout(resolve, 500));
  const startedMs = performance.now();
  await service[Symbol.asyncDispose]();
  const statuses = (await Promise.all(answers)).map(({ body }) => body.status);
  assertEquals(statuses, Array(50).fill("pending"));
  assert(performance.now() - startedMs < 3_000);
});
