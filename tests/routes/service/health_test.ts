import config from "../../../deno.json" with { type: "json" };
import { AppError } from "../../../data/app_error.ts";
import type { ReadyChecks } from "../../../routes/service/health.ts";
import { assertEquals, assertMatch } from "../../support/assert.ts";
import { askJson, type JsonAnswer, startTestService } from "../../support/service.ts";
import { createTestApp } from "../app_fixture.ts";
import { NOW_MS } from "../exports/export_example.ts";
import { jsonAnswer } from "../problem_assert.ts";

Deno.test("GET /health answers with the release and the time", async () => {
  await using service = await startTestService({ now: () => NOW_MS });
  const { status, headers, body } = await askJson(`${service.url}/health`);
  assertEquals(status, 200);
  assertEquals(headers.get("content-type"), "application/json");
  assertEquals(body, {
    status: "healthy",
    version: config.version,
    timestamp: "2024-06-01T12:00:00.789Z",
    name: "openwatts",
    message: "ready for queries and writes",
  });
});

Deno.test("HEAD /health has no body", async () => {
  await using service = await startTestService({ role: "api" });
  const { status, body } = await askJson(`${service.url}/health`, { method: "HEAD" });
  assertEquals([status, body], [200, null]);
});

Deno.test("GET /health stays healthy while the file store is gone", async () => {
  await using service = await startTestService({ role: "api" });
  await replaceByFile(service.folder);
  assertEquals((await askJson(`${service.url}/health`)).status, 200);
});

Deno.test("GET /ready answers that all parts work", async () => {
  await using service = await startTestService();
  const { status, headers, body } = await untilWorkerRuns(service.url);
  assertEquals(status, 200);
  assertEquals(headers.get("cache-control"), "no-store");
  assertEquals(body, {
    ready: true,
    checks: { kv: true, file_store: true, worker_running: true },
  });
  assertEquals(Array.from(Deno.readDirSync(service.folder)), []);
});

Deno.test("a service without a worker anywhere is not ready and says why", async () => {
  await using service = await startTestService({ role: "api" });
  const { status, body } = await askJson(`${service.url}/ready`);
  assertEquals(status, 503);
  assertEquals([body.ready, body.checks], [
    false,
    { kv: true, file_store: true, worker_running: false },
  ]);
  assertMatch(body.reason, /^worker_running: \w/);
});

Deno.test("a file store that is gone makes the service not ready, until it is back", async () => {
  await using service = await startTestService();
  await untilWorkerRuns(service.url);
  await replaceByFile(service.folder);
  const { status, body } = await askJson(`${service.url}/ready`);
  assertEquals(status, 503);
  assertEquals([body.ready, body.checks], [
    false,
    { kv: true, file_store: false, worker_running: true },
  ]);
  assertMatch(body.reason, /^file_store: \w/);
  assertEquals(body.reason.includes(service.folder), false);
  await Deno.remove(service.folder);
  await Deno.mkdir(service.folder);
  assertEquals((await askJson(`${service.url}/ready`)).status, 200);
});

Deno.test("a part that fails unexpectedly is reported without internals", async () => {
  const kv = () => Promise.reject(new Error("SQLITE_BUSY at /var/lib/secret"));
  const { status, body } = await askReady({ kv });
  assertEquals(status, 503);
  assertEquals(body, {
    ready: false,
    checks: { kv: false, file_store: true, worker_running: true },
    reason: "kv: does not answer",
  });
});

Deno.test("every part that fails is named", async () => {
  const full = new AppError("STORAGE_FULL", "The file store has no room left");
  const none = new AppError("WORKER_NOT_RUNNING", "no process runs jobs");
  const { body } = await askReady({
    file_store: () => Promise.reject(full),
    worker_running: () => Promise.reject(none),
  });
  assertEquals(body, {
    ready: false,
    checks: { kv: true, file_store: false, worker_running: false },
    reason: "file_store: The file store has no room left; worker_running: no process runs jobs",
  });
});

Deno.test("a destination that hangs is reported and does not delay the answer", async () => {
  const works = () => Promise.resolve();
  const continuous = {
    checkpoint_store_connected: works,
    destinationName: "s3_accessible",
    destination: () => new Promise<void>(() => {}),
    isDestinationRequired: false,
  } as const;
  const { status, body } = await askReady({ continuous });
  const checks = { kv: true, file_store: true, worker_running: true };
  assertEquals([status, body], [200, {
    ready: true,
    checks: { ...checks, checkpoint_store_connected: true, s3_accessible: false },
    reason: "s3_accessible: no answer within 1.5 s",
  }]);
});

Deno.test("one check of the parts serves all who ask at the same time, and for two seconds", async () => {
  let checks = 0, elapsedMs = 0;
  const ready = {
    kv: () => Promise.resolve(),
    async file_store() {
      checks++;
      await Promise.resolve();
      if (checks === 2) throw new AppError("STORAGE_FULL", "full");
    },
    worker_running: () => Promise.resolve(),
    continuous: null,
  };
  const { app } = createTestApp({ ready, elapsedMs: () => elapsedMs });
  const ask = async () => (await jsonAnswer(await app.request("/ready"))).status;
  assertEquals(await Promise.all([ask(), ask(), ask()]), [200, 200, 200]);
  elapsedMs = 1_999;
  assertEquals([await ask(), checks], [200, 1]);
  elapsedMs = 2_000;
  assertEquals([await ask(), await ask(), checks], [503, 503, 2]);
  elapsedMs = 4_000;
  assertEquals([await ask(), checks], [200, 3]);
});

async function askReady(changes: Partial<ReadyChecks>): Promise<JsonAnswer> {
  const works = () => Promise.resolve();
  const ready = {
    kv: works,
    file_store: works,
    worker_running: works,
    continuous: null,
    ...changes,
  };
  return await jsonAnswer(await createTestApp({ ready }).app.request("/ready"));
}

/** The first answer after the first scan of the worker, which starts with it. */
async function untilWorkerRuns(url: string): Promise<JsonAnswer> {
  const endMs = Date.now() + 5_000;
  for (;;) {
    const answer = await askJson(`${url}/ready`);
    if (answer.status === 200 || Date.now() > endMs) return answer;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Replaces a folder by a file, as an example of a store that can be neither read nor written. */
async function replaceByFile(folder: string): Promise<void> {
  await Deno.remove(folder, { recursive: true });
  await Deno.writeTextFile(folder, "");
}
