import { readPeakMb } from "../bench/peak_memory.ts";
import { assert, assertEquals, assertLess } from "../support/assert.ts";
import { pause, type ServiceProcess, startProcess } from "../support/process.ts";
import { openRequest, type RawRequest } from "../support/raw_request.ts";
import { askJson, exportToEnd, importText, type JsonAnswer } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import {
  CHUNK_RECORDS,
  countWrong,
  fileRows,
  postUpload,
  timeOf,
  uploadHeaders,
  type UploadPlan,
  uploadStream,
} from "../support/uploads.ts";

const HEADER = "timestamp,power_kw\n";
/** Bytes of {@link lineOf}. */
const LINE_LENGTH = 23;
const LINES = 3;
const SLOW_CLIENTS = 100;
/**
 * How much memory a waiting upload may take, MB. In ten runs it was 0.38 to 0.43, and 0.81 when each
 * began with room for a whole batch.
 */
const HELD_MB = 0.6;

Deno.test(`${SLOW_CLIENTS} slow uploads take little memory, delay nobody and are stored whole`, async () => {
  await using folder = await makeTempFolder();
  await using service = await startProcess(folder.path, {});
  await importText(service.url, "other", HEADER + lineOf(0));
  const before = await readPeakMb(service.pid);
  using stack = new DisposableStack();
  const uploads: RawRequest[] = [];
  for (let index = 0; index < SLOW_CLIENTS; index++) {
    uploads.push(stack.use(await openSlow(service, index)));
  }
  for (let line = 0; line < LINES - 1; line++) {
    for (const upload of uploads) await upload.send(bytesOf(lineOf(line)));
    await untilReceived(service, HEADER.length + LINE_LENGTH * (line + 1));
    const { body } = await importText(service.url, "other", HEADER + lineOf(line + 1));
    assertEquals(body.inserted, 1);
  }
  const after = await readPeakMb(service.pid);
  if (before !== null && after !== null) assertLess((after - before) / SLOW_CLIENTS, HELD_MB);
  for (const upload of uploads) {
    await upload.send(bytesOf(lineOf(LINES - 1)));
    const { status, body } = await upload.answer();
    assertEquals([status, body.inserted], [200, LINES]);
  }
});

Deno.test("two simultaneous uploads to one meter, CSV and NDJSON, store each reading once", async () => {
  await using folder = await makeTempFolder();
  await using service = await startProcess(folder.path, {});
  const meterUrl = `${service.url}/api/meters/m1`;
  const plan = { form: "csv", records: 100_000, stepMs: 60_000 } satisfies UploadPlan;
  const areBoth = untilImports(meterUrl, 2);
  const send = (form: UploadPlan["form"]) => {
    const half = plan.records / CHUNK_RECORDS / 2;
    const hold = (chunk: number) => chunk === half ? areBoth : Promise.resolve();
    return postUpload(meterUrl, form, { body: uploadStream({ ...plan, form }, hold) });
  };
  const reports = (await Promise.all([send("csv"), send("ndjson")])).map(({ body }) => body);
  const right = plan.records - countWrong(plan.records);
  assertEquals(sumOf(reports, "inserted"), right);
  assertEquals(sumOf(reports, "updated"), 0);
  assertEquals(sumOf(reports, "unchanged"), right);
  const status = await exportToEnd(service.url, {
    smart_meter_id: "m1",
    start_datetime: timeOf(plan, 0),
    end_datetime: timeOf(plan, plan.records),
  });
  const file = await (await fetch(`${service.url}${status.file_info.download_url}`)).text();
  const rows = fileRows(plan, "m1", { from: 0, to: plan.records });
  assert(file.slice(file.indexOf("\n") + 1) === rows, "the file is not what was sent");
  await untilImports(meterUrl, 0);
});

Deno.test("uploads whose clients never finish do not keep the service from stopping", async () => {
  await using folder = await makeTempFolder();
  await using service = await startProcess(folder.path, {});
  using stack = new DisposableStack();
  const forms = [["csv", false], ["csv", true], ["ndjson", false], ["ndjson", true]] as const;
  for (const [form, isGzip] of forms) {
    const address = `${service.url}/api/meters/m1/readings`;
    const headers = { ...uploadHeaders(form, isGzip), "content-length": "1000000" };
    const upload = stack.use(await openRequest(address, headers));
    // The beginning of gzip (RFC 1952 §2.3), or of a line.
    await upload.send(isGzip ? Uint8Array.of(31, 139, 8, 0, 0, 0, 0, 0, 0, 255) : bytesOf("ti"));
  }
  await untilImports(`${service.url}/api/meters/m1`, forms.length);
  const startedMs = Date.now();
  service.kill("SIGTERM");
  assertEquals(await service.ended, 0, service.output());
  assertLess(Date.now() - startedMs, 15_000);
});

/** Starts an upload of some lines without sending any. */
async function openSlow({ url }: ServiceProcess, index: number): Promise<RawRequest> {
  const upload = await openRequest(`${url}/api/meters/slow${index}/readings`, {
    ...uploadHeaders("csv", false),
    "content-length": String(HEADER.length + LINES * LINE_LENGTH),
  });
  await upload.send(bytesOf(HEADER));
  return upload;
}

function lineOf(minute: number): string {
  return `2024-01-01T00:0${minute}:00Z,1\n`;
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function sumOf(reports: readonly JsonAnswer["body"][], name: string): number {
  return reports.reduce((sum, report) => sum + report[name], 0);
}

/** Waits until so many bytes of each slow upload have arrived. */
async function untilReceived({ url }: ServiceProcess, bytes: number): Promise<void> {
  for (let index = 0; index < SLOW_CLIENTS; index++) {
    await untilMeter(
      `${url}/api/meters/slow${index}`,
      ({ imports }) => imports?.[0]?.bytes_received === bytes,
    );
  }
}

async function untilImports(meterUrl: string, count: number): Promise<void> {
  await untilMeter(meterUrl, ({ imports }) => imports?.length === count);
}

async function untilMeter(
  meterUrl: string,
  isThere: (meter: JsonAnswer["body"]) => boolean,
): Promise<void> {
  const endMs = Date.now() + 20_000;
  for (;;) {
    const { body } = await askJson(meterUrl);
    if (isThere(body)) return;
    assert(Date.now() < endMs, `the meter stays ${JSON.stringify(body)}`);
    await pause(5);
  }
}
