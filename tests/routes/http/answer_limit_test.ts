import { createRecorder } from "../../../data/metrics/recorder.ts";
import { currentRequestId } from "../../../data/request_context.ts";
import type { AppDeps } from "../../../routes/app.ts";
import { limitWaiting } from "../../../routes/http/answer_limit.ts";
import { assertEquals, assertMatch } from "../../support/assert.ts";
import { createTestApp, JOB_ID } from "../app_fixture.ts";

const INFO = {
  remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 1 },
  completed: Promise.resolve(),
} as const;
const REQUEST = new Request("http://localhost/");

Deno.test("a request that waits for the database gets 503 with Retry-After, and the late answer is dropped", async () => {
  const { promise, resolve } = Promise.withResolvers<Response>();
  const handler = limitWaiting(() => promise, { waitingMs: () => 60, corsOrigins: [], waitMs: 50 });
  const answer = await handler(REQUEST, INFO);
  assertEquals([answer.status, answer.headers.get("retry-after")], [503, "5"]);
  assertEquals((await answer.json()).code, "DATABASE_UNAVAILABLE");
  const { promise: cancelled, resolve: cancel } = Promise.withResolvers<void>();
  resolve(new Response(new ReadableStream({ cancel: () => cancel() })));
  await cancelled;
});

Deno.test("a request that takes long for another reason is answered in the end", async () => {
  let looks = 0;
  const { promise, resolve } = Promise.withResolvers<Response>();
  const waitingMs = () => {
    if (++looks === 4) resolve(new Response("done"));
    return 49;
  };
  const handler = limitWaiting(() => promise, { waitingMs, corsOrigins: [], waitMs: 50 });
  assertEquals(await (await handler(REQUEST, INFO)).text(), "done");
});

/** An app whose jobs wait for ever, until they are released, behind a limit; and what it counts. */
function waitingApp() {
  const { promise, resolve } = Promise.withResolvers<null>();
  const record = createRecorder();
  const jobs = { get: () => promise } as unknown as AppDeps["jobs"];
  const logged: (string | undefined)[] = [];
  const log = () => void logged.push(currentRequestId());
  const { app } = createTestApp({ jobs, record, log });
  const handler = limitWaiting(app.fetch, { waitingMs: () => 9, corsOrigins: [], waitMs: 1 });
  const ask = (headers: Record<string, string> = {}) =>
    handler(new Request(`http://localhost/api/jobs/${JOB_ID}`, { headers }), INFO);
  return { ask, logged, record, release: () => resolve(null) };
}

Deno.test("the 503 has the id of its request, as header and in the problem, which the log has too", async () => {
  const { ask, logged, release } = waitingApp();
  const answer = await ask({ "x-request-id": "r-1" });
  assertEquals(answer.headers.get("x-request-id"), "r-1");
  assertEquals((await answer.json()).request_id, "r-1");
  const other = await ask();
  const id = other.headers.get("x-request-id");
  assertMatch(String(id), /^[0-9a-f-]{36}$/);
  assertEquals((await other.json()).request_id, id);
  assertEquals(logged, ["r-1", String(id)]);
  release();
});

Deno.test("the 503 is counted for its route, and the late answer is not counted again", async () => {
  const { ask, record, release } = waitingApp();
  await (await ask()).body?.cancel();
  const counted = () => record.samples("openwatts_http_requests_total");
  const one = [{ labels: ["GET", "/api/jobs/:job_id", "503"], value: 1 }];
  assertEquals(counted(), one);
  const running = () => record.samples("openwatts_http_requests_running")[0].value;
  assertEquals(running(), 1);
  release();
  while (running() > 0) await new Promise((resolve) => setTimeout(resolve));
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(counted(), one);
});
