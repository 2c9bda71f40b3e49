import { createLog } from "../../../data/log.ts";
import { currentRequestId, outsideRequests, runForRequest } from "../../../data/request_context.ts";
import { listen } from "../../../routes/http/listen.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { createTestApp, JOB_ID } from "../app_fixture.ts";
import { jsonAnswer } from "../problem_assert.ts";

/** A key, as `data/access/key_text.ts` describes them; nobody has it. */
const KEY = `ow_0123456789abcdef_${"a".repeat(43)}`;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

async function idOf(given: string | null, path = "/health"): Promise<string | null> {
  const headers: Record<string, string> = given === null ? {} : { "x-request-id": given };
  const answer = await createTestApp().app.request(path, { headers });
  await answer.body?.cancel();
  return answer.headers.get("x-request-id");
}

Deno.test("a request without an id gets a new one", async () => {
  const [one, other] = [await idOf(null), await idOf(null)];
  assertMatch(String(one), UUID);
  assertMatch(String(other), UUID);
  assert(one !== other);
});

Deno.test("an id that the client sends comes back, also with an error", async () => {
  const ids = [
    "4bf92f3577b34da6a3ce929d0e0e4736",
    "Root=1-67891233-abcdef012345678912345678",
    "a".repeat(128),
  ];
  for (const id of ids) {
    assertEquals(await idOf(id), id);
    assertEquals(await idOf(id, "/nothing/here"), id);
  }
});

Deno.test("an id that is too long, has other characters or is a key is not taken over", async () => {
  for (const id of ["", "a".repeat(129), "a b", '"a"', "é", "-a", KEY]) {
    assertMatch(String(await idOf(id)), UUID, id);
  }
});

Deno.test("a problem names the id of its request; other answers do not change", async () => {
  const { app } = createTestApp();
  const problem = await jsonAnswer(
    await app.request("/nothing", { headers: { "x-request-id": "r-1" } }),
  );
  assertEquals(problem.body.request_id, "r-1");
  assertEquals(problem.headers.get("content-type"), "application/problem+json");
  const health = await jsonAnswer(
    await app.request("/health", { headers: { "x-request-id": "r-1" } }),
  );
  assertEquals("request_id" in health.body, false);
});

Deno.test("requests that run at the same time keep their ids apart", async () => {
  const seen: (string | undefined)[] = [];
  const { app } = createTestApp({
    jobs: {
      ...createTestJobs(),
      async get() {
        await new Promise((resolve) => setTimeout(resolve));
        seen.push(currentRequestId());
        return null;
      },
    },
  });
  const ids = ["a", "b", "c"];
  const problems = await Promise.all(ids.map(async (id) => {
    const answer = await app.request(`/api/export/download/${JOB_ID}`, {
      headers: { "x-request-id": id },
    });
    return (await answer.json()).request_id;
  }));
  assertEquals(seen.toSorted(), ids);
  assertEquals(problems, ids);
});

function createTestJobs() {
  const not = () => Promise.resolve(false);
  return {
    get: () => Promise.resolve(null),
    waitForEnd: <T>(job: T) => Promise.resolve(job),
    list: () => Promise.resolve({ jobs: [], next: null }),
    watch: async function* () {},
    cancel: not,
    remove: not,
    create: () => Promise.reject(new TypeError("Cannot create a job here")),
  };
}

Deno.test("log records of a request have its id, those of work that it only triggers do not", async () => {
  const lines: string[] = [];
  const log = createLog({ level: "debug", now: () => 0, write: (line) => lines.push(line) });
  log("info", "before");
  await runForRequest("r-7", async () => {
    await Promise.resolve();
    log("info", "during");
    outsideRequests(() => log("info", "shared"));
    await new Promise<void>((resolve) =>
      setTimeout(() => {
        log("info", "timer");
        resolve();
      })
    );
  });
  const records = lines.map((line) => JSON.parse(line));
  assertEquals(records.map(({ event, requestId }) => [event, requestId]), [
    ["before", undefined],
    ["during", "r-7"],
    ["shared", undefined],
    ["timer", "r-7"],
  ]);
});

Deno.test("a service that is stopping names the id too", async () => {
  const { promise: running, resolve } = Promise.withResolvers<void>();
  const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
  const options = { host: "127.0.0.1", port: 0, corsOrigins: [], graceMs: 10_000 };
  const server = listen(options, async () => {
    enter();
    await running;
    return new Response("done");
  });
  const open = fetch(server.url);
  await entered;
  const stopped = server.stop();
  const answer = await fetch(server.url);
  const id = answer.headers.get("x-request-id");
  assertMatch(String(id), UUID);
  assertEquals((await answer.json()).request_id, id);
  resolve();
  assert((await open).ok);
  await (await open).text();
  await stopped;
});
