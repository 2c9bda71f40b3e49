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

/** An app that came to a database which has been away for so long; and how often its jobs were read. */
function appAwayFor(awayMs: number) {
  let reads = 0;
  const record = createRecorder();
  const jobs = {
    get: () => {
      reads++;
      return Promise.resolve(null);
    },
  } as unknown as AppDeps["jobs"];
  const corsOrigins = ["https://pages.example"];
  const { app, logged } = createTestApp({ jobs, record, corsOrigins, waitingMs: () => awayMs });
  return { app, logged, record, reads: () => reads };
}

Deno.test("a request that comes when the database has been away for 6 s gets 503 at once, and nothing runs", async () => {
  const path = `/api/jobs/${JOB_ID}`;
  const headers = { "x-request-id": "r-1", origin: "https://pages.example" };
  const away = appAwayFor(6_000);
  const answer = await away.app.request(path, { headers });
  const { code, details, request_id } = await answer.json();
  assertEquals([answer.status, code, request_id], [503, "DATABASE_UNAVAILABLE", "r-1"]);
  assertEquals(details, "Nothing was done; send the request again");
  const shown = ["retry-after", "x-content-type-options", "access-control-allow-origin"]
    .map((name) => answer.headers.get(name));
  assertEquals(shown, ["5", "nosniff", "https://pages.example"]);
  assertEquals(away.record.samples("openwatts_http_requests_total"), [
    { labels: ["GET", "none", "503"], value: 1 },
  ]);
  assertEquals(away.logged.map(({ level, event }) => [level, event]), [["debug", "request"]]);
  const posted = await away.app.request("/api/exports", { method: "POST", body: "{}" });
  assertEquals([posted.status, (await posted.json()).code], [503, "DATABASE_UNAVAILABLE"]);
  assertEquals(away.reads(), 0);
  const slow = appAwayFor(5_999);
  assertEquals((await slow.app.request(path)).status, 404);
  assertEquals(slow.reads(), 1);
});

Deno.test("while the database is away, what programs watch and the files of pages are answered", async () => {
  const { app } = appAwayFor(60_000);
  for (const path of ["/health", "/ready", "/metrics"]) {
    assertEquals((await app.request(path)).status, 200, path);
    assertEquals((await app.request(`${path}/more`)).status, 503, path);
  }
  for (const path of ["/assets/1/none.css", "/docs/assets/none.css"]) {
    assertEquals((await app.request(path)).status, 404, path);
  }
});
