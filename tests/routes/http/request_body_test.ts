import { gzipSync } from "node:zlib";
import { assert, assertEquals } from "../../support/assert.ts";
import { openRequest, type RawRequest } from "../../support/raw_request.ts";
import { startTestService, TEST_SETTINGS } from "../../support/service.ts";

const { limits } = TEST_SETTINGS;
const CSV = { "content-type": "text/csv" };
const HEADER = "timestamp,power_kw\n";
const LINE = "2024-01-01T00:00:00Z,1\n";
const encoder = new TextEncoder();

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** Text as a chunk of a body (RFC 9112 §7.1). */
function chunkOf(text: string): Uint8Array {
  return bytesOf(`${bytesOf(text).length.toString(16)}\r\n${text}\r\n`);
}

function post(url: string, body: BodyInit, headers: Record<string, string> = CSV) {
  return fetch(url, { method: "POST", headers, body });
}

async function codeOf(response: Response): Promise<[number, string]> {
  return [response.status, (await response.json()).code];
}

/** Waits until an upload of the meter has this many bytes. */
async function untilReceived(url: string, bytes: number): Promise<void> {
  for (;;) {
    const { imports } = await (await fetch(`${url}/api/meters/m1`)).json();
    if (imports?.some((one: { bytes_received: number }) => one.bytes_received === bytes)) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function openUpload(url: string, headers: Record<string, string>): Promise<RawRequest> {
  return openRequest(`${url}/api/meters/m1/readings`, { ...CSV, ...headers });
}

Deno.test("with MAX_UPLOADS running, another upload gets 503 and Retry-After; other requests do not", async () => {
  await using service = await startTestService({ limits: { ...limits, maxUploads: 1 } });
  const { url } = service;
  const length = { "content-length": String(HEADER.length + LINE.length) };
  {
    using upload = await openUpload(url, length);
    await upload.send(bytesOf(HEADER));
    await untilReceived(url, HEADER.length);
    const paths = [
      "/api/meters/m2/readings",
      "/api/readings",
      "/api/readings/inspect",
      "/stores/status",
    ];
    for (const path of paths) {
      const refused = await post(`${url}${path}`, HEADER + LINE);
      assertEquals([path, refused.headers.get("retry-after")], [path, "5"]);
      assertEquals([path, ...await codeOf(refused)], [path, 503, "TOO_MANY_UPLOADS"]);
    }
    // A short body is no upload.
    const lines = await post(`${url}/api/v2/write?precision=s`, "weather,host=h1 t=1 1704067200");
    assertEquals([lines.status, await lines.text()], [204, ""]);
    await upload.send(bytesOf(LINE));
    assertEquals((await upload.answer()).status, 200);
  }
  const again = await post(`${url}/api/meters/m2/readings`, HEADER + LINE);
  assertEquals([again.status, (await again.json()).inserted], [200, 1]);
});

/** The answer to a body over HTTP/2, which needs neither a length nor a transfer coding. */
async function postHttp2(url: string, body: BodyInit): Promise<[number, string]> {
  using client = Deno.createHttpClient({ http1: false, http2: true });
  const headers = { "content-type": "application/x-ndjson" };
  const response = await fetch(url, { method: "POST", headers, body, client });
  return [response.status, await response.text()];
}

Deno.test("telemetry and lines take a place over HTTP/2 without a length, and compressed", async () => {
  await using service = await startTestService({ limits: { ...limits, maxUploads: 1 } });
  const { url } = service;
  using upload = await openUpload(url, { "content-length": "1000" });
  await upload.send(bytesOf(HEADER));
  await untilReceived(url, HEADER.length);
  const gzip = { "content-type": "application/x-ndjson", "content-encoding": "gzip" };
  const packed = new Uint8Array(gzipSync(LINE.repeat(100_000)));
  assert(packed.length < 65_536);
  for (const path of ["/telemetry", "/write", "/api/v2/write"]) {
    const [status, text] = await postHttp2(url + path, ReadableStream.from([bytesOf(LINE)]));
    const message = "The service takes at most 1 uploads at once";
    assertEquals([path, status, text.includes(message)], [path, 503, true]);
    const refused = await post(url + path, packed, gzip);
    assertEquals([path, refused.status], [path, 503]);
    assert((await refused.text()).includes(message), path);
  }
});

Deno.test("an upload that breaks off leaves its place", async () => {
  await using service = await startTestService({ limits: { ...limits, maxUploads: 1 } });
  {
    using upload = await openUpload(service.url, { "content-length": "1000" });
    await upload.send(bytesOf(HEADER));
    await untilReceived(service.url, HEADER.length);
  }
  for (;;) {
    const response = await post(`${service.url}/api/meters/m2/readings`, HEADER + LINE);
    await response.body?.cancel();
    if (response.status === 200) return;
    assertEquals(response.status, 503);
  }
});

Deno.test("an upload longer than MAX_UPLOAD_BYTES gets 413: by its length, in chunks, and decompressed", async () => {
  await using service = await startTestService({ limits: { ...limits, maxUploadBytes: 100_000 } });
  const url = `${service.url}/api/meters/m1/readings`;
  const long = HEADER + LINE.repeat(5_000);
  assertEquals(await codeOf(await post(url, long)), [413, "BODY_TOO_LARGE"]);
  const stream = () => ReadableStream.from([bytesOf(HEADER), bytesOf(LINE.repeat(5_000))]);
  assertEquals(await codeOf(await post(url, stream())), [413, "BODY_TOO_LARGE"]);
  const packed = new Uint8Array(gzipSync(long));
  assert(packed.length < 2_000);
  const gzip = { ...CSV, "content-encoding": "gzip" };
  assertEquals(await codeOf(await post(url, packed, gzip)), [413, "BODY_TOO_LARGE"]);
  const right = await post(url, HEADER + LINE.repeat(4_000));
  assertEquals([right.status, (await right.json()).received], [200, 4_000]);
});

Deno.test("a body in chunks of any size is read whole and in order", async () => {
  await using service = await startTestService();
  using upload = await openUpload(service.url, { "transfer-encoding": "chunked" });
  const text = HEADER +
    Array.from(
      { length: 60 },
      (_, minute) => `2024-01-01T00:${String(minute).padStart(2, "0")}:00Z,${minute}\n`,
    ).join("");
  // 1, 2, 3 … characters.
  let size = 0;
  for (let at = 0; at < text.length; at += size) {
    await upload.send(chunkOf(text.slice(at, at + ++size)));
  }
  await upload.send(bytesOf("0\r\n\r\n"));
  const { status, body } = await upload.answer();
  assertEquals([status, body.received, body.inserted], [200, 60, 60]);
  const meter = await (await fetch(`${service.url}/api/meters/m1`)).json();
  assertEquals(
    [meter.first_reading, meter.last_reading],
    ["2024-01-01T00:00:00Z", "2024-01-01T00:59:00Z"],
  );
});

Deno.test("a client that pauses in a body in chunks is waited for; what came before is read", async () => {
  await using service = await startTestService();
  using upload = await openUpload(service.url, { "transfer-encoding": "chunked" });
  await upload.send(chunkOf(HEADER));
  await untilReceived(service.url, HEADER.length);
  await upload.send(chunkOf(LINE));
  await untilReceived(service.url, HEADER.length + LINE.length);
  await upload.send(bytesOf("0\r\n\r\n"));
  assertEquals((await upload.answer()).body.inserted, 1);
});

for (
  const [name, framing] of [
    ["of a length", { "content-length": "10000000000" }],
    ["in chunks", { "transfer-encoding": "chunked" }],
  ] as const
) {
  Deno.test(`after a refusal, the connection of a body ${name} is closed, not read to its end`, async () => {
    await using service = await startTestService();
    const { hostname, port } = new URL(service.url);
    using connection = await Deno.connect({ hostname, port: Number(port) });
    const [header, value] = Object.entries(framing)[0];
    const head = `POST /nothing HTTP/1.1\r\nhost: x\r\n${header}: ${value}\r\n\r\n`;
    await connection.write(bytesOf(head));
    const chunk = chunkOf("x".repeat(65_536));
    let sent = 0;
    const refused = (async () => {
      try {
        for (;;) sent += await connection.write(chunk);
      } catch {
        return true;
      }
    })();
    let text = "";
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(1024);
    while (!text.includes("ROUTE_NOT_FOUND")) {
      const length = await connection.read(buffer);
      assert(length !== null, text);
      text += decoder.decode(buffer.subarray(0, length));
    }
    assert(await refused);
    // 16 MiB are read after the answer, and the buffers of the system take some more.
    assert(sent < 64_000_000, `${sent} bytes were sent`);
  });
}
