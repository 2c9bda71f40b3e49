import { gzipSync } from "node:zlib";
import { assert, assertEquals } from "../../support/assert.ts";
import { askJson, importText, type JsonAnswer, startTestService } from "../../support/service.ts";
import { holdUpload } from "./held_upload.ts";
import { minuteLines, minuteText, UPLOAD_HEADER } from "./meter_csv.ts";

const CSV = { "content-type": "text/csv" };
const PATH = "/api/meters/123/readings";

/** Asks for the meter until an answer is as expected. */
async function askUntil(
  url: string,
  isWanted: (answer: JsonAnswer) => boolean,
): Promise<JsonAnswer["body"]> {
  const endMs = Date.now() + 20_000;
  for (;;) {
    const answer = await askJson(`${url}/api/meters/123`);
    if (isWanted(answer)) return answer.body;
    assert(Date.now() < endMs, `the meter stays at ${JSON.stringify(answer.body)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Whether the first running import received so many bytes. */
function received(bytes: number): (answer: JsonAnswer) => boolean {
  return ({ body }) => body.imports?.[0]?.bytes_received === bytes;
}

Deno.test("GET /api/meters/{id} shows a running import from its first byte to its end", async () => {
  const nowMs = Date.UTC(2024, 4, 1);
  await using service = await startTestService({ role: "api", now: () => nowMs });
  const text = UPLOAD_HEADER + "bad\n" + minuteLines(0, 3);
  const headers = { ...CSV, "content-length": String(2 * text.length) };
  using upload = await holdUpload(service.url, PATH, headers);
  const fresh = {
    started_at: "2024-05-01T00:00:00Z",
    dry_run: false,
    received: 0,
    inserted: 0,
    updated: 0,
    unchanged: 0,
    repeated: 0,
    rejected: 0,
    bytes_received: 0,
    bytes_total: 2 * text.length,
    percent: 0,
  };
  const plain = { profile: "meter", label: null, timezone: null };
  const none = {
    smart_meter_id: "123",
    ...plain,
    count: 0,
    first_reading: null,
    last_reading: null,
  };
  assertEquals(await askUntil(service.url, ({ status }) => status === 200), {
    ...none,
    imports: [fresh],
  });
  await upload.send(text);
  const half = { ...fresh, bytes_received: text.length, percent: 50 };
  // Readings count once they are stored, rejects at once; bytes count a moment before.
  const isRead = (answer: JsonAnswer) =>
    received(text.length)(answer) && answer.body.imports[0].received > 0;
  assertEquals(await askUntil(service.url, isRead), {
    ...none,
    imports: [{ ...half, received: 1, rejected: 1 }],
  });
  await upload.send(minuteLines(3, 1).padEnd(text.length, "\n"));
  const { status, body } = await upload.answer();
  assertEquals([status, body.inserted, body.rejected], [200, 4, 1]);
  assertEquals((await askJson(`${service.url}/api/meters/123`)).body, {
    smart_meter_id: "123",
    ...plain,
    count: 4,
    first_reading: minuteText(0),
    last_reading: minuteText(3),
    imports: [],
  });
});

Deno.test("a running import shows what it has stored", async () => {
  await using service = await startTestService({ role: "api" });
  const text = UPLOAD_HEADER + minuteLines(0, 40_000);
  const headers = { ...CSV, "content-length": String(text.length + 1) };
  using upload = await holdUpload(service.url, PATH, headers);
  await upload.send(text);
  const body = await askUntil(
    service.url,
    ({ body }) => body.count > 0 && body.imports[0].inserted === body.count,
  );
  assert(body.count < 40_000, "the rest is stored at the end");
  assertEquals(body.last_reading, minuteText(body.count - 1));
  await upload.send("\n");
  assertEquals((await upload.answer()).body.inserted, 40_000);
});

Deno.test("the bytes of a gzip import are the compressed ones; without a length there is no percentage", async () => {
  await using service = await startTestService({ role: "api" });
  const file = new Uint8Array(gzipSync(UPLOAD_HEADER + minuteLines(0, 1_000)));
  const half = file.subarray(0, file.length >> 1);
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>>();
  const asked = askJson(service.url + PATH, {
    method: "POST",
    headers: { ...CSV, "content-encoding": "gzip" },
    body: readable,
  });
  const writer = writable.getWriter();
  await writer.write(half);
  const { imports } = await askUntil(service.url, received(half.length));
  assertEquals([imports[0].bytes_total, imports[0].percent], [null, null]);
  await writer.write(file.subarray(half.length));
  await writer.close();
  assertEquals((await asked).body.inserted, 1_000);
});

Deno.test("every running import of a meter is shown, and those of others are not", async () => {
  await using service = await startTestService({ role: "api" });
  const headers = { ...CSV, "content-length": "100000" };
  using _first = await holdUpload(service.url, PATH, headers);
  await askUntil(service.url, ({ body }) => body.imports?.length === 1);
  using _second = await holdUpload(service.url, `${PATH}?dry_run=true`, headers);
  const { imports } = await askUntil(service.url, ({ body }) => body.imports?.length === 2);
  assertEquals(imports.map(({ dry_run }: { dry_run: boolean }) => dry_run), [false, true]);
  assertEquals((await askJson(`${service.url}/api/meters/1234`)).status, 404);
  const { body } = await askJson(`${service.url}/api/meters`);
  assertEquals(body, { meters: [], next: null }, "a meter without readings is not listed");
});

Deno.test("an import that breaks off is no longer shown, and what was stored stays", async () => {
  await using service = await startTestService({ role: "api" });
  await importText(service.url, "123", UPLOAD_HEADER + minuteLines(0, 2));
  const text = UPLOAD_HEADER + minuteLines(2, 3);
  const headers = { ...CSV, "content-length": String(text.length + 1_000) };
  using upload = await holdUpload(service.url, PATH, headers);
  await upload.send(text);
  await askUntil(service.url, received(text.length));
  upload.cut();
  const body = await askUntil(service.url, ({ body }) => body.imports.length === 0);
  assertEquals([body.count, body.last_reading], [2, minuteText(1)]);
  assert(
    service.logged.some(({ event, level }) => event === "import cut short" && level === "warn"),
  );
  assertEquals(service.logged.filter(({ level }) => level === "error"), []);
});

Deno.test("an import that is refused in the middle of its body is no longer shown", async () => {
  await using service = await startTestService({ role: "api" });
  const headers = { "content-type": "application/json", "content-length": "100000" };
  using upload = await holdUpload(service.url, PATH, headers);
  await upload.send('[{"timestamp":"2024-01-01T00:00:00Z","power_kw":1}{');
  const { status, body } = await upload.answer();
  assertEquals([status, body.code], [400, "MALFORMED_BODY"]);
  assertEquals((await askJson(`${service.url}/api/meters/123`)).status, 404);
});

Deno.test("bytes beyond the announced length of a body are not part of it", async () => {
  await using service = await startTestService({ role: "api" });
  const text = UPLOAD_HEADER + minuteLines(0, 1);
  const headers = { ...CSV, "content-length": String(text.length) };
  using upload = await holdUpload(service.url, PATH, headers);
  await upload.send(text + minuteLines(1, 1));
  assertEquals((await upload.answer()).body.inserted, 1);
  assertEquals((await askJson(`${service.url}/api/meters/123`)).body.last_reading, minuteText(0));
});
