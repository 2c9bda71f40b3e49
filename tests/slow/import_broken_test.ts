import { assert, assertEquals } from "../support/assert.ts";
import { type Environment, pause, type ServiceProcess, startProcess } from "../support/process.ts";
import { openRequest, type RawRequest } from "../support/raw_request.ts";
import { askJson, exportToEnd, type JsonAnswer } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { FEWER_KILL_ROUNDS } from "../support/thorough.ts";
import {
  countWrong,
  fileRows,
  indexOfRight,
  timeOf,
  uploadChunks,
  uploadHeaders,
  type UploadPlan,
} from "../support/uploads.ts";
import { FILE_HEADER } from "../routes/meters/meter_csv.ts";

/** 180,000 minutes are 125 days: several batches, and one export. */
const PLAN = { records: 180_000, stepMs: 60_000 };
const KINDS = [
  { name: "CSV", isGzip: false, plan: { ...PLAN, form: "csv" } },
  { name: "gzip CSV", isGzip: true, plan: { ...PLAN, form: "csv" } },
  { name: "NDJSON", isGzip: false, plan: { ...PLAN, form: "ndjson" } },
] satisfies { name: string; isGzip: boolean; plan: UploadPlan }[];
type Kind = typeof KINDS[number];

for (const kind of KINDS) {
  const { name, plan } = kind;

  Deno.test(`${name} that is cut off in the middle leaves a beginning; sent again it is whole`, async () => {
    await using folder = await makeTempFolder();
    await using service = await startProcess(folder.path, {});
    const bytes = await bytesOf(kind);
    {
      using upload = await beginUpload(service, kind, bytes);
      await upload.send(bytes.subarray(0, Math.floor(bytes.length * (0.6 + Math.random() * 0.3))));
      await untilMeter(service, ({ body }) => body.count > 0);
    }
    await untilMeter(service, ({ body }) => body.imports.length === 0);
    const count = await assertBeginning(service, plan);
    assert(count > 0 && count < rightOf(plan), `${count} readings are stored`);
    await assertCompleted(service, kind, bytes);
    assertEquals(await logged(service, "import cut short"), 1);
  });

  Deno.test(`${name} amid kill -9 leaves a beginning, ${FEWER_KILL_ROUNDS} rounds; sent again it is whole`, async () => {
    await using folder = await makeTempFolder();
    const bytes = await bytesOf(kind);
    let least = 0;
    for (let round = 1; round <= FEWER_KILL_ROUNDS; round++) {
      await using service = await startProcess(folder.path, {});
      const count = await assertBeginning(service, plan);
      assert(count >= least, `${least} readings were stored, of which ${count} are there`);
      using upload = await beginUpload(service, kind, bytes);
      // Usually the service is gone before the end, and nobody reads the bytes.
      const sending = upload.send(bytes).catch(() => {});
      await pause(Math.random() * 300);
      least = (await askMeter(service)).body.count ?? 0;
      service.kill("SIGKILL");
      await Promise.all([service.ended, sending]);
    }
    await using service = await startProcess(folder.path, {});
    assert(await assertBeginning(service, plan) >= least);
    await assertCompleted(service, kind, bytes);
  });
}

Deno.test("a gzip upload that is running at SIGTERM is stored whole", async () => {
  await using folder = await makeTempFolder();
  const kind = KINDS[1];
  const bytes = await bytesOf(kind);
  {
    await using service = await startProcess(folder.path, {});
    using upload = await beginUpload(service, kind, bytes);
    const half = Math.floor(bytes.length / 2);
    await upload.send(bytes.subarray(0, half));
    await untilMeter(service, ({ body }) => body.count > 0);
    service.kill("SIGTERM");
    while ((await askJson(`${service.url}/health`)).status !== 503) await pause(5);
    await upload.send(bytes.subarray(half));
    const { status, body } = await upload.answer();
    assertEquals([status, body.inserted], [200, rightOf(kind.plan)]);
    assertEquals(await service.ended, 0, service.output());
  }
  await using service = await startProcess(folder.path, {});
  assertEquals(await assertBeginning(service, kind.plan), rightOf(kind.plan));
});

// Deno 2.9 sends the 100 itself, before it calls us; the client must not have to wait for the answer.
Deno.test("a wrong upload with Expect: 100-continue is answered before any of its body", async () => {
  await using folder = await makeTempFolder();
  await using service = await startProcess(folder.path, {});
  const address = `${service.url}/api/meters/m1/readings`;
  const expect = { expect: "100-continue", "content-length": "1000000" };
  using wrongType = await openRequest(address, { ...expect, "content-type": "text/plain" });
  assertEquals((await wrongType.answer()).status, 415);
  using wrongQuery = await openRequest(`${address}?x=1`, { ...expect, "content-type": "text/csv" });
  assertEquals((await wrongQuery.answer()).status, 400);
});

Deno.test("a right upload with Expect: 100-continue is asked for its body", async () => {
  await using folder = await makeTempFolder();
  await using service = await startProcess(folder.path, {});
  const body = new TextEncoder().encode("timestamp,power_kw\n2024-01-01T00:00:00Z,1\n");
  using upload = await openRequest(`${service.url}/api/meters/m1/readings`, {
    expect: "100-continue",
    "content-type": "text/csv",
    "content-length": String(body.length),
  });
  await upload.until("HTTP/1.1 100 Continue\r\n\r\n");
  await upload.send(body);
  const answer = await upload.answer();
  assertEquals([answer.status, answer.body.inserted], [200, 1]);
});

async function bytesOf({ plan, isGzip }: Kind): Promise<Uint8Array> {
  const text = new Blob([...uploadChunks(plan)]).stream();
  const body = isGzip ? text.pipeThrough(new CompressionStream("gzip")) : text;
  return await new Response(body).bytes();
}

function beginUpload(
  { url }: ServiceProcess,
  { plan, isGzip }: Kind,
  bytes: Uint8Array,
): Promise<RawRequest> {
  const headers: Environment = {
    ...uploadHeaders(plan.form, isGzip),
    "content-length": String(bytes.length),
  };
  return openRequest(`${url}/api/meters/m1/readings`, headers);
}

function rightOf({ records }: UploadPlan): number {
  return records - countWrong(records);
}

function askMeter({ url }: ServiceProcess): Promise<JsonAnswer> {
  return askJson(`${url}/api/meters/m1`);
}

async function untilMeter(
  service: ServiceProcess,
  isThere: (answer: JsonAnswer) => boolean,
): Promise<void> {
  const endMs = Date.now() + 20_000;
  for (;;) {
    const answer = await askMeter(service);
    if (answer.status === 200 && isThere(answer)) return;
    assert(Date.now() < endMs, `the meter stays ${JSON.stringify(answer.body)}`);
    await pause(5);
  }
}

/** Fails unless the meter has a beginning of the upload in every respect; returns its readings. */
async function assertBeginning(service: ServiceProcess, plan: UploadPlan): Promise<number> {
  const { status, body: meter } = await askMeter(service);
  const { body: { meters } } = await askJson(`${service.url}/api/meters`);
  if (status === 404) {
    assertEquals(meters, []);
    return 0;
  }
  const { imports, ...listed } = meter;
  const last = indexOfRight(meter.count - 1);
  assertEquals([imports, meters], [[], [listed]]);
  assertEquals([meter.first_reading, meter.last_reading], [timeOf(plan, 0), timeOf(plan, last)]);
  const status2 = await exportToEnd(service.url, {
    smart_meter_id: "m1",
    start_datetime: timeOf(plan, 0),
    end_datetime: timeOf(plan, plan.records),
  });
  const rows = fileRows(plan, "m1", { from: 0, to: last + 1 });
  assertEquals(status2.file_info.sha256, await sha256(FILE_HEADER + rows));
  return meter.count;
}

/** Sends the whole upload and fails unless all of it is stored then, each reading once. */
async function assertCompleted(
  service: ServiceProcess,
  kind: Kind,
  bytes: Uint8Array,
): Promise<void> {
  const before = (await askMeter(service)).body.count ?? 0;
  using upload = await beginUpload(service, kind, bytes);
  await upload.send(bytes);
  const { status, body } = await upload.answer();
  const right = rightOf(kind.plan);
  assertEquals(
    [status, body.received, body.inserted, body.updated, body.unchanged],
    [200, kind.plan.records, right - before, 0, before],
  );
  assertEquals(await assertBeginning(service, kind.plan), right);
}

async function logged(service: ServiceProcess, event: string): Promise<number> {
  service.kill("SIGTERM");
  assertEquals(await service.ended, 0, service.output());
  return service.output().split(`"event":"${event}"`).length - 1;
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(digest).toHex();
}
