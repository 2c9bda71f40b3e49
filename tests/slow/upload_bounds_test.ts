import { gzipSync } from "node:zlib";
import { watchHealth } from "../bench/health_client.ts";
import { readPeakMb } from "../bench/peak_memory.ts";
import { assert, assertEquals, assertLess } from "../support/assert.ts";
import { limitProcess } from "../support/control_group.ts";
import { type Environment, type ServiceProcess, startProcess } from "../support/process.ts";
import { openRequest, type RawRequest } from "../support/raw_request.ts";
import { importText } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const MIB = 1_048_576;
/** What the service may use. The system ends it where it can, else the peak is checked. */
const MEMORY_BYTES = 512 * MIB;
/** Ten gigabytes: more than any upload may have, and than would fit. */
const ENDLESS_BYTES = 10_000_000_000;
/**
 * How long `/health` may take, milliseconds, on a machine that does other work, too. Before, a line of
 * 250 MB in chunks kept it waiting for 6.7 s.
 */
const HEALTH_MS = 5_000;
const SLOW_CLIENTS = 200;
/** Half of the places (`MAX_UPLOADS`) are for one address. */
const PLACES = 128;

const encoder = new TextEncoder();
const CHUNK_BYTES = 65_536;
const HEADER = "timestamp,power_kw\n";
const ROW = "2024-01-01T00:00:00Z,1\n";
const LONG_ROW = `${"1".repeat(999)}\n`;

function bytesOf(text: string): Uint8Array {
  return encoder.encode(text);
}

/** A text of a length, made of the same part again and again. */
function repeated(part: string, length = CHUNK_BYTES): Uint8Array {
  return bytesOf(part.repeat(Math.ceil(length / part.length)).slice(0, length));
}

/** The chunks of a body (RFC 9112 §7.1), one after another, as they are sent. */
function chunksOf(bytes: Uint8Array, size: number): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const part = bytes.subarray(at, at + size);
    parts.push(bytesOf(`${part.length.toString(16)}\r\n`), part, bytesOf("\r\n"));
  }
  return joined(parts);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** A body without an end: where it goes, how it begins, and what comes again and again. */
interface Endless {
  readonly name: string;
  readonly path: string;
  readonly type: string;
  readonly begin?: string;
  readonly again: string;
  readonly headers?: Environment;
}

const METER = "/api/meters/m1/readings";
const ENDLESS: readonly Endless[] = [
  { name: "CSV", path: METER, type: "text/csv", begin: HEADER, again: ROW },
  { name: "a CSV header", path: METER, type: "text/csv", again: "a" },
  { name: "a CSV line", path: METER, type: "text/csv", begin: HEADER, again: "1" },
  { name: "a CSV field", path: METER, type: "text/csv", begin: `${HEADER}"`, again: LONG_ROW },
  { name: "an NDJSON line", path: METER, type: "application/x-ndjson", again: "a" },
  {
    name: "a JSON string",
    path: METER,
    type: "application/json",
    begin: '[{"timestamp":"',
    again: "a",
  },
  { name: "JSON brackets", path: METER, type: "application/json", begin: "[", again: "[" },
  { name: "JSON white space", path: METER, type: "application/json", again: " " },
  { name: "XML", path: METER, type: "application/xml", begin: "<feed>", again: "<a>b" },
  { name: "an XML name", path: METER, type: "application/xml", begin: "<", again: "a" },
  { name: "many meters", path: "/api/readings", type: "application/x-ndjson", again: "a" },
  { name: "a sample", path: "/api/readings/inspect", type: "text/csv", again: "1," },
  { name: "line protocol", path: "/api/v2/write", type: "text/plain", again: "a" },
  { name: "telemetry", path: "/telemetry", type: "application/json", again: " " },
  { name: "many messages", path: "/telemetry", type: "application/x-ndjson", again: "a" },
  { name: "polls of stores", path: "/stores/status", type: "text/csv", again: "a" },
  { name: "a request for an export", path: "/api/exports", type: "application/json", again: " " },
  { name: "nothing", path: "/nothing", type: "text/csv", again: "a" },
];

for (
  const { name, size, framing } of [
    { name: "in chunks", size: CHUNK_BYTES, framing: { "transfer-encoding": "chunked" } },
    { name: "in chunks of a byte", size: 1, framing: { "transfer-encoding": "chunked" } },
    { name: "of 10 GB", size: null, framing: { "content-length": String(ENDLESS_BYTES) } },
  ]
) {
  Deno.test(`endless bodies ${name} end soon, in ${MEMORY_BYTES / MIB} MiB, while /health answers`, async () => {
    await using box = await startLimited({ MAX_UPLOAD_BYTES: "20000000" });
    const ends: string[] = [];
    for (const endless of ENDLESS) {
      const again = repeated(endless.again);
      const begin = bytesOf(endless.begin ?? "");
      const end = await sendEndless(box.service, endless, {
        framing,
        begin: size === null || begin.length === 0 ? begin : chunksOf(begin, begin.length),
        again: size === null ? again : chunksOf(again, size),
      });
      assertLess(end.sentBytes, ENDLESS_BYTES);
      if (!EXPECTED.includes(end.status)) ends.push(`${endless.name}: ${end.status}`);
    }
    assertEquals(ends, []);
    await box.finish();
  });
}

/** An error of what is read, of the length, or the report on a file that only looks endless. */
const EXPECTED = [200, 400, 404, 411, 413, 415];

Deno.test("files that decompress to a thousand times their length end at MAX_UPLOAD_BYTES", async () => {
  await using box = await startLimited({ MAX_UPLOAD_BYTES: "20000000" });
  const { url } = box.service;
  // 40 members of 64 MiB are 2.7 GB.
  const bombs = [
    { type: "application/x-ndjson", text: repeated("a", 64 * MIB) },
    { type: "text/csv", text: joined([bytesOf(HEADER), repeated(ROW, 64 * MIB)]) },
  ];
  for (const { type, text } of bombs) {
    const member = new Uint8Array(gzipSync(text));
    const body = joined(Array.from({ length: 40 }, () => member));
    assertLess(body.length, 20_000_000);
    for (
      const path of [
        METER,
        "/telemetry",
        "/stores/status",
        "/api/v2/write",
        "/api/readings/inspect",
      ]
    ) {
      const response = await fetch(url + path, {
        method: "POST",
        headers: { "content-type": type, "content-encoding": "gzip" },
        body: body as Uint8Array<ArrayBuffer>,
      });
      await response.body?.cancel();
      assert(EXPECTED.includes(response.status), `${response.status} of ${path} with ${type}`);
    }
  }
  await box.finish();
});

for (const isChunked of [false, true]) {
  const name = isChunked ? "in chunks" : "of known length";
  Deno.test(`of ${SLOW_CLIENTS} slow uploads ${name}, ${PLACES} run and the others are refused`, async () => {
    await using box = await startLimited({});
    const { service } = box;
    using stack = new DisposableStack();
    const uploads: RawRequest[] = [];
    const text = HEADER + ROW;
    const framing: Environment = isChunked
      ? { "transfer-encoding": "chunked" }
      : { "content-length": String(text.length) };
    const part = (body: string) => isChunked ? chunksOf(bytesOf(body), 4) : bytesOf(body);
    for (let index = 0; index < SLOW_CLIENTS; index++) {
      const headers = { "content-type": "text/csv", ...framing };
      const address = `${service.url}/api/meters/slow${index}/readings`;
      const upload = stack.use(await openRequest(address, headers));
      uploads.push(upload);
      if (index >= PLACES) continue;
      await upload.send(part(HEADER));
      await untilRunning(service, index);
    }
    for (const upload of uploads.slice(PLACES)) {
      const { status, body } = await upload.answer();
      assertEquals([status, body.code], [503, "TOO_MANY_UPLOADS"]);
    }
    for (const upload of uploads.slice(0, PLACES)) {
      await upload.send(part(ROW));
      if (isChunked) await upload.send(bytesOf("0\r\n\r\n"));
      const { status, body } = await upload.answer();
      assertEquals([status, body.inserted], [200, 1]);
    }
    assertEquals((await importText(service.url, "other", text)).body.inserted, 1);
    await box.finish();
  });
}

/** A service in bounded memory, which is asked for its health all the time. */
interface Limited extends AsyncDisposable {
  readonly service: ServiceProcess;
  /** Fails unless the service lived in its memory, and answered. */
  finish(): Promise<void>;
}

async function startLimited(env: Environment): Promise<Limited> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await makeTempFolder());
  const limit = stack.use(await limitProcess({ memoryBytes: MEMORY_BYTES }));
  const service = stack.use(await startProcess(folder.path, env, undefined, limit.prefix));
  const health = watchHealth(service.url, 50);
  let isFinished = false;
  stack.defer(async () => {
    if (!isFinished) await health.stop().catch(() => {});
  });
  const owned = stack.move();
  return {
    service,
    async finish() {
      isFinished = true;
      const answersMs = await health.stop();
      assert(answersMs.length > 0);
      assertLess(Math.max(...answersMs), HEALTH_MS);
      const peakMb = await readPeakMb(service.pid);
      if (peakMb !== null) assertLess(peakMb, MEMORY_BYTES / 1e6);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Sends a body until the service closes the connection; returns the status of the answer. */
async function sendEndless(
  { url }: ServiceProcess,
  { path, type, headers = {} }: Endless,
  { framing, begin, again }: { framing: Environment; begin: Uint8Array; again: Uint8Array },
): Promise<{ status: number; sentBytes: number }> {
  const { hostname, port } = new URL(url);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  const lines = { host: hostname, "content-type": type, ...framing, ...headers };
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  await connection.write(bytesOf(`POST ${path} HTTP/1.1\r\n${head}\r\n`));
  let text = "";
  const reading = (async () => {
    const buffer = new Uint8Array(4_096);
    const decoder = new TextDecoder();
    try {
      for (;;) {
        const length = await connection.read(buffer);
        if (length === null) return;
        text += decoder.decode(buffer.subarray(0, length));
      }
    } catch {
      // The connection is closed.
    }
  })();
  let sentBytes = 0;
  try {
    const first = joined([begin, again]);
    for (let at = 0; at < first.length;) at += await connection.write(first.subarray(at));
    while (sentBytes < ENDLESS_BYTES) {
      for (let at = 0; at < again.length;) at += await connection.write(again.subarray(at));
      sentBytes += again.length;
    }
  } catch {
    // The connection is closed.
  }
  await reading;
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0), sentBytes };
}

async function untilRunning({ url }: ServiceProcess, index: number): Promise<void> {
  const endMs = Date.now() + 20_000;
  for (;;) {
    const response = await fetch(`${url}/api/meters/slow${index}`);
    const { imports } = await response.json();
    if (imports?.[0]?.bytes_received === HEADER.length) return;
    assert(Date.now() < endMs, "the upload does not run");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
