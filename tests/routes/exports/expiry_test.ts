import { assert, assertEquals } from "../../support/assert.ts";
import {
  askJson,
  exportToEnd,
  importText,
  startTestService,
  type TestService,
} from "../../support/service.ts";
import { EXAMPLE, NOW_MS } from "./export_example.ts";
import { minuteLines, UPLOAD_HEADER } from "../meters/meter_csv.ts";
import { assertProblem } from "../problem_assert.ts";

/** How long the test service keeps files and records, milliseconds. */
const FILE_KEPT_MS = 3_600_000;
const RECORD_KEPT_MS = 86_400_000;

/** A service with one completed export and a clock that the test moves. */
async function finishedExport(): Promise<{
  service: TestService;
  clock: { nowMs: number };
  jobId: string;
}> {
  const clock = { nowMs: NOW_MS };
  const service = await startTestService({ now: () => clock.nowMs });
  await importText(service.url, "123", UPLOAD_HEADER + minuteLines(0, 5));
  const { job_id: jobId } = await exportToEnd(service.url, EXAMPLE);
  return { service, clock, jobId };
}

async function eventually(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = Date.now() + 5_000;
  while (!await isSo()) {
    assert(Date.now() < endMs, `not within seconds: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function files({ folder }: TestService): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => name);
}

Deno.test("a file is served until the last millisecond of its retention", async () => {
  const { service, clock, jobId } = await finishedExport();
  await using _ = service;
  clock.nowMs += FILE_KEPT_MS - 1;
  const { body } = await askJson(`${service.url}/api/export/status/${jobId}`);
  assertEquals(body.status, "completed");
  const file = await fetch(`${service.url}/api/export/download/${jobId}`);
  assertEquals([file.status, (await file.text()).length], [200, body.file_info.file_size_bytes]);
});

Deno.test("after its retention time a file is expired at once and deleted soon", async () => {
  const { service, clock, jobId } = await finishedExport();
  await using _ = service;
  assertEquals(files(service).length, 1);
  clock.nowMs += FILE_KEPT_MS;
  const { status, body } = await askJson(`${service.url}/api/export/status/${jobId}`);
  assertEquals(status, 200);
  assertEquals(body, {
    job_id: jobId,
    status: "expired",
    message: "Export file has expired",
    created_at: body.created_at,
    updated_at: body.updated_at,
  });
  assertProblem(await askJson(`${service.url}/api/export/download/${jobId}`), {
    status: 410,
    code: "EXPORT_EXPIRED",
    detail: "Export file has expired",
  });
  await eventually("the file is deleted", () => files(service).length === 0);
  const later = await askJson(`${service.url}/api/export/status/${jobId}`);
  assertEquals([later.body.status, later.body.created_at], ["expired", "2024-06-01T12:00:00.789Z"]);
  const gone = await askJson(`${service.url}/api/export/download/${jobId}`);
  assertEquals(gone.status, 410);
});

Deno.test("after its retention time the record of a job is deleted, and so is its file", async () => {
  const { service, clock, jobId } = await finishedExport();
  await using _ = service;
  // An expired job stays readable for at least a day, whatever the retention of records.
  clock.nowMs += RECORD_KEPT_MS + FILE_KEPT_MS;
  await eventually("the record is deleted", async () => {
    const { body } = await askJson(`${service.url}/api/export/status/${jobId}`);
    return body.status === "not_found";
  });
  assertEquals(files(service), []);
  assertProblem(await askJson(`${service.url}/api/export/download/${jobId}`), {
    status: 404,
    code: "JOB_NOT_FOUND",
    detail: `Job with ID '${jobId}' not found`,
  });
});

Deno.test("the record of a failed export is deleted after its retention time, too", async () => {
  const clock = { nowMs: NOW_MS };
  await using service = await startTestService({ now: () => clock.nowMs });
  const { job_id, status } = await exportToEnd(service.url, EXAMPLE);
  assertEquals(status, "failed");
  clock.nowMs += RECORD_KEPT_MS;
  await eventually("the record is deleted", async () => {
    const { body } = await askJson(`${service.url}/api/export/status/${job_id}`);
    return body.status === "not_found";
  });
});
