import { limitHeaders, rateLimited } from "../../../routes/http/rate_limit.ts";
import { assertEquals } from "../../support/assert.ts";
import { startTestService } from "../../support/service.ts";
import { message, postTelemetry } from "../../support/telemetry.ts";
import { assertProblem, jsonAnswer } from "../problem_assert.ts";

/** Times of messages, one second apart. */
function timeOf(index: number): string {
  return new Date(Date.UTC(2026, 0, 1) + index * 1000).toISOString();
}

Deno.test("the headers show the quota and window of the policy, and what is left", () => {
  // draft-ietf-httpapi-ratelimit-headers-10: q quota, w window, r remaining, t seconds to a reset.
  const limit = { requests: 10, windowMs: 1000 };
  assertEquals(Object.entries(limitHeaders(limit, { remaining: 7 })), [
    ["ratelimit-policy", '"device";q=10;w=1'],
    ["ratelimit", '"device";r=7;t=1'],
  ]);
  const long = { requests: 3, windowMs: 90_500 };
  assertEquals(Object.entries(limitHeaders(long, { remaining: 0, waitMs: 2_001 })), [
    ["ratelimit-policy", '"device";q=3;w=91'],
    ["ratelimit", '"device";r=0;t=3'],
  ]);
});

Deno.test("waits are rounded up to whole seconds, so that a client that waits is let through", async () => {
  for (const [waitMs, told] of [[1, "1"], [1000, "1"], [1001, "2"], [59_999, "60"]] as const) {
    const answer = await jsonAnswer(rateLimited("a", { requests: 1, windowMs: 60_000 }, waitMs));
    assertEquals(answer.headers.get("retry-after"), told);
    assertProblem(answer, {
      status: 429,
      code: "RATE_LIMITED",
      detail: "Rate limit exceeded: device a may send at most 1 requests in 60 s",
    });
  }
});

Deno.test("a device may send 10 times a second; the window slides, and others have their own", async () => {
  let nowMs = Date.UTC(2026, 1, 1);
  await using service = await startTestService({ now: () => nowMs });
  const send = (index: number, device_id = "a") =>
    postTelemetry(service.url, message({ device_id, timestamp: timeOf(index) }));
  for (let index = 0; index < 10; index++) {
    const { status, headers } = await send(index);
    assertEquals(status, 201);
    assertEquals(headers.get("ratelimit"), `"device";r=${9 - index};t=1`);
    assertEquals(headers.get("ratelimit-policy"), '"device";q=10;w=1');
    if (index === 4) nowMs += 500;
  }
  const refused = await send(10);
  assertProblem(refused, {
    status: 429,
    code: "RATE_LIMITED",
    detail: "Rate limit exceeded: device a may send at most 10 requests in 1 s",
  });
  assertEquals(refused.headers.get("retry-after"), "1");
  assertEquals(refused.headers.get("ratelimit"), '"device";r=0;t=1');
  assertEquals((await send(10, "b")).status, 201);
  // The first five leave the window one second after they arrived, the others do not.
  nowMs += 499;
  assertEquals((await send(10)).status, 429);
  nowMs += 1;
  const statuses: number[] = [];
  for (let index = 10; index < 16; index++) statuses.push((await send(index)).status);
  assertEquals(statuses, [201, 201, 201, 201, 201, 429]);
});

Deno.test("exactly as many of a hundred concurrent requests pass as the limit allows", async () => {
  const nowMs = Date.UTC(2026, 1, 1);
  await using service = await startTestService({ now: () => nowMs });
  const answers = await Promise.all(
    Array.from(
      { length: 100 },
      (_, index) => postTelemetry(service.url, message({ timestamp: timeOf(index) })),
    ),
  );
  const statuses = answers.map(({ status }) => status);
  assertEquals(statuses.filter((status) => status === 201).length, 10);
  assertEquals(statuses.filter((status) => status === 429).length, 90);
});

Deno.test("an invalid message does not count", async () => {
  const limit = { requests: 1, windowMs: 60_000 };
  await using service = await startTestService({ rateLimit: limit });
  const send = (soc_percent: number) =>
    postTelemetry(service.url, message({ metrics: { ...message().metrics, soc_percent } }));
  assertEquals([await send(-1), await send(101)].map(({ status }) => status), [400, 400]);
  assertEquals((await send(50)).status, 201);
  assertEquals((await send(50)).status, 429);
});
