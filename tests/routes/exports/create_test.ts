import { assert, assertEquals, assertMatch, assertNotEquals } from "../../support/assert.ts";
import { askJson, importText, startTestService, waitForEnd } from "../../support/service.ts";
import { createTestApp } from "../app_fixture.ts";
import { EXAMPLE, NOW_MS, postExport, TEN_MINUTES } from "./export_example.ts";
import { minuteLines, UPLOAD_HEADER } from "../meters/meter_csv.ts";
import { assertProblem } from "../problem_assert.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

Deno.test("POST /api/export/csv answers with a job id and queues the job once", async () => {
  await using service = await startTestService();
  await importText(service.url, "123", UPLOAD_HEADER + minuteLines(0, 5));
  const { status, headers, body } = await postExport(service.url);
  assertEquals(status, 200);
  assertMatch(body.job_id, UUID);
  assertEquals(body, {
    job_id: body.job_id,
    status: "pending",
    message: "Export job created successfully",
  });
  assertEquals(headers.get("content-type"), "application/json");
  assertEquals(headers.get("location"), `/api/export/status/${body.job_id}`);
  assertEquals(headers.get("preference-applied"), null);
  assertEquals((await waitForEnd(service.url, body.job_id)).status, "completed");
  // The wake-up of the queue arrives up to 100 ms after the commit. It must not run the job again.
  await new Promise((resolve) => setTimeout(resolve, 300));
  const runs = service.logged.filter(({ event }) => event === "job run ended");
  assertEquals(runs.map(({ fields }) => fields?.jobId), [body.job_id]);
  assertEquals(Array.from(Deno.readDirSync(service.folder)).length, 1);
});

Deno.test("the Location of a new job leads to its status", async () => {
  await using service = await startTestService({ role: "api" });
  const { headers, body } = await postExport(service.url);
  const status = await askJson(new URL(headers.get("location") ?? "", service.url).href);
  assertEquals(status.body.job_id, body.job_id);
});

Deno.test("POST /api/export/csv accepts an unknown meter with a warning", async () => {
  await using service = await startTestService({ role: "api" });
  await importText(service.url, "123", UPLOAD_HEADER + minuteLines(0, 5));
  const { status, body } = await postExport(service.url, { smart_meter_id: "999" });
  assertEquals(status, 200);
  assertEquals(body, {
    job_id: body.job_id,
    status: "pending",
    message: "Export job created successfully",
    warnings: ["Smart meter '999' has no readings"],
  });
  assertEquals("warnings" in (await postExport(service.url)).body, false);
});

// RFC 7240 §2: a list, names in any case, parameters; an empty value counts as no value.
for (
  const prefer of [
    "respond-async",
    "Respond-Async",
    "handling=lenient, respond-async",
    "respond-async; why=later, return=minimal",
    'respond-async=""',
    'note="a, b", respond-async',
  ]
) {
  Deno.test(`Prefer: ${prefer} is answered with 202`, async () => {
    await using service = await startTestService({ role: "api" });
    await importText(service.url, "123", UPLOAD_HEADER + minuteLines(0, 5));
    const { status, headers, body } = await postExport(service.url, {}, { prefer });
    assertEquals(status, 202);
    assertEquals(headers.get("preference-applied"), "respond-async");
    assertMatch(headers.get("retry-after") ?? "", /^[1-9]\d*$/);
    assertEquals(headers.get("location"), `/api/export/status/${body.job_id}`);
    assertEquals(body, {
      job_id: body.job_id,
      status: "pending",
      message: "Export job created successfully",
    });
  });
}

Deno.test("Prefer: respond-async counts in the second of two Prefer lines", async () => {
  const { app } = createTestApp();
  const headers = new Headers({ "content-type": "application/json", prefer: "return=minimal" });
  headers.append("prefer", "respond-async");
  const body = JSON.stringify(EXAMPLE);
  const response = await app.request("/api/export/csv", { method: "POST", headers, body });
  assertEquals(response.status, 202);
});

for (
  const prefer of [
    "return=minimal, handling=lenient",
    "respond-asynchronously",
    "x=respond-async",
    'note="x, respond-async, y"',
  ]
) {
  Deno.test(`Prefer: ${prefer} changes nothing`, async () => {
    await using service = await startTestService({ role: "api" });
    const { status, headers } = await postExport(service.url, {}, { prefer });
    assertEquals(status, 200);
    assertEquals(headers.get("preference-applied"), null);
  });
}

Deno.test("the same request with the same Idempotency-Key returns the same job", async () => {
  await using service = await startTestService({ role: "api" });
  const key = { "idempotency-key": "order-7" };
  const first = await postExport(service.url, {}, key);
  const again = await postExport(service.url, {}, key);
  // The same times in another notation are the same request.
  const offsets = await postExport(service.url, {
    start_datetime: "2024-01-01T02:00:00+02:00",
    end_datetime: "2024-02-01T00:59:59+01:00",
  }, key);
  assertEquals([again.status, again.body], [200, first.body]);
  assertEquals(again.headers.get("location"), `/api/export/status/${first.body.job_id}`);
  assertEquals(offsets.body.job_id, first.body.job_id);
});

Deno.test("a retry of an export until now is the same request, one of another period is not", async () => {
  await using service = await startTestService({ role: "api" });
  const create = (period: string) =>
    askJson(`${service.url}/api/exports`, {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": "order-7" },
      body: JSON.stringify({ smart_meter_id: "123", period }),
    });
  const first = await create("today");
  // The period ends now, so it ends later for the retry.
  await new Promise((resolve) => setTimeout(resolve, 5));
  const again = await create("today");
  assertEquals([again.status, again.body], [200, first.body]);
  assertEquals((await create("yesterday")).status, 422);
});

Deno.test("ten concurrent requests with one Idempotency-Key create one job", async () => {
  await using service = await startTestService({ role: "api" });
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => postExport(service.url, {}, { "idempotency-key": "k" })),
  );
  assertEquals(answers.map(({ status }) => status), Array(10).fill(200));
  assertEquals(new Set(answers.map(({ body }) => body.job_id)).size, 1);
});

for (
  const [what, changes] of Object.entries({
    meter: { smart_meter_id: "124" },
    start: { start_datetime: "2024-01-01T00:00:01Z" },
    end: { end_datetime: "2024-01-31T23:59:58Z" },
  })
) {
  Deno.test(`an Idempotency-Key that is reused for another ${what} is refused`, async () => {
    await using service = await startTestService({ role: "api" });
    const key = { "idempotency-key": "order-7" };
    await postExport(service.url, {}, key);
    assertProblem(await postExport(service.url, changes, key), {
      status: 422,
      code: "IDEMPOTENCY_KEY_REUSED",
      detail: /Idempotency-Key/,
    });
  });
}

Deno.test("another Idempotency-Key, or none, creates another job", async () => {
  await using service = await startTestService({ role: "api" });
  const answers = await Promise.all([
    postExport(service.url, {}, { "idempotency-key": "a" }),
    postExport(service.url, {}, { "idempotency-key": "b" }),
    postExport(service.url),
    postExport(service.url),
  ]);
  assertEquals(new Set(answers.map(({ body }) => body.job_id)).size, 4);
});

Deno.test("a refused request does not use up its Idempotency-Key", async () => {
  await using service = await startTestService({ role: "api" });
  const key = { "idempotency-key": "order-7" };
  const refused = await postExport(service.url, { format: "xml" }, key);
  assertEquals(refused.status, 400);
  assertEquals((await postExport(service.url, TEN_MINUTES, key)).status, 200);
});

for (
  const [what, key] of Object.entries({
    "of 256 characters": "k".repeat(256),
    "that is empty": "",
    "beyond ASCII": "sch\u00f6n",
  })
) {
  Deno.test(`an Idempotency-Key ${what} is refused`, async () => {
    await using service = await startTestService({ role: "api" });
    assertProblem(await postExport(service.url, {}, { "idempotency-key": key }), {
      status: 400,
      code: "INVALID_REQUEST",
      detail: "Idempotency-Key must be 1 to 255 printable ASCII characters",
      errors: [[
        "#idempotency-key",
        "Idempotency-Key must be 1 to 255 printable ASCII characters",
      ]],
    });
  });
}

Deno.test("an Idempotency-Key of 255 characters is accepted", async () => {
  await using service = await startTestService({ role: "api" });
  const key = { "idempotency-key": "k".repeat(255) };
  const [first, again] = [
    await postExport(service.url, {}, key),
    await postExport(service.url, {}, key),
  ];
  assertEquals([first.status, again.body.job_id], [200, first.body.job_id]);
});

Deno.test("an Idempotency-Key is free again once the record of its job is deleted", async () => {
  let nowMs = NOW_MS;
  await using service = await startTestService({ now: () => nowMs });
  const key = { "idempotency-key": "order-7" };
  const { body } = await postExport(service.url, {}, key);
  await waitForEnd(service.url, body.job_id);
  nowMs += 86_400_000;
  const endMs = Date.now() + 5_000;
  while (!service.logged.some(({ event }) => event === "job record deleted")) {
    assert(Date.now() < endMs, "the record is still there");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const other = await postExport(service.url, TEN_MINUTES, key);
  assertEquals(other.status, 200);
  assertNotEquals(other.body.job_id, body.job_id);
});
