import { assert, assertEquals } from "../support/assert.ts";
import { DEMO_RANGES } from "../support/exports.ts";
import { ask, fetchOpenApi } from "../support/openapi.ts";
import { pause, startProcess } from "../support/process.ts";
import { askJson, postJson } from "../support/service.ts";
import { askUntil } from "../support/telemetry.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { until } from "../support/until.ts";

const HEADER = "timestamp,power_kw\n";

Deno.test("SIGTERM answers waiting requests at once, and the job survives", async () => {
  await using folder = await makeTempFolder();
  await using service = await startProcess(folder.path, { ROLE: "api", STOP_GRACE_SECONDS: "60" });
  const waiting = Array.from({ length: 3 }, () =>
    postJson(
      `${service.url}/api/export/csv`,
      { ...DEMO_RANGES[1], format: "csv" },
      { prefer: "wait=60" },
    ));
  await askUntil(`${service.url}/api/exports`, ({ exports }) => exports.length === 3);
  // Accepted a moment before their requests wait.
  await pause(200);
  const startedMs = Date.now();
  service.kill("SIGTERM");
  const answers = await Promise.all(waiting);
  assertEquals(answers.map(({ body }) => body.status), ["pending", "pending", "pending"]);
  assertEquals(await service.ended, 0, service.output());
  // Neither the wait nor the grace, which are 60 s, was over.
  assert(Date.now() - startedMs < 45_000);
  await using next = await startProcess(folder.path, { DEMO_DATA: "true" });
  for (const { body } of answers) {
    const status = await askJson(`${next.url}/api/export/status/${body.job_id}`, {
      headers: { prefer: "wait=60" },
    });
    assertEquals(status.body.status, "completed");
  }
});

Deno.test("a service that stops finishes a running upload and answers new requests with 503", async () => {
  await using folder = await makeTempFolder();
  await using service = await startProcess(folder.path, {});
  const api = await fetchOpenApi(service.url);
  const { readable, writable } = new TransformStream<string, string>();
  const answer = askJson(`${service.url}/api/meters/m1/readings`, {
    method: "POST",
    headers: { "content-type": "text/csv" },
    body: readable.pipeThrough(new TextEncoderStream()),
  });
  const writer = writable.getWriter();
  await writer.write(`${HEADER}2024-01-01T00:00:00Z,1\n`);
  await pause(200);
  service.kill("SIGTERM");
  let refused = await ask(`${service.url}/health`);
  // A busy machine delivers the signal later.
  await until(async () => {
    if (refused.status === 200) refused = await ask(`${service.url}/health`);
    return refused.status !== 200;
  });
  assertEquals([refused.status, JSON.parse(refused.text).code], [503, "SERVICE_STOPPING"]);
  api.assertAllowed("getHealth", refused);
  assertEquals(refused.headers.get("x-content-type-options"), "nosniff");
  assertEquals(refused.headers.get("x-frame-options"), "DENY");
  await writer.write("2024-01-01T00:01:00Z,2\n");
  await writer.close();
  const { status, body } = await answer;
  assertEquals([status, body.inserted], [200, 2]);
  assertEquals(await service.ended, 0, service.output());
});
