import { gzipSync } from "node:zlib";
import { assertEquals, assertLess, assertMatch } from "../../support/assert.ts";
import { askJson, type JsonAnswer, startTestService } from "../../support/service.ts";
import {
  APPLIANCE,
  BATTERY,
  linesOf,
  type Message,
  message,
  postLines,
  postTelemetry,
} from "../../support/telemetry.ts";
import { assertProblem } from "../problem_assert.ts";

/** Messages of one device, a second apart. */
function messages(count: number, device_id = "a"): Message[] {
  return Array.from({ length: count }, (_, index) => {
    const timestamp = new Date(Date.UTC(2026, 0, 1) + index * 1000).toISOString();
    return message({ device_id, timestamp });
  });
}

/** The counts of a report. */
function countsOf({ status, body }: JsonAnswer): number[] {
  const { received, created, updated, unchanged, rejected } = body;
  assertEquals(status, 200);
  assertEquals(received, created + updated + unchanged + rejected);
  return [created, updated, unchanged, rejected];
}

for (const form of ["array", "lines"] as const) {
  const send = (url: string, all: readonly unknown[]) =>
    form === "array" ? postTelemetry(url, all) : postLines(url, linesOf(all));
  const place = (number: number) => form === "array" ? { index: number } : { line: number + 1 };

  Deno.test(`good messages of ${form} are stored, and the wrong ones are listed`, async () => {
    await using service = await startTestService();
    const changed = { ...BATTERY, temp_c: 3 };
    const good = [
      message(),
      message({ metrics: changed }),
      message({ timestamp: "2026-02-01T00:00Z" }),
    ];
    const { metrics, ...rest } = message();
    const wrong = [5, { ...rest }, message({ metrics: { ...metrics, voltage_v: 199 } })];
    const answer = await send(service.url, [good[0], wrong[0], good[1], wrong[1], wrong[2]]);
    assertEquals(countsOf(answer), [1, 0, 1, 3]);
    assertEquals(answer.body.rejects, [
      { ...place(1), pointer: "", value: 5, rule: "a JSON object" },
      { ...place(3), pointer: "/metrics", rule: "a JSON object" },
      { ...place(4), pointer: "/metrics/voltage_v", value: 199, rule: "from 200 to 500 V" },
    ]);
    assertEquals(countsOf(await send(service.url, [message({ metrics: changed })])), [0, 0, 1, 0]);
    assertEquals(countsOf(await send(service.url, [message(), good[2]])), [1, 1, 0, 0]);
  });

  Deno.test(`an empty batch of ${form} stores nothing`, async () => {
    await using service = await startTestService();
    assertEquals(countsOf(await send(service.url, [])), [0, 0, 0, 0]);
  });

  Deno.test(`a batch of 20,000 ${form} counts as one request and loses nothing`, async () => {
    await using service = await startTestService({ rateLimit: { requests: 2, windowMs: 60_000 } });
    const all = messages(20_000);
    assertEquals(countsOf(await send(service.url, all)), [20_000, 0, 0, 0]);
    assertEquals(countsOf(await send(service.url, all)), [0, 0, 20_000, 0]);
    const { body } = await askJson(`${service.url}/devices/a`);
    // 19,999 seconds after midnight.
    assertEquals([body.count, body.last_reading], [20_000, "2026-01-01T05:33:19Z"]);
    assertEquals((await send(service.url, all)).status, 429);
  });

  Deno.test(`the first 100 rejects of ${form} are listed, and all are counted`, async () => {
    await using service = await startTestService();
    const answer = await send(service.url, Array.from({ length: 250 }, () => "x"));
    assertEquals(countsOf(answer), [0, 0, 0, 250]);
    const places = Array.from({ length: 100 }, (_, index) => ({ ...place(index) }));
    assertEquals(
      answer.body.rejects,
      places.map((one) => ({ ...one, pointer: "", value: "x", rule: "a JSON object" })),
    );
  });
}

Deno.test("lines that are not JSON are rejected, empty lines are skipped", async () => {
  await using service = await startTestService();
  const good = JSON.stringify(message());
  const answer = await postLines(service.url, `\n{"a\n${good}\r\n\n[]`);
  assertEquals(countsOf(answer), [1, 0, 0, 2]);
  assertEquals(answer.body.rejects, [
    { line: 2, pointer: "", value: '{"a', rule: "valid JSON" },
    { line: 5, pointer: "", value: [], rule: "a JSON object" },
  ]);
});

Deno.test("a batch may come in gzip", async () => {
  await using service = await startTestService();
  const folded = Uint8Array.from(gzipSync(linesOf(messages(3_000))));
  const answer = await postLines(service.url, folded, { "content-encoding": "gzip" });
  assertEquals(countsOf(answer), [3_000, 0, 0, 0]);
});

/** Ways in which a batch of 10 messages may break, and how many were whole before. */
const BROKEN: [what: string, cut: (array: string) => string, whole: number][] = [
  ["a comma too many", (array) => array.replace(/\]$/, ",]"), 10],
  ["a missing bracket", (array) => array.slice(0, -1), 10],
  ["a cut in the last message", (array) => array.slice(0, -20), 9],
  ["text between messages", (array) => array.replace("},{", "} x {"), 1],
];

for (const [what, cut, whole] of BROKEN) {
  for (const isGzip of [false, true]) {
    const how = isGzip ? "gzip" : "plain";
    Deno.test(`an array with ${what} says what it stored, and that it stays (${how})`, async () => {
      await using service = await startTestService();
      const { url } = service;
      const wrong = message({ device_id: "a", metrics: { ...BATTERY, temp_c: 101 } });
      const [first, ...rest] = messages(9);
      const text = cut(JSON.stringify([first, wrong, ...rest]));
      const answer = await askJson(`${url}/telemetry`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(isGzip ? { "content-encoding": "gzip" } : {}),
        },
        body: isGzip ? Uint8Array.from(gzipSync(text)) : text,
      });
      assertProblem(answer, { status: 400, code: "MALFORMED_BODY", detail: /./ });
      const rejected = whole > 1 ? 1 : 0;
      const created = whole - rejected;
      const counts = { received: whole, created, updated: 0, unchanged: 0, rejected };
      assertEquals(answer.body.stored, counts);
      assertMatch(answer.body.details, /stays; send the same batch again/);
      assertEquals((await askJson(`${url}/devices/a`)).body.count, created);
      // Sending the whole completes it.
      assertEquals(countsOf(await postTelemetry(url, [first, ...rest])), [
        9 - created,
        0,
        created,
        0,
      ]);
    });
  }
}

Deno.test("lines that break off in gzip say what they stored", async () => {
  await using service = await startTestService();
  const whole = Uint8Array.from(gzipSync(linesOf(messages(20_000))));
  const half = whole.slice(0, whole.length / 2);
  const answer = await postLines(service.url, half, { "content-encoding": "gzip" });
  assertProblem(answer, { status: 400, code: "MALFORMED_BODY", detail: /./ });
  const { received, created, rejected } = answer.body.stored;
  assertEquals([received, rejected], [created, 0]);
  assertLess(1_000, created);
  assertEquals((await askJson(`${service.url}/devices/a`)).body.count, created);
});

Deno.test("a batch may have many devices and profiles, each with its own limit", async () => {
  await using service = await startTestService({ rateLimit: { requests: 1, windowMs: 60_000 } });
  const { url } = service;
  const other = message({ device_id: "b", metrics: APPLIANCE });
  assertEquals(countsOf(await postTelemetry(url, [...messages(2), other])), [3, 0, 0, 0]);
  const answer = await postTelemetry(url, [...messages(1), message({ device_id: "c" })]);
  assertEquals(countsOf(answer), [1, 0, 0, 1]);
  assertEquals(answer.body.rejects, [
    { index: 0, pointer: "/device_id", value: "a", rule: "rate_limit" },
  ]);
});

Deno.test("a batch with every message over its limit is answered with 429", async () => {
  const now = () => Date.UTC(2026, 1, 1);
  const rateLimit = { requests: 1, windowMs: 60_000 };
  await using service = await startTestService({ now, rateLimit });
  const both = [...messages(2, "a"), ...messages(2, "b")];
  await postTelemetry(service.url, both);
  const answer = await postTelemetry(service.url, both);
  assertProblem(answer, {
    status: 429,
    code: "RATE_LIMITED",
    detail: /^Rate limit exceeded: device [ab] may send at most 1 requests in 60 s$/,
  });
  assertEquals(answer.headers.get("retry-after"), "60");
  assertEquals(countsOf(await postTelemetry(service.url, [both[0], {}])), [0, 0, 0, 2]);
});

Deno.test("messages of another profile are rejected and do not count as requests", async () => {
  await using service = await startTestService({ rateLimit: { requests: 1, windowMs: 60_000 } });
  const { url } = service;
  await postTelemetry(url, message());
  const other = message({ metrics: APPLIANCE });
  // More than one piece, so that the limit must hold from piece to piece.
  const answer = await postTelemetry(url, [message(), other, ...messages(18_000, "test-001")]);
  assertEquals(countsOf(answer), [0, 0, 0, 18_002]);
  const alone = await postTelemetry(url, [other]);
  assertEquals(alone.body.rejects, [
    { index: 0, pointer: "/metrics", value: "appliance", rule: "metrics of the profile battery" },
  ]);
});
