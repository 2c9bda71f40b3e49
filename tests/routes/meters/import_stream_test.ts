import { setImmediate } from "node:timers";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { askJson, type JsonAnswer, startTestService } from "../../support/service.ts";
import { createTestApp } from "../app_fixture.ts";
import { minuteStream, minuteText } from "./meter_csv.ts";
import { assertProblem, jsonAnswer } from "../problem_assert.ts";

const CSV_TYPE = { "content-type": "text/csv" };

Deno.test("200,000 lines are imported as a stream", async () => {
  await using service = await startTestService({ role: "api" });
  const { body } = await importStream(service.url, minuteStream(200_000));
  assertEquals(body, {
    smart_meter_id: "123",
    dry_run: false,
    received: 200_000,
    inserted: 200_000,
    updated: 0,
    unchanged: 0,
    repeated: 0,
    rejected: 0,
    rejects: [],
    repeats: [],
    ambiguous: 0,
    gaps: 0,
    resets: 0,
    rollovers: 0,
    jumps: 0,
    breaks: [],
    ignored_columns: [],
    left_out: [],
    preamble: [],
  });
  const { body: meter } = await askJson(`${service.url}/api/meters/123`);
  assertEquals([meter.count, meter.last_reading], [200_000, minuteText(199_999)]);
});

Deno.test("two simultaneous imports of one meter are both stored whole", async () => {
  await using service = await startTestService({ role: "api" });
  const answers = await Promise.all([
    importStream(service.url, minuteStream(50_000)),
    importStream(service.url, minuteStream(40_000)),
  ]);
  const inserted = answers.map(({ body }) => body.inserted).reduce((sum, count) => sum + count);
  const unchanged = answers.map(({ body }) => body.unchanged).reduce((sum, count) => sum + count);
  assertEquals([inserted, unchanged], [50_000, 40_000]);
});

Deno.test("an upload that breaks off keeps what was stored and can be completed", async () => {
  await using service = await startTestService({ role: "api" });
  const count = 80_000;
  const broken = minuteStream(60_000).pipeThrough(
    new TransformStream({
      async flush() {
        await untilStored(service.url);
        throw new Error("the client is gone");
      },
    }),
  );
  await assertRejects(() => importStream(service.url, broken));
  const { body: meter } = await askJson(`${service.url}/api/meters/123`);
  assert(meter.count < 60_000, "the upload did not break off before all was stored");
  // The stored readings are a beginning of the file.
  assertEquals(meter.last_reading, minuteText(meter.count - 1));
  const { body } = await importStream(service.url, minuteStream(count));
  assertEquals([body.received, body.inserted + body.unchanged], [count, count]);
  assert(body.unchanged >= meter.count, "some of what was stored is gone");
  const whole = await askJson(`${service.url}/api/meters/123`);
  assertEquals([whole.body.count, whole.body.last_reading], [count, minuteText(count - 1)]);
});

Deno.test("a client whose upload breaks off gets an answer if it still listens", async () => {
  const { app, logged } = createTestApp();
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      controller.error(new Error("connection reset"));
    },
  });
  const init = { method: "POST", headers: CSV_TYPE, body };
  assertProblem(await jsonAnswer(await app.request("/api/meters/123/readings", init)), {
    status: 400,
    code: "MALFORMED_BODY",
    detail: "The upload broke off",
  });
  // It is not an error of the service.
  assertEquals(logged.filter(({ level }) => level === "error"), []);
});

Deno.test("an upload that has arrived completely gives others a turn after each chunk", async () => {
  const { app } = createTestApp();
  const chunks = 50;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (let index = 0; index < chunks; index++) {
        const line = `{"timestamp":"${minuteText(index)}","power_kw":1}\n`;
        controller.enqueue(new TextEncoder().encode(line));
      }
      controller.close();
    },
  });
  let isOver = false, turns = 0;
  const answer = Promise.resolve(app.request("/api/meters/123/readings", {
    method: "POST",
    headers: { "content-type": "application/x-ndjson" },
    body,
  }));
  answer.then(() => isOver = true);
  while (!isOver) {
    await new Promise((resolve) => setImmediate(resolve));
    turns++;
  }
  assertEquals((await jsonAnswer(await answer)).body.inserted, chunks);
  assert(turns >= chunks, `${turns} turns in ${chunks} chunks`);
});

function importStream(
  url: string,
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
): Promise<JsonAnswer> {
  return askJson(`${url}/api/meters/123/readings`, { method: "POST", headers: CSV_TYPE, body });
}

/** Waits until the first batch of readings is stored. */
async function untilStored(url: string): Promise<void> {
  const endMs = Date.now() + 10_000;
  for (;;) {
    const { status, body } = await askJson(`${url}/api/meters/123`);
    // A meter whose first import is running has no readings at first.
    if (status === 200 && body.count > 0) return;
    assert(Date.now() < endMs, "nothing of a long upload is stored before its end");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
