import type { JobRecord } from "../../../jobs/engine/jobs.ts";
import {
  cancelled,
  claimed,
  extended,
  failed,
  requeued,
  retried,
} from "../../../jobs/engine/transitions.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import {
  askJson,
  exportToEnd,
  importText,
  type JsonAnswer,
  startTestService,
  waitForEnd,
} from "../../support/service.ts";
import { appWithJob, exportJob, JOB_ID } from "../app_fixture.ts";
import { EXAMPLE, NOW_MS, postExport, TEN_MINUTES } from "./export_example.ts";
import { minuteLines, UPLOAD_HEADER } from "../meters/meter_csv.ts";
import { jsonAnswer } from "../problem_assert.ts";

/** `NOW_MS` as text. */
const NOW = "2024-06-01T12:00:00.789Z";

async function statusOf(job: JobRecord, nowMs = NOW_MS): Promise<JsonAnswer["body"]> {
  const { app } = appWithJob(job, { now: () => nowMs });
  const { status, body } = await jsonAnswer(await app.request(`/api/export/status/${JOB_ID}`));
  assertEquals(status, 200);
  return body;
}

Deno.test("a job that is not running yet is pending and queued", async () => {
  await using service = await startTestService({ role: "api", now: () => NOW_MS });
  const { body: { job_id } } = await postExport(service.url);
  const { status, headers, body } = await askJson(`${service.url}/api/export/status/${job_id}`);
  assertEquals(status, 200);
  assertEquals(headers.get("cache-control"), "no-store");
  assertMatch(headers.get("retry-after") ?? "", /^[1-9]\d*$/);
  assertEquals(body, {
    job_id,
    status: "pending",
    message: "Job is being processed",
    created_at: NOW,
    updated_at: NOW,
    progress: { phase: "queued", rows_done: 0, rows_total: null, percent: 0, attempt: 1 },
  });
});

Deno.test("a running job is pending and shows its progress", async () => {
  const running = claimed(exportJob(), "owner", NOW_MS + 1_000);
  const progress = { done: 11_160, total: 44_640, percent: 25 };
  assertEquals(await statusOf(extended(running, NOW_MS + 2_000, progress)), {
    job_id: JOB_ID,
    status: "pending",
    message: "Job is being processed",
    created_at: NOW,
    updated_at: "2024-06-01T12:00:02.789Z",
    progress: { phase: "running", rows_done: 11_160, rows_total: 44_640, percent: 25, attempt: 1 },
  });
});

Deno.test("a job that waits for its second attempt is queued again", async () => {
  const running = claimed(exportJob(), "owner", NOW_MS);
  const { status, progress } = await statusOf(retried(running, NOW_MS, NOW_MS + 500));
  assertEquals([status, progress.phase, progress.attempt], ["pending", "queued", 2]);
});

Deno.test("a job that was requeued is queued again, with the same attempt", async () => {
  const running = claimed(exportJob(), "owner", NOW_MS);
  const { status, progress } = await statusOf(requeued(running, NOW_MS, NOW_MS + 1));
  assertEquals([status, progress.phase, progress.attempt], ["pending", "queued", 1]);
});

Deno.test("a job that waits for its turn completes later", async () => {
  await using service = await startTestService({ workerConcurrency: 1 });
  await importText(service.url, "123", UPLOAD_HEADER + minuteLines(0, 20_000));
  const posted = await Promise.all(Array.from({ length: 10 }, () => postExport(service.url)));
  const ids: string[] = posted.map(({ body }) => body.job_id);
  const first = await Promise.all(
    ids.map((id) => askJson(`${service.url}/api/export/status/${id}`)),
  );
  const running = first.filter(({ body }) => body.progress?.phase === "running");
  const queued = first.filter(({ body }) => body.progress?.phase === "queued");
  assert(running.length <= 1, `${running.length} run though there is one slot`);
  assert(queued.length > 0, "ten exports of 20,000 readings ended before the first look");
  const last = await Promise.all(ids.map((id) => waitForEnd(service.url, id)));
  assertEquals(last.map(({ status }) => status), Array(10).fill("completed"));
});

Deno.test("a completed job describes its file", async () => {
  await using service = await startTestService({ now: () => NOW_MS });
  await importText(service.url, "123", UPLOAD_HEADER + "2024-01-01T00:00:00Z,0.5,30,230,130.4\n");
  const body = await exportToEnd(service.url, EXAMPLE);
  const text = "timestamp,smart_meter_id,energy_kwh,power_kw,voltage_v,current_a\n" +
    "2024-01-01T00:00:00Z,123,0.5,30,230,130.4\n";
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  assertEquals(body, {
    job_id: body.job_id,
    status: "completed",
    message: "Export completed successfully",
    created_at: NOW,
    updated_at: NOW,
    file_info: {
      filename: "smart_meter_123_20240101_20240131.csv",
      download_url: `/api/export/download/${body.job_id}`,
      file_size_bytes: text.length,
      record_count: 1,
      sha256: new Uint8Array(digest).toHex(),
      // The test service keeps files for an hour.
      expires_at: "2024-06-01T13:00:00.789Z",
      missing_intervals: null,
      export_period: { start: "2024-01-01T00:00:00Z", end: "2024-01-31T23:59:59Z" },
    },
  });
});

Deno.test("period and file name are in UTC, whatever the offsets of the request", async () => {
  await using service = await startTestService();
  await importText(service.url, "123", UPLOAD_HEADER + minuteLines(0, 1));
  const { file_info } = await exportToEnd(service.url, {
    smart_meter_id: "123",
    start_datetime: "2024-01-01T00:30:00+02:00",
    end_datetime: "2024-01-31T22:30:00.250-02:00",
  });
  assertEquals(file_info.filename, "smart_meter_123_20231231_20240201.csv");
  assertEquals(file_info.export_period, {
    start: "2023-12-31T22:30:00Z",
    end: "2024-02-01T00:30:00.250Z",
  });
});

/** Minutes with a reading, of the 11 minutes in a range of ten minutes with both ends. */
const GAPS: [minutes: number[], missing: number | null][] = [
  [[], null],
  [[4], null],
  [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0],
  // 3 and 4 in the middle, 6 to 10 at the end.
  [[0, 1, 2, 5], 7],
  // 0 and 1 at the beginning.
  [[2, 3, 4, 5, 6, 7, 8, 9, 10], 2],
  // The usual interval is two minutes; 6 is missing.
  [[0, 2, 4, 8, 10], 1],
];

for (const [minutes, missing] of GAPS) {
  Deno.test(`missing_intervals is ${missing} with minutes ${minutes} of 0 to 10`, async () => {
    await using service = await startTestService();
    // A reading after the range makes the meter known. It must not count.
    const lines = [...minutes, 20].map((minute) => minuteLines(minute, 1)).join("");
    await importText(service.url, "123", UPLOAD_HEADER + lines);
    const { file_info } = await exportToEnd(service.url, TEN_MINUTES);
    assertEquals(file_info.record_count, minutes.length);
    assertEquals(file_info.missing_intervals, missing);
  });
}

Deno.test("an export of an unknown meter fails with SMART_METER_NOT_FOUND", async () => {
  await using service = await startTestService({ now: () => NOW_MS });
  const body = await exportToEnd(service.url, { ...EXAMPLE, smart_meter_id: "999" });
  assertEquals(body, {
    job_id: body.job_id,
    status: "failed",
    message: "Export failed",
    created_at: NOW,
    updated_at: NOW,
    error: {
      code: "SMART_METER_NOT_FOUND",
      message: "Smart meter with ID '999' not found",
      details: "The specified smart meter does not exist in the system",
    },
  });
});

Deno.test("a missing file store fails an export with its code, without internals", async () => {
  await using service = await startTestService();
  await importText(service.url, "123", UPLOAD_HEADER + minuteLines(0, 5));
  await Deno.remove(service.folder, { recursive: true });
  await Deno.writeTextFile(service.folder, "");
  const body = await exportToEnd(service.url, EXAMPLE);
  assertEquals([body.status, body.error.code], ["failed", "STORAGE_UNAVAILABLE"]);
  assertEquals(/\/tmp|ENOTDIR|openwatts_/i.exec(JSON.stringify(body)), null);
});

Deno.test("a failed job shows the error of its record and nothing else", async () => {
  const error = { code: "EXPORT_FAILED", message: "It could not be done", details: "See the log" };
  const job = failed(claimed(exportJob(), "owner", NOW_MS), NOW_MS, { error, keptUntilMs: 0 });
  const body = await statusOf(job);
  assertEquals([body.status, body.message, body.error], ["failed", "Export failed", error]);
});

Deno.test("a cancelled job is shown as failed, because clients know no other word", async () => {
  const body = await statusOf(cancelled(exportJob(), NOW_MS, NOW_MS + 1));
  assertEquals([body.status, body.message], ["failed", "Export failed"]);
  assertEquals(body.error.code, "EXPORT_CANCELLED");
});

for (
  const [what, id] of Object.entries({
    "without a job": "00000000-0000-4000-8000-000000000000",
    "that is not a UUID": "42",
    "of 5,000 characters": "x".repeat(5_000),
    "with quotes and symbols": "'\"<b>&\u00e4\u20ac",
    "like a path": "../../etc/passwd",
    "that is a NUL": "\0",
  })
) {
  Deno.test(`the status of an id ${what} is not_found`, async () => {
    await using service = await startTestService({ role: "api" });
    const url = `${service.url}/api/export/status/${encodeURIComponent(id)}`;
    const { status, body } = await askJson(url);
    assertEquals(status, 200);
    assertEquals(body, { status: "not_found", message: `Job with ID '${id}' not found` });
  });
}

Deno.test("the status of an id with an invalid percent encoding is not_found", async () => {
  await using service = await startTestService({ role: "api" });
  const { status, body } = await askJson(`${service.url}/api/export/status/%E0%A4%A`);
  assertEquals([status, body.status], [200, "not_found"]);
});

Deno.test("a job of another kind is not found as an export", async () => {
  assertEquals(await statusOf(exportJob("report")), {
    status: "not_found",
    message: `Job with ID '${JOB_ID}' not found`,
  });
});
