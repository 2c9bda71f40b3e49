import { AppError } from "../../../data/app_error.ts";
import { createS3Client } from "../../../data/s3/client.ts";
import { writeS3Object } from "../../../data/s3/write.ts";
import { createLog } from "../../../data/log.ts";
import { assert, assertEquals, assertRejects, assertStrictEquals } from "../../support/assert.ts";
import { startFaultProxy } from "../../support/fault_proxy.ts";
import { never, streamOf, textOf } from "../../support/file_store_box.ts";
import { startS3Double } from "../../support/s3_double.ts";
import { accessKey, openS3Box } from "../../support/s3_server.ts";
import { s3StepOf } from "../../support/s3_steps.ts";
import { until } from "../../support/until.ts";

const call = { signal: never };
const HELLO = new TextEncoder().encode("hello");

Deno.test("put() stores bytes with their digests, and head(), get() and list() return them", async () => {
  await using server = startS3Double();
  const { client } = await openS3Box(server);
  const key = "telemetry/device_id=D1/date=2026-02-07/a+b (1)!'*~ä.parquet";
  const written = await client.put(key, HELLO, { ...call, contentType: "text/plain" });
  // From `printf hello | sha256sum` and `printf hello | md5sum`.
  const sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
  assertEquals(written, { sizeBytes: 5, sha256 });
  const etag = "5d41402abc4b2a76b9719d911017c592";
  assertEquals(await client.head(key, call), { sizeBytes: 5, etag, meta: { sha256 } });
  assertEquals(await textOf(await client.get(key, { ...call, range: { start: 1, end: 3 } })), "el");
  const listed = await Array.fromAsync(client.list({ ...call, prefix: "telemetry/device_id=D1/" }));
  assertEquals(listed.map(({ key, sizeBytes }) => [key, sizeBytes]), [[key, 5]]);
  await client.remove(key, call);
  await client.remove(key, call);
  assertEquals([await client.head(key, call), await client.get(key, call)], [null, null]);
});

Deno.test("the server rejects digests that do not match the body, and stores nothing", async () => {
  await using server = startS3Double();
  const { client } = await openS3Box(server);
  const sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
  const digests = { md5: "0".repeat(32), sha256 };
  await assertRejects(() => client.put("a", HELLO, { ...call, digests }), AppError, "BadDigest");
  assertEquals(await client.head("a", call), null);
});

Deno.test("put() checks the stored object if the entity tag is not an MD5", async () => {
  await using server = startS3Double();
  const { bucket } = await openS3Box(server);
  // As with a bucket that encrypts with its own key.
  const opaque = (headSize: string): typeof fetch => async (input, init) => {
    const response = await fetch(input, init);
    const headers = new Headers(response.headers);
    headers.set("etag", '"0123456789abcdef0123456789abcdef"');
    if (init?.method === "HEAD") headers.set("content-length", headSize);
    return new Response(response.body, { status: response.status, headers });
  };
  const put = (headSize: string) =>
    createS3Client({ ...server.access, bucket, fetch: opaque(headSize) }).put("a", HELLO, call);
  assertEquals((await put("5")).sizeBytes, 5);
  await assertRejects(() => put("4"), AppError, "something other than what was put");
});

Deno.test("429 with Retry-After is retried after that time", async () => {
  await using server = startS3Double();
  const { bucket } = await openS3Box(server);
  await using proxy = startFaultProxy(server.access.endpoint);
  const access = { ...server.access, endpoint: proxy.url };
  const client = createS3Client({ ...access, bucket, patience: { retryBaseMs: 1 } });
  proxy.setRule({ matches: () => true, fault: "429", times: 1 });
  await client.put("a", HELLO, call);
  const [first, second, ...more] = proxy.requests.map(({ atMs }) => atMs);
  // The proxy asks for a second.
  assert(second - first >= 995, `${second - first} ms`);
  assertEquals(more, []);
});

Deno.test("tries are limited, and the cause of the error contains place and status but no secret", async () => {
  await using server = startS3Double();
  const { bucket } = await openS3Box(server);
  await using proxy = startFaultProxy(server.access.endpoint);
  const access = { ...server.access, endpoint: proxy.url };
  const patience = { retryBaseMs: 1, tries: 3 };
  const client = createS3Client({ ...access, bucket, patience });
  proxy.setRule({ matches: () => true, fault: "500" });
  const error = await assertRejects(() => client.put("some/key", HELLO, call), AppError);
  assertEquals([error.code, error.message], ["STORAGE_UNAVAILABLE", "S3 answered 500"]);
  assertEquals(proxy.requests.length, 3);
  let line = "";
  createLog({ level: "info", now: () => 0, write: (text) => line = text })("error", "x", { error });
  assert(line.includes(`PUT ${proxy.url}/${bucket}/some/key (3 times): 500`), line);
  assert(!line.includes("secret") && !line.includes("AWS4-HMAC"), line);
});

Deno.test("faults that a retry cannot fix are not retried", async () => {
  await using server = startS3Double();
  const { bucket } = await openS3Box(server);
  await using proxy = startFaultProxy(server.access.endpoint);
  const access = { ...server.access, endpoint: proxy.url };
  const unknownKey = createS3Client({
    ...access,
    bucket,
    credentials: accessKey("unknown", "secret"),
  });
  const noBucket = createS3Client({ ...access, bucket: "no-such-bucket" });
  const cases: [() => Promise<unknown>, string][] = [
    [() => unknownKey.put("a", HELLO, call), "S3 answered 403 InvalidAccessKeyId"],
    [() => noBucket.put("a", HELLO, call), "S3 answered 404 NoSuchBucket"],
    [() => noBucket.get("a", call), "S3 answered 404 NoSuchBucket"],
    [() => noBucket.remove("a", call), "S3 answered 404 NoSuchBucket"],
    [() => Array.fromAsync(noBucket.list({ ...call, prefix: "" })), "S3 answered 404 NoSuchBucket"],
  ];
  for (const [request, message] of cases) {
    const before = proxy.requests.length;
    assertEquals((await assertRejects(request, AppError)).message, message);
    assertEquals(proxy.requests.length, before + 1, message);
  }
});

Deno.test("a full bucket becomes STORAGE_FULL", async () => {
  const body = "<Error><Code>QuotaExceeded</Code></Error>";
  const full = () => Promise.resolve(new Response(body, { status: 403 }));
  const access = {
    endpoint: "http://s3.test",
    region: "x",
    credentials: accessKey("a", "b"),
  };
  const client = createS3Client({ ...access, bucket: "full", fetch: full });
  assertEquals(
    (await assertRejects(() => client.put("a", HELLO, call), AppError)).code,
    "STORAGE_FULL",
  );
});

Deno.test("an abort ends a request without an answer, and a wait before a retry", async () => {
  await using server = startS3Double();
  const { bucket } = await openS3Box(server);
  await using proxy = startFaultProxy(server.access.endpoint);
  const access = { ...server.access, endpoint: proxy.url };
  const patience = { retryBaseMs: 1e9, retryMaxMs: 1e9 };
  const client = createS3Client({ ...access, bucket, patience });
  for (const fault of ["half-open", "500"] as const) {
    proxy.setRule({ matches: () => true, fault });
    const aborter = new AbortController();
    const before = proxy.met();
    const ended = client.put("a", HELLO, { signal: aborter.signal }).catch((error) => error);
    await until(() => Promise.resolve(proxy.met() > before));
    const reason = new Error("asked to stop");
    aborter.abort(reason);
    assertStrictEquals(await ended, reason);
  }
});

Deno.test("a write keeps only a few parts in memory and on their way, however slow S3 is", async () => {
  await using server = startS3Double();
  const { bucket } = await openS3Box(server);
  const gate = Promise.withResolvers<void>();
  let onTheWay = 0, mostOnTheWay = 0;
  const slow: typeof fetch = async (input, init) => {
    const target = String(input);
    if (s3StepOf({ method: init?.method ?? "", target, atMs: 0 }) !== "upload part") {
      return await fetch(input, init);
    }
    mostOnTheWay = Math.max(mostOnTheWay, ++onTheWay);
    await gate.promise;
    return await fetch(input, init).finally(() => onTheWay--);
  };
  const client = createS3Client({ ...server.access, bucket, fetch: slow });
  let pulled = 0;
  const chunks = 40;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (pulled++ === chunks) return controller.close();
      controller.enqueue(new Uint8Array(1_000));
    },
  }, { highWaterMark: 0 });
  const options = { ...call, partBytes: 1_000, partsAtOnce: 3 };
  const writing = writeS3Object(client, { key: "a", body }, options);
  await until(() => Promise.resolve(onTheWay === 3));
  const pulledBefore = pulled;
  gate.resolve();
  assertEquals((await writing).sizeBytes, 40_000);
  assertEquals(mostOnTheWay, 3);
  // Three on their way, one waiting, and the byte that shows that it is not the last.
  assert(pulledBefore <= 5, `${pulledBefore}`);
});

Deno.test("requests to AWS use the host of the bucket, those to other servers the path", async () => {
  const urls: string[] = [];
  const record: typeof fetch = (input) => {
    urls.push(String(input));
    return Promise.resolve(new Response(null, { status: 204 }));
  };
  const access = { region: "eu-west-3", credentials: accessKey("a", "b"), fetch: record };
  const remove = (endpoint: string | null, bucket: string) =>
    createS3Client({ ...access, endpoint, bucket }).remove("d=1/ä b", call);
  await remove(null, "exports");
  await remove(null, "my.exports");
  await remove("http://[::1]:9000/base/", "exports");
  assertEquals(urls, [
    "https://exports.s3.eu-west-3.amazonaws.com/d%3D1/%C3%A4%20b",
    "https://s3.eu-west-3.amazonaws.com/my.exports/d%3D1/%C3%A4%20b",
    "http://[::1]:9000/base/exports/d%3D1/%C3%A4%20b",
  ]);
});

Deno.test("writeS3Object() of an empty stream writes an empty object", async () => {
  await using server = startS3Double();
  const { client } = await openS3Box(server);
  assertEquals((await writeS3Object(client, { key: "a", body: streamOf() }, call)).sizeBytes, 0);
  assertEquals(await textOf(await client.get("a", call)), "");
});
