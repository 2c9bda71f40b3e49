import { watchHealth } from "../bench/health_client.ts";
import { readPeakMb } from "../bench/peak_memory.ts";
import { assert, assertEquals, assertLess } from "../support/assert.ts";
import { type ServiceProcess, startProcess } from "../support/process.ts";
import { openRequest } from "../support/raw_request.ts";
import { askJson, exportToEnd, type JsonAnswer } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { type Progress, type UploadWatch, watchUpload } from "../support/upload_watch.ts";
import { amount, isThorough } from "../support/thorough.ts";
import {
  CHUNK_RECORDS,
  countWrong,
  fileRows,
  postUpload,
  timeOf,
  uploadChunks,
  uploadHeaders,
  type UploadPlan,
  uploadStream,
} from "../support/uploads.ts";

const MINUTE_MS = 60_000;
const DAY_RECORDS = 1440;
/** Records of the watched uploads. */
const RECORDS = amount({ quick: 250_000, thorough: 500_000 });
/**
 * How far a client may be ahead of the bytes that arrived. Deno 2.9 keeps everything in memory that it
 * has read and we have not; a client that waits leaves it little to keep.
 */
const AHEAD_BYTES = 16_000_000;
/**
 * How much more memory 5 million lines may take than 1 million, MB. In 15 runs they took 4 to 24
 * more; all in memory they would take 214 as text, and 220 as pages of readings.
 */
const GROWTH_MB = 80;

Deno.test({
  name: "5 million lines go in exactly, with memory that hardly grows, while /health is answered",
  ignore: !isThorough,
  fn: importFiveMillion,
});

async function importFiveMillion(): Promise<void> {
  await using folder = await makeTempFolder();
  await using service = await startProcess(folder.path, {});
  await importCounted(service, "m1", { form: "csv", records: 1_000_000, stepMs: MINUTE_MS });
  const afterOneMb = await readPeakMb(service.pid);
  const plan: UploadPlan = { form: "csv", records: 5_000_000, stepMs: MINUTE_MS };
  const health = watchHealth(service.url, 50);
  await importCounted(service, "m5", plan);
  const answersMs = await health.stop();
  assert(answersMs.length > 0);
  assertLess(Math.max(...answersMs), 5_000);
  const afterFiveMb = await readPeakMb(service.pid);
  if (afterOneMb !== null && afterFiveMb !== null) {
    assertLess(afterFiveMb - afterOneMb, GROWTH_MB);
  }
  await assertDays(service, "m5", plan, 3_000);
  await assertLogged(service, [1_000_000, 5_000_000]);
}

for (
  const { name, isGzip, plan } of [
    {
      name: "seconds as CSV in gzip",
      isGzip: true,
      plan: { form: "csv", records: RECORDS, stepMs: 1000 },
    },
    {
      name: "minutes as NDJSON",
      isGzip: false,
      plan: { form: "ndjson", records: RECORDS, stepMs: MINUTE_MS },
    },
  ] satisfies { name: string; isGzip: boolean; plan: UploadPlan }[]
) {
  Deno.test(`${RECORDS} ${name} are imported exactly, and can be watched`, async () => {
    await using folder = await makeTempFolder();
    await using service = await startProcess(folder.path, {});
    const meterUrl = `${service.url}/api/meters/m1`;
    const watch = watchUpload(meterUrl);
    const body = uploadStream(plan, (chunk) => holdHalfway(watch, plan, chunk));
    const report = await postUpload(meterUrl, plan.form, { body, isGzip });
    assertReport(report, plan);
    assertGrowing(await watch.stop());
    await assertMeter(service, "m1", plan);
    await assertDays(service, "m1", plan, 0);
    await assertLogged(service, [plan.records]);
  });
}

/** Holds an upload in the middle until a fifth of it has arrived. */
async function holdHalfway(
  watch: UploadWatch,
  { records }: UploadPlan,
  chunk: number,
): Promise<void> {
  if (chunk !== records / CHUNK_RECORDS / 2) return;
  await watch.until(({ received }) => received >= records / 5);
}

/** Sends an upload with a known length, and checks everything that is said about it. */
async function importCounted(
  service: ServiceProcess,
  id: string,
  plan: UploadPlan,
): Promise<void> {
  const meterUrl = `${service.url}/api/meters/${id}`;
  let length = 0;
  for (const chunk of uploadChunks(plan)) length += chunk.length;
  using request = await openRequest(`${meterUrl}/readings`, {
    ...uploadHeaders(plan.form, false),
    "content-length": String(length),
  });
  const watch = watchUpload(meterUrl);
  let sent = 0;
  for (const chunk of uploadChunks(plan)) {
    await request.send(chunk);
    sent += chunk.length;
    if (sent > AHEAD_BYTES) {
      await watch.until((progress) => progress.bytes_received > sent - AHEAD_BYTES);
    }
  }
  assertReport(await request.answer(), plan);
  assertGrowing(await watch.stop());
  await assertMeter(service, id, plan);
}

/** Checks the report of an upload: every 1009th record, from line 1010 on, is wrong. */
function assertReport(
  { status, body }: Pick<JsonAnswer, "status" | "body">,
  { records }: UploadPlan,
): void {
  const { received, inserted, updated, unchanged, rejected, rejects } = body;
  const wrong = countWrong(records);
  assertEquals(
    { status, received, inserted, updated, unchanged, rejected, listed: rejects.length },
    {
      status: 200,
      received: records,
      inserted: records - wrong,
      updated: 0,
      unchanged: 0,
      rejected: wrong,
      listed: 100,
    },
  );
}

function assertGrowing(progress: readonly Progress[]): void {
  assert(progress.length > 0, "the import was never shown");
  for (let index = 1; index < progress.length; index++) {
    const before = progress[index - 1], now = progress[index];
    const grows = now.received >= before.received && now.bytes_received >= before.bytes_received &&
      (now.percent ?? 0) >= (before.percent ?? 0);
    assert(grows, `${JSON.stringify(before)} before ${JSON.stringify(now)}`);
  }
}

async function assertMeter(
  { url }: ServiceProcess,
  id: string,
  plan: UploadPlan,
): Promise<void> {
  const { body } = await askJson(`${url}/api/meters/${id}`);
  assertEquals(body, {
    smart_meter_id: id,
    profile: "meter",
    timezone: null,
    label: null,
    count: plan.records - countWrong(plan.records),
    first_reading: timeOf(plan, 0),
    last_reading: timeOf(plan, plan.records - 1),
    imports: [],
  });
}

/** Checks the rows of a day, in which wrong records are missing. */
async function assertDays(
  { url }: ServiceProcess,
  id: string,
  plan: UploadPlan,
  day: number,
): Promise<void> {
  const from = day * DAY_RECORDS;
  const to = from + 2 * DAY_RECORDS;
  assert(countWrong(to) - countWrong(from) >= 1, "the range has no wrong record");
  const status = await exportToEnd(url, {
    smart_meter_id: id,
    start_datetime: timeOf(plan, from),
    end_datetime: timeOf(plan, to - 1),
  });
  const file = await (await fetch(`${url}${status.file_info.download_url}`)).text();
  assertEquals(file.slice(file.indexOf("\n") + 1), fileRows(plan, id, { from, to }));
}

/** Stops the service and checks what it logged about the imports. */
async function assertLogged(service: ServiceProcess, records: number[]): Promise<void> {
  service.kill("SIGTERM");
  assertEquals(await service.ended, 0, service.output());
  const ended = service.output().split("\n").filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line)).filter(({ event }) => event === "import ended");
  assertEquals(ended.map(({ received }) => received), records);
  for (const { perSecond } of ended) assert(perSecond > 0);
}
