import { assert, assertEquals } from "../support/assert.ts";
import {
  type CollectedSpan,
  type OtlpCollector,
  startOtlpCollector,
} from "../support/otlp_collector.ts";
import { pause, startProcess } from "../support/process.ts";
import { startS3Double } from "../support/s3_double.ts";
import { importText, postJson, waitForEnd } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { message, postTelemetry } from "../support/telemetry.ts";
import { EXAMPLE } from "../routes/exports/export_example.ts";

/** Waits until a span of this name has arrived that passes. */
async function spanOf(
  { spans }: OtlpCollector,
  name: string,
  passes: (span: CollectedSpan) => boolean = () => true,
): Promise<CollectedSpan> {
  for (let tries = 0; tries < 300; tries++) {
    const found = spans.find((span) => span.name === name && passes(span));
    if (found !== undefined) return found;
    await pause(100);
  }
  const names = [...new Set(spans.map((span) => span.name))].join(", ");
  throw new Error(`No span ${name} arrived, only ${names}`);
}

Deno.test("with OTEL_DENO=true a request, its job, the attempt and its S3 calls are one trace", async () => {
  await using collector = startOtlpCollector();
  await using s3 = startS3Double();
  await using folder = await makeTempFolder();
  const { endpoint, credentials } = s3.access;
  assert(credentials.kind === "keys", "the double has a key of its own");
  await fetch(`${endpoint}/exports`, { method: "PUT", headers: s3Headers() }).then((answer) =>
    answer.text()
  );
  await using service = await startProcess(folder.path, {
    ...collector.env,
    LOG_LEVEL: "debug",
    FILE_STORE: "s3://exports/files",
    S3_ENDPOINT: String(endpoint),
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  });
  const { url } = service;
  await importText(url, "123", "timestamp,power_kw\n2024-01-01T00:00:00Z,1\n");
  const { body } = await postJson(`${url}/api/export/csv?secret=word`, EXAMPLE);
  await waitForEnd(url, body.job_id);

  const request = await spanOf(collector, "POST /api/export/csv");
  assertEquals([request.kind, request.parentSpanId], [2, ""]);
  assertEquals(request.attributes["http.route"], "/api/export/csv");
  assert(!JSON.stringify(request).includes("secret=word"), JSON.stringify(request));
  const job = await spanOf(collector, "job meter_export");
  assertEquals([job.traceId, job.parentSpanId, job.kind], [request.traceId, request.spanId, 4]);
  assertEquals(job.attributes["openwatts.job.id"], body.job_id);
  const attempt = await spanOf(collector, "job meter_export attempt");
  assertEquals([attempt.traceId, attempt.parentSpanId, attempt.kind], [
    request.traceId,
    job.spanId,
    5,
  ]);
  assertEquals(attempt.attributes["openwatts.job.state"], "completed");
  const put = await spanOf(
    collector,
    "S3 PUT",
    ({ parentSpanId }) => parentSpanId === attempt.spanId,
  );
  assertEquals([put.traceId, put.kind], [request.traceId, 3]);
  assertEquals(put.attributes["aws.s3.bucket"], "exports");

  await postTelemetry(url, message({ timestamp: new Date().toISOString() }));
  const sent = await spanOf(collector, "POST /telemetry");
  const commit = await spanOf(collector, "kv commit", ({ links }) => links.length > 0);
  assertEquals(commit.parentSpanId, "");
  assertEquals(commit.links.map(({ traceId, spanId }) => [traceId, spanId]), [
    [sent.traceId, sent.spanId],
  ]);

  const started = collector.logs.find(({ body }) => body.includes('"event":"started"'));
  assertEquals(started?.severity, "INFO");
  const logged = collector.logs.find(({ body }) =>
    body.includes('"event":"request"') && body.includes("/api/export/csv")
  );
  assertEquals([logged?.severity, logged?.traceId], ["DEBUG", request.traceId]);
  assert(logged?.body.includes(`"traceId":"${request.traceId}"`), logged?.body);
});

Deno.test("a request that a stopping service refuses leaves no secrets of its address in its span", async () => {
  await using collector = startOtlpCollector();
  await using folder = await makeTempFolder();
  await using service = await startProcess(folder.path, { ...collector.env, LOG_LEVEL: "debug" });
  const { url } = service;
  // An upload that has not ended holds the stop up.
  let sent: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({ start: (controller) => void (sent = controller) });
  const headers = { "content-type": "text/csv" };
  const upload = fetch(`${url}/api/meters/1/readings`, { method: "POST", headers, body });
  sent!.enqueue(new TextEncoder().encode("timestamp,power_kw\n"));
  while (!service.output().includes("/health")) await fetch(`${url}/health`).then(done);
  service.kill("SIGTERM");
  const refused = `${url}/download_report/1?signature=word`;
  while (await fetch(refused).then(done) !== 503) await pause(20);
  sent!.close();
  await upload.then(done);
  await service.ended;
  const span = await spanOf(collector, "GET");
  assertEquals(span.attributes["url.full"], `${url}/download_report/1`);
  assertEquals(span.attributes["url.query"], "");
  assert(!JSON.stringify(collector.spans).includes("signature=word"));
});

/** The status of an answer, whose body is read. */
async function done(answer: Response): Promise<number> {
  await answer.body?.cancel();
  return answer.status;
}

Deno.test("without OTEL_DENO nothing is sent, and log records name no trace", async () => {
  await using collector = startOtlpCollector();
  await using folder = await makeTempFolder();
  const { OTEL_DENO: _, ...env } = collector.env;
  await using service = await startProcess(folder.path, { ...env, LOG_LEVEL: "debug" });
  await postTelemetry(service.url, message({ timestamp: new Date().toISOString() }));
  service.kill("SIGTERM");
  await service.ended;
  assertEquals([collector.spans.length, collector.logs.length], [0, 0]);
  assert(service.output().includes('"requestId"'), service.output());
  assert(!service.output().includes("traceId"), service.output());
});

/** What the double needs to make a bucket: its key, and the digest of an empty body. */
function s3Headers(): Record<string, string> {
  return {
    authorization: "AWS4-HMAC-SHA256 Credential=double/x",
    "x-amz-content-sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  };
}
